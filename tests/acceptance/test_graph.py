"""The graph through the public face: walks, filters, what is hidden, past and branches, exports, edges of users, names and their undo."""

import io
import json
from datetime import UTC, datetime, timedelta

import networkx as nx
import pytest

from memos import MemOS
from memos.errors import Denied, FrozenMemory, InvalidCall, NotFound
from memos.operation.memoperator.entities import mentions
from tests.clock import HandClock

START = datetime(2026, 1, 1, 9, 0, tzinfo=UTC)
TALK = (
    ("Caroline", "Hey Mel, how is your sister Ana?"),
    ("Melanie", "Ana works at Siemens in Munich now."),
    ("Caroline", "Tell her that I moved to Lisbon."),
)


@pytest.fixture
def clock():
    return HandClock(START)


@pytest.fixture
def memory(tmp_path, clock):
    with MemOS.open(tmp_path / "memory", embedder=None, worker="none", clock=clock) as system:
        yield system


@pytest.fixture
def alice(memory):
    return memory.as_user("alice")


def say(session, speaker, text, at=START, name="s1", **how):
    tags = [f"entity={each.name}" for each in mentions(text, speaker)]
    return session.add([{"role": "user", "name": speaker, "content": text, "at": at, "tags": tags}], session=name, **how).cubes[0]


@pytest.fixture
def talk(alice):
    return [say(alice, speaker, text, START + timedelta(hours=n)) for n, (speaker, text) in enumerate(TALK)]


def labels(reply):
    return [node["label"] for node in reply.value["nodes"]]


def edges(reply):
    names = {node["id"]: node["label"] for node in reply.value["nodes"]}
    return {(names[edge["source"]], edge["relation"], names[edge["target"]]) for edge in reply.value["edges"]}


class TestWalks:
    def test_around_a_memory_stand_its_turns_its_names_and_what_is_said_of_them(self, alice, talk):
        first, second, _ = (cube.text for cube in talk)
        reply = alice.graph(talk[0], depth=2)
        assert labels(reply)[0] == first
        assert {(first, "next", second), (first, "mentions", "Melanie"), ("Ana", "works_at", "Siemens")} <= edges(reply)
        (mel,) = [node for node in reply.value["nodes"] if node["label"] == "Melanie"]
        assert (mel["kind"], mel["aliases"], mel["by"]) == ("person", ["Mel"], "predicted")
        assert reply.value["truncated"] is False
        assert labels(alice.graph(talk[0], depth=1, relations="next")) == [first, second]

    def test_relations_times_and_the_limit_narrow_it(self, alice, talk):
        reply = alice.graph("Ana", relations=["works_at"], depth=3)
        assert edges(reply) == {("Ana", "works_at", "Siemens")}
        assert reply.value["edges"][0]["evidence"] == [talk[1].id]
        late = alice.graph(talk[1], relations="next", since=START + timedelta(hours=1), depth=3)
        assert labels(late) == [talk[1].text, talk[2].text]
        early = alice.graph(talk[1], relations="next", until=START + timedelta(hours=2), depth=3)
        assert labels(early) == [talk[1].text, talk[0].text]
        short = alice.graph(talk[0], limit=2)
        assert (len(short.value["nodes"]), short.value["truncated"]) == (2, True)

    def test_what_is_said_of_one_is_in_the_order_of_time(self, alice, talk):
        assert (talk[0].text, "then", talk[2].text) in edges(alice.graph("Caroline", depth=1))

    def test_a_name_that_all_mention_gives_its_newest(self, alice):
        for n in range(80):
            say(alice, "Rui", f"Note {n} for Siemens.", name="many")
        reply = alice.graph("Siemens", depth=1, limit=11, relations="mentions")
        assert labels(reply) == ["Siemens", *(f"Note {n} for Siemens." for n in range(79, 69, -1))]
        assert reply.value["truncated"]

    def test_a_graph_begins_in_one_way_and_somewhere(self, alice, talk):
        with pytest.raises(NotFound):
            alice.graph("Nobody")
        with pytest.raises(NotFound):
            alice.graph("0197a2c4-9d1e-7c30-8a55-3f1f0c2f7b6e")
        for wrong in ({"depth": 0}, {"depth": 9}, {"limit": 0}, {"relations": []}, {"format": "dot"}):
            with pytest.raises(InvalidCall):
                alice.graph(talk[0], **wrong)


class TestWhatIsHidden:
    def test_nothing_hidden_is_shown_or_passed_through(self, memory, alice):
        ends = [alice.add(f"{what} end", namespace="user/alice/open").cubes[0] for what in ("One", "Other")]
        middle = alice.add("The secret of Zorah", tags=["entity=Zorah"], namespace="user/alice/closed").cubes[0]
        alice.relate(ends[0], middle, "relates_to")
        alice.relate(middle, ends[1], "relates_to")
        alice.share(ends, "user:bob")
        bob = memory.as_user("bob")
        assert len(alice.graph(ends[0], relations="relates_to").value["nodes"]) == 3
        reply = bob.graph(ends[0], depth=8)
        assert labels(reply) == ["One end"]
        assert reply.value["edges"] == []
        for start in (middle, "Zorah"):
            with pytest.raises(NotFound):
                bob.graph(start)
        assert bob.entities().value == []
        assert [each["label"] for each in alice.entities().value] == ["Zorah"]

    def test_names_that_are_hidden_make_no_alias(self, memory, alice):
        shown = say(alice, "Tom", "Hey Mel, come in.")
        say(alice, "Melanie", "I come.")
        alice.share(shown, "user:bob")
        assert "Melanie" in str(alice.graph(shown, depth=2, relations="mentions").value["nodes"])
        assert "Melanie" not in str(memory.as_user("bob").graph(shown, depth=3).value)

    def test_the_forgotten_is_gone_and_the_past_shows_it(self, alice, talk):
        alice.snapshot("before")
        alice.forget(talk[1])
        assert labels(alice.graph(talk[0], depth=3, relations="next")) == [talk[0].text]
        assert "Siemens" not in str(alice.graph(talk[0], depth=4).value)
        assert labels(alice.at("before").graph(talk[0], depth=3, relations="next")) == [cube.text for cube in talk]
        alice.erase([talk[1].id])
        assert talk[1].text not in labels(alice.at("before").graph(talk[0], depth=3))

    def test_what_a_graph_tells_of_is_in_the_log(self, alice, talk):
        reply = alice.graph(talk[0], depth=1, relations="next")
        told = alice.explain(reply.call_id).value
        assert {talk[0].id, talk[1].id} == {each["id"] for each in told["memories"]}

    def test_marked_words_of_others_are_no_names(self, memory, alice):
        text = "I met Zorah today."
        marked = [{"start": 6, "end": 11, "label": "NAME", "sensitivity": "restricted"}]
        cube = alice.add(text, spans=marked, sensitivity="internal", tags=["entity=Zorah"]).cubes[0]
        alice.share(cube, "user:bob")
        assert "Zorah" in str(alice.graph(cube).value)
        assert "Zorah" not in str(memory.as_user("bob").graph(cube).value)


class TestEdges:
    def test_they_are_made_once_and_end(self, alice):
        one, other = (alice.add(text).cubes[0] for text in ("The plan", "The budget"))
        assert alice.relate(one, other, "depends_on").value["written"] is True
        assert alice.relate(one, other, "depends_on").value["written"] is False
        assert edges(alice.graph(other, depth=1)) == {("The plan", "depends_on", "The budget")}
        alice.snapshot("then")
        assert alice.unrelate(one, other, "depends_on").value["written"] is True
        assert edges(alice.graph(other, depth=1)) == set()
        assert edges(alice.at("then").graph(other, depth=1)) == {("The plan", "depends_on", "The budget")}
        with pytest.raises(NotFound):
            alice.unrelate(one, other, "depends_on")
        assert alice.relate(one, other, "depends_on").value["written"] is True
        assert [cube.version for cube in alice.history(one).cubes] == [1], "an edge makes no version"

    def test_dependencies_lead_in_no_circle_and_others_may(self, alice):
        a, b, c = (alice.add(text).cubes[0] for text in "abc")
        alice.relate(a, b, "depends_on")
        alice.relate(b, c, "depends_on")
        with pytest.raises(InvalidCall, match="circle"):
            alice.relate(c, a, "depends_on")
        alice.relate(a, c, "causes")
        alice.relate(c, a, "causes")

    @pytest.mark.parametrize("relation", ["derived_from", "supersedes", "mentions", "next", "Has Space", "", "x" * 65])
    def test_what_the_system_keeps_is_nobodys_to_write(self, alice, relation):
        one, other = (alice.add(text).cubes[0] for text in "ab")
        with pytest.raises(InvalidCall):
            alice.relate(one, other, relation)

    def test_the_source_is_written_and_the_target_read(self, memory, alice):
        mine, theirs = alice.add("mine").cubes[0], memory.as_user("bob").add("theirs").cubes[0]
        with pytest.raises(NotFound):
            alice.relate(mine, theirs, "contradicts")
        memory.as_user("bob").share(theirs, "user:alice")
        alice.relate(mine, theirs, "contradicts")
        with pytest.raises(Denied):
            alice.relate(theirs, mine, "contradicts")
        with pytest.raises(InvalidCall):
            alice.relate(mine, mine, "contradicts")
        alice.freeze(mine)
        with pytest.raises(FrozenMemory):
            alice.unrelate(mine, theirs, "contradicts")

    def test_a_branch_has_its_own_and_merges_them(self, alice):
        one, other = (alice.add(text).cubes[0] for text in ("one", "other"))
        alice.relate(one, other, "part_of")
        trial = alice.branch("trial")
        trial.relate(other, one, "causes")
        assert edges(trial.graph(one, depth=1)) == {("one", "part_of", "other"), ("other", "causes", "one")}
        assert edges(alice.graph(one, depth=1)) == {("one", "part_of", "other")}
        with pytest.raises(InvalidCall):
            trial.unrelate(one, other, "part_of")
        trial.merge()
        assert edges(alice.graph(one, depth=1)) == {("one", "part_of", "other"), ("other", "causes", "one")}

    def test_the_log_tells_who_made_them(self, alice):
        one, other = (alice.add(text).cubes[0] for text in ("one", "other"))
        reply = alice.relate(one, other, "causes")
        (row,) = alice.log(call=reply.call_id).value
        assert (row["operation"], [each[0] for each in row["memories"]]) == ("relate", [one.id])


class TestNames:
    def test_what_a_user_says_holds_and_is_undone(self, alice, talk):
        def mel():
            return {(each["label"], *each["aliases"]) for each in alice.entities().value if each["label"].startswith("Mel")}

        assert mel() == {("Melanie", "Mel")}
        assert [each["names"] for each in alice.entities(suggest=True).value] == [["Mel", "Melanie"]]
        apart = alice.resolve(["Mel", "Melanie"], same=False).cubes[0]
        assert mel() == {("Mel",), ("Melanie",)}
        assert alice.entities(suggest=True).value == []
        assert "Melanie" not in labels(alice.graph("Mel", depth=1))
        again = alice.resolve(["Melanie", "Mel"]).cubes[0]
        assert (again.id, again.version) == (apart.id, 2)
        assert mel() == {("Melanie", "Mel")}
        alice.resolve(["Mel", "Melanie"], same=False)
        alice.resolve(["Mel", "Melanie"], same=None)
        assert mel() == {("Melanie", "Mel")}, "what is predicted holds again"
        assert [cube.state for cube in alice.history(apart).cubes][-1] == "expired"

    def test_names_that_nothing_tells_to_be_one_are_one_by_a_word(self, alice, talk):
        alice.snapshot("before")
        alice.resolve(["Caroline", "Lisbon"])
        (found,) = [each for each in alice.entities().value if "Caroline" in (each["label"], *each["aliases"])]
        assert ({found["label"], *found["aliases"]}, found["by"]) == ({"Caroline", "Lisbon"}, "user")
        assert talk[2].text in labels(alice.graph("Lisbon", depth=1))
        then = alice.at("before").entities().value
        assert ["Caroline"] in [[each["label"], *each["aliases"]] for each in then]

    def test_ones_own_word_goes_before_that_of_others(self, memory, alice):
        shared = memory.as_user("bob").resolve(["Mel", "Melanie"], same=False).cubes[0]
        memory.as_user("bob").share(shared, "user:alice")
        say(alice, "Tom", "Mel came.")
        say(alice, "Tom", "Melanie came.")
        assert memory.as_user("carol").entities().value == []
        alice.resolve(["Mel", "Melanie"])
        assert [each["aliases"] for each in alice.entities().value if each["label"] == "Melanie"] == [["Mel"]]

    @pytest.mark.parametrize("names", [["Mel"], [], ["Mel", "Mel"], ["Mel", ""], ["Mel", 5], [f"n{n}" for n in range(33)]])
    def test_a_word_is_on_several_names(self, alice, names):
        with pytest.raises(InvalidCall):
            alice.resolve(names)

    def test_who_may_not_write_there_says_nothing_there(self, memory, alice):
        with pytest.raises(Denied):
            memory.as_user("bob").resolve(["Mel", "Melanie"], namespace="user/alice")
        assert alice.resolve(["a", "b"], same=None).warnings

    def test_a_word_on_names_that_nothing_mentions_any_more_is_erased_with_them(self, alice, talk):
        word, other = (alice.resolve(names).cubes[0] for names in (["Mel", "Melanie"], ["Caroline", "Caro"]))
        assert alice.erase([talk[2].id], dry_run=True).value["derived"] == [], "Caroline is mentioned elsewhere still"
        assert alice.erase(filter={"speaker": "Melanie"}, dry_run=True).value["derived"] == [word.id]
        alice.erase([talk[0].id])
        with pytest.raises(NotFound):
            alice.get(word)
        assert alice.get(other).cubes


class TestExports:
    def test_graphml_is_read_by_others_whatever_stands_in_it(self, alice, talk):
        odd = alice.add('<b>&amp; "quoted" \x01 \ufffe 漢 🦜').cubes[0]
        alice.relate(talk[0], odd, "relates_to")
        reply, whole = (alice.graph(talk[0], format=form) for form in ("graphml", "dict"))
        read = nx.read_graphml(io.BytesIO(reply.value.encode()), force_multigraph=True)
        assert set(read) == {node["id"] for node in whole.value["nodes"]}
        assert read.number_of_edges() == len(whole.value["edges"])
        assert read.nodes[odd.id]["label"] == '<b>&amp; "quoted" \ufffd \ufffd 漢 🦜'
        found = {(source, data["relation"], target) for source, target, data in read.edges(data=True)}
        assert found == {(edge["source"], edge["relation"], edge["target"]) for edge in whole.value["edges"]}

    def test_node_link_json_too(self, alice, talk):
        read = nx.node_link_graph(json.loads(alice.graph(talk[0], format="json").value), edges="edges")
        assert read.has_edge(talk[0].id, talk[1].id, key="next")
        assert read.nodes["entity:Siemens"]["kind"] == "organisation"
