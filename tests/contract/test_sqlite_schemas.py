"""Stores of released schemas are opened by every later release; migrations go forward, whole or not at all."""

import json
import os
import shutil
from pathlib import Path
from types import MappingProxyType

import apsw
import pytest

from memos.backends.sqlite import migrations, opening
from memos.backends.sqlite.adapter import SqliteAdapter
from memos.backends.sqlite.doctor import diagnose
from memos.backends.sqlite.journal import SqliteJournal
from memos.errors import BackendError, ReadOnlyStore
from memos.memcube.filter import Filter
from memos.testing.adapter_contract import ALL, Author
from scripts.keep_schema import told

KEPT = Path(__file__).parent / "schemas"
MEMORY = sorted(KEPT.glob("memory_*.db"))


@pytest.fixture(params=MEMORY, ids=lambda path: path.stem)
def kept(request, tmp_path):
    """A copy of a kept store."""
    number = request.param.stem.partition("_")[2]
    (tmp_path / "store/keys").mkdir(parents=True)
    for name, place in (
        (f"memory_{number}.db", "memory.db"),
        (f"access_{number}.db", "access.db"),
        (f"store_{number}.key", "keys/store.key"),
    ):
        shutil.copyfile(KEPT / name, tmp_path / "store" / place)
    return tmp_path / "store"


def test_the_present_schema_is_kept():
    assert f"memory_{migrations.SCHEMA}" in {path.stem for path in MEMORY}


def test_a_kept_store_opens_and_tells_what_it_told_then(kept, request):
    adapter = SqliteAdapter(kept)
    number = request.node.callspec.params["kept"].stem.partition("_")[2]
    then = json.loads((KEPT / f"memory_{number}.json").read_text(encoding="utf-8"))
    assert told(adapter) == then
    assert min(len(tenant["versions"]) for tenant in then.values()) > 3
    Author(adapter, seed=9).add("still writes")
    assert diagnose(adapter) == ()
    adapter.close()


def test_a_kept_journal_opens_and_tells_what_was_read(kept):
    adapter = SqliteAdapter(kept)
    journal = SqliteJournal(kept, key=adapter.keys.secret)
    assert [row["aseq"] for row in journal.rows()] == [1, 2, 3]
    assert {row["operation"] for row in journal.rows()} == {"search"}
    journal.close()
    adapter.close()


@pytest.fixture
def planted(monkeypatch):
    """Two releases ahead: a table, then a column."""
    steps = {
        1: lambda connection: connection.execute("CREATE TABLE planted (word TEXT NOT NULL) STRICT; INSERT INTO planted VALUES ('one')"),
        2: lambda connection: connection.execute("ALTER TABLE planted ADD COLUMN number INTEGER; UPDATE planted SET number = 2"),
    }
    plant(monkeypatch, 3, steps)
    return steps


def plant(monkeypatch, schema, steps):
    monkeypatch.setattr(opening, "SCHEMA", schema)
    monkeypatch.setattr(migrations.migrate, "__defaults__", (MappingProxyType(steps), schema))


def schema_of(directory):
    connection = apsw.Connection(str(directory / "memory.db"))
    try:
        return connection.pragma("user_version")
    finally:
        connection.close()


def test_a_store_is_brought_forward_when_it_is_opened(kept, planted):
    with pytest.raises(ReadOnlyStore, match="open it once for writing"):
        SqliteAdapter(kept, read_only=True)
    assert schema_of(kept) == 1
    adapter = SqliteAdapter(kept)
    with adapter.reader() as connection:
        assert list(connection.execute("SELECT word, number FROM planted")) == [("one", 2)]
    with adapter.view("acme") as view:
        assert view.count(Filter.everything(), **ALL) > 3
    adapter.close()
    assert schema_of(kept) == 3
    SqliteAdapter(kept).close()
    assert schema_of(kept) == 3


def test_a_migration_that_fails_leaves_the_store_as_it_was(kept, planted, monkeypatch):
    def broken(connection):
        connection.execute("DROP TABLE usage")
        os.stat("/no/such/file")  # noqa: PTH116 - anything may go wrong

    plant(monkeypatch, 3, planted | {2: broken})
    with pytest.raises(FileNotFoundError):
        SqliteAdapter(kept)
    assert schema_of(kept) == 1
    monkeypatch.undo()
    adapter = SqliteAdapter(kept)
    assert diagnose(adapter) == ()
    adapter.close()


def test_a_schema_that_no_step_leaves_is_told(kept, planted, monkeypatch):
    del planted[2]
    plant(monkeypatch, 3, planted)
    with pytest.raises(BackendError, match="no way from schema 2 to 3"):
        SqliteAdapter(kept)
    assert schema_of(kept) == 1
