"""Marks: written, read, mended, taken out; and what of writing they must leave alone."""

from random import Random

import pytest

from memos.errors import InvalidCall
from memos.infrastructure.memgovernance.marks import EVERY, FENCE, LEAST, MOST, codes, marked, unmarked
from tests.prose import Writer

CODE = "3q2-7w_AbCdEf0123456789xyz"
TEXT = Writer(3).paragraph()


def visible(text):
    return "".join(letter for letter in text if letter != FENCE and not 0xE0100 <= ord(letter) <= 0xE01EF)


def test_what_is_written_is_read_and_nothing_shows():
    made = marked(TEXT, CODE)
    assert visible(made) == TEXT
    assert unmarked(made) == TEXT
    assert codes(made)[0] == CODE


@pytest.mark.parametrize("size", [2, 10, 200, 5000])
def test_copies_are_many_and_bounded(size):
    text = " ".join(["word"] * size)
    copies = marked(text, CODE).count(FENCE) // 2
    assert copies == min(size - 1, max(LEAST, min(MOST, len(text) // EVERY)))


def test_a_quote_carries_it():
    text = " ".join(Writer(4).paragraph() for _ in range(4))
    made = marked(text, CODE)
    third = len(made) // 3
    assert all(CODE in codes(made[start : start + third]) for start in range(0, 2 * third, 97))


def test_damaged_copies_mend_each_other():
    random, made = Random(2), list(marked(" ".join(TEXT for _ in range(3)), CODE))
    hidden = [place for place, letter in enumerate(made) if 0xE0100 <= ord(letter) <= 0xE01EF]
    for place in random.sample(hidden, len(hidden) // 12):
        made[place] = chr(0xE0100 + random.randrange(95))
    assert CODE in codes("".join(made))


@pytest.mark.parametrize(
    "text",
    [
        "👨\u200d👩\u200d👧 and ❤\ufe0f",
        "क\u094d\u200dष and می\u200cخواهم",
        "葛\U000e0100飾区 and 辻\U000e0101",
        "a\u2060b",
        "plain",
        "",
    ],
    ids=["emoji", "joiners", "ideographs", "a joiner of words", "ascii", "nothing"],
)
def test_what_writing_needs_is_left_alone(text):
    assert unmarked(text) == text
    assert codes(text) == []


def test_a_mark_after_an_ideograph_leaves_its_selector():
    text = "葛\U000e0100飾区。辻\U000e0101です。"
    assert unmarked(marked(text, CODE)) == text


def test_a_text_of_one_word_has_no_room():
    with pytest.raises(InvalidCall, match="only one"):
        marked("word", CODE)
