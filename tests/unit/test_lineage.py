"""Provenance API: what births and mutations record, and where a memory came from and what came of it."""

import pytest

from memos import MemOS
from memos.errors import InvalidCall, NotFound
from memos.memcube.change import ChangeSet, CubeWrite, Edge, ReadSet
from memos.memcube.filter import Filter
from memos.memcube.provenance import Parent

NOWHERE = "01890000-0000-7000-8000-000000000000"


@pytest.fixture
def memory(tmp_path):
    with MemOS.open(tmp_path / "memory", embedder="hashing", worker="none") as system:
        yield system


@pytest.fixture
def alice(memory):
    return memory.as_user("alice", agent="planner", purpose="care", task="visit", session="s1", model="m-1")


def relate(memory, *edges):
    """Edges as the lifecycle writes them: from what was derived to what it came from."""
    caller, clock = memory.as_user("alice").caller, memory._clock
    change = ChangeSet(caller.tenant, caller, clock.new_id(), "add", clock.now(), edges=tuple(Edge(*edge) for edge in edges))
    memory._vault.commit(change, ReadSet())


def chain(alice, count):
    """Memories each composed of the one before and a new one; the ids of the composed, the first being a plain one."""
    ids = [alice.add("part 0").cubes[0].id]
    for number in range(1, count):
        fresh = alice.add(f"part {number}").cubes[0].id
        ids.append(alice.compose([ids[-1], fresh]).cubes[0].id)
    return ids


class TestWhatIsRecorded:
    def told(self, provenance):
        context = provenance.context
        return (
            provenance.origin,
            provenance.trigger,
            provenance.model,
            (context.user, context.agent, context.session, context.purpose, context.task),
        )

    WHO = ("alice", "planner", "s1", "care", "visit")

    def test_a_birth_and_every_mutation_record_origin_trigger_context_model_and_links(self, memory, alice):
        born = alice.add("A note", trigger="told", links=["https://example.org/a"]).cubes[0]
        updated = alice.update(born.id, "A longer note", trigger="corrected", links=["note.txt"]).cubes[0]
        moved = alice.transfer(born.id, to="user/alice/notes", trigger="tidied").cubes[0]
        alice.forget(born.id, trigger="asked")
        with memory._vault.view("default") as view:
            *_, gone = view.versions(born.id, grant=Filter.everything(), now=memory._clock.now())
        assert self.told(born.provenance) == ("user", "told", "m-1", self.WHO)
        assert self.told(updated.provenance) == ("update", "corrected", "m-1", self.WHO)
        assert self.told(moved.provenance) == ("transfer", "tidied", "m-1", self.WHO)
        assert self.told(gone.provenance) == ("forget", "asked", "m-1", self.WHO)
        assert [each.provenance.links for each in (born, updated, moved)] == [("https://example.org/a",), ("note.txt",), ("note.txt",)]
        assert len({each.provenance.context.call for each in (born, updated, moved, gone)}) == 4

    def test_each_version_names_the_call_that_made_it(self, alice):
        reply = alice.add("A note")
        again = alice.update(reply.cubes[0].id, "B note")
        assert [cube.provenance.context.call for cube in (reply.cubes[0], again.cubes[0])] == [reply.call_id, again.call_id]

    def test_a_composition_records_trigger_links_model_and_parents(self, alice):
        parts = alice.add(["one", "two"]).cubes
        alice.update(parts[1].id, "two more")
        whole = alice.compose([part.id for part in parts], trigger="summary", links=["https://example.org"]).cubes[0]
        assert self.told(whole.provenance) == ("composition", "summary", "m-1", self.WHO)
        assert whole.provenance.links == ("https://example.org",)
        assert whole.provenance.parents == (
            Parent(id=parts[0].id, version=1, relation="composed_of"), Parent(id=parts[1].id, version=2, relation="composed_of"),
        )  # fmt: skip
        assert alice.update(whole.id, "rewritten").cubes[0].provenance.parents == whole.provenance.parents

    def test_a_repetition_records_its_own_trigger_context_model_and_links(self, memory, alice):
        first = alice.add("Tea at four").cubes[0]
        other = memory.as_user("alice", agent="importer", model="m-2")
        again = other.add("tea at  FOUR", trigger="import", links=["mail:1"]).cubes[0]
        (record,) = alice.get(first.id).cubes[0].provenance.records
        assert record == again.provenance.records[0]
        assert (record.origin, record.trigger, record.model, record.links, record.context.agent) == (
            "user", "import", "m-2", ("mail:1",), "importer",
        )  # fmt: skip

    def test_one_provenance_id_survives_versions_transfers_and_compositions(self, alice):
        one, two = alice.add(["one", "two"]).cubes
        alice.update(one.id, "one more")
        alice.add("one more", trigger="again")
        alice.transfer(one.id, to="user/alice/x")
        whole = alice.compose([one.id, two.id]).cubes[0]
        alice.forget(one.id)
        assert {cube.provenance.id for cube in alice.history(one.id).cubes} == {one.provenance.id} == {one.id}
        assert whole.provenance.id == whole.id

    def test_links_alone_are_an_update_and_what_is_not_named_stays(self, alice):
        cube = alice.add("A note", links=["a"]).cubes[0]
        assert alice.update(cube.id, links=["b", "c"]).cubes[0].version == 2
        assert alice.update(cube.id, tags=["x"]).cubes[0].provenance.links == ("b", "c")
        assert alice.update(cube.id, links=[]).cubes[0].provenance.links == ()

    @pytest.mark.parametrize("links", [5, ["a\0b"], [None]])
    def test_links_are_texts(self, alice, links):
        cube = alice.add("A note").cubes[0]
        for attempt in (
            lambda: alice.update(cube.id, links=links),
            lambda: alice.compose([cube.id, alice.add("other").cubes[0].id], links=links),
        ):
            with pytest.raises(InvalidCall):
                attempt()


class TestGraph:
    def test_ancestors_descendants_and_both(self, alice):
        one, two, three = alice.add(["one", "two", "three"]).cubes
        pair = alice.compose([one.id, two.id]).cubes[0]
        whole = alice.compose([pair.id, three.id]).cubes[0]
        graph = alice.lineage(pair.id).value
        assert graph == {
            "nodes": [pair.id, one.id, two.id, whole.id],
            "edges": [(pair.id, one.id, "composed_of"), (pair.id, two.id, "composed_of"), (whole.id, pair.id, "composed_of")],
            "truncated": False,
        }
        assert alice.lineage(pair.id, direction="ancestors").value["nodes"] == [pair.id, one.id, two.id]
        assert alice.lineage(pair.id, direction="descendants").value["nodes"] == [pair.id, whole.id]
        assert set(alice.lineage(whole.id, direction="ancestors").value["nodes"]) == {whole.id, pair.id, three.id, one.id, two.id}

    def test_a_memory_of_no_origin_stands_alone(self, alice):
        cube = alice.add("one").cubes[0]
        reply = alice.lineage(cube.id)
        assert reply.value == {"nodes": [cube.id], "edges": [], "truncated": False}
        assert reply.cubes == (cube,)

    def test_depth_counts_steps(self, alice):
        ids = chain(alice, 4)
        sizes = [len(alice.lineage(ids[-1], depth=depth).value["nodes"]) for depth in (1, 2, 3, None)]
        assert sizes == [3, 5, 7, 7]
        assert alice.lineage(ids[0], depth=2).value["nodes"] == ids[:3]

    @pytest.mark.parametrize(("limit", "truncated"), [(1, True), (3, True), (7, False), (8, False)])
    def test_a_limit_counts_memories_and_says_when_there_are_more(self, alice, limit, truncated):
        ids = chain(alice, 4)
        graph = alice.lineage(ids[-1], limit=limit).value
        assert (len(graph["nodes"]), graph["truncated"]) == (min(limit, 7), truncated)
        assert {end for child, parent, _ in graph["edges"] for end in (child, parent)} <= set(graph["nodes"])

    def test_a_limit_counts_both_ways_together(self, alice):
        ids = chain(alice, 3)
        assert [len(alice.lineage(ids[1], limit=limit).value["nodes"]) for limit in (1, 2, 3, 4, 5)] == [1, 2, 3, 4, 4]
        assert [alice.lineage(ids[1], limit=limit).value["truncated"] for limit in (1, 2, 3, 4, 5)] == [True, True, True, False, False]

    def test_merges_and_derivations_are_followed_and_replacements_only_when_named(self, memory, alice):
        a, b, c, d = (cube.id for cube in alice.add(["a", "b", "c", "d"]).cubes)
        relate(memory, (a, b, "merged_from"), (b, c, "derived_from"), (a, d, "supersedes"), (a, d, "about"))
        assert alice.lineage(a).value["nodes"] == [a, b, c]
        assert alice.lineage(a, relations="supersedes").value["edges"] == [(a, d, "supersedes")]
        assert alice.lineage(a, relations=["merged_from"]).value["nodes"] == [a, b]
        assert set(alice.lineage(d, relations=("supersedes", "merged_from")).value["nodes"]) == {d, a}

    def test_what_goes_in_a_circle_ends(self, memory, alice):
        a, b, c = (cube.id for cube in alice.add(["a", "b", "c"]).cubes)
        relate(memory, (a, b, "derived_from"), (b, c, "derived_from"), (c, a, "merged_from"), (a, a, "derived_from"))
        graph = alice.lineage(a).value
        assert graph["nodes"] == [a, b, c]
        assert len(graph["edges"]) == len(set(graph["edges"])) == 4

    def test_it_is_always_fresh(self, memory, alice):
        ids = chain(alice, 2)
        assert len(alice.lineage(ids[0]).value["nodes"]) == 2
        for count in (3, 4, 5):
            alice.compose([ids[0], alice.add(f"fresh {count}").cubes[0].id])
            assert len(alice.lineage(ids[0]).value["nodes"]) == count
        relate(memory, *((ids[0], cube.id, "derived_from") for cube in alice.add(["x", "y"]).cubes))
        assert len(alice.lineage(ids[0]).value["nodes"]) == 7

    def test_the_graph_goes_on_through_what_was_archived(self, memory, alice):
        ids = chain(alice, 3)
        cube = alice.get(ids[1]).cubes[0]
        change = ChangeSet(
            "default", alice.caller, memory._clock.new_id(), "archive", memory._clock.now(),
            writes=(CubeWrite(cube.model_copy(update={"state": "archived"}), birth=False),),
        )  # fmt: skip
        memory._vault.commit(change, ReadSet())
        assert set(ids) <= set(alice.lineage(ids[2]).value["nodes"])

    def test_what_is_forgotten_is_not_shown_and_not_passed_through(self, alice):
        ids = chain(alice, 3)
        assert len(alice.lineage(ids[2]).value["nodes"]) == 5
        alice.forget(ids[1])
        (other,) = [parent.id for parent in alice.get(ids[2]).cubes[0].provenance.parents if parent.id != ids[1]]
        assert alice.lineage(ids[2]).value == {"nodes": [ids[2], other], "edges": [(ids[2], other, "composed_of")], "truncated": False}
        assert alice.lineage(ids[0]).value["nodes"] == [ids[0]]
        with pytest.raises(NotFound):
            alice.lineage(ids[1])

    def test_it_leaves_one_row_and_counts_as_a_use_of_the_memory_asked_for_alone(self, memory, alice):
        ids = chain(alice, 3)
        after = max((row["aseq"] for row in memory._vault.journal.rows(limit=1000)), default=0)
        reply = alice.lineage(ids[2])
        (row,) = memory._vault.journal.rows(after=after)
        assert (row["operation"], row["status"], row["call_id"]) == ("lineage", "ok", reply.call_id)
        assert [hit[:2] for hit in row["hits"]] == [(ids[2], 1)]


class TestErrors:
    @pytest.mark.parametrize(
        ("wrong", "said"),
        [
            ({"direction": "up"}, "'ancestors', 'descendants' or 'both'"),
            ({"format": "xml"}, "'graph' or 'prov'"),
            ({"relations": "about"}, "composed_of, derived_from, merged_from, supersedes"),
            ({"relations": ["composed_of", "next"]}, "composed_of, derived_from, merged_from, supersedes"),
            ({"relations": []}, "one or more"),
            ({"relations": [["composed_of"]]}, "composed_of"),
            ({"relations": 5}, "list of texts"),
            ({"depth": 0}, "greater than or equal to 1"),
            ({"depth": "far"}, "depth"),
            ({"limit": 0}, "greater than or equal to 1"),
            ({"limit": 100_001}, "less than or equal to 100000"),
        ],
    )
    def test_a_wrong_call_is_told_what_is_accepted(self, alice, wrong, said):
        cube = alice.add("one").cubes[0]
        with pytest.raises(InvalidCall, match=said):
            alice.lineage(cube.id, **wrong)

    def test_it_names_one_memory(self, alice):
        ids = [cube.id for cube in alice.add(["one", "two"]).cubes]
        with pytest.raises(InvalidCall, match="one memory"):
            alice.lineage(ids)
        with pytest.raises(InvalidCall, match="at least one"):
            alice.lineage([])
        with pytest.raises(InvalidCall, match="no memory id"):
            alice.lineage("x")

    def test_what_is_not_there_is_not_found_as_by_get(self, alice):
        messages = []
        for verb in (alice.get, alice.lineage):
            with pytest.raises(NotFound) as error:
                verb(NOWHERE)
            messages.append(str(error.value))
        assert messages[0] == messages[1]
