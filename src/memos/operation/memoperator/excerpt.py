"""Excerpt: of a large scope the memories that may answer one question, with those around them, as a scope of its own.

The candidates are those whose rarer words the question shares, those of the vectors nearest to it, and those of the times that it names.
Everything after that is done as in a small scope; only what is counted over all memories (BM25's statistics) is taken from the whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from weakref import ref

import numpy as np
from numpy.typing import NDArray

from memos.operation.memoperator import vectors
from memos.operation.memoperator.bm25 import Statistics
from memos.operation.memoperator.dates import within
from memos.operation.memoperator.features import Question
from memos.operation.memoperator.lane_state import State
from memos.operation.memoperator.scope import Floats, Places, Scope

EACH = 256
"""So many candidates come from each lane."""
AROUND = 8
"""So many memories on each side of a candidate are looked at with it."""
FEW = 20_000
"""So few memories that pass are all compared with the question's vector."""
POSTINGS = 32_768
"""Candidates by words hold one of the question's rarest terms, of as many as are held by so many memories together."""
SAMPLED = 2048
"""So many memories tell which cosine is usual."""


class Excerpt(Scope):
    """Some positions of a scope, ascending; what is not beside each other there is of different sessions here."""

    whole = False

    def __init__(self, whole: Scope, states: Sequence[State], chosen: Places) -> None:
        self.states, self._ends, self.n = tuple(states), whole._ends, len(chosen)  # noqa: SLF001 - a scope made of another one
        self._places, self._weighted, self._straight = whole._places.take(chosen), {}, False  # noqa: SLF001
        self._whole, self._chosen = whole, chosen

    def arranged(self, parts: Sequence[NDArray]) -> NDArray:  # type: ignore[type-arg]
        """One array per lane, over its rows, by position; without joining them."""
        if len(parts) == 1:
            return parts[0].take(self._places)
        lanes, found = self._lane_of(self._places), np.empty(self.n, parts[0].dtype)
        for lane, part in enumerate(parts):
            here = np.flatnonzero(lanes == lane)
            found[here] = part.take(self._places[here] - (self._ends[lane - 1] if lane else 0))
        return found

    @cached_property
    def sessions(self) -> Places:
        """As in a scope; where positions are left out another session begins."""
        codes, lanes = self.gather(lambda state: state.sessions), self._lane_of(self._places)
        starts = np.ones(self.n, np.bool_)
        starts[1:] = (np.diff(self._chosen) != 1) | (codes[1:] != codes[:-1]) | (codes[1:] < 0) | (lanes[1:] != lanes[:-1])
        return np.cumsum(starts) - 1

    @cached_property
    def statistics(self) -> Statistics:
        """Those of the whole."""
        return self._whole.statistics

    def lexical(self, hashes: NDArray[np.uint64]) -> tuple[Floats, Floats | None, list[float]]:
        """As in a scope, of the positions here."""
        bounds = [0, *self._ends]
        lanes = self._lane_of(self._places)
        rows = [self._places[lanes == lane] - bounds[lane] for lane in range(len(self.states))]
        scores, rare, idf = self.statistics.matches_at(hashes, rows)
        at = np.argsort(lanes, kind="stable")
        found, shares = np.empty(self.n, np.float32), None
        found[at] = np.concatenate(scores)
        if rare is not None:
            shares = np.empty(self.n, np.float32)
            shares[at] = np.concatenate(rare)
        return found, shares, idf

    def pending_of(self, passing: NDArray[np.bool_]) -> int:
        """How many of all that pass have no vector yet."""
        return sum(int(np.count_nonzero(state.passing & (state.slots < 0))) for state in self.states)

    def usual_cosine(self, query: Floats) -> np.float32 | None:
        """The mean cosine over the whole, from evenly spaced memories of those allowed; None where none of them has a vector."""
        places = self._whole._places[:: max(1, self._whole.n // SAMPLED)]  # noqa: SLF001
        lanes, found = self._lane_of(places), [np.empty(0, np.float32)]
        for lane, state in enumerate(self.states):
            slots = state.slots.take(places[lanes == lane] - (self._ends[lane - 1] if lane else 0))
            found.append(vectors.cosines_at(query, state.codes, state.scales, slots[slots >= 0]))
        cosines = np.concatenate(found)
        return cosines.mean() if len(cosines) else None


class Large:
    """What is known of a large scope as a whole; kept with it."""

    def __init__(self, scope: Scope) -> None:
        self._of = ref(scope)  # which keeps this one: a cycle would wait for the collector
        self._passed: dict[int, tuple[NDArray[np.bool_], Places, Places]] = {}
        self._bounds = [0, *scope._ends]  # noqa: SLF001 - the other half of a scope

    @property
    def _scope(self) -> Scope:
        scope = self._of()
        if scope is None:
            raise RuntimeError("a scope is gone while it is searched")
        return scope

    @cached_property
    def _position_of(self) -> NDArray[np.int32]:
        """The position of each row of each lane, -1 for what is not allowed."""
        found = np.full(self._bounds[-1], -1, np.int32)
        found[self._scope._places] = np.arange(self._scope.n, dtype=np.int32)  # noqa: SLF001
        return found

    @cached_property
    def _row_of_slot(self) -> list[NDArray[np.int32]]:
        """Of each lane the row allowed whose vector stands in a slot, -1 for none."""
        found = []
        for state in self._scope.states:
            rows = np.full(len(state.codes), -1, np.int32)
            allowed = np.flatnonzero(state.allowed & (state.slots >= 0))
            rows[state.slots[allowed]] = allowed
            found.append(rows)
        return found

    def excerpt(self, states: Sequence[State], question: Question, hashes: NDArray[np.uint64], vector: Floats | None) -> Excerpt:
        """The candidates for a question and what stands around them; the lanes' states say what passes its filter."""
        found = [np.empty(0, np.int64)]
        by_words = self._scope.statistics.candidates(hashes, [state.passing for state in states], POSTINGS)
        for lane, (state, (rows, scores)) in enumerate(zip(states, by_words, strict=True)):
            some = [_best(rows, scores, EACH)]
            if vector is not None and len(state.codes):
                some.append(_best(*self._nearest(state, lane, vector, state.passing), EACH))
                if question.dates:
                    some.append(_best(*self._nearest(state, lane, vector, state.passing & _dated(state, question)), EACH))
            found.append(self._position_of[np.concatenate(some) + self._bounds[lane]].astype(np.int64))
        return Excerpt(self._scope, states, self._around(np.concatenate(found)))

    def _nearest(self, state: State, lane: int, vector: Floats, passing: NDArray[np.bool_]) -> tuple[Places, Floats]:
        """Rows that pass and their cosines: of all when they are few, else of those in the nearest lists."""
        if state.coarse is None or np.count_nonzero(passing) <= FEW:
            rows, slots = self._all_of(state, lane, passing)
        else:
            slots = state.coarse.near(vector)
            rows = self._row_of_slot[lane][slots].astype(np.int64)
            kept = np.flatnonzero((rows >= 0) & passing[rows])
            rows, slots = rows[kept], slots[kept]
        return rows, vectors.cosines_at(vector, state.codes, state.scales, slots)

    def _all_of(self, state: State, lane: int, passing: NDArray[np.bool_]) -> tuple[Places, Places]:
        """The rows that pass and have a vector, and its slots; those of the filter that was asked for last are kept."""
        known = self._passed.get(lane)
        if known is None or known[0] is not passing:
            rows = np.flatnonzero(passing & (state.slots >= 0))
            known = passing, rows, state.slots[rows]
            if passing is state.passing:
                self._passed[lane] = known
        return known[1], known[2]

    def _around(self, positions: Places) -> Places:
        chosen = np.zeros(self._scope.n, np.bool_)
        wide = (np.unique(positions)[:, None] + np.arange(-AROUND, AROUND + 1)).ravel()
        chosen[wide[(wide >= 0) & (wide < self._scope.n)]] = True
        return np.flatnonzero(chosen)


def _best(rows: Places, scores: Floats, count: int) -> Places:
    return rows if len(rows) <= count else rows[np.argpartition(-scores, count)[:count]]


def _dated(state: State, question: Question) -> NDArray[np.bool_]:
    """The rows said within the days that a question names."""
    found: NDArray[np.bool_] = within(question.dates, state.said_at)
    return found
