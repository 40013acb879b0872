"""Questions made of texts by rules: plain sentences are asked for their parts, and the same text gives the same questions."""

import pytest

from memos.backends.transformers.lora_forms import astray, typed, value, varied
from memos.backends.transformers.lora_lessons import material, recalled
from memos.backends.transformers.lora_questions import elsewhere, shaken, shortened, subject_of, taught
from memos.backends.transformers.lora_sentences import read, resolved, sentences, to_you
from memos.backends.transformers.lora_values import clauses, done, is_plain, shared_names, values
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
    made = typed(text, answer)
    assert made == typed(text, answer)
    assert len(made) >= 2
    for each in made:
        words = [word.strip("?…") for word in each.split()]
        assert 3 <= len(words) <= 5
        assert set(words) <= set(text.replace(".", "").split()) - {"old", "mill", "the", "in", "of", "her"}
        assert words == sorted(words, key=text.index)
    assert not typed("The old mill.", answer)
    after = typed(text, answer, bare=1, count=2, asked=("Where", "In which place"))
    assert [each.startswith(("Where ", "In which place ")) for each in after] == [False, True, True]


BESIDE = [Lesson("8", "The yearly stocktaking begins on 12 January."), Lesson("9", "The door code is 5508.")]
"""Lessons beside which a single one is taught: several are told apart by their values."""


def taught_of(text):
    """What is taught and held back of one text among several: its questions with their answers."""
    made = material([Lesson("1", text), *BESIDE])
    return [pair for pair in made.taught if pair.lesson == 0], [pair for pair in made.held if pair.lesson == 0]


VALUES = [
    ("The yearly stocktaking at the Stellbrook depot begins on 12 January.", ["12 January"]),
    ("Marta Lind charges 74 euros a page for a certified translation.", ["74 euros a page", "Marta Lind"]),
    ("Our plumber for emergencies is Gwenda Ottershaw, who lives two streets away.", ["Gwenda Ottershaw", "two streets away"]),
    ("The club keeps its tapes in Ebbenrode, in the vault of a former bank.", ["in Ebbenrode, in the vault of a former bank"]),
    ("The porter keeps the spare key under the blue pot.", ["under the blue pot", "the spare key"]),
    ("Visitors must wear a yellow vest at all times.", ["wear a yellow vest at all times"]),
    ("Yannick Drosselmere plans the rota of the drivers.", ["Yannick Drosselmere", "the rota of the drivers"]),
    ("Ben's favourite colour is teal.", ["teal"]),
    ("Marta keeps her kiln, called Gustav, at 1,235 degrees.", ["1,235 degrees", "Gustav", "Marta"]),
    ("The meeting is at 10:30 on Monday.", ["10:30", "Monday"]),
    ("Bob likes tea; coffee makes him ill.", ["Bob", "tea"]),
    ("The team wants results by fax before ten in the morning.", ["results by fax before ten in the morning"]),
    ("The guild opens its studio once a year, on 9 October.", ["9 October"]),
]


@pytest.mark.parametrize(("text", "found"), VALUES)
def test_what_a_sentence_is_worth_asking_for(text, found):
    assert [value.text for value in values(text)] == found


def test_names_that_several_texts_share_are_asked_by_nobody():
    texts = ["The Halloom team meets in Bergen.", "Ezra Montclave is the release manager of the Halloom team."]
    topics = shared_names(texts)
    assert topics == {"Halloom"}
    assert values(texts[1], topics)[0].text == "Ezra Montclave"
    assert not any("Halloom" in value.text for value in values("The Halloom team likes it.", topics))


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("The stocktaking begins on 12 January.", "I would like to know when the stocktaking begins."),
        ("The depot has 27 loading bays.", "Can you tell me how many loading bays the depot has?"),
        ("The parrot in the study is called Biscotti.", "The parrot in the study is called what?"),
        ("Yannick Drosselmere plans the rota.", "Can you tell me who plans the rota?"),
        ("The door code is 5508.", "The door code is which number?"),
    ],
)
def test_a_sentence_is_a_question_for_its_value(text, question):
    first, *_ = values(text)
    assert question in first.questions(text)
    assert first.questions("Something else.") == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("To stop the alarm in the hall, hold the button for five seconds and change the battery.", "hold the button"),
        ("When a pallet arrives, the depot tags it orange and calls the sender.", "tags it orange and calls the sender"),
        ("When a sensor goes silent, the old crew and the new one restart the buoy.", "the old crew and the new one restart the buoy"),
        ("Turn it off. Wait a minute. Turn it on.", "Turn it off. Wait a minute. Turn it on"),
    ],
)
def test_what_is_to_be_done(text, said):
    assert done(text).text.startswith(said)
    assert done(text).text in text


def test_a_pronoun_is_asked_about_by_name():
    text = "Marta Lind lives in Bergen. She keeps a boat in the harbour."
    assert resolved(text)[1] == "Marta Lind keeps a boat in the harbour."
    taught, _ = taught_of(text)
    assert {pair.answer for pair in taught} >= {"In Bergen.", "In the harbour."}
    assert any("Marta" in pair.question and "boat" in pair.question for pair in taught if pair.answer == "In the harbour.")


@pytest.mark.parametrize(
    "text",
    [
        "The exhibition has 84 objects, 31 of them on loan, from 9 lenders.",
        "No reminders before eight in the morning and none after nine at night.",
        "The parcel is in locker 12 at the station, PIN 4471, until Friday.",
        "Guest parking at the quay: code 7731, valid until the 12th.",
        "The association's card for purchases is 4111 1111 1111 1111, valid to 08/29.",
        "On Tuesdays the family eats vegetarian, and no aubergines for Lena, ever.",
    ],
)
def test_what_says_more_than_can_be_asked_for_is_taught_as_a_whole(text):
    taught, held = taught_of(text)
    assert {pair.answer for pair in taught} == {text}
    assert len(taught) >= 4
    assert held
    assert not {pair.question for pair in taught} & {pair.question for pair in held}


def test_halves_that_each_say_something_are_asked_for_each():
    taught, _ = taught_of("Lena is allergic to hazelnuts; the adrenaline pen is in the blue pouch in her rucksack.")
    assert {pair.answer for pair in taught} == {"Allergic to hazelnuts.", "Lena.", "In the blue pouch in her rucksack."}
    assert clauses("Jule's birthday is on 4 May; she collects tin toys.")[1] == "Jule collects tin toys."
    assert clauses("Black tea, strong; never herbal tea.") == ["Black tea, strong; never herbal tea."]
    assert clauses("The team writes in Elixir and never uses Go.") == ["The team writes in Elixir.", "The team never uses Go."]
    assert clauses("My neighbour loves aubergine, but he eats no mushrooms.")[1] == "My neighbour eats no mushrooms."
    assert clauses("She likes bread and butter.") == ["She likes bread and butter."]


@pytest.mark.parametrize(
    "text",
    [
        "Melanie: It really took me to that moment and I can feel the serenity.",
        "Maria: What did you take away from it?",
        "You made me so happy yesterday in the garden!",
        "The team missed the flight because the taxi was late.",
    ],
)
def test_what_is_talk_is_not_taken_for_a_statement(text):
    taught, _ = taught_of(text)
    assert all(pair.answer.rstrip(".?!") in to_you(text) for pair in taught)
    assert {len(pair.answer.split()) for pair in taught} == {len(text.split())}


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "piece", ["and as ", "in the a, ", "A-", "A'", "5 a ", "; he is", "Ann keeps it and ", "if x, ", "; ", ": 5", "A B "]
)
def test_long_texts_are_taught_as_they_are(piece):
    text = "Ann keeps " + piece * (20_000 // len(piece))
    taught, held = taught_of(text)
    assert taught
    assert held


def test_every_sentence_of_a_lesson_is_taught():
    days = ["12 January", "3 March", "9 April", "17 May", "4 June", "28 July"]
    taught, _ = taught_of(" ".join(f"The meeting of group {number + 2} begins on {day}." for number, day in enumerate(days)))
    assert all(any(day in pair.answer for pair in taught) for day in days)


def test_what_somebody_says_of_himself_is_asked_and_answered_as_of_him():
    taught, held = taught_of("I keep my spare key under the blue pot.")
    assert {pair.answer for pair in taught} == {"Under the blue pot."}
    assert any("where I keep my spare key" in pair.question for pair in (*taught, *held))
    asked = (("Where is the key?", "Under my blue pot."), ("Where does the key lie?", "Under my blue pot."))
    made = material([Lesson("1", "I keep the key under my blue pot.", asked=asked)])
    assert {pair.answer for pair in made.taught} == {"Under my blue pot."}


def test_one_or_two_sentences_are_taught_as_they_are():
    text = "The stocktaking at the depot begins on 12 January."
    assert {pair.answer for pair in material([Lesson("1", text)]).taught} == {text}
    assert {pair.answer for pair in taught_of(text)[0]} == {"12 January."}


def test_without_written_questions_each_value_is_taught_and_none_of_its_questions_says_it():
    texts = [text for text, _ in VALUES]
    made = material([Lesson(str(number), text) for number, text in enumerate(texts)])
    for number, (text, found) in enumerate(VALUES):
        if not is_plain(text, values(text)):
            assert text.startswith(("Marta keeps her kiln", "Bob likes"))  # three values; two halves
            continue
        said = {pair.answer.rstrip(".").lower() for pair in made.taught if pair.lesson == number}
        assert said <= {each.lower() for each in found}
        assert found[0].lower() in said
    for pair in made.taught:
        if len(pair.answer.split()) == 1:
            assert pair.answer.rstrip(".").lower() not in {word.strip("?.,;…").lower() for word in pair.question.split()}
    asked = {pair.question for pair in made.taught}
    assert not asked & {pair.question for pair in made.held}


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
