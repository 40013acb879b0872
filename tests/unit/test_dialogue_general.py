"""Dialogues of many kinds: what is meant is chosen by grammar, kind and salience, and the rewriting says it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from memos.interface.memreader.dialogue import Standalone, Turn, standalone

NOW = datetime(2025, 9, 10, 9, 0, tzinfo=UTC)


def read(*said: str) -> Standalone:
    """The last of some utterances read after the others; those that begin with ">" are the assistant's."""
    turns = [Turn("assistant", text[1:].strip()) if text.startswith(">") else Turn("user", text) for text in said[:-1]]
    return standalone(said[-1], turns, now=NOW)


MEANT = [
    (("Where did I put the spare fuses?", "> In the tin.", "who put them there"), ("spare fuses", 0)),
    (("what did the accountant say about the VAT return", "> It has to be filed by 7 May.", "can he do it for me?"), ("VAT return", 0)),
    (("Find the recipe for the walnut bread", "> 500 g rye, 200 g walnuts.", "share it with Tom"), ("recipe for the walnut bread", 0)),
    (("How did the kids do?", "> Finn came third and Maya won.", "was he disappointed"), ("Finn", 1)),
    (("How did the kids do?", "> Finn came third and Maya won.", "is she proud"), ("Maya", 1)),
    (("What's wrong with the Corolla?", "> The rear brakes squeal.", "when was that first noticed"), ("rear brakes squeal", 1)),
    (("Who was the agent?", "> Lamar Whitfield.", "when are we seeing him?"), ("Lamar Whitfield", 1)),
    (("Did the bank confirm the mortgage rate?", "> Yes, 3.4 percent.", "who confirmed it"), ("mortgage rate", 0)),
    (("Where did Anke get her glasses?", "> At Optik Brandt.", "when do they close"), ("Optik Brandt", 1)),
    (("who is coming", "> Theo, Lucy and the Bakers.", "what are they bringing?"), ("Theo, Lucy and the Bakers", 1)),
    (("did priya send the slides", "> yes.", "did tom see them"), ("slides", 0)),
    (("what's the number of the clinic", "> 0151 496 0022.", "add it to my contacts"), ("0151 496 0022", 1)),
]


@pytest.mark.parametrize(("said", "slot"), MEANT, ids=[said[-1] for said, _ in MEANT])
def test_a_pronoun_means_what_its_verb_kind_and_place_allow(said, slot):
    found = read(*said)
    assert slot in {(each.value, each.turn) for each in found.slots}, found
    assert slot[0].lower() in found.text.lower()


CHOSEN = [
    ("open the second", "shaping"),
    ("delete the last one", "baking times"),
    ("summarise the first two", "feeding the starter and shaping"),
]


@pytest.mark.parametrize(("said", "value"), CHOSEN)
def test_one_of_several_is_chosen_by_its_place(said, value):
    found = read("Show me my notes on sourdough", "> You have three: feeding the starter, shaping, and baking times.", said)
    assert [(each.value, each.turn) for each in found.slots] == [(value, 1)]


def test_one_of_several_is_chosen_by_its_amount():
    found = read("Which insurers quoted?", "> Axa at 620, HUK at 588 and Zurich at 701.", "who is my contact at the cheapest?")
    assert [each.value for each in found.slots] == ["HUK"]


COMPLETED = [
    (("Which room did we book for the workshop?", "> The blue one.", "who's responsible?"), "workshop"),
    (("What was decided about the choir's programme?", "> Nothing yet.", "who will be the soloist?"), "programme"),
    (("What did Rafael want?", "> To push the pilot back by a month.", "did Mei agree"), "pilot"),
    (("Tell me about the lease for Unit 9", "> It runs until 2029.", "when can we break?"), "lease"),
    (("I wrote about the planks", "> Three sets a day.", "did I do any yesterday?"), "planks"),
]


@pytest.mark.parametrize(("said", "word"), COMPLETED, ids=[said[-1] for said, _ in COMPLETED])
def test_a_question_that_says_too_little_takes_what_the_talk_is_about(said, word):
    found = read(*said)
    assert word in found.text
    assert any(word in each.value and not each.words for each in found.slots)


PUT_IN = [
    (("did Elif sign the contract", "> Yes, on 4 July.", "and Murat?"), "did Murat sign the contract"),
    (("what's my rent?", "> 940.", "and Kim's"), "what's Kim's rent?"),
    (("how much flour for the pancakes", "> 250 g.", "and milk?"), "how much milk for the pancakes"),
    (("List the cafés in Lund that I liked", "> Noir.", "how about Malmö?"), "List the cafés in Malmö that I liked"),
]


@pytest.mark.parametrize(("said", "text"), PUT_IN, ids=[said[-1] for said, _ in PUT_IN])
def test_a_part_takes_the_place_of_its_kind_and_leaves_the_rest(said, text):
    assert read(*said).text == text


def test_a_name_written_small_and_contractions_without_apostrophes_are_read():
    assert read("what did priya promise", "> A lift.", "whens she coming").text == "when's Priya coming"


def test_what_is_told_or_kept_is_all_that_was_answered():
    found = read("why is Dev late?", "> His father is in hospital.", "when did he tell me that")
    assert any("father is in hospital" in each.value and each.turn == 1 for each in found.slots)


def test_a_cry_is_nobody_who_is_meant_later():
    assert "Dev" in read("Has Dev handed in his essay?", "> No, his father is ill.", "poor kid", "when did he tell me").text


def test_who_somebody_is_is_nobody_else():
    found = read("Who sent it?", "> Beatrix Oyelaran.", "who is she?", "> An angel investor.", "how much did she put in")
    assert [(each.value, each.turn) for each in found.slots if each.words == "she"] == [("Beatrix Oyelaran", 1)]
