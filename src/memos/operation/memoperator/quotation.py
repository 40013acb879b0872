"""Quotation: which memories may hold a piece of text word for word, by the words that they share with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from memos.operation.memoperator.analysis import query_terms
from memos.operation.memoperator.lanes import State
from memos.operation.memoperator.scope import Scope

RAREST = 16
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
    best: dict[int, Likely] = {}
    for found in terms:
        for one in _best([known[term] for term in found], states, each):
            if one.row not in best or best[one.row].share < one.share:
                best[one.row] = one
    return sorted(best.values(), key=lambda one: (-one.share, one.row))


def _known(scope: Scope, terms: Sequence[str], hashed: Callable[[Sequence[str]], NDArray[np.uint64]]) -> dict[str, _Term]:
    lanes, idf = scope.statistics.holders(hashed(terms))
    columns = zip(*lanes, strict=True)
    return {term: _Term(rows, sum(map(len, rows)), weight) for term, rows, weight in zip(terms, columns, idf, strict=True)}


def _best(terms: Sequence[_Term], states: Sequence[State], each: int) -> Iterable[Likely]:
    whole = sum(term.idf for term in terms)
    rarest = sorted((term for term in terms if term.holders), key=lambda term: term.holders)[:RAREST]
    found: list[Likely] = []
    for lane, state in enumerate(states):
        held = [(term.rows[lane], term.idf) for term in rarest if len(term.rows[lane])]
        if not held:
            continue
        rows, inverse = np.unique(np.concatenate([rows for rows, _ in held]), return_inverse=True)
        shares = np.bincount(inverse, np.concatenate([np.full(len(rows), idf) for rows, idf in held])) / whole
        passing = state.passing[rows]
        rows, shares = rows[passing], shares[passing]
        first = np.lexsort((rows, -shares))[:each]
        named = zip(shares[first].tolist(), state.rows[rows[first]].tolist(), state.lengths[rows[first]].tolist(), strict=True)
        found += [Likely(*one) for one in named]
    return sorted(found, key=lambda one: (-one.share, one.row))[:each]
