"""A model's own answers weigh little and come last, a question that was asked before says nothing, and without either nothing changes."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from memos.memcube.call import MemoryCall, MemoryQuery
from memos.memcube.state import MemoryType
from memos.operation.memscheduler.echoes import ANSWERED, recalls
from memos.operation.memscheduler.policies import USUAL
from memos.operation.memscheduler.scheduler import plan
from memos.operation.memscheduler.signals import Available, Candidate, Signals
from memos.operation.memscheduler.weighing import chance_at
from memos.ports.runtime import Capabilities

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ASKED = "What does the rye loaf cost?"
ANSWER = Candidate("m9", 1, 12, 14.0, 0, text="The rye loaf costs 9.99 euros.", role="assistant", generated=True)
BEFORE = Candidate("m8", 1, 10, 13.0, 1, text="what does the rye loaf cost", role="user")
FACT = Candidate("m1", 1, 12, 12.0, 2, text="The rye loaf costs 4.20 euros at the counter.")
OTHER = Candidate("m2", 1, 12, 2.0, 3, text="The shop opens at seven.")
ALL = (ANSWER, BEFORE, FACT, OTHER)


def planned(candidates, text=ASKED, **signals):
    call = MemoryCall(id="01900000-0000-7000-8000-000000000000", operation="search", query=MemoryQuery(text=text))
    return plan(call, candidates, Signals(NOW, **signals))


def test_a_models_own_answer_weighs_a_fifth_and_comes_after_anything_else():
    made = planned(ALL)
    scores = {each.cube: each.score for each in made.injections}
    assert list(scores) == ["m1", "m2", "m9"]
    assert scores["m1"] == pytest.approx(chance_at(0, USUAL), abs=1e-6)
    assert scores["m2"] == pytest.approx(chance_at(1, USUAL), abs=1e-6)
    assert scores["m9"] == pytest.approx(ANSWERED * chance_at(0, USUAL), abs=1e-6)
    assert scores["m9"] < chance_at(2, USUAL), "at the first rank it is below evidence at the third"


def test_it_goes_first_where_there_is_no_room():
    assert [each.cube for each in planned(ALL, budget=24).injections] == ["m1", "m2"]
    urgent = replace(ANSWER, priority=100, heat=1000.0)
    assert [each.cube for each in planned((urgent, *ALL[1:]), budget=24).injections] == ["m1", "m2"]


def test_a_turn_that_only_repeats_the_question_is_not_given_and_the_plan_says_why():
    (passed,) = planned(ALL).passed
    assert (passed.cube, passed.reason) == ("m8", "it only repeats the question")
    assert "m8" in {each.cube for each in planned((replace(BEFORE, text="What does the rye loaf cost today?"), FACT)).injections}
    assert "m8" in {each.cube for each in planned((replace(BEFORE, role=None), FACT)).injections}, (
        "no turn: a note or a piece of a document"
    )


def test_the_reasons_and_the_numbers_tell():
    made = planned(ALL)
    reasons = {each.cube: each.reason for each in made.injections}
    assert reasons["m9"].startswith("rank 1, score 14.000, chance 0.112; a model's own answer: 0.2 of the chance, after all else; ")
    assert reasons["m1"].startswith("rank 3 (as 1 without echoes), score 12.000, chance 0.560; ")
    numbers = {each["cube"]: each for each in made.inputs["candidates"]}
    assert (numbers["m9"]["generated"], numbers["m9"]["share"], numbers["m8"]["share"]) == (True, ANSWERED, 0.0)
    assert (numbers["m1"]["rank"], numbers["m1"]["place"]) == (2, 0)


@pytest.mark.parametrize(
    "question",
    [
        "What did you tell me about the rye loaf?",
        "Which loaf have you recommended?",
        "You said something about the loaf, what was it?",
        "What was your last answer about the loaf?",
        "What did we talk about in our last chat?",
    ],
)
def test_where_the_conversation_itself_is_asked_of_an_answer_is_evidence_of_it(question):
    assert recalls(question)
    scores = {each.cube: each.score for each in planned(ALL, question).injections}
    assert scores["m9"] == pytest.approx(chance_at(0, USUAL), abs=1e-6)
    assert "m8" in scores


@pytest.mark.parametrize(
    "question", [ASKED, "the rye loaf's price", "And the rye loaf?", "Do you know what it costs?", "Tell me the price."]
)
def test_other_questions_are_not_about_the_conversation(question):
    assert not recalls(question)
    assert planned(ALL, question).injections[-1].cube == "m9"


def test_where_no_answer_was_generated_and_nothing_is_asked_again_the_plan_is_the_same():
    bare = [Candidate(f"m{rank:03}", 1, 40, 10.0 - rank, rank, said_at=NOW, text=f"memory {rank}") for rank in range(60)]
    turns = [replace(each, role="assistant" if place % 2 else "user") for place, each in enumerate(bare)]
    for question in (ASKED, "And then?", "How do I close the hall?"):
        assert planned(turns, question, budget=800) == planned(bare, question, budget=800)


def test_an_echo_in_a_block_stays_in_it_and_says_so():
    block = (Available(MemoryType.ACTIVATION, "ram", "kv", 400, 1),)
    fact, again = replace(FACT, tokens=400, forms=block), replace(BEFORE, tokens=400, forms=block)
    made = planned((again, fact), capabilities=Capabilities(activation=True))
    reasons = {each.cube: each.reason for each in made.injections if each.via == "kv"}
    assert set(reasons) == {"m1", "m8"}
    assert "; it only repeats the question; pinned" in reasons["m8"]
    assert not made.passed
