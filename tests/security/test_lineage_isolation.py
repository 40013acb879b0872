"""A lineage tells nobody of what is another's: neither that it is there, nor what it leads to."""

import pytest

from memos import MemOS
from memos.errors import NotFound
from memos.memcube.change import ChangeSet, CubeWrite, Edge, ReadSet

NOWHERE = "01890000-0000-7000-8000-000000000000"


@pytest.fixture
def memory(tmp_path):
    with MemOS.open(tmp_path / "memory", embedder="hashing", worker="none") as system:
        yield system


def commit(memory, *, edges=(), writes=()):
    caller, clock = memory.as_user("alice").caller, memory._clock
    change = ChangeSet("default", caller, clock.new_id(), "add", clock.now(), edges=tuple(Edge(*edge) for edge in edges), writes=writes)
    memory._vault.commit(change, ReadSet())


def add(session, *texts):
    return [cube.id for cube in session.add(list(texts)).cubes]


@pytest.fixture
def woven(memory):
    """new ← bob's ← old, and new ← other: of four memories in one line of descent, the middle one is bob's."""
    alice, bob = memory.as_user("alice"), memory.as_user("bob")
    new, old, other = add(alice, "new", "old", "other")
    (middle,) = add(bob, "bob's own")
    commit(memory, edges=[(new, middle, "derived_from"), (middle, old, "derived_from"), (new, other, "derived_from")])
    return {"new": new, "middle": middle, "old": old, "other": other}


@pytest.mark.parametrize("who", [("bob", "default"), ("alice", "other"), ("bob", "other")])
@pytest.mark.parametrize("form", ["graph", "prov"])
def test_anothers_memory_is_not_found_exactly_like_one_that_is_not_there(memory, woven, who, form):
    stranger, messages = memory.as_user(who[0], tenant=who[1]), []
    for cube_id in (woven["new"], NOWHERE):
        with pytest.raises(NotFound) as error:
            stranger.lineage(cube_id, format=form)
        messages.append((str(error.value).replace(cube_id, "ID"), error.value.details))
    assert messages[0] == messages[1]


@pytest.mark.parametrize("warm", [False, True])
def test_a_hidden_memory_in_the_middle_is_neither_shown_nor_passed_through(memory, woven, warm):
    alice, bob = memory.as_user("alice"), memory.as_user("bob")
    for _ in range(1 + warm):
        shown = alice.lineage(woven["new"]).value
        below = alice.lineage(woven["old"]).value
        own = bob.lineage(woven["middle"]).value
    assert shown == {"nodes": [woven["new"], woven["other"]], "edges": [(woven["new"], woven["other"], "derived_from")], "truncated": False}
    assert below == {"nodes": [woven["old"]], "edges": [], "truncated": False}
    assert own == {"nodes": [woven["middle"]], "edges": [], "truncated": False}


def test_a_limit_does_not_count_what_is_hidden(memory, woven):
    alice = memory.as_user("alice")
    assert alice.lineage(woven["new"], limit=2).value["truncated"] is False
    assert alice.lineage(woven["new"], limit=1).value["truncated"] is True
    assert alice.lineage(woven["old"], limit=1).value["truncated"] is False
    assert memory.as_user("bob").lineage(woven["middle"], limit=1).value["truncated"] is False


def test_a_memory_that_is_reached_another_way_is_shown(memory, woven):
    alice = memory.as_user("alice")
    commit(memory, edges=[(woven["other"], woven["old"], "merged_from")])
    graph = alice.lineage(woven["new"]).value
    assert graph["nodes"] == [woven["new"], woven["other"], woven["old"]]
    assert (woven["other"], woven["old"], "merged_from") in graph["edges"]
    assert len(graph["edges"]) == 2


def test_the_export_names_nothing_that_is_hidden(memory, woven):
    alice = memory.as_user("alice")
    cube = alice.get(woven["new"]).cubes[0]
    parents = [{"id": woven["middle"], "version": 1}, {"id": woven["other"], "version": 1}]
    provenance = cube.provenance.model_validate(cube.provenance.model_dump() | {"parents": parents})
    commit(memory, writes=(CubeWrite(cube.model_copy(update={"provenance": provenance, "version": 2}), birth=False),))
    document = alice.lineage(woven["new"], format="prov").value
    assert woven["other"] in str(document)
    for hidden in ("middle", "old"):
        assert woven[hidden] not in str(document)
    assert "bob" not in str(document)


def test_a_memory_that_leaves_ones_sight_leaves_the_lineage_at_the_next_call(memory, woven):
    alice = memory.as_user("alice")
    ids = add(alice, "a", "b", "c")
    commit(memory, edges=[(ids[0], ids[1], "derived_from"), (ids[1], ids[2], "derived_from")])
    assert alice.lineage(ids[0]).value["nodes"] == ids
    cube = alice.get(ids[1]).cubes[0]
    his = cube.policy.model_copy(update={"owner": "bob"})
    commit(memory, writes=(CubeWrite(cube.model_copy(update={"namespace": "user/bob", "policy": his}), birth=False),))
    assert alice.lineage(ids[0]).value["nodes"] == ids[:1]
    assert memory.as_user("bob").lineage(ids[1]).value["nodes"] == [ids[1]]
    commit(memory, writes=(CubeWrite(cube, birth=False),))
    assert alice.lineage(ids[0]).value["nodes"] == ids


def test_hidden_memories_are_told_to_nobody_however_many_there_are(memory):
    alice, bob = memory.as_user("alice"), memory.as_user("bob")
    (root,), theirs, mine = add(alice, "root"), add(bob, *(f"b{n}" for n in range(300))), add(alice, *(f"a{n}" for n in range(300)))
    fans = [(root, each, "derived_from") for each in (*theirs, *mine)]
    commit(memory, edges=[*fans, *((one, other, "derived_from") for one, other in zip(theirs, mine[::-1], strict=True))])
    graph = alice.lineage(root).value
    assert graph["nodes"] == [root, *mine]
    assert {(child, parent) for child, parent, _ in graph["edges"]} == {(root, each) for each in mine}
