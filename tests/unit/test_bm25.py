"""BM25: equal to the textbook, whatever the segments; blind to what does not count."""

import math
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from memos.operation.memoperator.bm25 import K1, B, Part, Statistics, extended, merge, segment

WORDS = st.integers(min_value=0, max_value=7)
DOCUMENTS = st.lists(st.dictionaries(WORDS, st.integers(1, 4), max_size=6), min_size=1, max_size=25)


def hashed(words):
    """Hashes that share their leading bits in pairs, as two terms of many may."""
    return np.array([(word // 2 << 60) + (word % 2) * 3 + 1 for word in words], "<u8")


def encoded(documents):
    return [hashed(doc).tobytes() for doc in documents], [np.array(list(doc.values()), "<u2").tobytes() for doc in documents]


def segments_of(documents, cuts=()):
    found, edges = (), [0, *sorted(cut for cut in cuts if 0 < cut < len(documents)), len(documents)]
    for start, end in pairwise(edges):
        found = extended(found, segment(start, *encoded(documents[start:end])))
    return found


def part_of(documents, cuts=(), allowed=None):
    return Part(segments_of(documents, cuts), allowed, np.array([sum(doc.values()) for doc in documents], np.float32))


def textbook(documents, query):
    """Okapi BM25 with Lucene's idf, one document and one term at a time."""
    lengths = [sum(doc.values()) for doc in documents]
    mean = sum(lengths) / len(lengths) or 1
    scores = []
    for doc, length in zip(documents, lengths, strict=True):
        total = 0.0
        for word in query:
            frequency = sum(word in each for each in documents)
            idf = math.log(1 + (len(documents) - frequency + 0.5) / (frequency + 0.5))
            count = doc.get(word, 0)
            total += idf * count * (K1 + 1) / (count + K1 * (1 - B + B * length / mean))
        scores.append(total)
    return scores


@given(DOCUMENTS, st.sets(WORDS), st.sets(st.integers(1, 24)))
def test_equals_the_textbook_however_it_was_fed(documents, query, cuts):
    found = Statistics([part_of(documents, cuts)]).matches(hashed(query)).scores[0]
    np.testing.assert_allclose(found, textbook(documents, query), rtol=1e-5, atol=1e-6)


@given(DOCUMENTS, st.sets(WORDS, min_size=1), st.integers(0, 25))
def test_several_lanes_have_one_statistic(documents, query, cut):
    parts = [part_of(documents[:cut]), part_of(documents[cut:])]
    found = np.concatenate(Statistics(parts).matches(hashed(query)).scores)
    np.testing.assert_allclose(found, textbook(documents, query), rtol=1e-5, atol=1e-6)


@given(DOCUMENTS, DOCUMENTS, st.sets(WORDS, min_size=1), st.randoms())
def test_rows_that_do_not_count_change_no_score(documents, others, query, random):
    rows = [(doc, True) for doc in documents] + [(doc, False) for doc in others]
    random.shuffle(rows)
    allowed = np.array([counts for _, counts in rows])
    found = Statistics([part_of([doc for doc, _ in rows], allowed=allowed)]).matches(hashed(query)).scores[0]
    alone = [doc for doc, counts in rows if counts]
    np.testing.assert_allclose(found[allowed], textbook(alone, query), rtol=1e-5, atol=1e-6)
    assert not found[~allowed].any()


@given(DOCUMENTS, DOCUMENTS)
def test_merged_segments_are_those_of_all_rows(older, newer):
    first, second = segment(0, *encoded(older)), segment(len(older), *encoded(newer))
    for got, expected in zip(merge(first, second), segment(0, *encoded(older + newer)), strict=True):
        np.testing.assert_array_equal(got, expected)


def test_segments_stay_few_and_none_is_lost():
    kept = ()
    for row in range(500):
        kept = extended(kept, segment(row, *encoded([{row % 5: 1, 6: 2}])))
    assert len(kept) <= 6
    assert sum(len(each.rows) for each in kept) == 1000


def test_nothing_is_found_of_what_was_never_said():
    statistics = Statistics([part_of([{1: 1}, {}])])
    assert not statistics.matches(hashed([5])).scores[0].any()
    assert not statistics.matches(hashed([])).scores[0].any()
    assert Statistics([]).matches(hashed([1])).scores == []
