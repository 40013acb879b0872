"""Legal hold: what it keeps is neither forgotten, archived, purged nor erased, by whomever, with all its versions, until it is released."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

from memos import MemOS
from memos.errors import Denied, InvalidCall, NotFound
from memos.interface.memory_api import holds
from memos.interface.memory_api.desk import Work
from memos.memcube.call import Caller, MemoryCall
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
        settings = {"archive_after_days": None, "consolidate": False} | settings
        systems.append(MemOS.open(tmp_path / "memory", embedder="hashing", worker="none", clock=clock, settings=settings))
        memory = systems[-1]
        return memory, memory.as_user("alice"), memory.as_user("ada", roles=["admin"])

    yield opening
    for system in systems:
        system.close()


def hold(admin, name="case 7", **body):
    admin.govern("hold", name, {"reason": "a lawsuit", **body})


def state_of(memory, cube_id, tenant="default"):
    with memory._parts.adapter.view(tenant) as view:
        return view.get([cube_id], grant=Filter.everything(), now=memory._clock.now())[cube_id].state


@pytest.mark.parametrize("verb", ["forget", "archive"])
def test_no_user_puts_away_what_is_held_not_even_among_others(opened, verb):
    memory, alice, admin = opened()
    kept, free = alice.add(["kept", "free"]).cubes
    hold(admin, ids=[kept.id])
    with pytest.raises(Denied) as error:
        getattr(alice, verb)([free.id, kept.id])
    assert error.value.details == {"hold": "case 7", "held": [kept.id]}
    assert state_of(memory, free.id) == "generated"
    getattr(alice, verb)(free.id)
    alice.update(kept.id, "kept, and written over")
    assert [cube.text for cube in alice.history(kept.id).cubes] == ["kept", "kept, and written over"]
    admin.govern("hold", "case 7", None)
    getattr(alice, verb)(kept.id)
    assert state_of(memory, kept.id) == {"forget": "expired", "archive": "archived"}[verb]


def test_a_hold_by_subject_or_filter_keeps_what_is_written_later_too(opened):
    memory, alice, admin = opened()
    bob = memory.as_user("bob")
    hold(admin, subject="Alice K.", filter={"tags": {"any": ["project"]}})
    said, other = bob.add(
        [{"role": "user", "name": "Alice K.", "content": f"said {n}", "tags": tags} for n, tags in ((1, ["project"]), (2, []))]
    ).cubes
    with pytest.raises(Denied):
        bob.forget(said.id)
    bob.forget(other.id)
    hold(admin, "all of alice", subject="alice")
    mine = alice.add("mine").cubes[0]
    with pytest.raises(Denied, match="the hold 'all of alice' keeps the memory"):
        alice.forget(mine.id)
    assert memory.as_user("alice", tenant="acme").forget(memory.as_user("alice", tenant="acme").add("mine").cubes[0].id).value == 1


def test_what_was_held_once_stays_held_however_it_is_changed(opened):
    _memory, alice, admin = opened()
    cube = alice.add("evidence", tags=["project"]).cubes[0]
    alice.update(cube.id, tags=[])
    alice.update(cube.id, tags=["project"])
    hold(admin, filter={"tags": {"any": ["project"]}})
    alice.update(cube.id, tags=[])
    alice.transfer(cube.id, to="user/alice/elsewhere")
    with pytest.raises(Denied):
        alice.forget(cube.id)
    hold(admin, filter={"tags": {"any": ["project"]}}, by="the same court")
    with pytest.raises(Denied):
        alice.forget(cube.id)
    admin.govern("hold", "case 7", None)
    hold(admin, filter={"tags": {"any": ["project"]}})
    alice.forget(cube.id)  # a new hold begins anew, and the tag had gone by then


def test_sweeps_leave_what_is_held_and_count_it(opened, clock):
    memory, alice, admin = opened(
        archive_after_days=20,
        forgotten_days=5,
        lifecycle_rules=[{"name": "r", "filter": {"tags": {"any": ["done"]}}, "to": "archived", "after_days": 1}],
    )
    over, free, done, gone = alice.add(["over", "free", "done", "gone"]).cubes
    for cube in (over, free):
        alice.update(cube.id, expires_at=START + timedelta(days=3))
    alice.update(done.id, tags=["done"])
    alice.forget(gone.id)
    hold(admin, ids=[over.id, done.id, gone.id])
    admin.govern("retention", "short", {"ttl_days": 30, "action": "purge"})
    admin.retain("short", now=True)
    clock.move(days=4)
    assert memory.sweep() == {"expired": 1, "held": 2}, "one is over, one is moved by a rule"
    clock.move(days=40)
    (preview,) = admin.retain("short").value
    assert (preview["due"], preview["held"]) == (1, 3)
    assert memory.sweep()["purged"] == 1
    assert [state_of(memory, each.id) for each in (over, done, gone)] == ["generated", "generated", "expired"]
    assert "purged" not in memory.sweep()
    admin.govern("hold", "case 7", None)
    assert memory.sweep()["purged"] >= 3
    assert memory.doctor() == ()
    with pytest.raises(NotFound):
        alice.history(gone.id)


def test_one_held_memory_does_not_keep_the_sweep_from_the_others(opened, clock):
    memory, alice, admin = opened(sweep_batch=5)
    cubes = alice.add([f"note {n}" for n in range(30)], expires_at=START + timedelta(days=1)).cubes
    hold(admin, ids=[cube.id for cube in cubes[:20]])
    clock.move(days=2)
    assert memory.sweep() == {"expired": 10, "held": 20}


def test_past_versions_are_kept_and_purged_after_the_release(opened, clock):
    memory, alice, admin = opened(history_days=10)
    kept, free = alice.add(["kept one", "free one"]).cubes
    for cube, name in ((kept, "kept"), (free, "free")):
        alice.update(cube.id, f"{name} two")
        alice.update(cube.id, f"{name} three")
    hold(admin, ids=[kept.id])
    clock.move(days=11)
    alice.update(free.id, "free four")
    assert memory.sweep() == {"history": 1}
    assert [cube.text for cube in alice.history(kept.id).cubes] == ["kept one", "kept two", "kept three"]
    assert [cube.text for cube in alice.history(free.id).cubes] == ["free three", "free four"]
    assert memory.sweep() == {}, "what is held is not gone through again and again"
    admin.govern("hold", "case 7", None)
    assert memory.sweep() == {"history": 1}
    assert [cube.text for cube in alice.history(kept.id).cubes] == ["kept three"]
    assert memory.sweep() == {}
    assert memory.doctor() == ()


def test_what_a_discarded_branch_held_of_it_is_kept(opened):
    memory, alice, admin = opened()
    kept = alice.add("kept").cubes[0]
    hold(admin, ids=[kept.id])
    branch = alice.branch("b")
    branch.update(kept.id, "kept otherwise")
    branch.add("free")
    branch.discard()
    before = memory.status().versions
    assert memory.sweep() == {"history": 1}
    assert memory.status().versions == before - 1
    assert memory.sweep() == {}
    admin.govern("hold", "case 7", None)
    assert memory.sweep() == {"history": 1}
    assert memory.status().versions == before - 2


def test_neither_a_restore_nor_a_merge_nor_an_equal_fact_takes_it_away(opened, clock):
    memory, alice, admin = opened()
    alice.snapshot("before")
    kept, _free = alice.add(["kept", "free"], expires_at=START + timedelta(days=5)).cubes
    hold(admin, ids=[kept.id])
    reply = alice.restore("before")
    assert reply.value["forgotten"] == 1
    assert any("what a hold keeps stays" in each for each in reply.warnings)
    assert state_of(memory, kept.id) == "generated"
    branch = alice.branch("b")
    branch.forget(kept.id)
    with pytest.raises(Denied, match="case 7"):
        branch.merge()
    branch.discard()
    clock.move(days=6)
    with pytest.raises(Denied, match="case 7"):
        alice.add("kept")
    assert state_of(memory, kept.id) == "generated"
    alice.add("free")


def test_consolidation_does_not_archive_it(opened):
    memory, alice, admin = opened(consolidate=True)
    first = alice.add("I'm allergic to peanuts!").cubes[0]
    hold(admin, subject="alice")
    second = alice.add("I am allergic to peanuts").cubes[0]
    memory.drain()
    assert [state_of(memory, each.id) for each in (first, second)] == ["generated", "generated"]
    admin.govern("hold", "case 7", None)
    third = alice.add("I am allergic  to peanuts.").cubes[0]
    memory.drain()
    assert state_of(memory, third.id) == "archived"


def test_a_hold_that_is_set_meanwhile_is_seen_at_the_commit(opened, monkeypatch):
    memory, alice, admin = opened()
    cube = alice.add("evidence").cubes[0]
    looked, going = threading.Event(), threading.Event()
    asked = holds.held
    monkeypatch.setattr(holds, "held", lambda work, ids: (asked(work, ids), looked.set(), going.wait(30))[0])
    failures = []

    def forgetting():
        try:
            alice.forget(cube.id)
        except Denied as error:
            failures.append(error)

    thread = threading.Thread(target=forgetting)
    thread.start()
    assert looked.wait(30)
    hold(admin, ids=[cube.id])
    going.set()
    thread.join(30)
    assert len(failures) == 1
    assert state_of(memory, cube.id) == "generated"


def test_what_is_no_hold_is_refused(opened):
    _memory, alice, admin = opened()
    with pytest.raises(Denied):
        hold(alice, ids=[])
    for body, says in [
        ({"reason": "x"}, "names what it keeps"),
        ({"filter": {}}, "reason"),
        ({"reason": "", "filter": {}}, "reason"),
        ({"reason": "x", "ids": ["nonsense"]}, "no memory id"),
        ({"reason": "x", "filter": {"tgas": 1}}, "no field 'tgas'"),
        ({"reason": "x", "filter": {}, "until": "never"}, "until"),
    ]:
        with pytest.raises(InvalidCall, match=says):
            admin.govern("hold", "x", body)
    hold(admin, filter={})
    with pytest.raises(Denied):
        alice.forget(alice.add("anything").cubes[0].id)


def test_it_tells_who_asks_which_of_many_are_held(opened):
    memory, alice, admin = opened()
    first, second, third = alice.add(["one", "two", "three"]).cubes
    hold(admin, "a", ids=[first.id, second.id])
    hold(admin, "b", ids=[second.id])

    def working(view):
        caller, call, now = (
            Caller(user="system", kind="system"),
            MemoryCall(id=memory._clock.new_id(), operation="purge"),
            memory._clock.now(),
        )
        desk = memory._api.api._desk
        warrant = desk.governance.warrant(caller, view, now)
        return Work(desk, caller, call, view, desk.governance.authorize(warrant, caller, call), warrant, now, memory._vault.view)

    with memory._parts.adapter.view("default") as view:
        work = working(view)
        assert holds.held(work, [third.id, second.id, first.id]) == {first.id: "a", second.id: "a"}
        assert holds.held(work, []) == {}
    with memory._parts.adapter.view("acme") as view:
        work = working(view)
        assert holds.held(work, [first.id]) == {}
