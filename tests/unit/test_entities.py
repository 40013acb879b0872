"""Names in texts: what is found, of which kind, and what is no name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memos.operation.memoperator.entities import KINDS, MOST, Mention, clean, kind_of, mentions


def names(text, speaker=None):
    return [mention.name for mention in mentions(text, speaker)]


def kinds(text):
    return {mention.name: mention.kind for mention in mentions(text, None)}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("I moved to New York with my sister Ana.", {"New York": "place", "Ana": "person"}),
        ("Dr. Ana Silva of the University of Porto called.", {"Dr. Ana Silva": "person", "University of Porto": "organisation"}),
        ("Ana's husband Rui works at Siemens.", {"Ana": "person", "Rui": "person", "Siemens": "organisation"}),
        ('I am reading "The Remains of the Day".', {"The Remains of the Day": "work"}),
        ("Zorah called. I like Zorah.", {"Zorah": "person"}),
        ("Ask @lena_k about it.", {"@lena_k": "person"}),
        ("My iPhone fell into the River Thames.", {"iPhone": "thing", "River Thames": "place"}),
    ],
)
def test_what_is_a_name(text, found):
    assert kinds(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "", "Running helps. Pottery is calming.", "In May or on Monday I will.", "WOW THIS IS GREAT", "I'm fine, OK?", "Thanks! Haha. Yes.",
        "My mom and Dad speak Italian.", "Write to [EMAIL] or [PHONE_NUMBER].", "read the book at 5 PM",
    ],
)  # fmt: skip
def test_what_is_none(text):
    assert names(text) == []


def test_the_speaker_comes_first_and_sides_are_nobody():
    assert mentions("Hello, Rui!", "Ana") == (Mention("Ana", "person", 1.0), Mention("Rui", "person", 0.9))
    assert names("Hello!", "user") == names("Hello!", "assistant") == []


def test_a_name_stands_once_in_its_normal_form():
    assert names("José’s boat. José's dog.") == ["José"]
    assert clean("Jose\u0301’s  boat") == "José's boat"
    assert clean("James'") == "James"


def test_a_name_by_itself_shows_its_kind():
    assert (kind_of("Lisbon"), kind_of("Acme Corp"), kind_of("Dr. Feldman"), kind_of("Zorah")) == (
        "place",
        "organisation",
        "person",
        "thing",
    )


@given(st.text(max_size=300), st.one_of(st.none(), st.text(min_size=1, max_size=20)))
def test_any_text_is_read(text, speaker):
    found = mentions(text, speaker)
    assert len(found) <= MOST
    assert len({each.name for each in found}) == len(found)
    for each in found:
        assert each.name.strip()
        assert each.kind in KINDS
        assert 0 < each.confidence <= 1
    assert mentions(text, speaker) == found
