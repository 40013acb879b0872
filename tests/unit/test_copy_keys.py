"""Copy keys: durable before they are used, one for each memory whoever asks, and gone from the bytes once they are destroyed."""

import os
import subprocess
import sys

import apsw
import pytest

from memos import MemOS
from memos.backends.sqlite.copy_keys import CopyKeys
from memos.errors import BackendError, InvalidCall, NotAStore, ReadOnlyStore
from tests.security.hiding import key_file

SECRET = bytes(range(32))
IDS = [number.to_bytes(16, "big") for number in range(5000)]


@pytest.fixture
def kept(tmp_path):
    (tmp_path / "keys").mkdir()
    return CopyKeys(tmp_path, SECRET)


def wrapped(kept):
    connection = apsw.Connection(str(kept.path))
    found = dict(connection.execute("SELECT id, wrapped FROM copy_key WHERE held = 1"))
    connection.close()
    return found


def standing(kept, pieces):
    """How many of some pieces of 16 bytes stand anywhere in the folder's files."""
    body = b"\0".join(path.read_bytes() for path in kept.path.parent.iterdir())
    windows = {body[start : start + 16] for start in range(len(body) - 15)}
    return len(windows.intersection(pieces))


def test_each_memory_has_one_key_that_stays(kept):
    made = kept.keys(IDS[:50])
    assert len(set(made.values())) == 50
    assert {len(key) for key in made.values()} == {32}
    assert kept.keys(IDS[40:60]).items() >= {each: made[each] for each in IDS[40:50]}.items()
    assert CopyKeys(kept.path.parents[1], SECRET).known(IDS[:50]) == made
    assert kept.made() == 60


def test_nothing_is_made_where_none_is_asked_for(kept):
    assert kept.known(IDS) == {}
    assert kept.shred(IDS) == kept.made() == 0
    assert not kept.path.exists()


def test_a_key_stands_wrapped_and_under_its_own_name(kept):
    made = kept.keys(IDS[:10])
    assert standing(kept, [key[:16] for key in made.values()]) == 0
    connection = apsw.Connection(str(kept.path))
    first, second = connection.execute("SELECT slot FROM copy_key LIMIT 2")
    connection.execute("UPDATE copy_key SET wrapped = (SELECT wrapped FROM copy_key WHERE slot = ?) WHERE slot = ?", (*first, *second))
    connection.close()
    with pytest.raises(NotAStore, match="damaged"):
        kept.keys(IDS[:10])
    with pytest.raises(NotAStore, match="another store"):
        CopyKeys(kept.path.parents[1], b"x" * 32).known(IDS[:1])


def test_a_destroyed_key_leaves_no_byte_and_is_not_made_the_same(kept):
    made, stored = kept.keys(IDS), wrapped(kept)
    pieces = {each: body[12:28] for each, body in stored.items()}
    assert standing(kept, pieces.values()) == len(IDS)
    doomed, left = IDS[::3], [each for each in IDS if each not in IDS[::3]]
    assert kept.shred([*doomed, b"y" * 16]) == len(doomed)
    assert kept.shred(doomed) == 0
    assert standing(kept, [pieces[each] for each in doomed]) == 0
    assert kept.known(IDS) == {each: made[each] for each in left}
    assert {path.name for path in kept.path.parent.iterdir()} == {kept.path.name}
    size = kept.path.stat().st_size
    again = kept.keys(doomed)
    assert not {made[each] for each in doomed} & set(again.values())
    assert kept.path.stat().st_size <= size + 4096 * 64  # the slots are used again, only the index of ids grows
    kept.shred(IDS)
    assert standing(kept, [*pieces.values(), *(body[12:28] for body in wrapped(kept).values())]) == 0


def test_processes_that_ask_at_once_agree(kept):
    script = (
        "import sys; from pathlib import Path; from memos.backends.sqlite.copy_keys import CopyKeys\n"
        "kept = CopyKeys(Path(sys.argv[1]), bytes(range(32)))\n"
        "for start in range(0, 200, 20):\n"
        "    ids = [n.to_bytes(16, 'big') for n in range(start, start + 20)]\n"
        "    print(*(key.hex() for key in kept.keys(ids).values()))\n"
    )
    command = [sys.executable, "-c", script, str(kept.path.parents[1])]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ) for _ in range(4)]
    told = {process.communicate(timeout=60)[0] for process in running}
    assert [process.returncode for process in running] == [0] * 4
    assert len(told) == 1
    assert len(set(told.pop().split())) == kept.made() == 200


class TestKeepKeys:
    @pytest.fixture
    def memory(self, tmp_path):
        with MemOS.open(tmp_path / "store", embedder=None, worker="none") as memory:
            memory.as_user("alice").add([f"memory {number}" for number in range(50)])
            yield memory

    def test_what_is_kept_restores_a_backup(self, memory, tmp_path):
        memory.backup(tmp_path / "backup")
        files = memory.keep_keys(tmp_path / "safe")
        assert files == (tmp_path / "safe/store.key", tmp_path / "safe/copies.db")
        assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
        assert MemOS.restore_backup(tmp_path / "backup", tmp_path / "restored", keys=tmp_path / "safe").memories == 50

    def test_what_was_kept_before_is_overwritten(self, memory, tmp_path):
        memory.backup(tmp_path / "backup")
        memory.keep_keys(tmp_path / "safe")
        with (tmp_path / "safe/copies.db").open("rb") as old:
            ids = [cube.id for cube in memory.as_user("alice").list(limit=50).cubes]
            assert CopyKeys(tmp_path / "store").shred(ids[:20]) == 20
            memory.keep_keys(tmp_path / "safe")
            assert set(old.read()) == {0}
        assert sorted(path.name for path in (tmp_path / "safe").iterdir()) == ["copies.db", "store.key"]
        report = MemOS.restore_backup(tmp_path / "backup", tmp_path / "restored", keys=tmp_path / "safe")
        assert (report.memories, report.shredded) == (30, 20)

    def test_a_store_in_memory_is_restored_from_what_was_kept(self, tmp_path):
        with MemOS.open("memory:", embedder=None, worker="none") as memory:
            memory.as_user("alice").add("one")
            memory.backup(tmp_path / "backup")
            memory.keep_keys(tmp_path / "safe")
        assert MemOS.restore_backup(tmp_path / "backup", tmp_path / "restored", keys=tmp_path / "safe").memories == 1

    def test_an_envelope_that_is_of_no_use_any_more_goes(self, tmp_path):
        place = key_file(tmp_path / "key")
        with MemOS.open(tmp_path / "store", embedder=None, worker="none", settings={"encryption": place}) as memory:
            assert [path.name for path in memory.keep_keys(tmp_path / "safe")] == ["store.key", "data.key"]
        MemOS.decrypt(tmp_path / "store")
        with MemOS.open(tmp_path / "store", embedder=None, worker="none") as memory:
            assert [path.name for path in memory.keep_keys(tmp_path / "safe")] == ["store.key"]
        assert [path.name for path in (tmp_path / "safe").iterdir()] == ["store.key"]

    def test_places_that_are_none_are_refused(self, memory, tmp_path):
        memory.backup(tmp_path / "backup")
        (tmp_path / "file").touch()
        for place, error, told in (
            (tmp_path / "store/keys", InvalidCall, "inside the store"),
            (tmp_path / "backup", InvalidCall, "is a backup"),
            (tmp_path / "file", NotAStore, "not a directory"),
        ):
            with pytest.raises(error, match=told):
                memory.keep_keys(place)

    def test_a_folder_of_keys_that_cannot_be_written_makes_no_backup(self, memory, tmp_path, monkeypatch):
        monkeypatch.setattr(os, "access", lambda *_: False)
        with pytest.raises(ReadOnlyStore, match="keys of copies"):
            memory.backup(tmp_path / "backup")
        assert not (tmp_path / "backup").exists()


def test_who_only_destroys_keys_makes_none(kept):
    kept.keys(IDS[:1])
    with pytest.raises(BackendError, match="only to be destroyed"):
        CopyKeys(kept.path.parents[1]).keys(IDS[:2])
