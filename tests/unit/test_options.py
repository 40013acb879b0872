"""Options of the ranking beside late interaction: what they add counts before the candidates are chosen, and the parts sum."""

from datetime import timedelta

import numpy as np
import pytest

from evals.retrieval.memory_view import Book
from memos.memcube.fields import microseconds
from memos.operation.memoperator import options
from memos.operation.memoperator.retrieval import Retrieval
from tests.unit.test_late import ANYONE, NOW, add, query

LATEST = 180
SAID = [NOW - timedelta(days=400 - number) for number in range(200)]


@pytest.fixture(scope="module")
def book():
    """Two hundred notes, one a day; the older a note, the more of the question's words it has."""
    made = Book(dimensions=4)
    for number, when in enumerate(SAID):
        words = ["old", "boat", "harbour", "cake"][: 4 - number // 50]
        add(made, " ".join([*words, f"note{number}"]), said_at=microseconds(when), priority=number % 7)
    return made


def found(book, **rank):
    return Retrieval().retrieve(query("old ship port bread", rank=rank, limit=5), book.view(), ANYONE, NOW).hits


@pytest.mark.parametrize("most", [30, 1024])
@pytest.mark.parametrize("rank", [{"recency": {"half_life": 20, "weight": 900}}, {"priority": 100}, {"weights": {"late": 3.0, "lex": 0.5}}])
def test_the_parts_sum_among_few_candidates_and_among_all(book, monkeypatch, rank, most):
    monkeypatch.setattr(options, "CANDIDATES", most)
    hits = found(book, **rank)
    assert len(hits) == 5
    for hit in hits:
        assert "late" in hit.why
        assert hit.score == pytest.approx(sum(hit.why.values()))
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_a_weight_takes_the_place_of_the_shipped_one(book):
    plain, doubled = ({hit.row: hit.why["late"] for hit in found(book, weights=weights)} for weights in ({}, {"late": 40.0}))
    row = next(iter(plain.keys() & doubled.keys()))
    assert doubled[row] > plain[row]
    assert all("late" not in hit.why for hit in found(book, weights={"late": 0.0}))


def test_what_an_option_adds_decides_who_is_a_candidate(book, monkeypatch):
    monkeypatch.setattr(options, "CANDIDATES", 30)
    assert all(hit.row <= LATEST for hit in found(book))
    assert [hit.row for hit in found(book, recency={"half_life": 5, "weight": 1000})] == [200, 199, 198, 197, 196]


def test_coverage_of_the_time_takes_from_every_part(book):
    rows = np.array(
        [hit.row for hit in Retrieval().retrieve(query("note", rank={"coverage": "time"}, limit=20), book.view(), ANYONE, NOW).hits]
    )
    plain = np.array([hit.row for hit in Retrieval().retrieve(query("note", limit=20), book.view(), ANYONE, NOW).hits])
    assert len(set(rows // 10)) > len(set(plain // 10))
