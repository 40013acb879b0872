"""A backup that a stranger made writes nowhere else, brings no code along, and is refused when it is not what it says."""

import json
import os
from hashlib import sha256

import apsw
import pytest

from memos import MemOS
from memos.backends.sqlite.backup import page_key
from memos.backends.sqlite.keys import read_key
from memos.errors import NotAStore


@pytest.fixture
def kept(tmp_path):
    with MemOS.open(tmp_path / "store", embedder=None, worker="none") as memory:
        alice = memory.as_user("alice")
        alice.add(["one", "two"])
        alice.list()
        memory.backup(tmp_path / "kept")
    return tmp_path / "kept"


def tell(kept, **changes):
    """Change the manifest, and make it agree with the files."""
    told = json.loads((kept / "backup.json").read_text()) | changes
    told["files"] |= {name: sha256((kept / name).read_bytes()).hexdigest() for name in told["files"] if (kept / name).is_file()}
    (kept / "backup.json").write_text(json.dumps(told))
    return told


def execute(path, statements, lock=None):
    connection = apsw.Connection(str(path))
    if lock is not None:
        lock.unlock(connection)
    connection.execute(statements)
    connection.close()


def pages(tmp_path):
    """The key of the pages of the backups, which a stranger has who has the store's key."""
    return page_key(read_key(tmp_path / "store"))


def refused(kept, tmp_path, told):
    before = {path: path.lstat() for path in tmp_path.rglob("*")}
    with pytest.raises(NotAStore, match=told):
        MemOS.restore_backup(kept, tmp_path / "restored", keys=tmp_path / "store/keys")
    assert set(tmp_path.rglob("*")) == set(before)


@pytest.mark.parametrize("name", ["../outside", "/tmp/memos-outside", "keys/store.key", "memory.db-wal", "blobs", "..", ""])
def test_other_files_than_a_stores_are_refused(kept, tmp_path, name):
    (tmp_path / "outside").write_text("evil")
    files = json.loads((kept / "backup.json").read_text())["files"]
    tell(kept, files=files | {name: sha256(b"evil").hexdigest()})
    refused(kept, tmp_path, "no file of a backup")


@pytest.mark.parametrize("name", ["backup.json", "memory.db", "access.db"])
def test_links_and_pipes_are_not_followed(kept, tmp_path, name):
    (kept / name).rename(tmp_path / "elsewhere")
    (kept / name).symlink_to(tmp_path / "elsewhere")
    refused(kept, tmp_path, f"{name} cannot be read")
    (kept / name).unlink()
    os.mkfifo(kept / name)
    refused(kept, tmp_path, f"{name} is no regular file")


SMUGGLED = {
    "a trigger": "CREATE TRIGGER t AFTER INSERT ON content BEGIN UPDATE content SET body = 'forged'; END",
    "a trigger with a hidden name": "CREATE TRIGGER sqlitet AFTER INSERT ON content BEGIN UPDATE content SET body = 'forged'; END",
    "a view": "CREATE VIEW v AS SELECT * FROM content",
    "a view in the place of a table": "DROP TABLE snapshot; CREATE VIEW snapshot AS SELECT 1 AS tid, '' AS owner, 'a' AS name, 1 AS seq",
    "a table of other columns": "DROP TABLE snapshot; CREATE TABLE snapshot (tid, owner, name, seq, at, made AS (abs(tid)))",
    "a table too many": "CREATE TABLE other (x)",
    "an index that computes": "DROP INDEX version_by_turn; CREATE INDEX version_by_turn ON version (abs(nid))",
}


IN_THE_JOURNAL = (
    ("content", "access"),
    ("snapshot", "meta"),
    ("version_by_turn ON version (abs(nid))", "access_by_call ON access (abs(at))"),
)
IN_THE_JOURNAL += (("version_by_turn", "access_by_call"),)


@pytest.mark.parametrize("what", SMUGGLED)
@pytest.mark.parametrize("file", ["memory.db", "access.db"])
def test_a_schema_that_is_not_ours_is_refused(kept, tmp_path, what, file):
    statements = SMUGGLED[what]
    if file == "access.db":
        statements = (
            statements.replace("ON content", "ON access").replace("content", "access").replace("DROP TABLE snapshot;", "DROP TABLE meta;")
        )
        statements = (
            statements.replace("snapshot", "meta")
            .replace("DROP INDEX version_by_turn;", "")
            .replace("version (abs(nid)", "access (abs(at)")
        )
    execute(kept / file, statements, pages(tmp_path))
    tell(kept)
    refused(kept, tmp_path, "does not hold a sound store .*is not as it should be")


@pytest.mark.parametrize("changes", [{"memories": 999}, {"head": 7}, {"seal": "00"}, {"counts": {}}])
def test_a_manifest_that_counts_otherwise_is_refused(kept, tmp_path, changes):
    tell(kept, **changes)
    refused(kept, tmp_path, "does not hold what backup.json counts")


@pytest.mark.parametrize(
    "changes", [{"schema": 0}, {"schema": -1}, {"format": 1}, {"head": "7"}, {"counts": []}, {"files": []}, {"memories": 1e300}]
)
def test_a_manifest_of_other_types_is_refused(kept, tmp_path, changes):
    told = json.loads((kept / "backup.json").read_text()) | changes
    (kept / "backup.json").write_text(json.dumps(told))
    refused(kept, tmp_path, "cannot be read")
    (kept / "backup.json").write_text("[" * 100_000)
    refused(kept, tmp_path, "cannot be read")


@pytest.mark.parametrize(
    ("file", "statement"),
    [
        ("memory.db", "UPDATE commit_log SET at = 0"),
        ("memory.db", "PRAGMA application_id = 1"),
        ("access.db", "UPDATE access SET at = 0"),
        ("access.db", "PRAGMA user_version = 9"),
        ("memory.db", "UPDATE commit_log SET operation = CAST(x'ff' AS TEXT)"),
    ],
)
def test_a_file_that_does_not_hold_together_is_refused(kept, tmp_path, file, statement):
    execute(kept / file, statement, pages(tmp_path))
    tell(kept)
    refused(kept, tmp_path, "does not hold a sound store")


def test_what_is_restored_and_backed_up_is_its_owners_alone(kept, tmp_path):
    assert {path.name: path.stat().st_mode & 0o777 for path in kept.iterdir()} == dict.fromkeys(
        ("backup.json", "memory.db", "access.db"), 0o600
    )
    for path in kept.iterdir():
        path.chmod(0o644)
    MemOS.restore_backup(kept, tmp_path / "restored", keys=tmp_path / "store/keys")
    files = [path for path in (tmp_path / "restored").rglob("*") if path.is_file()]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


def test_a_trigger_in_an_open_directory_does_not_run(kept, tmp_path):
    """Whoever writes the files can change them; what they write stays data."""
    for file, table in (("memory.db", "content"), ("access.db", "access")):
        execute(tmp_path / "store" / file, f"CREATE TRIGGER t AFTER INSERT ON {table} BEGIN DELETE FROM {table}; END")
    with MemOS.open(tmp_path / "store", worker="none") as memory:
        alice = memory.as_user("alice")
        alice.add("three")
        assert [cube.text for cube in alice.list().cubes] == ["one", "two", "three"]
        assert memory.status().accesses == 2
