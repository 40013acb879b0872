"""Dialogue: an utterance is rewritten from what was said before it, and says which turn each part came from."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memos.interface.memreader.dialogue import Standalone, Turn, standalone

NOW = datetime(2025, 9, 10, 9, 0, tzinfo=UTC)


def read(*said: str) -> Standalone:
    """The last of some utterances read after the others; those that begin with ">" are the assistant's."""
    turns = [Turn("assistant", text[1:].strip()) if text.startswith(">") else Turn("user", text) for text in said[:-1]]
    return standalone(said[-1], turns, now=NOW)


def slots(read: Standalone) -> set[tuple[str, str, int]]:
    return {(slot.name, slot.value, slot.turn) for slot in read.slots}


REWRITTEN = [
    (("When did I last meet Carla?", "> On 3 May.", "What did she wear?"), "What did Carla wear?", ("reference", "Carla", 0)),
    (("Where is Peter from?", "> Ghent.", "And what's his job?"), "And what's Peter's job?", ("reference", "Peter", 0)),
    (("Who fixed the boiler?", "> Anton, on 4 June.", "Did he charge me?"), "Did Anton charge me?", ("reference", "Anton", 1)),
    (("My sister visited in May.", "What did she bring?"), "What did my sister bring?", ("reference", "my sister", 0)),
    (
        ("Where are the car keys?", "> In the hall.", "Who put them there?"),
        "Who put the car keys in the hall?",
        ("reference", "car keys", 0),
    ),
    (("Tell me about the kitchen budget.", "> 9,000 in all.", "Who approved it?"), "Who approved the kitchen budget?", None),
    (("Which hotel did we take in Bergen?", "> The Nordlys.", "How long did we stay there?"), None, None),
    (("Tell me about my trip to Malta", "> You went in April.", "who came on that trip?"), "who came on my trip to Malta?", None),
    (("What did I promise Vera in March?", "> A lift.", "and in April?"), "What did I promise Vera in April?", ("entity", "Vera", 0)),
    (("What did Vera say about the lease?", "and Theo?"), "What did Theo say about the lease?", ("topic", "lease", 0)),
    (("What did Vera say about the lease?", "What about the deposit?"), "What did Vera say about the deposit?", ("entity", "Vera", 0)),
    (("What did we discuss in June?", "what about the budget?"), "What did we discuss about the budget in June?", ("time", "June", 0)),
    (("How many flats did I view in Porto?", "same for Lyon"), "How many flats did I view in Lyon?", None),
    (("What did I eat on Monday?", "> Soup.", "no, I meant Tuesday"), "What did I eat on Tuesday?", None),
    (("What did Bob order?", "not Bob, Ann"), "What did Ann order?", None),
    (("How tall is Mia's tent?", "And Leo's?"), "How tall is Leo's tent?", None),
    (("When did Mia move to Turin?", "> In 2021.", "why?"), "why did Mia move to Turin?", None),
    (("How often did I run in May?", "> Twice.", "and before that?"), "How often did I run before May?", ("time", "May", 0)),
    (("what did I pay in May?", "and in June?", "and in July?"), "what did I pay in July?", None),
]


@pytest.mark.parametrize(("said", "text", "slot"), REWRITTEN, ids=[" / ".join(said) for said, _, _ in REWRITTEN])
def test_an_utterance_is_rewritten_from_what_was_said_before_it(said, text, slot):
    found = read(*said)
    assert not found.fresh
    assert text is None or found.text == text
    assert slot is None or slot in slots(found), found.slots
    assert all(0 <= each.turn < len(said) - 1 for each in found.slots)
    assert not found.unresolved


@pytest.mark.parametrize(
    ("said", "text"),
    [
        (("¿Qué le dije a Marta en mayo?", "¿y en junio?"), "¿Qué le dije a Marta en junio?"),
        (("¿Qué dijo Marta sobre el contrato?", "¿Y Ana?"), "¿Qué dijo Ana sobre el contrato?"),
        (("我五月花了多少钱？", "那六月呢？"), "我六月花了多少钱？"),
    ],
)
def test_another_time_or_name_is_put_in_in_spanish_and_chinese(said, text):
    found = read(*said)
    assert found.text == text
    assert [slot.turn for slot in found.slots] == [0]


SAID_ANOTHER_DAY = [
    ("What did I eat yesterday?", "and the day before that?", "What did I eat on 7 September 2025?"),
    ("What did I eat in June?", "and the month before?", "What did I eat in May 2025?"),
    ("What did I eat last week?", "and the week before that?", "What did I eat from 25 August 2025 to 31 August 2025?"),
]


@pytest.mark.parametrize(("first", "then", "text"), SAID_ANOTHER_DAY)
def test_a_time_beside_another_is_said_in_dates_that_hold_whenever_it_was_said(first, then, text):
    turns = [Turn("user", first, at=datetime(2025, 9, 9, 9, 0, tzinfo=UTC)), Turn("assistant", "Soup.")]
    assert standalone(then, turns, now=NOW).text == text


FRESH = [
    "Where did I put the passport?",
    "It rained all day yesterday, note that for the garden diary",
    "Is it late?",
    "I think that we should leave early",
    "There is a new bakery in Elm Street",
    "What did I do this morning?",
    "that's all, thanks",
    "how is it going?",
    "Show me the book that Ann lent me",
    "Remember that I take the early train on Fridays",
    "My brother called, he is in Rome",
    "Remember this: the spare key is under the pot",
    "He comprado pan y leche en la tienda",
]


@pytest.mark.parametrize("text", FRESH)
@pytest.mark.parametrize("before", [(), ("What did Carla say about the roof in June?", "> That it leaks.")], ids=["alone", "after another"])
def test_what_says_all_by_itself_stays_as_it_is(before, text):
    found = read(*before, text)
    assert (found.text, found.slots, found.unresolved, found.fresh) == (text, (), (), True)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (("What did she say?",), "she"),
        (("Did Ann and Carla come to the party?", "When did she leave?"), "she"),
        (("Did I pack the charger and the lamp?", "Where is it?"), "it"),
        (("hello", "> Hi!", "did that get sorted?"), "that"),
        (("When is dinner?", "that invoice, when is it due?"), "that invoice"),
    ],
)
def test_what_nothing_or_two_things_stand_for_is_left_open(said, words):
    found = read(*said)
    assert found.text == said[-1]
    assert [(each.kind, each.text) for each in found.unresolved][:1] == [("reference", words)]


def test_a_new_question_carries_no_time_and_no_name():
    found = read("What did Carla say about the roof in June?", "> That it leaks.", "Where did I park?")
    assert (found.text, found.fresh) == ("Where did I park?", True)


def test_chat_in_between_does_not_break_an_ellipsis():
    found = read("What did I spend in June?", "> 900.", "thanks, great", "> You're welcome!", "and in July?")
    assert found.text == "What did I spend in July?"


def test_an_option_of_the_assistants_is_chosen_by_its_place_and_by_its_colour():
    asked = ("Where did we eat in Rome?", "> Do you mean in 2019 or in 2023?")
    second = read(*asked, "the second one")
    assert second.text == "Where did we eat in Rome in 2023?"
    assert ("time", "2023", 1) in slots(second)
    listed = ("List my bikes", "> The red Koga, the blue Trek and the old Gazelle.")
    assert "blue Trek" in read(*listed, "when did I buy the blue one?").text
    assert "old Gazelle" in read(*listed, "when did I buy the last one?").text


def test_the_other_of_two_comes_after_the_one_that_was_taken():
    said = ("Where did we eat in Rome?", "> Do you mean in 2019 or in 2023?", "the first one", "> At Felice.", "and the other one?")
    assert read(*said).text == "Where did we eat in Rome in 2023?"


def test_yes_takes_up_what_the_assistant_offered():
    found = read("What is my old address?", "> 4 Mill Lane. Shall I archive the note about Mill Lane?", "yes please")
    assert found.text == "archive the note about Mill Lane"
    assert {slot.turn for slot in found.slots} == {1}


def test_an_answer_to_the_assistants_question_joins_the_request():
    found = read("Remind me to water the ferns", "> When?", "tomorrow at 5 pm")
    assert found.text == "Remind me to water the ferns tomorrow at 5 pm"
    assert read("did that get paid?", "> What do you mean?", "the dentist's bill").text == "did the dentist's bill get paid?"


@pytest.mark.parametrize("text", ["remember that", "Please save this.", "note that down", "keep that in mind"])
def test_that_may_be_all_that_was_said(text):
    found = read("Our plumber is Mr Okoye, 0151 496 0021.", text)
    assert "Our plumber is Mr Okoye, 0151 496 0021" in found.text
    assert [(slot.name, slot.turn) for slot in found.slots] == [("content", 0)]


def test_a_source_is_the_turn_that_names_it_last():
    said = ("Who is Irena?", "> Irena is the florist.", "Is she good?", "> Yes.", "When did she last call?")
    assert ("reference", "Irena", 1) in slots(read(*said))


def test_only_the_last_turns_are_read_and_numbers_stay_those_of_all():
    turns = [Turn("user", "Who is Irena?"), *[Turn("user", f"What is in box {number}?") for number in range(20)]]
    assert standalone("When did she call?", turns, now=NOW).unresolved
    turns.append(Turn("user", "Who is Irena?"))
    assert standalone("When did she call?", turns, now=NOW).slots[0].turn == len(turns) - 1


WORDS = st.sampled_from([
    "and", "what", "about", "the", "she", "he", "it", "that", "there", "then", "Bob", "Ann",
    "in", "June", "before", "second", "one", "other", "both", "same", "yes", "no", "why", "my",
    "sister's", "trip", "to", "Rome", "?", ",", ".", "Monday's", "'s", "delete", "called", "all",
    "three", "of", "them", "£5", "week", "after", "not", "actually", "more", "like", "to", "their",
    "hers", "which", "or", ":", "last", "1.", "¿", "呢",
])  # fmt: skip
TEXTS = st.one_of(st.text(max_size=80), st.lists(WORDS, max_size=12).map(" ".join))


@given(st.lists(st.tuples(st.sampled_from(["user", "assistant"]), TEXTS), max_size=6), TEXTS)
@settings(max_examples=200, deadline=None)
def test_it_never_raises_and_its_slots_name_turns_that_are_there(said, text):
    turns = [Turn(role, each) for role, each in said]
    found = standalone(text, turns, now=NOW)
    assert found == standalone(text, turns, now=NOW)
    assert all(0 <= slot.turn < len(turns) for slot in found.slots)
    assert found.slots or not found.fresh or found.text == text


@pytest.mark.parametrize(
    "text",
    [
        "and " * 250,
        "the one of " * 90,
        "ok, " * 250,
        "A, " * 300,
        "(" * 900,
        "1. " * 300,
        ": " * 450,
        "not , not " * 90,
        "before " * 140,
        "a\u0301" * 480,
    ],
)
def test_hostile_text_is_read_within_bounds(text):
    found = standalone(text, [Turn("user", text), Turn("assistant", text + "?")] * 6, now=NOW)
    assert len(found.text) < 20_000
    assert standalone("x" * 100_000, [Turn("user", "y " * 100_000)], now=NOW).text == "x" * 100_000
