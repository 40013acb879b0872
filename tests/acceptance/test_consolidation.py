"""New memories are settled with the old: what they end, what they repeat, and what a search makes of it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from memos import MemOS
from memos.operation.memlifecycle.overlap import same
from tests.clock import HandClock

MONTH = Path(__file__).resolve().parents[2] / "evals" / "data" / "scheduler" / "month.jsonl"
START = datetime(2026, 1, 1, 9, 0, tzinfo=UTC)


@pytest.fixture
def clock():
    return HandClock(START)


@pytest.fixture(params=["minilm", None], ids=["with vectors", "by words"])
def memory(tmp_path, clock, request):
    with MemOS.open(tmp_path / "memory", embedder=request.param, worker="none", clock=clock) as system:
        yield system


@pytest.fixture
def alice(memory):
    return memory.as_user("alice")


class TestSuccession:
    @pytest.fixture
    def moved(self, memory, alice, clock):
        old = alice.add("I live in Lisbon with my sister.").cubes[0]
        alice.add(["The car is a red Fiat.", "My brother lives in Faro."])
        clock.move(days=30)
        new = alice.add("We have left Lisbon: I moved to Porto with my sister.").cubes[0]
        clock.move(days=1)
        assert memory.drain()
        return old, new

    def test_the_old_one_gets_an_end_and_stays(self, alice, moved):
        old, new = moved
        found = alice.get(old.id).cubes[0]
        assert (found.valid_to, found.state, found.version) == (START + timedelta(days=30), "generated", 1)
        assert found.provenance.origin == "supersession"
        assert alice.get(new.id).cubes[0].valid_to is None
        assert [cube.text for cube in alice.list(filter={"valid_to": {"lte": "now"}}).cubes] == [old.text]

    def test_what_holds_now_comes_first_and_the_old_one_behind_it(self, alice, moved):
        old, new = moved
        hits = alice.search("Where does she live with her sister?").hits
        ids = [hit.cube.id for hit in hits]
        assert ids[0] == new.id
        assert ids.index(old.id) > 0
        behind = hits[ids.index(old.id)]
        assert behind.why["ended"] < 0
        for hit in hits:
            assert sum(hit.why.values()) == pytest.approx(hit.score)

    def test_a_question_for_the_past_and_the_past_itself_find_the_old_one(self, alice, moved):
        old, _ = moved
        hits = alice.search("Where did she use to live in Lisbon, what was it like before?").hits
        assert hits[0].cube.id == old.id
        assert "ended" not in hits[0].why
        then = alice.at(START + timedelta(days=15)).search("Where does she live with her sister?").hits
        assert then[0].cube.id == old.id
        assert "ended" not in then[0].why

    def test_a_filter_for_what_holds_leaves_the_old_one_out(self, alice, moved):
        old, new = moved
        hits = alice.search("Where does she live with her sister?", filter={"valid_to": {"exists": False}}).hits
        assert new.id in [hit.cube.id for hit in hits]
        assert old.id not in [hit.cube.id for hit in hits]

    def test_a_chain_leads_to_what_holds_last(self, memory, alice, clock, moved):
        clock.move(days=30)
        last = alice.add("I moved from Porto to Faro, my sister too.").cubes[0]
        memory.drain()
        assert alice.search("Where does she live with her sister?").hits[0].cube.id == last.id

    def test_a_successor_that_was_forgotten_leaves_the_old_one_alone(self, alice, moved):
        old, new = moved
        alice.forget(new.id)
        hits = alice.search("Where does she live with her sister?").hits
        assert new.id not in [hit.cube.id for hit in hits]
        assert old.id in [hit.cube.id for hit in hits]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("I live in Lisbon.", "My brother lives in Porto."),
        ("I have a dog called Rex.", "I have a cat called Tom."),
        ("I take 5 mg of ramipril.", "If the dose were 10 mg I would feel better."),
        ("I live in Lisbon.", "Before that I lived in Porto."),
    ],
)
def test_look_alikes_end_nothing(memory, alice, clock, old, new):
    cube = alice.add(old).cubes[0]
    clock.move(days=10)
    alice.add(new)
    memory.drain()
    assert alice.get(cube.id).cubes[0].valid_to is None


class TestRepetition:
    def test_of_two_notes_that_say_the_same_one_stands_with_both_as_parents(self, memory, alice, clock):
        old = alice.add("I'm allergic to peanuts!", tags=["health"]).cubes[0]
        clock.move(days=1)
        new = alice.add("I am allergic to peanuts", tags=["food"]).cubes[0]
        memory.drain()
        stands, gone = alice.get([old.id, new.id]).cubes
        assert (stands.state, stands.text, [tag.key for tag in stands.own_tags]) == ("merged", old.text, ["health", "food"])
        assert [(parent.id, parent.relation) for parent in stands.provenance.parents] == [(new.id, "merged_from")]
        assert (gone.state, [(parent.id, parent.relation) for parent in gone.provenance.parents]) == ("archived", [(old.id, "merged_into")])
        assert stands.provenance.id == old.id
        assert [hit.cube.id for hit in alice.search("allergic peanuts").hits] == [old.id]
        assert {(edge[0], edge[1]) for edge in alice.lineage(old.id).value["edges"]} == {(old.id, new.id)}

    def test_turns_are_never_merged(self, memory, alice):
        alice.add([{"role": "user", "content": "I'm allergic to peanuts!"}], session="a")
        alice.add([{"role": "user", "content": "I am allergic to peanuts"}], session="b")
        memory.drain()
        assert {cube.state for cube in alice.list().cubes} <= {"generated", "activated"}
        assert len(alice.list().cubes) == 2

    def test_a_frozen_note_is_left_alone(self, memory, alice):
        old = alice.add("I'm allergic to peanuts!").cubes[0]
        alice.freeze(old.id)
        alice.add("I am allergic to peanuts")
        memory.drain()
        assert len(alice.list().cubes) == 2

    @pytest.mark.parametrize(
        ("one", "other", "expected"),
        [
            ("My favourite colour is blue", "Blue is my favorite color.", True),
            ("The key is under the mat", "Key is under the mat.", True),
            ("I don't swim", "I do not swim", True),
            ("The key is under the mat", "The key is on the mat", False),
            ("Tell Ana about the boat", "Tell the boat about Ana", False),
            ("I love tea", "I loved tea", False),
            ("I can swim", "I can't swim", False),
            ("3.5 mg", "35 mg", False),
            ("Call 555-1234", "Call 555-1243", False),
            ("Bob is Ann's uncle", "Bob was Ann's uncle", False),
            ("!", "?", False),
        ],
    )
    def test_only_what_no_meaning_hangs_on_may_differ(self, one, other, expected):
        assert same(one, other) is expected
        assert same(other, one) is expected


def test_the_memories_of_a_month_end_none_of_each_other(memory, alice, clock):
    rows = [json.loads(line) for line in MONTH.read_text(encoding="utf-8").splitlines()]
    ids = []
    for row in rows:
        if row["kind"] == "memory":
            ids.append(alice.add(row["text"]).cubes[0].id)
            memory.drain()
            clock.move(days=1)
    assert len(ids) == 31
    assert {(cube.valid_to, cube.state) for cube in alice.get(ids).cubes} == {(None, "generated")}


def test_imports_are_left_as_they_are(memory, alice, clock):
    alice.add("I live in Lisbon with my sister.")
    clock.move(days=30)
    alice.add(["We have left Lisbon: I moved to Porto with my sister.", *(f"filler number {number}" for number in range(64))])
    memory.drain()
    assert alice.list(filter={"valid_to": {"exists": True}}).cubes == ()


def test_it_can_be_turned_off(tmp_path, clock):
    with MemOS.open(tmp_path / "memory", embedder=None, worker="none", clock=clock, settings={"consolidate": False}) as memory:
        alice = memory.as_user("alice")
        alice.add("I live in Lisbon with my sister.")
        clock.move(days=30)
        alice.add("We have left Lisbon: I moved to Porto with my sister.")
        memory.drain()
        assert alice.list(filter={"valid_to": {"exists": True}}).cubes == ()


def test_others_are_not_compared(memory, alice, clock):
    bobs = memory.as_user("bob").add("I live in Lisbon with my sister.").cubes[0]
    clock.move(days=30)
    alice.add("We have left Lisbon: I moved to Porto with my sister.")
    memory.drain()
    assert memory.as_user("bob").get(bobs.id).cubes[0].valid_to is None
