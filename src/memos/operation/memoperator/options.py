"""Options: what a query's `rank` changes in the scores: weights of features, recency, priority, a least score."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from memos.errors import InvalidCall
from memos.memcube.call import MemoryQuery
from memos.memcube.fields import microseconds
from memos.memcube.rank import Rank
from memos.operation.memoperator.coverage import covered, shape_of
from memos.operation.memoperator.features import LATE, NAMES, Signals
from memos.operation.memoperator.ranking import CANDIDATES, Fusion, Ranked
from memos.operation.memoperator.scope import Places
from memos.operation.memoperator.succession import Answer

Scored = TypeVar("Scored", bound=tuple[float, Any, int])
POOL = 64
"""Among so many of the best at least a spread is chosen."""
_DAY = 86_400e6  # microseconds


class Weighed(Fusion):
    """A fusion with the options of one query: its weights in place of some, and what it adds for recency and priority.

    recent = weight · 2^(-age / half-life), the age in days from when it was said to the moment of the call, no less than 0: exponential
    decay (Cormode, Shkapenyuk, Srivastava and Xu 2009, Forward Decay). priority = weight · priority / 100.
    """

    def __init__(self, base: Fusion, rank: Rank, moment: datetime, *, without: Collection[str] = ()) -> None:
        if unknown := sorted(set(rank.weights) - set(NAMES)):
            raise InvalidCall(f"rank.weights: there is no feature {unknown[0][:60]!r}; there are {', '.join(NAMES)}")
        super().__init__({**base.weights, **{name: weight for name, weight in rank.weights.items() if name not in without}})
        self._rank, self._moment = rank, moment
        self._early = None if base.first is None else Weighed(base.first, rank, moment, without=LATE)

    def rank(self, signals: Signals, at: Places) -> Ranked:
        """The full scores at some positions, ascending, what the options add included."""
        ranked, added = super().rank(signals, at), self._added(signals, at)
        if not added:
            return ranked
        parts = np.concatenate([ranked.parts, np.array(list(added.values()))])
        return Ranked(at, parts.sum(axis=0), (*ranked.names, *added), parts)

    def best(self, signals: Signals, chosen: NDArray[np.bool_], count: int) -> Ranked:
        """All the positions chosen, in full, since no bounds hold for what is added; by late interaction the best of them without it."""
        at, most = np.flatnonzero(chosen), max(CANDIDATES, 2 * count)
        if signals.late is not None and self._early is not None and len(at) > most:
            at = np.sort(at[np.argpartition(-self._early.rank(signals, at).scores, most)[:most]])
        return self.rank(signals, at)

    def _added(self, signals: Signals, at: Places) -> dict[str, NDArray[np.float64]]:
        recency, found = self._rank.recency, dict[str, NDArray[np.float64]]()
        if recency is not None:
            ages = np.maximum(microseconds(self._moment) - signals.scope.said_at.take(at), 0) / _DAY
            found["recent"] = recency.weight * np.exp2(-ages / recency.half_life)
        if self._rank.priority:
            found["priority"] = self._rank.priority * signals.scope.priorities.take(at) / 100
        return found


def weighed(fusion: Fusion, rank: Rank, moment: datetime) -> Fusion:
    """The fusion as a query's options want it, itself when they want nothing."""
    return Weighed(fusion, rank, moment) if rank.weights or rank.recency is not None or rank.priority else fusion


def reach(query: MemoryQuery) -> int:
    """How many of the best have to be known to choose those that the query asks for."""
    wide = query.limit if shape_of(query) is None else max(POOL, 2 * query.limit)
    return wide if query.reranked is None else max(wide, len(query.reranked.scores))


def reranked(answers: Sequence[Answer], query: MemoryQuery, signals: Signals) -> list[Answer]:
    """The answers with what a reranker said of them, `rank.rerank` times the distance between the first and the last of them."""
    if query.reranked is None or not answers:
        return list(answers)
    said = query.reranked.scores
    worth = query.rank.rerank * ((answers[0][0] - answers[-1][0]) or 1.0)
    told = [(why | {"rerank": worth * found}) if (found := said.get(signals.scope.id_of(at))) else why for _, why, at in answers]
    again = [(sum(why.values()), why, at) for why, (_, _, at) in zip(told, answers, strict=True)]
    return sorted(again, key=lambda answer: -answer[0])


def chosen(answers: Sequence[Answer], query: MemoryQuery, signals: Signals, fusion: Fusion) -> list[Answer]:
    """Of the best the ones that are given: none below the least score, spread where the query or its question wants it."""
    kept, shape = above(answers, query.rank.minimum), shape_of(query)
    return (kept if shape is None else covered(shape, kept, signals, fusion))[: query.limit]


def above(found: Iterable[Scored], floor: float | None) -> list[Scored]:
    """What scores no less than the floor; a score comes first in each."""
    return [one for one in found if floor is None or one[0] >= floor]
