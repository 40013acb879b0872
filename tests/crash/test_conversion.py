"""Conversions: a store that is encrypted, made plain or locked anew and cut short at any step is the old one or the new one, and whole."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from memos import MemOS
from memos.errors import BackendError, DiskFull, InvalidCall, NotAStore, ReadOnlyStore, Unavailable
from tests.security.hiding import key_file

ROOT = Path(__file__).parents[2]
HOW = {"embedder": "hashing://16", "worker": "none"}
TEXTS = ["The zebra crosses the river", "A quiet afternoon", "Seven lanterns"]


@pytest.fixture
def converter():
    program = subprocess.Popen(
        [sys.executable, "-m", "tests.crash.converting"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )

    def run(directory, what, place, step=0):
        program.stdin.write(json.dumps([str(directory), what, place, step]) + "\n")
        program.stdin.flush()
        return int(program.stdout.readline())

    yield run
    program.stdin.close()
    program.wait(timeout=60)
    program.stdout.close()


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    home = tmp_path_factory.mktemp("plain")
    with MemOS.open(home / "store", **HOW) as memory:
        alice = memory.as_user("alice")
        alice.add(TEXTS, tags=["place=river"], metadata={"source": "diary"})
        alice.search("zebra")
    return home / "store"


def encrypted(plain, home):
    store = shutil.copytree(plain, home / "store")
    MemOS.encrypt(store, key_file(home / "key"))
    return store


def reads(store):
    """The texts of a store that is sound, and whether its files are encrypted."""
    with MemOS.open(store, **HOW) as memory:
        assert memory.doctor() == ()
        alice = memory.as_user("alice")
        assert alice.search("zebra").hits[0].cube.text == TEXTS[0]
        assert memory.status().accesses >= 1
        found = [cube.text for cube in alice.list(limit=1000).cubes]
    told = {path.name: path.read_bytes()[:15] == b"SQLite format 3" for path in (store / "memory.db", store / "access.db")}
    assert len(set(told.values())) == 1
    assert (store / "keys/data.key").exists() != told["memory.db"]
    assert not [path for path in store.iterdir() if path.name.startswith("convert.")]
    return found, not told["memory.db"]


@pytest.mark.parametrize("what", ["encrypt", "decrypt", "renew", "rotate"])
def test_cut_short_at_any_step_it_is_the_old_store_or_the_new_one(converter, plain, tmp_path, what):
    source = plain if what == "encrypt" else encrypted(plain, tmp_path)
    places = [f"file:{tmp_path / 'key'}", key_file(tmp_path / "key 2")]
    place = key_file(tmp_path / "key") if what == "encrypt" else places[1]
    step, ended, seen = 0, -signal.SIGKILL, set()
    while ended == -signal.SIGKILL:
        step += 1
        store = shutil.copytree(source, tmp_path / "cut" / str(step))
        ended = converter(store, what, place, step)
        found, locked = reads(store)
        assert found == TEXTS
        wrapped = (store / "keys/data.key").read_text() if locked else ""
        seen.add("key 2" in wrapped if what in {"renew", "rotate"} else locked)
        shutil.rmtree(store)
    assert ended == 0
    assert step > (15 if what != "rotate" else 3)
    assert seen == {True, False}


def test_killed_at_any_moment_it_is_the_old_store_or_the_new_one(plain, tmp_path):
    place, chance = key_file(tmp_path / "key"), random.Random(5)
    code = "import sys; from memos import MemOS; print(flush=True); sys.stdin.readline(); MemOS.encrypt(*sys.argv[1:]); print(flush=True)"
    for number in range(8):
        store = shutil.copytree(plain, tmp_path / str(number))
        command = [sys.executable, "-c", code, str(store), place]
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        process.stdout.readline()
        process.stdin.write(b"\n")
        process.stdin.flush()
        time.sleep(chance.uniform(0, 0.3))
        process.kill()
        process.communicate(timeout=60)
        assert reads(store)[0] == TEXTS


def test_what_was_said_in_the_clear_is_overwritten(plain, tmp_path):
    store = shutil.copytree(plain, tmp_path / "store")
    old = [(path, path.open("rb")) for path in (store / "memory.db", store / "access.db")]
    assert b"zebra" in old[0][1].read()
    MemOS.encrypt(store, key_file(tmp_path / "key"))
    for path, file in old:
        file.seek(0)
        assert set(file.read()) == {0}, path
        file.close()


def test_nothing_is_converted_while_others_have_the_store_open(plain, tmp_path):
    store = shutil.copytree(plain, tmp_path / "store")
    place = key_file(tmp_path / "key")
    with MemOS.open(store, **HOW) as memory:
        with pytest.raises(Unavailable, match="open elsewhere"):
            MemOS.encrypt(store, place)
        memory.as_user("alice").add("written afterwards")
    MemOS.encrypt(store, place)
    assert reads(store) == ([*TEXTS, "written afterwards"], True)


def test_whoever_waits_to_write_meanwhile_loses_nothing(plain, tmp_path):
    """A writer that comes while the store is converted is refused or writes to the new store; what it was told is stored is there."""
    store = shutil.copytree(plain, tmp_path / "store")
    place, told = key_file(tmp_path / "key"), []
    code = (
        "import sys\nfrom memos import MemOS\nfrom memos.errors import MemOSError\nnumber = 0\nwhile True:\n"
        "    try:\n        with MemOS.open(sys.argv[1], embedder='hashing://16', worker='none') as memory:\n"
        "            memory.as_user('alice').add(f'note number {number}')\n            print(f'note number {number}', flush=True)\n"
        "    except MemOSError as error:\n        print('refused', flush=True)\n    number += 1\n"
    )
    writer = subprocess.Popen([sys.executable, "-c", code, str(store)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        told.append(writer.stdout.readline().strip())
        converted = 0
        for what in (lambda: MemOS.encrypt(store, place), lambda: MemOS.decrypt(store)) * 3:
            for _ in range(20):
                try:
                    what()
                    converted += 1
                    break
                except Unavailable:
                    time.sleep(0.01)
                except InvalidCall:
                    break
    finally:
        writer.kill()
        told += writer.communicate(timeout=60)[0].split("\n")
    texts = reads(store)[0]
    assert {line.strip() for line in told if line.startswith("note")} <= set(texts)
    assert converted >= 2


def test_each_wrong_call_says_what_to_do(plain, tmp_path, monkeypatch):
    store = encrypted(plain, tmp_path)
    bare = shutil.copytree(plain, tmp_path / "bare")
    place = f"file:{tmp_path / 'key'}"
    for call, error, told in (
        (lambda: MemOS.encrypt(store, place), InvalidCall, "encrypted already.*rotate-key"),
        (lambda: MemOS.decrypt(bare), InvalidCall, "is not encrypted"),
        (lambda: MemOS.rotate_key(bare, place), InvalidCall, "is not encrypted.*memos encrypt"),
        (lambda: MemOS.rotate_key(bare, place, renew=True), InvalidCall, "is not encrypted"),
        (lambda: MemOS.encrypt(tmp_path / "nothing", place), NotAStore, "there is no store"),
        (lambda: MemOS.encrypt(bare, f"file:{bare}/keys/mine"), InvalidCall, "inside the store"),
        (lambda: MemOS.encrypt(bare, "file:key"), InvalidCall, "absolute path"),
        (lambda: MemOS.encrypt(bare, "vault:x"), InvalidCall, "no keeper of keys.*env, file"),
        (lambda: MemOS.encrypt(bare, f"file:{tmp_path}/missing"), Unavailable, "cannot be read"),
        (lambda: MemOS.rotate_key(store, "env:MEMOS_NO_SUCH_KEY"), Unavailable, "is not set"),
    ):
        with pytest.raises(error, match=told):
            call()
    assert reads(store) == (TEXTS, True)
    assert reads(bare) == (TEXTS, False)
    (tmp_path / "key").write_text("00" * 32)
    with pytest.raises(NotAStore, match="not the one that locks this store"):
        MemOS.decrypt(store)


def test_a_disk_that_is_full_leaves_the_old_store(plain, tmp_path, monkeypatch):
    store = shutil.copytree(plain, tmp_path / "store")

    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("memos.backends.sqlite.conversion._sync", full)
    with pytest.raises(DiskFull, match="no space is left"):
        MemOS.encrypt(store, key_file(tmp_path / "key"))
    monkeypatch.undo()
    assert reads(store) == (TEXTS, False)


def test_a_copy_that_lacks_a_row_is_not_put_in_place(plain, tmp_path, monkeypatch):
    from memos.backends.sqlite import conversion

    store, whole = shutil.copytree(plain, tmp_path / "store"), conversion.copy_tables

    def lose(source, target):
        whole(source, target)
        if "edge" in conversion.tables(target):
            target.execute("DELETE FROM namespace")

    monkeypatch.setattr(conversion, "copy_tables", lose)
    with pytest.raises(BackendError, match="does not hold what the store holds"):
        MemOS.encrypt(store, key_file(tmp_path / "key"))
    assert reads(store) == (TEXTS, False)


def test_one_that_was_decided_is_not_finished_where_nothing_can_be_written(converter, plain, tmp_path, monkeypatch):
    place = key_file(tmp_path / "key")
    for step in range(1, 200):
        store = shutil.copytree(plain, tmp_path / str(step))
        converter(store, "encrypt", place, step)
        if (store / "convert.ready").is_dir():
            break
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(ReadOnlyStore, match="was cut short.*can be written"):
        MemOS.open(store, read_only=True, **HOW)
    monkeypatch.undo()
    with MemOS.open(store, read_only=True, **HOW) as memory:
        assert len(memory.as_user("alice").list().cubes) == len(TEXTS)
    assert reads(store) == (TEXTS, True)
