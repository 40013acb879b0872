"""Summaries by a chat model: what its sentences quote must bear them out; where it fails the digest stands."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memos import MemOS
from memos.errors import Unavailable
from memos.interface.memreader.summary import LONGEST, Text, borne_out, summary
from memos.ports.models import Completion
from memos.testing.chat import ScriptedChat
from tests.clock import HandClock

START = datetime(2025, 3, 1, 9, tzinfo=UTC)
NOTES = [
    "The launch of the website moves to 5 September.",
    "Ines does not want to lead the website.",
    "Rui paid 300 euros for the website.",
]


def said(*sentences):
    """An answer: (text, source, quote) each."""
    return {"sentences": [{"text": text, "quotes": [{"source": source, "quote": quote}]} for text, source, quote in sentences]}


def asked(answer, **settings):
    """The reply to a summary of the notes, and the model that was asked."""
    chat = ScriptedChat(lambda _: answer)
    with MemOS.open("memory:", embedder="hashing", worker="none", clock=HandClock(START), chat=chat, settings=settings) as memory:
        alice = memory.as_user("alice")
        alice.add([{"role": "user", "content": text, "at": START + timedelta(days=day)} for day, text in enumerate(NOTES)], wait=True)
        return alice.ask("summarise my notes about the website"), chat


GOOD = said(
    ("The website launches on 5 September.", 1, "launch of the website moves to 5 September"),
    ("Ines does not want to lead it.", 2, "Ines does not want to lead the website"),
)


def test_what_the_memories_bear_out_is_given_with_its_places():
    reply, chat = asked(GOOD)
    assert reply.value["by"] == "scripted"
    assert reply.value["text"] == "The website launches on 5 September. Ines does not want to lead it."
    cited = {hit.cube.id: hit.cube.text for hit in reply.hits}
    assert set(cited.values()) == {NOTES[0], NOTES[1]}
    for each in reply.value["sentences"]:
        for quote in each["quotes"]:
            assert cited[quote["id"]][quote["start"] : quote["end"]] in NOTES[0] + NOTES[1]
    assert len(chat.asked) == 1


@pytest.mark.parametrize(
    "sentence",
    [
        ("The website launches on 6 September.", 1, "launch of the website moves to 5 September"),
        ("Ines wants to lead the website.", 2, "Ines does not want to lead the website"),
        ("Bruno paid 300 euros for the website.", 3, "Rui paid 300 euros for the website"),
        ("Rui paid 300 euros for the website.", 3, "Rui paid 300 pounds"),
        ("Rui paid 300 euros for the website.", 9, "Rui paid 300 euros for the website"),
        ("Everybody was delighted by a splendid party on the beach.", 1, "launch of the website"),
    ],
)
def test_what_they_do_not_bear_out_is_dropped_and_counted(sentence):
    reply, _ = asked({"sentences": [*GOOD["sentences"], *said(sentence)["sentences"]]})
    assert reply.value["unsupported"] == 1
    assert sentence[0] not in reply.value["text"]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("no JSON at all", "no JSON"),
        ({"facts": []}, "no list of sentences"),
        (Completion("{", None, 1, 1, finished=False), "cut off"),
        (Completion("", None, 1, 1, refused=True), "would not answer"),
        (Unavailable("the endpoint does not answer"), "does not answer"),
        (said(("Rui flew to the moon.", 1, "Rui flew to the moon")), "none of its 1 sentences"),
        ({"sentences": []}, "none of its 0 sentences"),
        (
            {"sentences": [7, {"text": 1}, {"text": "x", "quotes": ["y"]}, {"text": "x", "quotes": [{"source": "1", "quote": 2}]}]},
            "none of its 4",
        ),
    ],
)
def test_where_it_fails_the_digest_stands(answer, why):
    reply, _ = asked(answer)
    assert any(why in each for each in reply.warnings)
    assert "by" not in reply.value
    assert "5 September" in reply.value["text"]
    assert {hit.cube.id for hit in reply.hits} == {each["id"] for each in reply.value["sentences"]}


def test_the_budget_of_a_day_holds_for_it():
    reply, chat = asked(GOOD, extract_tokens_per_day=1)
    assert reply.value["by"] == "scripted"
    reply, chat = asked(GOOD, extract_tokens_per_day=0)
    assert chat.asked == []
    assert any("a day" in each for each in reply.warnings)


def test_the_texts_are_given_as_data_in_one_message():
    _, chat = asked(GOOD)
    messages = chat.asked[0]
    assert [message.role for message in messages] == ["system", "user"]
    assert [each["text"] for each in json.loads(messages[1].content)["texts"]] == NOTES


def test_without_a_model_it_is_a_digest():
    with MemOS.open("memory:", embedder="hashing", worker="none") as memory:
        alice = memory.as_user("alice")
        alice.add(NOTES, wait=True)
        reply = alice.ask("summarise my notes about the website")
        assert "by" not in reply.value
        assert reply.warnings == ()


def test_what_another_does_not_see_is_shown_to_no_model():
    chat = ScriptedChat(lambda _: GOOD)
    with MemOS.open("memory:", embedder="hashing", worker="none", chat=chat) as memory:
        alice, bob = memory.as_user("alice"), memory.as_user("bob")
        alice.add("The website has a secret.", wait=True)
        bob.add("The website of Bob is green.", wait=True)
        bob.ask("summarise my notes about the website")
        assert "secret" not in chat.asked[0][1].content


PLAIN = st.none() | st.booleans() | st.integers() | st.text(max_size=20)
FIELDS = st.sampled_from(["sentences", "text", "quotes", "source", "quote"])
ANSWERS = st.recursive(PLAIN, lambda each: st.lists(each, max_size=3) | st.dictionaries(FIELDS, each, max_size=4), max_leaves=12)


@given(st.lists(st.text(max_size=60), min_size=1, max_size=4), ANSWERS)
def test_no_answer_raises_and_every_quote_stands_where_it_is_said_to(texts, answer):
    chat = ScriptedChat(lambda _: Completion(json.dumps(answer), answer, 1, 1))
    sources = [Text(str(number), text) for number, text in enumerate(texts)]
    found = summary(chat, "?", sources)
    for each in found.sentences:
        for quote in each.quotes:
            assert texts[int(quote.id)][:LONGEST][quote.start : quote.end] == quote.text


def test_other_words_may_join_what_is_quoted_and_no_more():
    assert borne_out("Ines also said that the launch moves to September.", "Ines: the launch moves to September")
    assert not borne_out("The launch delighted shareholders throughout September.", "the launch moves to September")
