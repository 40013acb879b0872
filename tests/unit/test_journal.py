"""The access journal: numbered, chained, under pseudonyms, and never silent about a row it could not keep."""

import multiprocessing
import os
import shutil
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memos import MemOS
from memos.backends.sqlite.chain import GENESIS, link
from memos.backends.sqlite.journal import FILE, SqliteJournal
from memos.backends.sqlite.keys import derive
from memos.errors import InvalidCall, NotAStore, ReadOnlyStore, StoreTooNew, Unavailable
from memos.memcube.call import Caller, MemoryCall
from memos.ports.clock import SystemClock
from memos.ports.journal import AccessRow, AccessUse

KEY = b"k" * 32
NOON = datetime(2025, 6, 1, 12, 0, 0, 250, tzinfo=UTC)
CLOCK = SystemClock()


def row(*hits, user="alice", tenant="acme", status="ok", at=NOON):
    return AccessRow(at, CLOCK.new_id(), Caller(user=user, tenant=tenant), "search", status, "grant", 7, hits)


@pytest.fixture
def journal(tmp_path):
    journal = SqliteJournal(tmp_path, key=KEY)
    yield journal
    journal.close()


@pytest.mark.parametrize("kept", [True, False], ids=["on disk", "in memory"])
def test_a_row_is_numbered_and_read_back_as_it_was(tmp_path, kept):
    journal = SqliteJournal(tmp_path if kept else None, key=KEY)
    asked = replace(row(("a", 2, "lexical dense", "plaintext"), ("b", 1, "graph", "plaintext")), branch="b", withheld=("c",), took=12)
    assert [journal.append(asked), journal.append(row(status="denied"))] == [1, 2]
    first, second = journal.rows()
    assert first.pop("caller") != "alice"
    assert first == {
        "aseq": 1,
        "at": NOON,
        "call_id": asked.call_id,
        "tenant": "acme",
        "operation": "search",
        "status": "ok",
        "grant": derive(KEY, "grant", "grant").hex(),
        "seq": 7,
        "branch": derive(KEY, "branch", "acme", "user", "alice", "b").hex(),
        "hits": (("a", 2, "lexical dense", "plaintext"), ("b", 1, "graph", "plaintext")),
        "withheld": ("c",),
        "took": 12,
    }
    assert (second["aseq"], second["status"], second["hits"]) == (2, "denied", ())
    assert [each["aseq"] for each in journal.rows(after=1, limit=1)] == [2]
    journal.close()


def test_rows_survive_closing_and_go_on_in_one_chain(tmp_path):
    for number in (1, 2, 3):
        journal = SqliteJournal(tmp_path, key=KEY, durability="power" if number == 2 else "process")
        assert journal.append(row()) == number
        journal.close()
    assert chained(tmp_path / FILE) == 3


def test_callers_are_told_apart_but_not_named(tmp_path, journal):
    for user, tenant in (("alice", "acme"), ("alice", "acme"), ("bob", "acme"), ("alice", "other")):
        journal.append(row(user=user, tenant=tenant))
    one, same, bob, other = (each["caller"] for each in journal.rows())
    assert one == same
    assert len({one, bob, other}) == 3
    elsewhere = SqliteJournal(None, key=b"another key of this length, 32 b.")
    elsewhere.append(row())
    assert elsewhere.rows()[0]["caller"] != one
    elsewhere.close()
    assert b"bob" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


def test_uses_tell_which_memories_were_disclosed_when(journal):
    later = NOON + timedelta(days=1)
    for each in (row(("a", 1, "")), row(status="denied"), row(("a", 2, ""), ("b", 1, ""), at=later, tenant="other"), row()):
        journal.append(each)
    found = journal.uses(0)
    assert found.uses == (("acme", "a", NOON), ("other", "a", later), ("other", "b", later))
    assert found.upto == 4
    assert journal.uses(1, limit=1).upto == 2
    assert journal.uses(3).uses == ()
    assert journal.uses(4).upto == 4
    journal.append(replace(row(("a", 2, "", "plaintext")), branch="what-if"))
    assert journal.uses(4) == AccessUse(5, ()), "what is read in a branch heats nothing"


def test_a_row_that_cannot_be_kept_is_an_error_and_leaves_the_journal_whole(tmp_path, journal):
    journal.append(row())
    with full(journal), pytest.raises(Unavailable, match="the reply is withheld"):
        journal.append(row(*((CLOCK.new_id(), 1, "lexical") for _ in range(1000))))
    assert journal.append(row()) == 2
    assert chained(tmp_path / FILE) == 2


def test_a_journal_that_another_process_holds_is_an_error(tmp_path, journal):
    other = apsw.Connection(str(tmp_path / FILE))
    other.execute("BEGIN IMMEDIATE")
    journal._file._writer.set_busy_timeout(50)
    with pytest.raises(Unavailable, match="BusyError") as caught:
        journal.append(row())
    assert caught.value.retryable
    other.execute("ROLLBACK")
    other.close()
    assert journal.append(row()) == 1


def test_a_closed_journal_refuses(tmp_path):
    journal = SqliteJournal(tmp_path, key=KEY)
    journal.close()
    with pytest.raises(Unavailable, match="closed"):
        journal.append(row())
    with pytest.raises(Unavailable, match="closed"):
        journal.rows()


@pytest.mark.parametrize("call_id", ["", "no uuid", "ab" * 15, "ä" * 32])
def test_a_call_without_a_proper_id_is_refused(journal, call_id):
    with pytest.raises(InvalidCall, match="is no call id"):
        journal.append(AccessRow(NOON, call_id, Caller(user="alice"), "search", "ok", "", 1))
    assert journal.rows() == []


def test_a_group_waits_for_one_commit(journal):
    """While the disk is busy rows queue up; then they are all written together."""
    commits = []
    journal._file._writer.set_commit_hook(lambda: commits.append(1) is not None)
    numbers = []
    threads = [threading.Thread(target=lambda: numbers.append(journal.append(row()))) for _ in range(8)]
    with journal._leading:
        for thread in threads:
            thread.start()
        while len(journal._waiting) < 8:
            time.sleep(0.001)
    for thread in threads:
        thread.join()
    assert sorted(numbers) == list(range(1, 9))
    assert len(commits) == 1


def test_every_row_of_a_failed_group_hears_of_it(journal):
    journal._file._writer.set_commit_hook(lambda: True)
    failures = []

    def append():
        with pytest.raises(Unavailable) as caught:
            journal.append(row())
        failures.append(caught.value)

    threads = [threading.Thread(target=append) for _ in range(4)]
    with journal._leading:
        for thread in threads:
            thread.start()
        while len(journal._waiting) < 4:
            time.sleep(0.001)
    for thread in threads:
        thread.join()
    assert len(failures) == 4
    journal._file._writer.set_commit_hook(None)
    assert journal.append(row()) == 1


def append_many(directory, count, results):
    journal = SqliteJournal(directory, key=KEY)
    results.put([journal.append(row(("a", 1, "lexical"))) for _ in range(count)])
    journal.close()


def test_processes_that_begin_together_share_one_chain(tmp_path):
    context = multiprocessing.get_context("forkserver")
    results = context.Queue()
    processes = [context.Process(target=append_many, args=(tmp_path, 100, results)) for _ in range(3)]
    for process in processes:
        process.start()
    numbers = [number for _ in processes for number in results.get(timeout=60)]
    for process in processes:
        process.join()
    assert sorted(numbers) == list(range(1, 301))
    assert chained(tmp_path / FILE) == 300


def test_a_journal_may_stand_apart_from_a_store_that_cannot_be_written(tmp_path):
    journal = SqliteJournal(tmp_path / "not there", key=KEY, path=tmp_path / "reads.db")
    assert journal.append(row()) == 1
    journal.close()
    assert (tmp_path / "reads.db").exists()
    with pytest.raises(ReadOnlyStore, match="access_log"):
        SqliteJournal(tmp_path / "not there", key=KEY)


def test_what_is_no_journal_is_refused_and_left_alone(tmp_path):
    noise = os.urandom(5000)
    (tmp_path / FILE).write_bytes(noise)
    with pytest.raises(NotAStore, match="no access journal"):
        SqliteJournal(tmp_path, key=KEY)
    assert (tmp_path / FILE).read_bytes() == noise
    shutil.rmtree(tmp_path)
    tmp_path.mkdir()
    with apsw.Connection(str(tmp_path / FILE)) as other:
        other.execute("CREATE TABLE theirs (x)")
    other.close()
    with pytest.raises(NotAStore, match="something else"):
        SqliteJournal(tmp_path, key=KEY)


def test_a_newer_journal_is_refused(tmp_path):
    SqliteJournal(tmp_path, key=KEY).close()
    newer = apsw.Connection(str(tmp_path / FILE))
    newer.execute("PRAGMA user_version = 99")
    newer.close()
    with pytest.raises(StoreTooNew, match="upgrade"):
        SqliteJournal(tmp_path, key=KEY)


fields = st.lists(st.one_of(st.integers(-(2**63), 2**63 - 1), st.text(max_size=5), st.binary(max_size=5)), min_size=1, max_size=5)


@given(fields, fields, st.binary(min_size=32, max_size=32))
def test_no_two_rows_share_a_seal(one, other, before):
    alike = [type(field) for field in one] == [type(field) for field in other] and one == other
    assert (link(GENESIS, *one) == link(GENESIS, *other)) == alike
    assert (link(before, *one) == link(GENESIS, *one)) == (before == GENESIS)


def chained(path):
    """How many rows stand in an unbroken chain; fails where it breaks."""
    connection = apsw.Connection(str(path))
    seal, count = GENESIS, 0
    for *stored, stored_seal in connection.execute("SELECT * FROM access ORDER BY aseq"):
        count += 1
        seal = link(seal, *stored)
        assert (stored[0], stored_seal) == (count, seal)
    connection.close()
    return count


@contextmanager
def full(journal):
    """A disk with no page left."""
    writer = journal._file._writer
    writer.pragma("max_page_count", writer.pragma("page_count"))
    yield
    writer.pragma("max_page_count", 2**30)


@pytest.mark.parametrize("loss", ["removed", "replaced", "its log is removed"])
def test_without_its_file_no_read_is_answered(tmp_path, loss):
    with MemOS.open(tmp_path / "m", embedder=None, worker="none") as memory:
        alice = memory.as_user("alice")
        alice.add("one")
        alice.list()
        (tmp_path / "m" / (f"{FILE}-wal" if "log" in loss else FILE)).rename(tmp_path / "elsewhere")
        if loss == "replaced":
            SqliteJournal(tmp_path / "m", key=KEY).close()
        for verb in (alice.list, lambda: alice.search("one"), memory.status):
            with pytest.raises(Unavailable, match="removed or replaced"):
                verb()


def test_the_status_counts_the_rows_wherever_they_are(tmp_path):
    with MemOS.open("memory:", embedder=None, worker="none") as memory:
        memory.as_user("alice").list()
        assert memory.status().accesses == 1
    with MemOS.open(tmp_path / "m", embedder=None, worker="none"):
        pass
    with MemOS.open(tmp_path / "m", read_only=True, settings={"access_log": tmp_path / "logs"}) as memory:
        memory.as_user("alice").list()
        memory.as_user("alice").list()
        assert memory.status().accesses == 2


def test_nobody_finds_a_user_by_hashing_names(tmp_path):
    """The hash of a grant is keyed: whoever holds access.db alone cannot try names against it."""
    with MemOS.open(tmp_path / "m", embedder=None, worker="none") as memory:
        alice = memory.as_user("alice")
        alice.list()
        governance = memory._api.api._desk.governance
        call = MemoryCall(id=CLOCK.new_id(), operation="list")
        with memory._parts.adapter.view("default") as view:
            warrant = governance.warrant(alice.caller, view, CLOCK.now())
            unkeyed = governance.grant_hash(governance.authorize(warrant, alice.caller, call))
        told = memory._parts.journal.rows()[0]["grant"]
        assert told
        assert unkeyed not in told
    body = b"".join(path.read_bytes() for path in (tmp_path / "m").glob("access.db*"))
    assert unkeyed.encode() not in body
    assert bytes.fromhex(unkeyed) not in body
