"""What is asked in words, by calls made by hand: counts, digests, comparisons, targets of a phrase, and what is refused as unclear."""

import contextlib
from datetime import UTC, datetime, timedelta

import pytest

from memos import MemoryCall, MemoryQuery, MemOS
from memos.errors import Denied, InvalidCall, NotFound
from memos.memcube.call import raising
from memos.memcube.reading import Reading, Unresolved
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

    def test_of_one_side_in_words_a_search_is_made(self, alice):
        reply = run(alice, "compare", "the garden plan", reading=reading())
        assert reply.value is None
        assert {hit.cube.text for hit in reply.hits} >= {NOTES[3], NOTES[4]}

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


class TestWhatIsNotMeant:
    """Words that a first user of MemOS said, and what they must not do."""

    @pytest.mark.parametrize(
        ("operation", "phrase", "limit"),
        [
            ("forget", "my notes", 1000),
            ("forget", "all notes", 1000),
            ("archive", "everything", 1000),
            ("forget", "the reminder", 1),
            ("freeze", "them", 1000),
            ("share", "all my notes", 1000),
            ("forget", "", 1000),
        ],
    )
    def test_a_phrase_that_names_nothing_moves_nothing(self, alice, operation, phrase, limit):
        options = {"principals": ("user:bob",)} if operation == "share" else {}
        with pytest.raises(InvalidCall, match="name the memories|names nothing in particular"):
            run(alice, operation, phrase, limit=limit, options=options)
        assert {cube.text for cube in alice.list().cubes} == set(NOTES)
        assert not any(cube.frozen for cube in alice.list().cubes)

    def test_predicted_labels_are_no_words_of_a_memory(self, memory, alice):
        cube = alice.add("Day trip to Sintra.", wait=True).cubes[0]
        (row,) = alice.get(cube).cubes
        system = memory._system("default")
        found = ((cube.id, row.seq, "pixel vet", "pixel", None, 0.9),)
        raising(system._door.handle(system.caller, MemoryCall(id=alice._clock.new_id(), operation="classify", options={"found": found})))
        assert any(tag.value == "pixel vet" for tag in alice.get(cube).cubes[0].predicted_tags)
        with pytest.raises(NotFound):
            run(alice, "forget", "the vet", limit=1000)
        assert run(alice, "count", "vet").value == 0

    @pytest.mark.parametrize(
        "said",
        [
            "I need to get rid of the gym",
            "forget about the gym, what about the budget?",
            "My ramipril password is hunter2, don't store this",
            "share the ramipril note with everyone",
            "share the ramipril note with my mum",
            "share the ramipril note with my boss",
        ],
    )
    def test_what_is_no_order_changes_nothing(self, memory, alice, said):
        before = [(cube.id, cube.version, cube.state) for cube in alice.list().cubes]
        with contextlib.suppress(InvalidCall, NotFound):
            assert alice.ask(said).call.intent == "none"
        assert [(cube.id, cube.version, cube.state) for cube in alice.list().cubes] == before

    def test_what_has_a_tag(self, alice):
        cube = alice.add("Oslo in June.", tags=["travel"], wait=True).cubes[0]
        run(alice, "archive", "everything tagged travel", limit=1000)
        assert [each.id for each in alice.list(states=["archived"]).cubes] == [cube.id]

    def test_a_statement_that_is_not_kept_is_said_to_be_lost(self, alice):
        reply = alice.ask("we were all rather tired, my dear")
        assert reply.cubes == ()
        assert any("remember that" in each for each in reply.warnings)

    def test_so_many_at_an_end(self, alice):
        alice.add("It takes two weeks.", wait=True)
        run(alice, "archive", "the last two notes", limit=1000, query={"filter": {"session": "diary"}})
        assert {cube.text for cube in alice.list(states=["archived"]).cubes} == {NOTES[5], NOTES[6]}
        run(alice, "archive", "my first two notes about the garden", limit=1000)
        assert {NOTES[3], NOTES[4]} <= {cube.text for cube in alice.list(states=["archived"]).cubes}

    def test_more_than_there_are(self, alice):
        with pytest.raises(InvalidCall, match="there are 2 such memories, not 3"):
            run(alice, "forget", "the last three notes about the garden", limit=1000)

    def test_what_is_forgotten_by_its_time_was_said_then(self, alice):
        alice.add(
            [{"role": "user", "content": "In January 2025 I bought a boat.", "at": START + timedelta(days=20)}], session="diary", wait=True
        )
        early = {"window": {"start": datetime(2025, 1, 1, tzinfo=UTC), "end": datetime(2025, 2, 1, tzinfo=UTC)}}
        with pytest.raises(NotFound):
            run(alice, "forget", "notes", limit=1000, query=early, reading=reading())

    def test_a_literal_match_wins(self, alice):
        alice.add("Ana wants to cut travel and the budget talk moves.", wait=True)
        with pytest.raises(InvalidCall):
            run(alice, "archive", "budget travel", limit=1)
        run(alice, "archive", "Ben said the budget must grow", limit=1)
        assert [cube.text for cube in alice.list(states=["archived"]).cubes] == [NOTES[6]]

    def test_irregular_verbs_are_one_word(self, alice):
        assert run(alice, "count", "run").value == 1

    def test_the_reply_tells_which_were_meant(self, alice):
        reply = run(alice, "forget", "everything about the garden", limit=1000)
        assert len(reply.details["meant"]) == reply.value == 2


class TestNewValues:
    """What `update` does of words with a memory that says more than they name."""

    @pytest.mark.parametrize(
        ("before", "said", "after"),
        [
            (
                "House viewing: lovely garden, asking price 4.6 million.",
                "change the asking price to 4.7 million",
                "House viewing: lovely garden, asking price 4.7 million.",
            ),
            (
                "Bergs Flytt quotes 19,800; Astrid liked them.",
                "replace Bergs Flytt with Express Flytt",
                "Express Flytt quotes 19,800; Astrid liked them.",
            ),
            (
                "Pixel needs a rabies shot and a passport. The vet appointment is on 24 June at 14:30.",
                "change the vet appointment to 25 June at 9:00",
                "Pixel needs a rabies shot and a passport. The vet appointment is on 25 June at 9:00.",
            ),
            (
                "Snøhetta offers 62,000 NOK, start on 1 September.",
                "change the Snøhetta offer to 65,000 NOK",
                "Snøhetta offers 65,000 NOK, start on 1 September.",
            ),
            ("My address is 12 Hill Road.", "change my address to 5 Rose Street", "Address: 5 Rose Street"),
        ],
    )
    def test_it_goes_where_the_old_one_stands(self, memory, before, said, after):
        carol = memory.as_user("carol")
        carol.add([{"role": "user", "content": before, "at": datetime(2025, 6, 1, tzinfo=UTC)}], session="s", wait=True)
        assert carol.ask(said, now=datetime(2025, 6, 10, tzinfo=UTC)).cubes[0].text == after

    def test_where_there_is_none_it_is_added_and_nothing_is_lost(self, memory):
        carol = memory.as_user("carol")
        before = "Mortgage: 3.4 percent at the old bank. The contact is Yusuf Demir, who answers on weekdays only, before noon."
        carol.add(before, wait=True)
        reply = carol.ask("change the mortgage to Nordea")
        assert reply.cubes[0].text == f"{before}\nMortgage: Nordea"
        assert any("the old ones stand" in each for each in reply.warnings)

    def test_what_is_stored_is_said_when_it_is_asked(self, memory):
        then = datetime(2024, 5, 5, 20, tzinfo=UTC)
        carol = memory.as_user("carol")
        assert carol.ask("remember that we watched a film with Anton", now=then).cubes[0].said_at == then


class TestLists:
    def test_a_list_has_what_is_about_it(self, alice):
        assert {hit.cube.text for hit in alice.ask("list all notes about the garden").hits} == {NOTES[3], NOTES[4]}


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

    def test_a_timetable_is_not_kept_and_its_call_runs_when_it_is_time(self, alice):
        words = "every Monday summarise my notes about the garden"
        with pytest.raises(InvalidCall, match="timetable"):
            alice.ask(words)
        call = alice.parse(words)
        assert call.reading.schedule.rule.startswith("FREQ=WEEKLY")
        assert "tomatoes" in alice.handle(call).value["text"]
        assert "tomatoes" in alice.ask(words, trigger="schedule:monday").value["text"]

    @pytest.mark.parametrize("said", ["hello", "What is the capital of France?", "How do I sort a list in Python?"])
    def test_none_does_nothing(self, alice, said):
        reply = alice.ask(said)
        assert reply.call.intent == "none"
        assert (reply.status, reply.hits, reply.cubes, reply.value, reply.warnings) == ("ok", (), (), None, ())

    def test_a_question_that_seems_to_ask_nothing_is_answered_where_memories_speak_of_it(self, memory):
        carol = memory.as_user("carol")
        carol.add(["The capital of Atlantis is a sunken city.", "The bins go out on Tuesday."], wait=True)
        reply = carol.ask("What is the capital of Atlantis?")
        assert reply.hits[0].cube.text == "The capital of Atlantis is a sunken city."
        assert memory.as_user("dave").ask("What is the capital of Atlantis?").hits == ()

    def test_what_may_not_be_used_for_a_purpose_is_not_even_hinted_at(self, memory):
        question = "What is the capital of Atlantis?"
        memory.as_user("carol").add("The capital of Atlantis is a sunken city.", conditions={"context.purpose": "care"}, wait=True)
        without = memory.as_user("carol").ask(question)
        assert (without.call.intent, without.hits, without.warnings) == ("none", (), ())
        assert len(memory.as_user("carol", purpose="care").ask(question).hits) == 1
