"""The doctor: silent about a sound store, and the one who names each fault that was planted in it."""

import shutil

import apsw
import pytest

from memos import MemOS
from memos.backends.sqlite.adapter import SqliteAdapter
from memos.backends.sqlite.doctor import diagnose
from memos.backends.sqlite.faults import ADVICE
from memos.backends.sqlite.journal import SqliteJournal
from memos.backends.sqlite.journal_file import FILE as JOURNAL
from memos.backends.sqlite.maintenance import SqliteMaintenance
from memos.errors import BackendError
from memos.memcube.call import Caller
from memos.ports.journal import AccessRow
from tests.crash.making import BEGIN, CLOCK, EMBEDDER, Author, analyse, contents, populate

OPEN = 2**63 - 1
FAULTS = {
    "orphan": "DELETE FROM cube WHERE uid = 2",
    "cube_without_version": "INSERT INTO cube VALUES (99, 1, randomblob(16), randomblob(16))",
    "erased_stands": "INSERT INTO tombstone SELECT id, tid, provenance, x'00', 1 FROM cube WHERE uid = 1",
    "content_changed": "UPDATE content SET body = 'I moved to Madrid' WHERE cid = 1",
    "content_unused": "INSERT INTO content (cid, body, sealed) VALUES (99, 'left behind', 0)",
    "validity_reversed": "UPDATE version SET seq_end = seq WHERE row = 1",
    "two_open_rows": f"DROP INDEX version_open; UPDATE version SET seq_end = {OPEN} WHERE row = 1",
    "versions_overlap": "UPDATE version SET seq_end = seq_end + 1 WHERE row = 1",
    "versions_gap": "UPDATE version SET seq_end = seq_end - 1 WHERE row = 1",
    "versions_misnumbered": "UPDATE version SET version = version + 2 WHERE row = 1",
    "commit_missing": "DELETE FROM commit_log WHERE seq = 2",
    "commit_half_written": "DELETE FROM version WHERE row = (SELECT max(row) FROM version WHERE uid = 1)",
    "version_not_logged": "UPDATE commit_log SET writes = x'' WHERE seq = 3",
    "commit_chain_broken": "UPDATE commit_log SET operation = 'other' WHERE seq = 2",
    "branch_missing": "DELETE FROM branch",
    "tenants_mixed": "UPDATE cube SET tid = 2 WHERE uid = 1",
    "namespace_behind": "UPDATE namespace SET last_seq = 0 WHERE nid = 1",
    "acl_not_in_force": "UPDATE namespace SET aid = NULL",
    "fact_twice": "UPDATE version SET fact = x'00' WHERE row IN (SELECT row FROM version WHERE ordinal IS NOT NULL AND nid = 1)",
    "turn_twice": "UPDATE version SET ordinal = 0 WHERE ordinal = 1",
    "fact_wrong": "UPDATE version SET fact = x'00' WHERE row = 4",
    "header_broken": "UPDATE version SET header = '{' WHERE row = 1",
    "tags_wrong": "DELETE FROM cube_tag WHERE row = 1",
    "term_missing": "DELETE FROM term WHERE cid = 1",
    "term_broken": "UPDATE term SET counts = x'00' WHERE cid = 1",
    "term_wrong": "UPDATE term SET (hashes, counts) = (SELECT hashes, counts FROM term WHERE cid = 2) WHERE cid = 4",
    "vector_missing": "DELETE FROM vector WHERE cid = 1",
    "vector_wrong_width": "UPDATE vector SET body = x'00000000' WHERE cid = 1",
    "vector_not_finite": "UPDATE vector SET body = x'0000c07f0000c07f0000c07f0000c07f' WHERE cid = 1",
    "store_unknown": "UPDATE store SET id = randomblob(16)",
    "database_damaged": "PRAGMA writable_schema = ON;"
    " UPDATE sqlite_schema SET sql = replace(sql, 'bid', 'row') WHERE name = 'version_open'",
    "unreadable": "UPDATE content SET body = CAST(x'ff' AS TEXT) WHERE cid = 1",
    "schema_wrong": "DROP INDEX version_by_turn",
}


@pytest.fixture
def sound(tmp_path):
    """A sound store's directory, closed."""
    directory = tmp_path / "store"
    adapter = SqliteAdapter(directory, embedder=EMBEDDER)
    populate(adapter)
    journal = SqliteJournal(directory, key=adapter.keys.secret)
    for _ in range(3):
        journal.append(AccessRow(BEGIN, CLOCK.new_id(), Caller(user="alice"), "search", "ok", "", 1, (("a", 1, "lexical", "plaintext"),)))
    journal.close()
    adapter.close()
    return directory


def tamper(path, statements):
    connection = apsw.Connection(str(path))
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute(statements)
    connection.close()


def diagnosed(directory, analysis=analyse):
    adapter = SqliteAdapter(directory)
    try:
        return {fault.code: fault for fault in diagnose(adapter, analysis)}
    finally:
        adapter.close()


def test_a_sound_store_has_no_fault(sound):
    assert diagnosed(sound) == {}
    assert diagnosed(sound, None) == {}


def test_a_worker_that_goes_through_the_commits_speaks_of_no_row_of_the_access_log(sound):
    tamper(sound / "memory.db", "INSERT INTO worker (name, fence, cursor) VALUES ('consolidate', 1, 1000000)")
    assert diagnosed(sound) == {}


def test_an_empty_store_has_no_fault(tmp_path):
    assert diagnosed(tmp_path / "new") == {}


@pytest.mark.parametrize("code", FAULTS)
def test_each_planted_fault_is_found_and_named(sound, code):
    tamper(sound / "memory.db", FAULTS[code])
    found = diagnosed(sound)
    assert code in found
    assert found[code].advice == ADVICE[code]
    assert found[code].where


@pytest.mark.parametrize("table", ["content", "version", "cube_tag", "version_by_content"])
def test_a_page_overwritten_on_the_disk_is_found(sound, table):
    connection = apsw.Connection(str(sound / "memory.db"))
    page = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)).get
    connection.close()
    with (sound / "memory.db").open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xff" * 200)
    assert set(diagnosed(sound)) == {"database_damaged"}


def test_another_stores_key_is_found(sound, tmp_path):
    adapter = SqliteAdapter(sound)
    (sound / "keys" / "store.key").write_bytes(b"x" * 32)
    assert [fault.code for fault in diagnose(adapter, analyse)] == ["key_wrong"]
    (sound / "keys" / "store.key").unlink()
    (fault,) = diagnose(adapter, analyse)
    assert fault.code == "key_wrong"
    assert "missing" in fault.where
    adapter.close()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE access SET tenant = 'other' WHERE aseq = 2",
        "DELETE FROM access WHERE aseq = 2",
        "UPDATE access SET aseq = aseq + 1 WHERE aseq = 3",
    ],
)
def test_an_access_log_that_was_changed_is_found(sound, change):
    tamper(sound / JOURNAL, change)
    assert set(diagnosed(sound)) == {"access_chain_broken"}


def test_an_access_log_that_is_none_is_found(sound):
    (sound / JOURNAL).write_bytes(b"noise" * 1000)
    assert set(diagnosed(sound)) == {"access_damaged"}


def test_many_places_are_counted_and_few_named(sound):
    tamper(sound / "memory.db", "DELETE FROM term")
    where = diagnosed(sound)["term_missing"].where
    assert where.startswith("content 1, content 2, content 3, content 4, content 5 and ")
    assert where.endswith(" more")


def test_no_fault_tells_what_a_memory_says(sound):
    tamper(
        sound / "memory.db",
        "DELETE FROM term; UPDATE namespace SET aid = NULL, last_seq = 0; DELETE FROM cube_tag; UPDATE vector SET body = x'00'",
    )
    told = " ".join(fault.where for fault in diagnosed(sound).values())
    assert told
    assert not any(word in told for word in ("Lisbon", "alice", "acme", "calm"))


def test_the_doctor_sees_one_moment_while_others_write(sound):
    adapter = SqliteAdapter(sound)
    author = Author(adapter)

    def analysis(text, speaker, role):
        author.add("written during the examination", pending=True)
        return analyse(text, speaker, role)

    assert diagnose(adapter, analysis) == ()
    assert diagnose(adapter, analyse) == ()
    adapter.close()


MENDED = ("namespace_behind", "acl_not_in_force", "fact_wrong", "tags_wrong", "term_missing", "term_broken", "term_wrong", "vector_missing")


@pytest.mark.parametrize("code", MENDED)
def test_what_rebuild_is_advised_for_it_mends(sound, code):
    before = SqliteAdapter(sound)
    was = contents(before)
    before.close()
    tamper(sound / "memory.db", FAULTS[code])
    adapter = SqliteAdapter(sound)
    maintenance = SqliteMaintenance(adapter, analyse)
    assert code in {fault.code for fault in maintenance.doctor()}
    assert maintenance.rebuild() == len(was["content"])
    assert maintenance.doctor() == ()
    different = {table for table, rows in contents(adapter).items() if rows != was[table]}
    assert different <= {"acl_not_in_force": {"meta"}, "vector_missing": {"vector"}}.get(code, set())
    adapter.close()


def test_rebuilding_a_sound_store_changes_nothing(sound):
    adapter = SqliteAdapter(sound)
    was = contents(adapter)
    assert SqliteMaintenance(adapter, analyse).rebuild() == len(was["content"])
    assert contents(adapter) == was
    adapter.close()


def test_rebuilding_stops_at_what_only_a_backup_mends(sound):
    tamper(sound / "memory.db", FAULTS["header_broken"])
    adapter = SqliteAdapter(sound)
    with pytest.raises(BackendError, match="version 1 is no JSON.*restore-backup"):
        SqliteMaintenance(adapter, analyse).rebuild()
    adapter.close()


def test_rebuilding_goes_on_beyond_one_transaction_and_lets_others_write(tmp_path, monkeypatch):
    monkeypatch.setattr("memos.backends.sqlite.rebuild.BATCH", 3)
    adapter = SqliteAdapter(tmp_path / "store")
    author = Author(adapter)
    author.add(*(f"memory {number}" for number in range(10)))
    with adapter.connection() as connection:
        connection.execute("DELETE FROM term; DELETE FROM cube_tag")
    assert SqliteMaintenance(adapter, analyse).rebuild() == 10
    assert diagnose(adapter, analyse) == ()
    adapter.close()


def test_status_counts_what_is_there(sound):
    adapter = SqliteAdapter(sound)
    told, rows = SqliteMaintenance(adapter, analyse).status(), contents(adapter)
    assert told.head == max(seq for seq, *_ in rows["commit_log"])
    assert (told.tenants, told.namespaces, told.versions, told.contents) == tuple(
        len(rows[name]) for name in ("tenant", "namespace", "version", "content")
    )
    assert (told.memories, told.vectors, told.pending, told.accesses) == (10, 11, 1, 3)
    assert (told.embedder, told.dimensions, told.schema, told.store_id) == (*EMBEDDER, 1, adapter.store_id)
    assert told.sizes["memory.db"] == (sound / "memory.db").stat().st_size
    assert told.sizes["keys"] == 32
    adapter.close()


def test_a_fault_found_says_where_it_is(sound):
    shutil.copytree(sound, sound.with_name("copy"))
    tamper(sound.with_name("copy") / "memory.db", FAULTS["term_wrong"])
    assert diagnosed(sound.with_name("copy"))["term_wrong"].where == "content 4"


def test_a_vector_of_another_width_is_an_error_that_says_what_to_do(sound):
    tamper(sound / "memory.db", FAULTS["vector_wrong_width"])
    adapter = SqliteAdapter(sound)
    with adapter.view("acme") as view, pytest.raises(BackendError, match=r"content 1 is not 4 numbers wide.*memos reembed"):
        list(view.feed("user/alice", -1))
    adapter.close()


CHANGES = {
    "a note": ("UPDATE content SET body = 'I moved to Madrid' WHERE cid = 1", 1),
    "a fact": ("UPDATE content SET body = 'A lie' WHERE cid = 4", 4),
    "a fact whose terms are gone": ("UPDATE content SET body = 'A lie' WHERE cid = 4; DELETE FROM term WHERE cid = 4", 4),
    "a fact whose terms are broken": ("UPDATE content SET body = 'A lie' WHERE cid = 4; UPDATE term SET counts = x'00' WHERE cid = 4", 4),
    "the terms of a note, which look the same": (
        "UPDATE term SET (hashes, counts) = (SELECT hashes, counts FROM term WHERE cid = 2) WHERE cid = 1",
        1,
    ),
}


@pytest.mark.parametrize(("change", "content"), CHANGES.values(), ids=CHANGES.keys())
def test_a_text_that_was_changed_keeps_its_traces_until_it_is_accepted(sound, change, content):
    tamper(sound / "memory.db", change + "; DELETE FROM cube_tag")
    adapter = SqliteAdapter(sound)
    maintenance, total = SqliteMaintenance(adapter, analyse), len(contents(adapter)["content"])
    traces = {table: contents(adapter)[table] for table in ("term", "version", "vector")}
    assert {fault.code: fault.where for fault in maintenance.doctor()}["content_changed"] == f"content {content}"
    for _ in range(2):
        with pytest.raises(
            BackendError, match=rf"1 of {total} texts are not those that were stored \(content {content}\).*--accept-texts"
        ) as told:
            maintenance.rebuild()
        assert told.value.details == {"contents": [content]}
        assert {table: contents(adapter)[table] for table in traces} == traces
        left = {fault.code for fault in maintenance.doctor()}
        assert "content_changed" in left
        assert left <= {"content_changed", "term_missing", "term_broken"}
    assert maintenance.rebuild(accept_texts=True) == total
    assert maintenance.doctor() == ()
    assert maintenance.status().pending == 2
    adapter.close()


@pytest.fixture
def read(tmp_path):
    """A store in which somebody has read, and the worker has counted it; closed."""
    with MemOS.open(tmp_path / "store", embedder="hashing", worker="none") as memory:
        alice = memory.as_user("alice")
        alice.add("I moved to Lisbon")
        for _ in range(3):
            alice.search("Lisbon")
        memory.drain()
    return tmp_path / "store"


def remove(path):
    for file in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
        file.unlink(missing_ok=True)


def replace(path):
    remove(path)
    SqliteJournal(path.parent, key=b"k" * 32).close()


LOSSES = {
    "removed": (remove, "removed or replaced"),
    "replaced": (replace, "removed or replaced"),
    "emptied": (lambda path: path.write_bytes(b""), "removed or replaced"),
    "cut short": (lambda path: tamper(path, "DELETE FROM access WHERE aseq > 1"), "rows 2 to 3"),
    "without its rows": (lambda path: tamper(path, "DELETE FROM access"), "rows 1 to 3"),
}


@pytest.mark.parametrize(("lose", "said"), LOSSES.values(), ids=LOSSES.keys())
def test_an_access_log_that_was_lost_is_found_until_it_is_accepted(read, lose, said):
    lose(read / JOURNAL)
    with MemOS.open(read, worker="none") as memory:
        (fault,) = memory.doctor()
        assert (fault.code, fault.advice) == ("access_lost", ADVICE["access_lost"])
        assert said in fault.where
        memory.rebuild()
        assert [fault.code for fault in memory.doctor()] == ["access_lost"]
        memory.rebuild(accept_log=True)
        assert memory.doctor() == ()
        alice = memory.as_user("alice")
        found = alice.search("Lisbon").hits[0].cube
        memory.drain()
        assert alice.get(found).cubes[0].usage.count == found.usage.count + 1
        assert memory.doctor() == ()


def test_an_access_log_that_is_missing_is_found_by_who_does_not_write(read):
    remove(read / JOURNAL)
    adapter = SqliteAdapter(read, read_only=True)
    assert [(fault.code, fault.where) for fault in diagnose(adapter, None)] == [("access_lost", "access.db is missing")]
    adapter.close()


def test_reads_write_nothing_to_the_store(read):
    with MemOS.open(read, worker="none") as memory:
        before = (read / "memory.db").read_bytes(), (read / "memory.db-wal").stat().st_size
        for _ in range(5):
            memory.as_user("alice").search("Lisbon")
        assert ((read / "memory.db").read_bytes(), (read / "memory.db-wal").stat().st_size) == before


def test_a_restored_store_knows_its_access_log(read, tmp_path):
    with MemOS.open(read, worker="none") as memory:
        memory.backup(tmp_path / "backup")
    MemOS.restore_backup(tmp_path / "backup", tmp_path / "restored", keys=read / "keys")
    with MemOS.open(tmp_path / "restored", worker="none") as memory:
        assert memory.doctor() == ()
