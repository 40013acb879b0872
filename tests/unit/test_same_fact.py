"""Which texts are one fact: equal after NFC, simple case folding and folding of white space, and no others."""

import unicodedata

import pytest

from memos.memcube.legal import same_fact

SAME = [
    ("I moved to Lisbon", "i  MOVED to\tlisbon "),
    ("Größe", unicodedata.normalize("NFD", "GRÖßE")),
    ("STRAẞE", "straße"),
    ("ΟΔΟΣ ΣΟΦΙΑΣ", "οδος σοφιας"),
    ("İzmir", "i\u0307zmir"),
    ("Ёлка", "ёлка"),
]
OTHER = [("in Maßen", "in Massen"), ("Buße", "Busse"), ("ﬁn", "fin"), ("I moved", "I move d"), ("5 mg", "50 mg"), ("not now", "now")]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_these_are_one(one, other):
    assert same_fact(one) == same_fact(other)


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_these_are_two(one, other):
    assert same_fact(one) != same_fact(other)


@pytest.mark.parametrize("text", ["Maßen ẞ", "ŉ ǰ ΐ İ", "plain", "ΣΑΣ"])
def test_folding_twice_changes_nothing(text):
    assert same_fact(same_fact(text)) == same_fact(text)
