"""What is asked in words, by calls made by hand: counts, digests, comparisons, targets of a phrase, and what is refused as unclear."""

from datetime import UTC, datetime, timedelta

import pytest

from memos import MemoryCall, MemoryQuery, MemOS
from memos.errors import Denied, InvalidCall, NotFound
from memos.memcube.call import raising
from memos.memcube.reading import Reading, Schedule, Unresolved
from tests.clock import HandClock

START = datetime(2025, 3, 1, 9, tzinfo=UTC)
NOTES = [
    "Ramipril was raised from 5 to 10 mg by Dr. Costa.",
    "The gym on Rose Street opens at six; I went there for a swim.",
    "I went to the gym and ran five miles.",
    "The old plan for the garden: roses along the wall.",
    "The new plan for the garden: tomatoes along the wall.",
    "Lunch with Ana about the budget: she wants to cut travel.",
    "Ben said the budget must grow, and travel with it.",
]


@pytest.fixture
def clock():
    return HandClock(START)


@pytest.fixture
def memory(clock):
    with MemOS.open("memory:", embedder="hashing", worker="none", clock=clock) as system:
        yield system


@pytest.fixture
def alice(memory, clock):
    session = memory.as_user("alice")
    for day, text in enumerate(NOTES):
        session.add([{"content": text, "role": "user", "at": START + timedelta(days=day)}], session="diary", wait=True)
    return session


def run(session, operation, text="", **parts):
    """A call of an operation that names its memories in words."""
    limit = parts.pop("limit", 10)
    query = MemoryQuery(text=text, limit=limit, **parts.pop("query", {}))
    call = MemoryCall(id=session._clock.new_id(), operation=operation, query=query, **parts)
    return raising(session._door.handle(session.caller, call))


def reading(**parts):
    return Reading(said="…", standalone="…", confidence=1.0, **parts)


class TestCount:
    def test_counts_what_is_about_the_subject_and_shows_it(self, alice):
        reply = run(alice, "count", "gym")
        assert reply.value == 2
        assert {cube.text for cube in alice.get(reply.details["counted"]).cubes} == {NOTES[1], NOTES[2]}
        assert {NOTES[1], NOTES[2]} <= {hit.cube.text for hit in reply.hits}

    def test_counts_all_that_pass_where_nothing_is_named(self, alice):
        window = {"window": {"start": START + timedelta(days=1), "end": START + timedelta(days=4)}}
        assert run(alice, "count", "notes", query=window).value == 3

    def test_what_one_may_not_see_is_not_counted(self, memory, alice):
        bob = memory.as_user("bob")
        assert run(bob, "count", "gym").value == 0
        assert run(bob, "count", query={"namespaces": ["user/alice"]}).value == 0

    def test_takes_the_subject_that_the_reader_found(self, alice):
        assert run(alice, "count", "How many times did I go there?", reading=reading(topics=("gym",))).value == 2

    def test_leaves_its_row_in_the_log(self, alice):
        reply = run(alice, "count", "gym")
        told = alice.explain(reply.call_id).value
        assert set(reply.details["counted"]) <= {each["id"] for each in told["memories"]}

    @pytest.mark.parametrize("part", [{"group": "session"}, {"expand": ["next"]}, {"standing": 3}])
    def test_has_no_answer_to_parts_of_a_search(self, alice, part):
        with pytest.raises(InvalidCall, match="count has no group, expand or standing"):
            run(alice, "count", "gym", query=part)


class TestSummarise:
    def test_each_sentence_stands_in_the_memory_that_it_cites(self, alice):
        reply = run(alice, "summarise", "the garden plan")
        cited = {hit.cube.id: hit.cube.text for hit in reply.hits}
        assert reply.value["sentences"]
        for each in reply.value["sentences"]:
            assert cited[each["id"]][each["start"] : each["end"]] == each["text"]
        assert "tomatoes" in reply.value["text"]
        assert "Ramipril" not in reply.value["text"]

    def test_of_a_window_alone_it_tells_all(self, alice):
        window = {"window": {"start": START + timedelta(days=5), "end": START + timedelta(days=7)}}
        reply = run(alice, "summarise", query=window)
        assert {each["id"] for each in reply.value["sentences"]} == {hit.cube.id for hit in reply.hits}
        assert len(reply.hits) == 2

    def test_what_is_hidden_of_a_shared_text_is_in_no_digest(self, memory, alice):
        text = "Ana's number is 555-0100 and the budget talk is on Friday."
        marked = [{"start": text.index("555"), "end": text.index("555") + 8, "label": "PHONE", "sensitivity": "restricted"}]
        cube = alice.add(text, spans=marked, sensitivity="internal", acl={"user:bob": ["read"]}).cubes[0]
        reply = run(memory.as_user("bob"), "summarise", "budget talk")
        assert [hit.cube.id for hit in reply.hits] == [cube.id]
        assert "Friday" in reply.value["text"]
        assert "555" not in str(reply.model_dump())

    def test_nothing_found_is_an_empty_digest(self, memory):
        reply = run(memory.as_user("nobody"), "summarise", "the garden")
        assert (reply.value, reply.hits) == ({"text": "", "sentences": []}, ())


class TestCompare:
    def test_two_sides_each_cited(self, alice):
        reply = run(alice, "compare", "what Ana said about the budget", options={"against": {"text": "what Ben said about the budget"}})
        one, other = reply.value["sides"]
        cited = {hit.cube.id: hit.cube.text for hit in reply.hits}
        for each in (*one["sentences"], *other["sentences"]):
            assert cited[each["id"]][each["start"] : each["end"]] == each["text"]
        assert any("cut travel" in each["text"] for each in one["sentences"])
        assert any("must grow" in each["text"] for each in other["sentences"])
        assert {hit.group.key for hit in reply.hits} == {"one", "other"}

    def test_sides_by_time(self, alice):
        early = {"window": {"start": START, "end": START + timedelta(days=4)}}
        late = {"text": "garden", "window": {"start": (START + timedelta(days=4)).isoformat()}}
        reply = run(alice, "compare", "garden", query=early, options={"against": late})
        one, other = reply.value["sides"]
        assert [each["text"] for each in one["sentences"]] == [NOTES[3]]
        assert [each["text"] for each in other["sentences"]] == [NOTES[4]]
        assert "roses" in one["only"]
        assert "tomatoes" in other["only"]

    def test_has_to_have_two_sides(self, alice):
        with pytest.raises(InvalidCall, match="two sides"):
            run(alice, "compare", "garden")

    def test_names_what_is_wrong_in_the_other_side(self, alice):
        with pytest.raises(InvalidCall, match="limit"):
            run(alice, "compare", "garden", options={"against": {"text": "x", "limit": 0}})


class TestTargets:
    def test_one_that_is_clear_is_taken(self, alice):
        run(alice, "archive", "the ramipril note", limit=1)
        assert [cube.text for cube in alice.list(states=["archived"]).cubes] == [NOTES[0]]

    def test_old_and_new_choose(self, alice):
        run(alice, "forget", "the old garden plan", limit=1)
        assert NOTES[3] not in {cube.text for cube in alice.list().cubes}
        assert NOTES[4] in {cube.text for cube in alice.list().cubes}

    def test_one_of_several_is_not_guessed(self, alice):
        with pytest.raises(InvalidCall, match="2 memories may be meant") as refused:
            run(alice, "forget", "the budget", limit=1)
        meant = {cube.text for cube in alice.get(refused.value.details["candidates"]).cubes}
        assert meant == {NOTES[5], NOTES[6]}
        assert len(alice.list().cubes) == len(NOTES)

    def test_all_of_a_subject(self, alice):
        assert run(alice, "forget", "everything about the budget").value == 2
        assert {cube.text for cube in alice.list().cubes} == set(NOTES) - {NOTES[5], NOTES[6]}

    def test_what_is_not_there_is_not_found(self, alice):
        with pytest.raises(NotFound, match="'the submarine'"):
            run(alice, "forget", "the submarine", limit=1)

    def test_a_call_that_names_nothing_is_refused(self, alice):
        with pytest.raises(InvalidCall, match="name the memories to forget"):
            run(alice, "forget")
        assert len(alice.list().cubes) == len(NOTES)

    def test_the_last_one_where_no_subject_is_named(self, alice):
        reply = run(alice, "update", "my last note", limit=1, options={"text": "Ben was wrong.", "mode": "append"})
        assert reply.cubes[0].text == NOTES[6] + "\nBen was wrong."

    def test_a_new_text_says_what_it_is_about(self, alice):
        alice.ask("change the ramipril note to 20 mg in the evening")
        assert run(alice, "history", "ramipril").cubes[-1].text == "Ramipril note: 20 mg in the evening"

    def test_a_chain_goes_on_with_the_memory_that_it_changed(self, alice):
        done = alice.ask("change the ramipril note to 20 mg in the evening and lock it")
        assert done.then[0].cubes[0].frozen
        assert done.then[0].cubes[0].id == done.cubes[0].id

    def test_a_chain_that_fails_leaves_nothing(self, alice):
        with pytest.raises(NotFound, match="step 2"):
            alice.ask("archive the ramipril note and forget the submarine note")
        assert {cube.text for cube in alice.list().cubes} == set(NOTES)

    def test_history_of_what_is_meant(self, alice):
        cube = next(cube for cube in alice.list().cubes if cube.text == NOTES[0])
        alice.update(cube, "Ramipril is 10 mg.")
        assert [each.version for each in run(alice, "history", "ramipril").cubes] == [1, 2]

    def test_what_was_archived_or_forgotten_is_brought_back(self, alice):
        run(alice, "archive", "ramipril", limit=1)
        run(alice, "restore", "the ramipril note", limit=1)
        run(alice, "forget", "ramipril", limit=1)
        assert run(alice, "restore", "ramipril", limit=1).cubes[0].text == NOTES[0]

    def test_others_memories_are_no_candidates(self, memory, alice):
        memory.as_user("bob").add("The garden plan of Bob.")
        with pytest.raises(NotFound):
            run(memory.as_user("carol"), "forget", "garden plan", limit=1)
        reply = run(memory.as_user("bob"), "archive", "garden plan", limit=1)
        assert [cube.text for cube in reply.cubes] == ["The garden plan of Bob."]

    def test_who_may_read_and_not_change_is_denied(self, memory, alice):
        alice.add("The submarine is yellow.", acl={"user:bob": ["read"]})
        with pytest.raises(Denied):
            run(memory.as_user("bob"), "forget", "submarine", limit=1)

    def test_a_key_repeats_the_call_though_its_words_fit_nothing_any_more(self, alice):
        first = run(alice, "forget", "ramipril", limit=1, idempotency_key="once")
        again = run(alice, "forget", "ramipril", limit=1, idempotency_key="once")
        assert (first.value, again.value) == (1, 1)

    def test_a_target_of_words_leaves_the_call_as_it_was_asked(self, alice):
        reply = run(alice, "archive", "ramipril", limit=1)
        assert reply.call.cubes == ()
        assert reply.call.query.text == "ramipril"


class TestUnclear:
    def test_a_change_that_lacks_something_is_refused(self, alice):
        unclear = Unresolved(kind="content", text="the new dose", reason="it is not said what it is")
        with pytest.raises(InvalidCall, match="'the new dose': it is not said") as refused:
            run(alice, "update", "ramipril", limit=1, options={"text": "x"}, reading=reading(unresolved=(unclear,)))
        assert refused.value.details["unresolved"] == [{"kind": "content", "text": "the new dose", "reason": "it is not said what it is"}]

    def test_a_question_goes_on_and_says_so(self, alice):
        unclear = Unresolved(kind="reference", text="it", reason="nothing was said before")
        reply = run(alice, "search", "how much is it", reading=reading(unresolved=(unclear,)))
        assert any("'it'" in each for each in reply.warnings)

    def test_a_timetable_is_not_kept(self, alice):
        every = reading(schedule=Schedule(rule="FREQ=WEEKLY;BYDAY=MO"))
        with pytest.raises(InvalidCall, match="timetable"):
            run(alice, "summarise", "notes", reading=every)

    def test_none_does_nothing(self, alice):
        reply = run(alice, "none", "hello")
        assert (reply.status, reply.hits, reply.cubes, reply.value) == ("ok", (), (), None)
