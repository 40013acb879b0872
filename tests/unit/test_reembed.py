"""Changing a store's embedder: the old vectors go, the new ones come, and nobody goes on with the old."""

import stat
import threading

import pytest

from memos import MemOS
from memos.backends.hashing import HashingEmbedder
from memos.errors import InvalidCall, ReadOnlyStore, WrongEmbedder

TEXTS = ["the boat is blue", "the house is white", "she lives in Lisbon"]


@pytest.fixture
def path(tmp_path):
    with MemOS.open(tmp_path / "m", embedder="hashing", worker="none") as memory:
        memory.as_user("alice").add(TEXTS, wait=True)
    return tmp_path / "m"


def test_every_vector_is_made_anew_and_the_new_embedder_is_remembered(path):
    with MemOS.open(path, worker="none") as memory:
        assert memory.reembed("hashing://64") == 3
        assert memory.status().pending == 3
        assert memory.drain()
        assert (memory.status().embedder, memory.status().dimensions) == ("hashing-v1@64", 64)
        assert memory.as_user("alice").search("blue boat").hits[0].cube.text == TEXTS[0]
        assert memory.doctor() == ()
    with MemOS.open(path, worker="none") as memory:
        assert not memory.as_user("alice").search("blue boat").warnings
        assert memory.as_user("alice").add("x", vector=[1.0] + [0.0] * 63).cubes
        with pytest.raises(InvalidCall, match="64"):
            memory.as_user("alice").add("y", vector=[1.0] * 384)


def test_a_store_may_lose_its_embedder_and_get_one_again(path):
    with MemOS.open(path, worker="none") as memory:
        assert memory.reembed(None) == 0
        assert memory.as_user("alice").search("blue boat").hits[0].cube.text == TEXTS[0]
        memory.as_user("alice").add("a fourth")
        assert memory.reembed("hashing") == 4


def test_who_has_it_open_must_open_it_again(path):
    with MemOS.open(path, worker="none") as other, MemOS.open(path, worker="none") as memory:
        alice = other.as_user("alice")
        alice.search("boat")
        memory.reembed("hashing://64")
        for attempt in (lambda: alice.search("boat"), alice.list, lambda: alice.add("late"), other.drain):
            with pytest.raises(WrongEmbedder, match="open the store again"):
                attempt()
        assert len(memory.as_user("alice").list().cubes) == 3


@pytest.mark.parametrize("worker", ["thread", "none"])
def test_a_store_in_memory_keeps_its_memories_and_its_sessions(worker):
    with MemOS.open("memory:", embedder="hashing", worker=worker) as memory:
        alice = memory.as_user("alice")
        first = alice.add(TEXTS).cubes[0]
        assert memory.reembed("hashing://64") == 3
        assert alice.get(first.id).cubes == (first,)
        assert memory.drain()
        assert memory.reembed(None) == 0
        alice.add("a fourth")
        assert memory.reembed("hashing") == 4
        assert len(alice.list().cubes) == memory.status().memories == 4
        place = memory.status().directory
        assert place is not None
        assert place.exists()
    assert not place.exists()


def test_the_sessions_of_this_memos_go_on_also_in_the_midst_of_it(path):
    with MemOS.open(path) as memory:
        alice = memory.as_user("alice")
        over, failed = threading.Event(), []

        def work():
            number = 0
            while not over.is_set():
                number += 1
                try:
                    alice.add(f"written meanwhile, number {number}")
                    alice.search("blue boat")
                except Exception as error:  # noqa: BLE001 - whatever it is, it is told below
                    failed.append(error)

        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        for embedder in ("hashing://64", None, "hashing://32", "hashing"):
            memory.reembed(embedder)
        over.set()
        for thread in threads:
            thread.join()
        assert failed == []
        assert memory.drain()
        assert memory.doctor() == ()


def test_a_store_that_is_only_read_refuses_and_stays_usable(path):
    with MemOS.open(path, read_only=True) as memory:
        alice = memory.as_user("alice")
        for embedder in (None, "hashing://64"):
            with pytest.raises(ReadOnlyStore, match="read_only"):
                memory.reembed(embedder)
        assert alice.search("blue boat").hits[0].cube.text == TEXTS[0]
        assert memory.status().vectors == 3


def test_another_embedder_than_the_stores_is_refused_by_name(path):
    for embedder in ("hashing://64", None, HashingEmbedder(dimensions=64)):
        with pytest.raises(WrongEmbedder, match="memos reembed"):
            MemOS.open(path, embedder=embedder)


def test_an_embedder_given_as_an_object_must_be_given_again(tmp_path):
    mine = HashingEmbedder(dimensions=32)
    MemOS.open(tmp_path / "m", embedder=mine, worker="none").close()
    with pytest.raises(WrongEmbedder, match="as an object"):
        MemOS.open(tmp_path / "m")
    MemOS.open(tmp_path / "m", embedder=HashingEmbedder(dimensions=32), worker="none").close()
    with MemOS.open(tmp_path / "m", embedder="unused", worker="none") as memory:
        memory.reembed("hashing")
    MemOS.open(tmp_path / "m", worker="none").close()


def test_what_memories_say_is_its_owners_alone(path):
    for file in (path / "memory.db", path / "access.db", path / "keys" / "store.key"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
