"""The refresher: indexes are brought up to date between searches, and read before they are asked for."""

import time

import pytest

from memos import MemOS
from memos.refresher import IDLE_SECONDS


@pytest.fixture
def directory(tmp_path):
    """A store in which alice is asked most, bob once, carol never."""
    with MemOS.open(tmp_path / "m", embedder=None, worker="none") as memory:
        for name, times in (("alice", 3), ("bob", 1), ("carol", 0)):
            user = memory.as_user(name)
            user.add([f"{name} likes apples", f"{name} likes pears"])
            for _ in range(times):
                user.search("who likes apples?")
        memory.sweep()
    return tmp_path / "m"


def namespaces(status):
    return [each.namespace for each in status.hottest]


def test_what_another_wrote_is_taken_in_between_searches(directory):
    with MemOS.open(directory, worker="none") as memory, MemOS.open(directory, worker="none") as other:
        memory.as_user("alice").search("apples")
        other.as_user("alice").add("alice likes plums")
        assert memory._refresher.refresh(time.monotonic()) == 1
        assert memory._refresher.refresh(time.monotonic()) == 0
        assert memory.cache().refreshed == 1
        assert memory.as_user("alice").search("plums").hits[0].cube.text == "alice likes plums"


def test_where_nobody_searches_nothing_is_refreshed(directory):
    with MemOS.open(directory, worker="none") as memory:
        now = time.monotonic()
        assert memory._refresher.refresh(now) == 0
        memory.as_user("alice").search("apples")
        assert memory._refresher.refresh(now) == 0
        memory.as_user("alice").add("alice likes plums")
        assert memory._refresher.refresh(now + IDLE_SECONDS + 1) == 0
        memory.as_user("bob").search("apples")
        assert memory._refresher.refresh(now + IDLE_SECONDS + 2) == 1


def test_what_is_hot_is_warm_after_a_start_and_its_first_search_a_hit(directory):
    with MemOS.open(directory, worker="none") as memory:
        assert namespaces(memory.warm()) == ["user/alice", "user/bob"]
        memory.as_user("alice").search("apples")
        found = memory.cache()
        assert (found.warmed, found.hits, found.misses, found.hit_ratio) == (2, 1, 0, 1.0)


def test_warming_ends_with_its_time_and_where_there_is_no_more_room(directory):
    with MemOS.open(directory, worker="none") as memory:
        assert memory.warm(0).lanes == 0
    with MemOS.open(directory, worker="none", settings={"cache_bytes": 30_000}) as memory:
        assert namespaces(memory.warm()) == ["user/alice"]
    with MemOS.open(directory, worker="none", settings={"cache_bytes": 0}) as memory:
        assert memory.warm().lanes == 0
        assert len(memory.as_user("alice").search("what does alice like?").hits) == 2
        assert (memory.cache().bytes, memory.cache().misses) == (0, 1)


@pytest.mark.parametrize(("seconds", "warmed"), [(0, 2), ("never", 0)])
def test_a_worker_warms_one_index_a_step(directory, seconds, warmed):
    with MemOS.open(directory, worker="none", settings={"cache_warm_seconds": seconds}) as memory:
        steps = [memory._refresher.step() for _ in range(4)]
        assert steps == [warmed > 0, False, False, False]
        assert memory.cache().warmed == warmed


def test_the_thread_of_every_process_warms_and_refreshes(directory):
    settings = {"cache_warm_seconds": 0, "consolidate": False}  # consolidating reads indexes too
    with MemOS.open(directory, settings=settings) as first, MemOS.open(directory, settings=settings) as second:
        wait(lambda: first.cache().warmed == second.cache().warmed == 2)
        for memory in (first, second):
            memory.as_user("alice").search("apples")
        second.as_user("alice").add("alice likes plums")
        wait(lambda: first.cache().refreshed and second.cache().refreshed)


def wait(condition):
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_vector_that_comes_later_finds_its_place_in_a_refreshed_index(tmp_path):
    with MemOS.open(tmp_path / "m", embedder="hashing", worker="none", settings={"inline_vectors": 0, "consolidate": False}) as memory:
        alice = memory.as_user("alice")
        alice.add("the boat lies in the harbour")
        assert alice.search("boat").warnings
        memory.drain()
        assert memory._refresher.refresh(time.monotonic()) == 1
        assert not alice.search("boat").warnings
