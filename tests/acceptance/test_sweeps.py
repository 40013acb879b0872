"""What the worker does in its time: expiry, use, idleness, rules, retention, compression; each step a call in the log."""

from datetime import UTC, datetime, timedelta

import pytest

from memos import MemOS
from memos.errors import InvalidCall, NotFound
from memos.memcube.filter import Filter
from tests.clock import HandClock

START = datetime(2026, 1, 1, 9, 0, tzinfo=UTC)


@pytest.fixture
def clock():
    return HandClock(START)


@pytest.fixture
def opened(tmp_path, clock):
    systems = []

    def opening(**settings):
        systems.append(MemOS.open(tmp_path / "memory", embedder="hashing", worker="none", clock=clock, settings=settings))
        return systems[-1], systems[-1].as_user("alice")

    yield opening
    for system in systems:
        system.close()


def states(alice, *cubes):
    return [alice.get(cube.id).cubes[0].state for cube in cubes]


def operations(memory):
    with memory._parts.adapter.view("default") as view:
        return [row["operation"] for row in view.log(limit=1000)]


def test_what_is_over_expires(opened, clock):
    memory, alice = opened()
    cube = alice.add("a week's pass", expires_at=START + timedelta(days=7)).cubes[0]
    frozen = alice.add("a frozen pass", expires_at=START + timedelta(days=7)).cubes[0]
    alice.freeze(frozen.id)
    clock.move(days=8)
    assert memory.sweep() == {"expired": 1}
    assert memory.sweep() == {}
    assert operations(memory)[-1] == "transition"
    (row,) = alice.history(cube.id).cubes
    assert (row.state, row.version) == ("expired", 1)
    with memory._parts.adapter.view("default") as view:
        last = view.versions(cube.id, grant=Filter.everything(), now=clock.now())[-1]
    assert (last.provenance.origin, last.provenance.context.user) == ("expiry", "system")


def test_use_activates_and_brings_back(opened, clock):
    memory, alice = opened()
    used, put_aside, idle = alice.add(["a used one", "put aside", "an idle one"]).cubes
    alice.archive(put_aside.id)
    clock.move(minutes=1)
    alice.get([used.id, put_aside.id])
    alice.get(used.id)
    memory.sweep()
    assert states(alice, used, put_aside, idle) == ["activated", "activated", "generated"]
    assert alice.get(used.id).cubes[0].usage.count == 2


def test_old_use_does_not_activate(opened, clock):
    memory, alice = opened(activate_uses=4)
    cube = alice.add("used long ago").cubes[0]
    for _ in range(3):
        alice.get(cube.id)
    memory.sweep()
    clock.move(days=60)
    alice.get(cube.id)
    memory.sweep()
    assert states(alice, cube) == ["generated"]


def test_the_idle_are_archived_the_important_later(opened, clock):
    memory, alice = opened(archive_after_days=30)
    _, high, low, frozen = alice.add(["plain", "high", "low", "frozen"]).cubes
    alice.update(high.id, priority=50)
    alice.update(low.id, priority=-50)
    alice.freeze(frozen.id)
    clock.move(days=10)
    assert memory.sweep() == {"archived": 1}
    clock.move(days=21)
    memory.sweep()
    assert [cube.text for cube in alice.list(states=["archived"]).cubes] == ["plain", "low"]
    memory.sweep()  # a list is a use, which brings back what was put aside
    clock.move(days=100)
    memory.sweep()
    assert {cube.text for cube in alice.list(states=["archived"]).cubes} == {"plain", "low", "high"}
    assert alice.search("plain").hits[0].cube.text == "frozen"


def test_rules_move_by_label(opened, clock):
    rules = [
        {"name": "done", "filter": {"tags": {"any": ["task=done"]}}, "to": "archived", "after_days": 2},
        {"name": "keep", "filter": {"tags": {"any": ["pinned"]}}, "to": "merged"},
    ]
    memory, alice = opened(lifecycle_rules=rules, sweep_batch=2)
    done = alice.add([f"task {number}" for number in range(5)], tags=["task=done"]).cubes
    pinned = alice.add("pinned", tags=["pinned"]).cubes[0]
    assert memory.sweep() == {"merged": 1}
    clock.move(days=3)
    assert memory.sweep() == {"archived": 5}
    assert states(alice, *done, pinned) == ["archived"] * 5 + ["merged"]


def test_a_rule_that_is_wrong_is_refused(opened):
    with pytest.raises(InvalidCall, match="no field 'tgas'"):
        opened(lifecycle_rules=[{"name": "x", "filter": {"tgas": 1}, "to": "archived"}])
    with pytest.raises(InvalidCall, match="lifecycle_rules"):
        opened(lifecycle_rules=[{"name": "x", "filter": {}, "to": "generated"}])


def test_the_forgotten_are_purged_after_their_time(opened, clock, tmp_path):
    memory, alice = opened(forgotten_days=30)
    gone, stays = alice.add(["xylophone quixotic", "stays"]).cubes
    alice.update(gone.id, "xylophone quixotic twice")
    alice.forget(gone.id)
    clock.move(days=29)
    assert memory.sweep() == {}
    assert len(alice.history(gone.id).cubes) == 2
    clock.move(days=2)
    assert memory.sweep() == {"purged": 1}
    with pytest.raises(NotFound):
        alice.history(gone.id)
    assert states(alice, stays) == ["generated"]
    assert [cube.text for cube in alice.at(1).list().cubes] == ["stays"], "the past does not tell of what was purged"
    assert [hit.cube.text for hit in alice.at(1).search("xylophone stays").hits] == ["stays"]
    memory.close()
    assert memory_is_sound(tmp_path)
    assert b"xylophone" not in b"".join(path.read_bytes() for path in (tmp_path / "memory").rglob("*") if path.is_file())


def memory_is_sound(tmp_path):
    with MemOS.open(tmp_path / "memory", embedder="hashing", worker="none") as memory:
        return memory.doctor() == ()


def test_the_past_is_shortened_but_for_snapshots_and_branches(opened, clock, tmp_path):
    memory, alice = opened(history_days=10)
    cube = alice.add("one").cubes[0]
    alice.update(cube.id, "two")
    alice.snapshot("kept")
    alice.update(cube.id, "three")
    alice.update(cube.id, "four")
    clock.move(days=11)
    alice.update(cube.id, "five")
    assert memory.sweep() == {"history": 1}
    assert [each.text for each in alice.history(cube.id).cubes] == ["two", "three", "four", "five"]
    assert alice.at("kept").get(cube.id).cubes[0].text == "two"
    with pytest.raises(InvalidCall, match="has been purged"):
        alice.at(1)
    alice.snapshot("kept", drop=True)
    assert memory.sweep() == {"history": 1}
    assert [each.text for each in alice.history(cube.id).cubes] == ["four", "five"]
    assert [hit.cube.text for hit in alice.search("five four two").hits] == ["five"]
    with pytest.raises(InvalidCall, match="purged; name a later one"):
        alice.branch("b", base=1)
    memory.close()
    assert memory_is_sound(tmp_path)


def test_what_a_discarded_branch_held_is_purged(opened, tmp_path):
    memory, alice = opened()
    cube = alice.add("stays").cubes[0]
    branch = alice.branch("b")
    branch.add("xylophone")
    branch.update(cube.id, "stays otherwise")
    branch.discard()
    assert memory.sweep() == {"history": 1}
    assert memory.sweep() == {}
    assert memory.status().versions == 1
    memory.close()
    assert memory_is_sound(tmp_path)


def test_archived_texts_are_kept_compressed_and_read_as_before(opened, tmp_path):
    memory, alice = opened(compress_bytes=100)
    long, short = alice.add(["the same words over and over, " * 100, "short"]).cubes
    alice.archive([long.id, short.id])
    assert memory.sweep() == {"compressed": 1}
    assert memory.sweep() == {}
    assert alice.get(long.id).cubes[0].text == long.text
    assert alice.search("same words", states=["archived"]).hits[0].cube.text == long.text
    assert alice.update(long.id, label="x").cubes[0].text == long.text
    memory.rebuild()
    memory.close()
    assert memory_is_sound(tmp_path)


def test_room_is_given_back(opened, tmp_path, clock):
    memory, alice = opened(forgotten_days=0)
    cubes = alice.add([f"{number} " + "x" * 10_000 for number in range(800)]).cubes
    alice.forget([cube.id for cube in cubes])
    clock.move(days=1)
    before = memory.status().sizes["memory.db"]
    done = memory.sweep()
    assert done["purged"] == 800
    assert done["reclaimed"] > 0
    memory.close()
    assert (tmp_path / "memory/memory.db").stat().st_size < before / 2


def test_a_sweep_is_bounded_in_time_and_goes_on_where_it_left_off(opened, clock):
    memory, alice = opened(sweep_batch=1)
    alice.add([f"pass {number}" for number in range(5)], expires_at=START + timedelta(days=7))
    clock.move(days=8)
    assert memory.sweep(seconds=0) == {}
    assert memory.sweep() == {"expired": 5}


def test_the_worker_sweeps_by_itself(tmp_path, clock):
    settings = {"sweep_seconds": 0.05, "worker_idle_seconds": 0.01}
    with MemOS.open(tmp_path / "memory", embedder=None, clock=clock, settings=settings) as memory:
        alice = memory.as_user("alice")
        alice.add("a week's pass", expires_at=START + timedelta(days=7))
        clock.move(days=8)
        for _ in range(500):
            if "transition" in operations(memory):
                return
            __import__("time").sleep(0.02)
    pytest.fail("nothing was swept within ten seconds")


def test_only_the_system_sweeps(opened):
    from memos.memcube.call import MemoryCall

    memory, alice = opened()
    call = MemoryCall(id=memory._clock.new_id(), operation="purge", options={"horizon": 0})
    assert memory._api.handle(alice.caller, call).status == "denied"
