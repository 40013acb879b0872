"""What a model has answered is kept, found and told as its answer, and never wins over what people say."""

import pytest

from memos import MemOS
from memos.errors import InvalidCall
from memos.testing.chat import ScriptedChat
from memos.testing.runtime import FakeRuntime

FALSE = "The rye loaf costs 9.99 euros."
FACT = "The rye loaf costs 4.20 euros at the counter."
ASKED = "What does the rye loaf cost?"


@pytest.fixture
def memory(tmp_path):
    with MemOS.open(tmp_path / "store", runtime=FakeRuntime(answer=lambda _: FALSE), worker="none") as opened:
        opened.as_user("alice").add([FACT, "The shop opens at seven.", "I moved to Lisbon in March."])
        opened.drain(30)
        yield opened


def notes(session, context):
    """The texts that a context gives, with their injections, in its order."""
    return [(session.get(each.cube).cubes[0].text, each) for each in context.plan.injections]


def answered(memory, times=1, how="chat"):
    for number in range(times):
        talking = memory.as_user("alice", session=f"before {number}")
        if how == "chat":
            talking.chat(ASKED)
        else:
            list(talking.stream(ASKED))
    memory.drain(30)
    return memory.as_user("alice", session="now")


@pytest.mark.parametrize("how", ["chat", "stream"])
def test_a_false_answer_comes_after_the_fact_and_the_old_question_not_at_all(memory, how):
    alice = answered(memory, how=how)
    assert [hit.cube.text for hit in alice.search(ASKED).hits][:2] == [FALSE, ASKED], "the search itself finds both first"
    context = alice.context(ASKED)
    given = notes(alice, context)
    assert given[0][0] == FACT
    assert given[-1][0] == FALSE
    assert given[0][1].score > 0.5
    assert given[-1][1].score < 0.15
    assert "a model's own answer" in given[-1][1].reason
    assert [each.reason for each in context.plan.passed] == ["it only repeats the question"]
    prompt = context.messages[-1]["content"]
    assert prompt.count(ASKED) == 1
    assert f"The model's answer then: {FALSE}" in prompt


def test_however_often_it_was_answered(memory):
    alice = answered(memory, times=5)
    texts = [(text, each.score) for text, each in notes(alice, alice.context(ASKED))]
    assert texts[0][0] == FACT
    assert texts[0][1] > 0.5
    assert max(score for text, score in texts if text == FALSE) < 0.15
    tight = alice.context(ASKED, budget=12)
    assert [text for text, _ in notes(alice, tight)] == [FACT]


def test_what_the_model_has_said_is_told_where_that_is_asked(memory):
    alice = answered(memory)
    scores = {text: each.score for text, each in notes(alice, alice.context("What did you tell me about the rye loaf?"))}
    assert scores[FALSE] > 0.5


def test_the_turns_of_the_session_that_goes_on_stand_as_they_are(memory):
    answered(memory)
    context = memory.as_user("alice", session="before 0").context(ASKED)
    assert [message["content"] for message in context.messages if message["role"] == "assistant"] == [FALSE]
    assert FALSE not in [text for text, _ in notes(memory.as_user("alice"), context)]


def test_what_an_assistant_said_elsewhere_and_a_note_of_the_same_words_weigh_as_ever(memory):
    alice = memory.as_user("alice")
    alice.add([{"role": "assistant", "content": "The plum cake costs 3 euros."}], session="from elsewhere")
    alice.add(FALSE)
    memory.drain(30)
    for text in ("What does the plum cake cost?", ASKED):
        assert not any("a model's own answer" in each.reason for _, each in notes(alice, alice.context(text)))


def test_a_fact_that_was_extracted_from_an_answer_is_one_of_the_models_still(tmp_path):
    said = "The rye loaf costs 9.99 euros. It is baked at five."
    claim = {"quote": "The rye loaf costs 9.99 euros.", "fact": FALSE, "kind": "fact", "speaker": "assistant"}
    chat = ScriptedChat(lambda text: {"facts": [claim] if text == said else []})
    with MemOS.open(tmp_path / "store", runtime=FakeRuntime(answer=lambda _: said), chat=chat, worker="none") as memory:
        alice = memory.as_user("alice")
        alice.add(FACT)
        answer = memory.as_user("alice", session="before").chat("Tell me of the rye.").value.turns[1]
        alice.extract(answer, by="model")
        memory.drain(30)
        (fact,) = (cube for cube in alice.list().cubes if "extraction" in cube.metadata)
        given = notes(alice, alice.context(ASKED))
        assert fact.text == FALSE
        assert given[0][0] == FACT
        assert "a model's own answer" in next(each.reason for _, each in given if each.cube == fact.id)


def test_no_adapter_and_no_block_is_made_of_it(memory):
    alice = answered(memory)
    answer = next(hit.cube for hit in alice.search(ASKED).hits if hit.cube.text == FALSE)
    for form in ("activation", "parameter"):
        with pytest.raises(InvalidCall, match="a model has answered it"):
            alice.convert(answer, to=form)
