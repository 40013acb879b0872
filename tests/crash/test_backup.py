"""Backups: made while others write, verified, sealed, without keys; restored they answer the same; damaged they are refused."""

import errno
import json
import os
import shutil
import threading

import apsw
import pytest

from memos.backends.sqlite import backup as backups
from memos.backends.sqlite.adapter import SqliteAdapter
from memos.backends.sqlite.copy_keys import COPY_KEYS, CopyKeys
from memos.backends.sqlite.doctor import diagnose
from memos.backends.sqlite.journal import SqliteJournal
from memos.backends.sqlite.journal_file import FILE as JOURNAL
from memos.backends.sqlite.keys import KEY_FILE
from memos.backends.sqlite.maintenance import SqliteMaintenance
from memos.backends.sqlite.restore import restore
from memos.errors import BackendError, DiskFull, InvalidCall, NotAStore, StoreTooNew
from memos.memcube.call import Caller
from memos.memcube.change import Idempotency
from memos.ports.journal import AccessRow
from tests.crash.making import BEGIN, CLOCK, EMBEDDER, Author, analyse, contents, populate

RENEWED = {"store", "meta"}


def told(adapter):
    """Every row of a store, but for the numbers of its tags, which are given anew."""
    rows = contents(adapter)
    tags = {number: tag for number, *tag in rows.pop("tag")}
    return rows | {"cube_tag": sorted((row, *map(str, tags[tag])) for row, tag in rows["cube_tag"])}


@pytest.fixture
def adapter(tmp_path):
    adapter = SqliteAdapter(tmp_path / "store", embedder=EMBEDDER)
    populate(adapter)
    journal = SqliteJournal(adapter.directory, key=adapter.keys.secret)
    journal.append(AccessRow(BEGIN, CLOCK.new_id(), Caller(user="alice"), "search", "ok", "", 1, (("a", 1, "lexical", "plaintext"),)))
    journal.close()
    yield adapter
    adapter.close()


@pytest.fixture
def kept(adapter, tmp_path):
    """The directory of a backup."""
    return backups.backup(adapter, tmp_path / "kept").path


def restored(source, tmp_path, keys=None):
    report = restore(source, tmp_path / "restored", keys=keys or tmp_path / "store" / "keys", analyse=analyse)
    return SqliteAdapter(report.path), report


def test_a_backup_says_what_it_holds_and_which_file_to_keep_apart(adapter, tmp_path):
    report = SqliteMaintenance(adapter, analyse).backup(tmp_path / "kept")
    rows = contents(adapter)
    assert (report.path, report.store_id) == (tmp_path / "kept", adapter.store_id)
    assert report.key_files == (adapter.directory / KEY_FILE, adapter.directory / COPY_KEYS)
    assert (report.head, report.versions, report.memories) == (len(rows["commit_log"]), len(rows["version"]), 10)
    assert report.size == sum(path.stat().st_size for path in report.path.iterdir())
    assert {path.name for path in report.path.iterdir()} == {"memory.db", JOURNAL, "backup.json"}


def test_a_restored_store_is_the_same_but_for_its_identity(adapter, kept, tmp_path):
    was = told(adapter)
    copy, report = restored(kept, tmp_path)
    now = told(copy)
    assert {table for table in was if was[table] != now[table]} == RENEWED
    assert (report.head, report.memories, report.shredded) == (len(was["commit_log"]), 10, 0)
    assert {path.name for path in copy.directory.iterdir()} >= {"memory.db", "keys"}
    assert not (copy.directory / "sealed").exists()
    with copy.reader() as connection:
        assert (connection.pragma("journal_mode"), connection.pragma("auto_vacuum")) == ("wal", 2)
    assert (copy.directory / JOURNAL).is_file()
    assert diagnose(copy, analyse) == ()
    with copy.view("acme") as view:
        assert view.replay(Idempotency("k1", "call"), Caller(user="alice", tenant="acme")) is not None
    copy.close()


def test_a_restored_store_is_a_new_one_that_remembers_where_its_versions_are_from(adapter, kept, tmp_path):
    copy, report = restored(kept, tmp_path)
    assert copy.store_id == report.store_id != adapter.store_id
    Author(copy).add("written after")
    now = contents(copy)
    assert now["store"][0] == contents(adapter)["store"][0]
    assert [row[5] for row in now["version"]] == [1] * (len(now["version"]) - 1) + [2]
    assert diagnose(copy, analyse) == ()
    copy.close()


def test_without_its_keys_a_backup_is_refused(adapter, kept, tmp_path):
    before = sorted(tmp_path.iterdir())
    with pytest.raises(NotAStore, match="store.key cannot be read.*kept apart"):
        restored(kept, tmp_path, tmp_path / "kept")
    assert sorted(tmp_path.iterdir()) == before


def keys_at(adapter, tmp_path):
    """A copy of the key files, kept apart."""
    return shutil.copytree(adapter.directory / "keys", tmp_path / "apart")


def test_a_memory_whose_key_is_destroyed_is_left_out_and_all_else_is_whole(adapter, kept, tmp_path):
    was = told(adapter)
    doomed = next(row for row in was["cube"] if row[2] == was["cube"][0][2])
    assert CopyKeys(adapter.directory).shred([doomed[2]]) == 1
    copy, report = restored(kept, tmp_path)
    now, uid = told(copy), doomed[0]
    assert report.shredded == 1
    assert diagnose(copy, analyse) == ()
    assert now["cube"] == [row for row in was["cube"] if row[0] != uid]
    assert now["version"] == [row for row in was["version"] if row[2] != uid]
    assert now["edge"] == [row for row in was["edge"] if uid not in row[:2]]
    assert now["commit_log"] == was["commit_log"]
    gone = {row[8] for row in was["version"] if row[2] == uid} - {row[8] for row in was["version"] if row[2] != uid}
    assert gone
    for table in ("content", "vector", "term"):
        assert now[table] == [row for row in was[table] if row[0] not in gone]
    copy.close()


def test_what_is_taken_away_while_it_is_copied_has_no_key(adapter, tmp_path, monkeypatch):
    verify, doomed = backups._verify, contents(adapter)["cube"][0]

    def erase(*arguments):
        verify(*arguments)
        with adapter.connection() as connection:
            connection.execute("PRAGMA foreign_keys = OFF")
            connection.execute("DELETE FROM edge WHERE ?1 IN (source, target)", (doomed[0],))
            connection.execute("DELETE FROM cube_tag WHERE row IN (SELECT row FROM version WHERE uid = ?)", (doomed[0],))
            connection.execute("DELETE FROM version WHERE uid = ?", (doomed[0],))
            connection.execute("DELETE FROM cube WHERE uid = ?", (doomed[0],))

    monkeypatch.setattr(backups, "_verify", erase)
    kept = backups.backup(adapter, tmp_path / "kept").path
    assert not CopyKeys(adapter.directory, adapter.keys.secret).known([doomed[2]])
    copy, report = restored(kept, tmp_path)
    assert report.shredded == 1
    copy.close()


def test_older_keys_than_the_backup_are_refused_by_name(adapter, kept, tmp_path):
    apart = keys_at(adapter, tmp_path)
    Author(adapter).add("written later")
    later = backups.backup(adapter, tmp_path / "later").path
    with pytest.raises(NotAStore, match="older than the backup"):
        restored(later, tmp_path, apart)
    (apart / COPY_KEYS.name).unlink()
    with pytest.raises(NotAStore, match="is missing"):
        restored(kept, tmp_path, apart)


def test_a_value_moved_under_another_seal_is_refused(adapter, kept, tmp_path):
    lock = backups.page_key(adapter.keys.secret)
    connection = apsw.Connection(str(kept / "memory.db"))
    lock.unlock(connection)
    one, two = connection.execute("SELECT number, body FROM sealed WHERE kind = 2 LIMIT 2")
    connection.execute("UPDATE sealed SET body = ? WHERE kind = 2 AND number = ?", (one[1], two[0]))
    connection.close()
    manifest(files={path.name: backups._digest(path) for path in kept.iterdir() if path.suffix == ".db"})(kept)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(NotAStore, match="a seal of the backup is broken"):
        restored(kept, tmp_path)
    assert sorted(tmp_path.iterdir()) == before


def test_a_backup_is_one_moment_of_a_store_that_others_write(adapter, tmp_path, monkeypatch):
    monkeypatch.setattr("memos.backends.sqlite.sealing.BATCH", 5)
    done, wrote = threading.Event(), []
    other = SqliteAdapter(adapter.directory)

    def write(author):
        while not done.is_set():
            wrote.append(author.add("one", "two", "three", edges=True))

    writers = [threading.Thread(target=write, args=(Author(each, user),)) for each, user in ((adapter, "carol"), (other, "dave"))]
    for writer in writers:
        writer.start()
    try:
        reports = [backups.backup(adapter, tmp_path / f"kept {number}") for number in range(3)]
    finally:
        done.set()
        for writer in writers:
            writer.join()
    assert wrote
    assert reports[0].head < reports[2].head <= len(contents(adapter)["commit_log"])
    for report in reports:
        copy = SqliteAdapter(restore(report.path, report.path / "restored", keys=adapter.directory / "keys", analyse=analyse).path)
        assert diagnose(copy, analyse) == ()
        assert contents(copy)["commit_log"] == contents(adapter)["commit_log"][: report.head]
        copy.close()
    other.close()


def test_a_backup_holds_no_key_no_terms_and_nothing_that_was_erased(adapter, tmp_path):
    secret, was = adapter.keys.secret, contents(adapter)["term"]
    with adapter.connection() as connection:
        connection.execute("INSERT INTO content (cid, body, sealed) VALUES (999, 'ERASED' || hex(zeroblob(100000)), 0)")
    with adapter.connection() as connection:
        connection.execute("DELETE FROM content WHERE cid = 999")
    kept = backups.backup(adapter, tmp_path / "kept").path
    written = b"".join(path.read_bytes() for path in kept.iterdir())
    assert secret not in written
    assert secret.hex().encode() not in written
    assert b"ERASED" not in written
    for name in (KEY_FILE, COPY_KEYS):
        assert (adapter.directory / name).read_bytes()[:64] not in written
    for word in (b"allergic", b"Lisbon", b"how are you", b"pending for", b"user/alice", b"what-if"):
        assert word.lower() not in written.lower()
    assert not any(hashes in written for _, hashes, *_ in was if len(hashes) > 8)


def test_where_something_is_there_already_nothing_is_written(adapter, tmp_path, kept):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for name in ("file", "folder", "link"):
        with pytest.raises(InvalidCall, match="there already"):
            backups.backup(adapter, tmp_path / name)
        with pytest.raises(InvalidCall, match="there already"):
            restore(kept, tmp_path / name, keys=tmp_path / "store/keys", analyse=analyse)
    assert (tmp_path / "folder" / "file").read_text() == "mine"
    (tmp_path / "empty").mkdir()
    assert backups.backup(adapter, tmp_path / "empty").path.joinpath("backup.json").is_file()
    with pytest.raises(BackendError, match="cannot be written"):
        backups.backup(adapter, tmp_path / "file" / "below")


def flip(path):
    body = bytearray(path.read_bytes())
    body[len(body) // 2] ^= 1
    path.write_bytes(body)


def manifest(**changes):
    def change(kept):
        path = kept / "backup.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    return change


DAMAGES = {
    "a bit of the store": (lambda kept: flip(kept / "memory.db"), NotAStore, "damaged: memory.db"),
    "a bit of the journal": (lambda kept: flip(kept / JOURNAL), NotAStore, "damaged: access.db"),
    "an end cut off": (lambda kept: (kept / "memory.db").write_bytes((kept / "memory.db").read_bytes()[:-4096]), NotAStore, "damaged"),
    "a file gone": (lambda kept: (kept / "memory.db").unlink(), NotAStore, "memory.db is missing"),
    "no manifest": (lambda kept: (kept / "backup.json").unlink(), NotAStore, "backup.json is missing"),
    "a broken manifest": (lambda kept: (kept / "backup.json").write_text("{"), NotAStore, "cannot be read"),
    "an odd manifest": (lambda kept: (kept / "backup.json").write_text("[]"), NotAStore, "cannot be read"),
    "a manifest of nothing": (manifest(files={}), NotAStore, "damaged: memory.db"),
    "a field too many": (manifest(other=1), NotAStore, "cannot be read"),
    "a newer format": (manifest(format=99), StoreTooNew, "upgrade"),
    "a newer schema": (manifest(schema=99), StoreTooNew, "upgrade"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_backup_is_refused_by_name_and_leaves_nothing(kept, tmp_path, damage):
    spoil, error, told = DAMAGES[damage]
    spoil(kept)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(error, match=told):
        restore(kept, tmp_path / "restored", keys=tmp_path / "store/keys", analyse=analyse)
    assert sorted(tmp_path.iterdir()) == before


def test_another_key_or_none_at_the_place_named_is_refused(kept, tmp_path):
    for name, key in (("other", b"x" * 32), ("short", b"x")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "store.key").write_bytes(key)
    before = sorted(tmp_path.iterdir())
    for name, told in (("other", "of another store"), ("short", "1 bytes"), ("none", "cannot be read")):
        with pytest.raises(NotAStore, match=told):
            restore(kept, tmp_path / "restored", keys=tmp_path / name, analyse=analyse)
    assert sorted(tmp_path.iterdir()) == before


def test_an_analysis_that_fails_leaves_nothing_half_restored(kept, tmp_path):
    def fail(text, speaker, role):
        raise RuntimeError(text)

    before = sorted(tmp_path.iterdir())
    with pytest.raises(RuntimeError):
        restore(kept, tmp_path / "restored", keys=tmp_path / "store/keys", analyse=fail)
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("file", ["memory.db", JOURNAL])
def test_a_store_that_is_not_sound_gives_no_backup(adapter, tmp_path, file):
    writer = apsw.Connection(str(adapter.directory / file))
    writer.execute("UPDATE commit_log SET at = 0 WHERE seq = 2" if file == "memory.db" else "UPDATE access SET at = 0")
    writer.close()
    before = sorted(tmp_path.iterdir())
    with pytest.raises(BackendError, match="is not sound.*memos doctor"):
        backups.backup(adapter, tmp_path / "kept")
    assert sorted(tmp_path.iterdir()) == before


def test_a_copy_that_lacks_a_row_is_no_backup(adapter, tmp_path, monkeypatch):
    whole = backups.seal_all

    def lose(source, target, keys):
        whole(source, target, keys)
        target.execute("DELETE FROM usage; DELETE FROM edge")

    monkeypatch.setattr(backups, "seal_all", lose)
    with pytest.raises(BackendError, match="does not hold what the store held"):
        backups.backup(adapter, tmp_path / "kept")
    assert not (tmp_path / "kept").exists()


def test_what_a_killed_backup_left_is_swept_by_the_next_to_the_same_place(adapter, tmp_path):
    drafts = {name: tmp_path / f".{name}.{'0' * 32}.part" for name in ("kept", "other", "kept.more")}
    for draft in drafts.values():
        draft.mkdir()
        (draft / "memory.db").write_bytes(b"x")
        os.utime(draft, (0, 0))
    working, fresh = tmp_path / f".kept.{'1' * 32}.part", tmp_path / f".kept.{'2' * 32}.part"
    for draft in (working, fresh):
        draft.mkdir()
    os.utime(working, (0, 0))
    held = backups._hold(working)
    backups.backup(adapter, tmp_path / "kept")
    os.close(held)
    assert not drafts["kept"].exists()
    assert all(each.exists() for each in (drafts["other"], drafts["kept.more"], working, fresh))
    restore(tmp_path / "kept", tmp_path / "other", keys=tmp_path / "store/keys", analyse=analyse)
    assert not drafts["other"].exists()


def test_a_restore_that_finds_no_room_says_so(kept, tmp_path, monkeypatch):
    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("memos.backends.sqlite.admission._copied", full)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(DiskFull, match="no space is left"):
        restore(kept, tmp_path / "restored", keys=tmp_path / "store/keys", analyse=analyse)
    assert sorted(tmp_path.iterdir()) == before
