"""Copy keys: durable before they are used, one for each memory whoever asks, and gone from the bytes once they are destroyed."""

import os
import subprocess
import sys

import apsw
import pytest

from memos.backends.sqlite.copy_keys import CopyKeys
from memos.errors import NotAStore

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
