"""One commits for all: groups, their isolation, their order, and what happens when the whole transaction fails."""

import hashlib
import threading
import time

import apsw
import pytest

from memos.backends.sqlite import writer as writing
from memos.backends.sqlite.adapter import SqliteAdapter
from memos.backends.sqlite.chain import GENESIS, link
from memos.errors import BackendError, DiskFull, InvalidCall, Unavailable, VersionConflict
from memos.memcube.change import CubeWrite, Idempotency, ReadSet
from memos.testing.adapter_contract import ALL, EVERYTHING, Author


@pytest.fixture
def adapter(tmp_path):
    adapter = SqliteAdapter(tmp_path / "store", durability="process")
    yield adapter
    adapter.close()


def in_one_group(adapter, changes):
    """Commit all while the lock is held, so that they wait together; what each gave, in the order of their queue."""
    outcomes = {}

    def commit(number):
        try:
            outcomes[number] = adapter.commit(changes[number], ReadSet()).seq
        except Exception as error:  # noqa: BLE001 - it is what is looked at
            outcomes[number] = error

    threads = [threading.Thread(target=commit, args=(number,)) for number in range(len(changes))]
    with adapter.connection():
        for number, thread in enumerate(threads):
            thread.start()
            wait_for(lambda number=number: len(adapter._writer._queue) == max(number, 0) or outcomes)
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()
    return [outcomes[number] for number in range(len(changes))]


def wait_for(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def count(adapter):
    with adapter.view("acme") as view:
        return view.count(EVERYTHING, **ALL)


def test_what_waits_is_committed_together_in_order(adapter):
    author, transactions = Author(adapter), []
    adapter._writer._connection.set_commit_hook(lambda: bool(transactions.append(1)))
    assert in_one_group(adapter, [author.births(author.cube(f"text {n}")) for n in range(6)]) == [1, 2, 3, 4, 5, 6]
    assert len(transactions) == 3  # the lock's own, the first one, and one for the five that waited behind it


def test_one_that_fails_harms_no_other_of_its_group(adapter):
    author = Author(adapter)
    again = author.cube("twice")
    changes = [
        author.births(author.cube("first")),
        author.births(again, fact="one"),
        author.change(writes=(CubeWrite(author.cube("no terms"), birth=True),)),
        author.births(author.cube("a"), author.cube("b")),
        author.births(again),
        author.births(author.cube("c"), fact="one"),
        author.births(author.cube("last", session="s"), turn=True),
    ]
    outcomes = in_one_group(adapter, changes)
    assert [type(each) for each in outcomes] == [int, int, InvalidCall, int, VersionConflict, VersionConflict, int]
    assert [each for each in outcomes if isinstance(each, int)] == [1, 2, 3, 4]
    assert count(adapter) == 5
    assert [len(row["writes"]) for row in adapter.events(0)] == [1, 1, 2, 1]
    with adapter.view("acme") as view:
        assert view.turns("user/alice", "s", [0, 1]).keys() == {0}


def test_what_a_failed_change_interned_is_not_remembered(adapter):
    author, other = Author(adapter), Author(adapter, tenant="other", seed=1)
    nowhere = other.cube("x", namespace="user/alice/deep", tags=[{"name": "new"}])
    failing = other.change(writes=(*other.births(nowhere).writes, CubeWrite(other.cube("no terms"), birth=True)))
    outcomes = in_one_group(adapter, [author.births(author.cube("a")), author.births(author.cube("b")), failing, other.births(nowhere)])
    assert [type(each) for each in outcomes] == [int, int, InvalidCall, int]
    with adapter.view("other") as view:
        assert [cube.tags[0].name for cube in view.find(EVERYTHING, **ALL).cubes] == ["new"]


def test_when_the_transaction_fails_all_of_the_group_fail(adapter):
    author = Author(adapter)
    author.add("before")
    refusing = iter([False, False, True])
    adapter._writer._connection.set_commit_hook(lambda: next(refusing, False))
    outcomes = in_one_group(adapter, [author.births(author.cube(f"text {n}")) for n in range(4)])
    assert [type(each).__name__ for each in outcomes] == ["int", *["BackendError"] * 3]
    assert count(adapter) == 2
    assert author.add("after")
    assert [row["seq"] for row in adapter.events(0)] == [1, 2, 3]


def test_a_full_disk_fails_the_group_and_leaves_nothing(adapter):
    author = Author(adapter)
    author.add("before")
    connection = adapter._writer._connection
    connection.pragma("max_page_count", connection.pragma("page_count") + 2)
    with pytest.raises(DiskFull, match="nothing was written"):
        author.add("x" * 100_000)
    outcomes = in_one_group(adapter, [author.births(author.cube("y" * 100_000)) for _ in range(3)])
    assert {type(each) for each in outcomes} == {DiskFull}
    assert count(adapter) == 1
    connection.pragma("max_page_count", 1_000_000)
    author.add("z" * 100_000)
    assert count(adapter) == 2
    assert [row["seq"] for row in adapter.events(0)] == [1, 2]


def test_who_is_interrupted_while_waiting_holds_up_nobody(adapter, monkeypatch):
    author = Author(adapter)
    interrupted = author.births(author.cube("interrupted"))
    real_await = writing.Writer._await

    class Interrupted:
        def acquire(self):
            raise KeyboardInterrupt

        def release(self):
            pass

    def awaiting(self, job):
        if any(change is interrupted for change, _ in job.changes):
            job.turn = Interrupted()
        real_await(self, job)

    monkeypatch.setattr(writing.Writer, "_await", awaiting)
    seen = []

    def wait_and_be_interrupted():
        try:
            adapter.commit(interrupted, ReadSet())
        except KeyboardInterrupt as error:
            seen.append(error)

    with adapter.connection():
        first = threading.Thread(target=author.add, args=("first",))
        first.start()
        wait_for(lambda: adapter._writer._leading)
        second = threading.Thread(target=wait_and_be_interrupted)
        second.start()
        second.join(10)
    first.join(10)
    assert seen
    author.add("after")
    assert count(adapter) == 2


def test_a_lock_held_too_long_is_unavailable(adapter, monkeypatch):
    author = Author(adapter)
    monkeypatch.setattr(writing, "PATIENCE", 0.2)
    other = apsw.Connection(str(adapter.path))
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable, match="locked by another process") as caught:
        author.add("a")
    assert caught.value.retryable
    other.execute("ROLLBACK")
    other.close()
    author.add("a")
    assert count(adapter) == 1


def test_a_lock_held_for_a_while_is_waited_for(adapter):
    author = Author(adapter)
    other = apsw.Connection(str(adapter.path))
    other.execute("BEGIN IMMEDIATE")
    threading.Timer(0.3, lambda: other.execute("ROLLBACK")).start()
    assert author.add("a")
    other.close()


def test_what_another_store_object_commits_is_seen(tmp_path):
    """Counters, chain head and interned names are learnt anew when somebody else has committed."""
    one, two = (SqliteAdapter(tmp_path / "store", durability="process") for _ in range(2))
    authors = Author(one), Author(two, seed=1)
    for number in range(6):
        authors[number % 2].add(f"text {number}", tags=[{"name": f"tag {number // 2}"}], namespace=f"user/alice/{number // 2}")
    with one.view("acme") as view:
        assert view.count(EVERYTHING, **ALL) == 6
        assert [info.memories for info in view.namespaces()] == [2, 2, 2]
    assert chain_is_whole(one)
    one.close()
    two.close()


def test_maintenance_writes_are_learnt(adapter):
    author = Author(adapter)
    author.add("a")
    with adapter.connection() as connection:
        connection.execute("UPDATE meta SET value = 41 WHERE key = 'policy_epoch'")
    adapter.commit(author.births(author.cube("b")), ReadSet(policy_epoch=41))
    with pytest.raises(ZeroDivisionError), adapter.connection() as connection:
        connection.execute("DELETE FROM version")
        raise ZeroDivisionError
    assert count(adapter) == 2


def test_an_idempotency_key_is_used_once_by_each_caller(adapter):
    author, bob = Author(adapter), Author(adapter, user="bob", seed=1)
    key = Idempotency("k", "{}", ())
    adapter.commit(author.change(idempotency=key), ReadSet())
    with pytest.raises(VersionConflict, match="idempotency"):
        adapter.commit(author.change(idempotency=key), ReadSet())
    adapter.commit(bob.change(idempotency=key), ReadSet())
    with adapter.view("acme") as view, pytest.raises(InvalidCall, match="another call"):
        view.replay(Idempotency("k", "other", ()), author.caller)


def test_no_hash_of_a_text_stands_without_the_key(adapter):
    author, secret = Author(adapter), "the only text there is"
    adapter.commit(author.births(author.cube("x"), fact=secret), ReadSet())
    adapter.commit(author.change(idempotency=Idempotency(secret, secret, ())), ReadSet())
    adapter.close()
    stored = adapter.path.read_bytes()
    plain = [hashlib.new(name, secret.encode()).digest() for name in ("md5", "sha1", "sha256")]
    plain += [hashlib.blake2b(secret.encode(), digest_size=size).digest() for size in (8, 16, 32)]
    assert b"user/alice" in stored
    assert [each for each in (secret.encode(), *plain) if each in stored] == []


def chain_is_whole(adapter):
    seal = GENESIS
    with adapter.reader() as connection:
        for *fields, stored in connection.execute("SELECT * FROM commit_log ORDER BY seq"):
            seal = link(seal, *fields)
            if seal != stored:
                return False
    return True


def test_the_chain_tells_of_a_change(adapter):
    author = Author(adapter)
    author.add("a")
    author.add("b")
    assert chain_is_whole(adapter)
    with adapter.connection() as connection:
        connection.execute("UPDATE commit_log SET operation = 'forget' WHERE seq = 1")
    assert not chain_is_whole(adapter)


def test_a_closed_writer_says_so(adapter):
    author = Author(adapter)
    adapter.close()
    with pytest.raises(BackendError, match="closed"):
        author.add("a")


def test_what_was_written_by_hand_is_known_before_the_next_commit(adapter):
    """A commit that gets the lock right after maintenance must not number its rows as if nothing had been written."""
    author = Author(adapter)
    author.add("one")
    with adapter.connection() as connection:
        connection.execute(
            "INSERT INTO commit_log SELECT seq + 1, at, tid, bid, operation, call_id, caller, writes, counts, took, hash FROM commit_log"
        )
        known = adapter._writer._known
        forget, remembered = known.forget, []
        known.forget = lambda: (remembered.append(adapter._writer._using.locked()), forget())
    assert remembered == [True]
    assert adapter.commit(author.births(author.cube("two")), ReadSet()).seq == 3
