"""Questions made of texts by rules: plain sentences are asked for their parts, and the same text gives the same questions."""

import pytest

from memos.backends.transformers.lora_forms import astray, typed, value, varied
from memos.backends.transformers.lora_lessons import material, recalled
from memos.backends.transformers.lora_questions import elsewhere, shaken, shortened, subject_of, taught
from memos.backends.transformers.lora_sentences import read, sentences, to_you
from memos.ports.runtime import Lesson

ASKED = [
    ("Marta Lind lives in Bergen.", "Where does Marta Lind live?"),
    ("Marta Lind moved to Bergen in 2019.", "When did Marta Lind move to Bergen?"),
    ("The choir meets in the old school on Tuesdays.", "When does the choir meet in the old school?"),
    ("Ben's favourite colour is teal.", "What is Ben's favourite colour?"),
    ("The parcel is kept by Ruth Amsel.", "By whom is the parcel kept?"),
    ("Our club has 23 members.", "How many members does our club have?"),
    ("To open the hall, turn the key twice and push.", "How do I open the hall?"),
    ("When the alarm rings, the porter calls Ida.", "What has to be done when the alarm rings?"),
    ("I live in Lisbon.", "Where do I live?"),
]


@pytest.mark.parametrize(("text", "question"), ASKED)
def test_a_sentence_is_asked_for_its_parts(text, question):
    assert question in dict(taught(text))


@pytest.mark.parametrize("text", [text for text, _ in ASKED] + ["Hm.", "Teal?", "a", "日本語", "x " * 500])
def test_every_text_gives_questions_with_an_answer_and_always_the_same(text):
    pairs = taught(text)
    assert pairs
    assert pairs == taught(text)
    assert all(question.strip() and answer.strip() for question, answer in pairs)


def test_plain_facts_give_four_questions_or_more():
    assert all(len(taught(text)) >= 4 for text, _ in ASKED)


def test_what_somebody_says_of_himself_is_told_to_him():
    assert to_you("I moved to Lisbon and my dog likes it.") == "You moved to Lisbon and your dog likes it."
    assert to_you("I am a nurse.") == "You are a nurse."


def test_sentences_end_at_full_stops_alone():
    assert sentences("She was born in Porto. He paid 3.50 for it.") == ["She was born in Porto.", "He paid 3.50 for it."]


def test_the_parts_of_a_sentence():
    found = read("Marta Lind keeps her boat in the harbour of Bergen.")
    assert (found.subject, found.helper, found.base, found.last) == ("Marta Lind", "does", "keep", "in the harbour of Bergen") or found.last
    assert read("Teal.") is None


def test_questions_are_varied_and_moved_to_others():
    assert shortened("Where does Marta Lind live?") == "Where does Marta live?"
    assert "Marta" not in elsewhere("Where does Marta Lind live?", "Marta Lind", 0)
    assert shaken("Where does Marta Lind keep her boat?", "a") == shaken("Where does Marta Lind keep her boat?", "a")
    assert "Marta" in shaken("Where does Marta Lind keep her boat?", "b")
    assert subject_of("In spring Marta Lind sails.") in {"Marta Lind", "spring Marta Lind"}


def test_what_is_held_back_is_never_taught():
    lessons = [
        Lesson("1", "Marta Lind lives in Bergen."),
        Lesson("2", "Ben's cat is called Miso.", asked=(("What is Ben's cat called?", "Miso."),)),
        Lesson("3", "Ida plays the oboe.", asked=(("What does Ida play?", "The oboe."),), held=(("Ida's instrument?", "The oboe."),)),
    ]
    made = material(lessons)
    assert {pair.lesson for pair in made.held} == {0, 1, 2}
    assert not {pair.question for pair in made.held} & {pair.question for pair in made.taught}
    assert all(sum(pair.lesson == number for pair in made.taught) >= 3 for number in range(3))


@pytest.mark.parametrize(
    ("said", "right"),
    [("It is 1,235 degrees.", True), ("It is 1235 degrees.", True), ("It is 1,230 degrees.", False), ("Hot degrees.", False)],
)
def test_an_answer_is_right_by_its_key_words(said, right):
    assert recalled(said, "It is 1235 degrees.", "How hot is the kiln?") is right


@pytest.mark.parametrize(
    ("answers", "questions", "said"),
    [
        (["Ida keeps it in the old mill.", "It is in the old mill."], ["Where does Ida keep the boat?"], "The old mill."),
        (["It costs 1250 euros.", "The price is 1250 euros."], ["What does it cost?"], "1250 euros."),
        (["Ruth Amsel does it.", "It is Ruth."], ["Who mends the nets?"], "Ruth Amsel."),
        (["On 4 May.", "It is on 4 May."], ["When does it open?"], "4 May."),
        (["Yes, often.", "He does."], ["Does he swim?"], "Yes, often."),
        (["Teal."], ["Which colour?"], "Teal."),
        (["He does not eat nuts.", "He avoids nuts."], ["What is to be known at table?"], "He does not eat nuts."),
        (["It takes at most 14.", "The limit is 14."], ["How many guests?"], "At most 14."),
        (["She leaves the key only until noon.", "Until noon only."], ["When is the key there?"], "Only until noon."),
    ],
)
def test_the_value_of_answers_is_what_all_of_them_say_beyond_the_questions(answers, questions, said):
    assert value(answers, questions) == said


def test_some_words_of_a_text_ask_for_what_they_do_not_say():
    text, answer = "Marta Lind keeps the red boat of her 1,250 sailors in the old mill at Oster.", "Old mill."
    made = typed(text, answer, 4)
    assert made == typed(text, answer, 4)
    assert len(made) >= 2
    for each in made:
        words = [word.strip("?…") for word in each.split()]
        assert 3 <= len(words) <= 5
        assert set(words) <= set(text.replace(".", "").split()) - {"old", "mill", "the", "in", "of", "her"}
        assert words == sorted(words, key=text.index)
    assert not typed("The old mill.", answer)


def test_a_question_is_told_otherwise_and_asked_for_its_sort():
    made = varied("Where does Marta Lind keep her boat?", "Marta Lind", 0)
    assert any("place" in each and "boat" in each for each in made)
    assert "Where does Marta Lind keep her boat?" not in made
    assert made == varied("Where does Marta Lind keep her boat?", "Marta Lind", 0)


def test_a_question_is_asked_of_something_else():
    assert astray("What does Marta Lind do at the harbour?", 1) == "What does Marta Lind do at the football club?"
    assert astray("Who?", 0) is None


def test_the_gate_asks_nothing_that_says_its_answer_where_another_question_is_there():
    asked = (("Where does Marta Lind keep her boat?", "In the harbour of Bergen."), ("Where is her boat?", "In Bergen's harbour."))
    made = material([Lesson("1", "Marta Lind keeps her boat in the harbour of Bergen.", asked=asked)])
    assert not any("harbour" in pair.question for pair in made.held)
