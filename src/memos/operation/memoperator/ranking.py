"""Ranking: the linear fusion of features, by weights that are data, and the choice of the best without scoring every memory in full."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from memos.errors import InvalidCall
from memos.operation.memoperator.bounds import bounds
from memos.operation.memoperator.features import ABOUT, KIN, Signals, features
from memos.operation.memoperator.scope import BLOCK, Places

Weights = Mapping[str, float]

NARROW = 8
"""When no more than one memory in so many passes the filter, those are scored in full; otherwise all are bounded first."""
SMALL = 512
"""So few memories are scored in full, too."""
SCATTERED = 4
"""Memories that do not stand side by side are read with two turns on each side of every one: so many times fewer of them are."""
TRIED = 3
"""Of so many times as many blocks the memories are scored by the other lanes first."""
CANDIDATES = 512
"""How many memories are read word by word; where more are looked for, those that the other lanes find best."""
FIRST = 24
"""How many blocks are tried first."""
_SLACK = 1e-3  # sums of float32 in another order differ by less


class Ranked(NamedTuple):
    """Positions, their scores, and what each feature contributed to them, shape (features, positions)."""

    at: Places
    scores: NDArray[np.float64]
    names: tuple[str, ...]
    parts: NDArray[np.float64]

    def only(self, places: Places) -> Ranked:
        """Those at some places, in their order."""
        return Ranked(self.at[places], self.scores[places], self.names, self.parts[:, places])

    def told(self, missing: NDArray[np.bool_]) -> Ranked:
        """What stands in for a neighbour or a session that is missing, counted to the lane's own evidence, which it is made of."""
        place = {name: row for row, name in enumerate(self.names)}
        for lane in KIN:
            for what, none in zip(ABOUT[1:], missing, strict=True):
                if lane in place and lane + what in place and none.any():
                    own, other = self.parts[place[lane]], self.parts[place[lane + what]]
                    own[none] += other[none]
                    other[none] = 0
        return self

    def why(self, index: int) -> dict[str, float]:
        """The contributions to one of the scores, those of 0 left out."""
        return {name: part for name, part in zip(self.names, self.parts[:, index].tolist(), strict=True) if part}


@lru_cache(maxsize=1)
def shipped_weights() -> Mapping[str, Weights]:
    """The weights that come with MemOS: `late` for questions whose words are read, too, `dense` for a vector alone, `lexical` for none."""
    weights: Mapping[str, Weights] = json.loads(files(__package__).joinpath("weights.json").read_text(encoding="utf-8"))
    return weights


class Fusion:
    """score = Σ weight · feature. InvalidCall for a negative weight of a lane: more evidence must not count against a memory."""

    def __init__(self, weights: Weights, first: Weights | None = None) -> None:
        evidence = [*(lane + what for lane in KIN for what in ABOUT), "late", "late_near"]
        if negative := [name for name in evidence if weights.get(name, 0) < 0]:
            raise InvalidCall(f"the weights of {', '.join(negative)} must not be negative; fit them again under that condition")
        self._weights = {name: weight for name, weight in weights.items() if weight}
        self._first = None if first is None else Fusion(first)

    @property
    def weights(self) -> Weights:
        """The weights that are not 0, by feature."""
        return self._weights

    @property
    def first(self) -> Fusion | None:
        """What chooses the candidates of late interaction."""
        return self._first

    def rank(self, signals: Signals, at: Places) -> Ranked:
        """The full scores at some positions, ascending."""
        found = features(signals, at, self._weights)
        weights = np.array([[self._weights[name]] for name in found], np.float64).reshape(-1, 1)
        parts = weights * np.array(list(found.values()), np.float32).reshape(len(found), len(at))
        return Ranked(at, parts.sum(axis=0), tuple(found), parts)

    def best(self, signals: Signals, chosen: NDArray[np.bool_], count: int) -> Ranked:
        """Among others the `count` best of the positions chosen, all that tie with the last of them included.

        Where many are chosen, the blocks of the highest upper bounds are scored in full first, then every other whose bound reaches the
        score of the last: the answer is the same. With late interaction only `CANDIDATES` are read word by word, or twice the count: nearly
        always the same.
        """
        if signals.late is not None and self._first is not None:
            return self.rank(signals, self._first.candidates(signals, chosen, max(CANDIDATES, 2 * count)))
        many, n = int(np.count_nonzero(chosen)), len(chosen)
        if many <= max(SMALL, 4 * count) or many * NARROW <= n:
            return self.rank(signals, np.flatnonzero(chosen))
        limits = bounds(signals, self._weights, chosen)
        first = limits >= _nth(limits, FIRST)
        ranked = self.rank(signals, _positions(first, chosen))
        further = (limits >= _nth(ranked.scores, count) - _SLACK) & ~first
        return _joined(ranked, self.rank(signals, _positions(further, chosen))) if further.any() else ranked

    def candidates(self, signals: Signals, chosen: NDArray[np.bool_], count: int) -> Places:
        """About `count` of the positions chosen, ascending: of few the best, of many the best blocks among those of the highest bounds."""
        many, n = int(np.count_nonzero(chosen)), len(chosen)
        if many <= count:
            return np.flatnonzero(chosen)
        if many * NARROW <= n:
            return _highest(self.rank(signals, np.flatnonzero(chosen)), count // SCATTERED)
        blocks = max(1, count * n // (many * BLOCK))
        limits = bounds(signals, self._weights, chosen)
        ranked = self.rank(signals, _positions(limits >= _nth(limits, TRIED * blocks), chosen))
        if not signals.scope.whole:
            return _highest(ranked, count // SCATTERED)
        best = np.full(len(limits), -np.inf)
        np.maximum.at(best, ranked.at // BLOCK, ranked.scores)
        return _positions(best >= max(_nth(best, blocks), np.finfo(np.float64).min), chosen)


def _highest(ranked: Ranked, count: int) -> Places:
    """The positions of the `count` highest scores, ascending."""
    return np.sort(ranked.at[np.argpartition(-ranked.scores, count)[:count]]) if count < len(ranked.at) else ranked.at


def _positions(blocks: NDArray[np.bool_], chosen: NDArray[np.bool_]) -> Places:
    """The chosen positions in some blocks, ascending."""
    at = (np.flatnonzero(blocks)[:, None] * BLOCK + np.arange(BLOCK)).ravel()
    at = at[: np.searchsorted(at, len(chosen))]
    return at if chosen.all() else at[chosen[at]]


def _joined(some: Ranked, others: Ranked) -> Ranked:
    at, scores = np.concatenate([some.at, others.at]), np.concatenate([some.scores, others.scores])
    return Ranked(at, scores, some.names, np.concatenate([some.parts, others.parts], axis=1))


def _nth(scores: NDArray[np.floating], count: int) -> float:
    """The count-th greatest, -inf when there are fewer."""
    return float(np.partition(scores, len(scores) - count)[len(scores) - count]) if len(scores) >= count else -np.inf
