"""Quotation: which memories may hold a piece of text word for word, by the words that they share with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from memos.operation.memoperator.analysis import query_terms
from memos.operation.memoperator.lane_state import State
from memos.operation.memoperator.scope import Scope

RAREST = 12
"""How many words of a piece are looked up: those that the fewest memories hold."""


class Likely(NamedTuple):
    """A version row, the share of a piece that it holds, each word weighted by its idf, and its length in terms."""

    share: float
    row: int
    length: int


class _Term(NamedTuple):
    """The rows that hold a term, lane by lane, how many they are, and its idf."""

    rows: tuple[NDArray[np.int32], ...]
    holders: int
    idf: float


def likely(
    scope: Scope, states: Sequence[State], pieces: Sequence[str], hashed: Callable[[Sequence[str]], NDArray[np.uint64]], each: int
) -> list[Likely]:
    """The rows that pass and hold most of a piece, at most `each` of every piece, those of the greatest share first, no row twice."""
    terms = [query_terms(piece) for piece in pieces]
    known = _known(scope, sorted(set().union(*terms)), hashed) if any(terms) else {}
    shares = [np.zeros(len(state.rows), np.float32) for state in states]
    best: dict[int, Likely] = {}
    for found in filter(None, terms):
        for one in _best([known[term] for term in found], states, shares, each):
            if one.row not in best or best[one.row].share < one.share:
                best[one.row] = one
    return sorted(best.values(), key=lambda one: (-one.share, one.row))


def _known(scope: Scope, terms: Sequence[str], hashed: Callable[[Sequence[str]], NDArray[np.uint64]]) -> dict[str, _Term]:
    lanes, idf = scope.statistics.holders(hashed(terms))
    columns = zip(*lanes, strict=True)
    return {term: _Term(rows, sum(map(len, rows)), weight) for term, rows, weight in zip(terms, columns, idf, strict=True)}


def _best(terms: Sequence[_Term], states: Sequence[State], shares: Sequence[NDArray[np.float32]], each: int) -> list[Likely]:
    """The best rows for some terms. `shares` is room for one number a row, so that none is made anew for every piece."""
    whole = sum(term.idf for term in terms)
    rarest = sorted((term for term in terms if term.holders), key=lambda term: term.holders)[:RAREST]
    found: list[Likely] = []
    for lane, (state, share) in enumerate(zip(states, shares, strict=True)):
        share.fill(0)
        for term in rarest:
            share[term.rows[lane]] += term.idf / whole
        if not state.passing.all():
            share *= state.passing
        least = np.partition(share, -each)[-each] if len(share) > each else 0
        rows = np.flatnonzero(share >= least) if least > 0 else np.flatnonzero(share)
        first = rows[np.lexsort((rows, -share[rows]))[:each]]
        named = zip(share[first].tolist(), state.rows[first].tolist(), state.lengths[first].tolist(), strict=True)
        found += [Likely(*one) for one in named]
    return sorted(found, key=lambda one: (-one.share, one.row))[:each]
