"""Features: what speaks for a memory as the answer to a question, by name, computed at chosen positions of a scope."""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from memos.operation.memoperator import analysis
from memos.operation.memoperator.dates import Named, dates_in, fit
from memos.operation.memoperator.scope import Floats, Places, Scope

BEST = 3
"""A session counts as the mean of its best three."""
KIN = {"lex": 0.35, "dense": 0.5}
"""How much of a memory's distance from the usual its neighbours are expected to share: what one without neighbours is given in their place."""
ABOUT = ("", "_prev", "_next", "_near2", "_sess")
"""What each lane says: of the memory, of the turns before and after it, of the better of those two away, of its session."""

NAMES = (
    *(lane + what for lane in KIN for what in ABOUT),
    *("named", "named_x_lex", "date", "when_x_timey", "howmany_x_number", "asks", "thin", "assistant"),
)
"""Every feature."""

_WHEN = re.compile(r"\b(when|what (date|day|month|year|time)|how long|which (month|year|day))\b", re.IGNORECASE)
_HOW_MANY = re.compile(r"\bhow (many|much|often|old)\b", re.IGNORECASE)
_DISTANCES = np.array([[-2], [-1], [1], [2]])


@dataclass(frozen=True)
class Question:
    """A question's words, the dates that it names, and its shape."""

    text: str

    @cached_property
    def words(self) -> list[str]:
        """Its words, folded."""
        return analysis.words(self.text)

    @cached_property
    def terms(self) -> list[str]:
        """Its different terms."""
        return list(dict.fromkeys(analysis.stems(self.words)))

    @cached_property
    def dates(self) -> list[Named]:
        """The dates it names."""
        return dates_in(self.text)

    @cached_property
    def asks_when(self) -> bool:
        """Whether it asks for a time."""
        return bool(_WHEN.search(self.text))

    @cached_property
    def asks_how_many(self) -> bool:
        """Whether it asks for a number."""
        return bool(_HOW_MANY.search(self.text))


@dataclass(frozen=True)
class Signals:
    """What the lanes say of a question, by position of the scope.

    `lanes` holds for "lex" BM25 over its greatest value, for "dense" the cosine, and lacks a lane that has nothing to say; `usual` is what a lane
    says of a memory of which nothing is known. Only what `passing` admits is looked for.
    """

    scope: Scope
    question: Question
    passing: NDArray[np.bool_]
    lanes: dict[str, Floats]
    usual: dict[str, float]

    @cached_property
    def named(self) -> Floats | None:
        """1 where a person spoke whom the question names."""
        return self.scope.named(self.question.words)

    @cached_property
    def date(self) -> Floats | None:
        """How well the time at which something was said fits the dates that the question names."""
        return fit(self.question.dates, self.scope.said_at) if self.question.dates else None

    @cached_property
    def all_pass(self) -> bool:
        """Whether everything in scope is looked for."""
        return bool(self.passing.all())

    def stand_in(self, lane: str, own: Floats) -> Floats:
        """What is expected of a neighbour, where there is none."""
        usual = np.float32(self.usual[lane])
        return usual + np.float32(KIN[lane]) * (own - usual)


def features(signals: Signals, at: Places, wanted: Container[str] = NAMES) -> dict[str, Floats]:
    """The features wanted at some positions, ascending, by name; those that are 0 everywhere are left out."""
    scope = signals.scope
    near = at + _DISTANCES
    held = np.minimum(np.maximum(near, 0), scope.n - 1)
    beside = (scope.sessions.take(held) == scope.sessions.take(at)) & (held == near)
    found: dict[str, Floats] = {}
    if signals.lanes and len(at):
        members = _Members(signals, at)
        for name, scores in signals.lanes.items():
            own = scores.take(at)
            around = np.where(beside, scores.take(held), -np.inf)
            second = np.maximum(around[0], around[3])
            others = np.array([around[1], around[2], second])
            others = np.where(np.isneginf(others), signals.stand_in(name, own), others)
            found |= zip([name + what for what in ABOUT], [own, *others], strict=False)
            if name + "_sess" in wanted:
                found[name + "_sess"] = members.best(scores)
    if signals.named is not None:
        found["named"] = signals.named.take(at)
        if "lex" in found:
            found["named_x_lex"] = found["named"] * found["lex"]
    if signals.date is not None:
        found["date"] = signals.date.take(at)
    found |= _shape(signals, at)
    return {name: values for name, values in found.items() if name in wanted}


def _shape(signals: Signals, at: Places) -> dict[str, Floats]:
    kinds = signals.scope.kinds.take(at, axis=1)
    timey, number, *rest = kinds
    found = dict(zip(("asks", "thin", "assistant"), rest, strict=True))
    if signals.question.asks_when:
        found["when_x_timey"] = timey
    if signals.question.asks_how_many:
        found["howmany_x_number"] = number
    return found


class _Members:
    """Of the sessions of some positions, ascending, the memories that pass."""

    def __init__(self, signals: Signals, at: Places) -> None:
        scope, sessions = signals.scope, signals.scope.sessions.take(at)
        new = np.append(True, sessions[1:] != sessions[:-1])
        wanted = sessions[new]
        self._index = np.cumsum(new) - 1
        starts = scope.starts.take(wanted)
        sizes = scope.ends.take(wanted) - starts
        self._groups = np.repeat(np.arange(len(wanted)), sizes)
        self._members = np.arange(len(self._groups)) + np.repeat(starts - np.cumsum(sizes) + sizes, sizes)
        if not signals.all_pass:
            kept = signals.passing.take(self._members)
            self._groups, self._members = self._groups[kept], self._members[kept]
            sizes = np.bincount(self._groups, minlength=len(wanted))
        self._sizes, self._ends = sizes, np.cumsum(sizes)

    def best(self, scores: Floats) -> Floats:
        """For each position the mean of the best three in its session, of fewer where it has fewer. At each at least one must pass."""
        base = self._groups * 8.0  # a score lies in [-1, 1]: a group's numbers lie apart from the next one's
        base += scores.take(self._members)
        base.sort()
        total, offsets = np.zeros(len(self._sizes)), np.arange(len(self._sizes)) * 8.0
        for rank in range(BEST):
            value = base.take(np.maximum(self._ends - 1 - rank, 0)) - offsets
            total += np.where(self._sizes > rank, value, 0)
        means = total / np.minimum(self._sizes, BEST)
        return means.astype(np.float32).take(self._index)
