"""Succession: what holds now stands before what it has superseded, where a question does not ask for the past.

A memory whose validity has ended answers a question as well as it ever did; the one that superseded it is the answer now. It is found in
the place of the old one, which comes behind it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

import numpy as np

from memos.memcube.fields import microseconds
from memos.operation.memoperator.features import Signals
from memos.operation.memoperator.masks import ABSENT
from memos.operation.memoperator.ranking import Fusion
from memos.operation.memoperator.scope import Places
from memos.ports.adapter import View

SUPERSEDES = "supersedes"
BEHIND = 0.5
"""By how much an ended memory comes behind what holds now."""
CHAIN = 8
"""How many successions are followed at most: Lisbon, Porto, Faro …"""
_PAST = re.compile(
    r"\b(used to|previous(ly)?|before|former(ly)?|earlier|originally|at first|back then|in the past|until|prior|ex|no longer|any ?more"
    r"|old (address|job|number|home|flat|house|phone|name)|history of|over the years|so far|ever)\b",
    re.IGNORECASE,
)
Answer = tuple[float, dict[str, float], int]
"""A score, what it is made of, and a position."""


def asks_for_the_past(question: str) -> bool:
    """Whether a question wants what held before as much as what holds now."""
    return bool(_PAST.search(question))


def ended(signals: Signals, moment: datetime) -> Places:
    """The positions of memories that held no more at a moment, ascending."""
    ends = signals.scope.valid_to
    return np.flatnonzero((ends != ABSENT) & (ends <= microseconds(moment)))


def succeeded(answers: Iterable[Answer], signals: Signals, fusion: Fusion, view: View, gone: Places) -> list[Answer]:
    """The answers with what superseded an ended one in its place, and the ended one behind it; best first."""
    found = {position: (score, why) for score, why, position in answers}
    over = set(gone.tolist())
    for position in sorted(over & found.keys(), key=lambda each: -found[each][0]):
        score, why = found[position]
        successor = _successor(signals, view, position, over)
        found[position] = score - BEHIND, why | {"ended": -BEHIND}
        if successor is None or successor in over:
            continue
        own, because = found.get(successor) or _scored(signals, fusion, successor)
        if own < score:
            found[successor] = score, because | {SUPERSEDES: because.get(SUPERSEDES, 0.0) + score - own}
    ranked = [(sum(why.values()), why, position) for position, (_, why) in found.items()]
    return sorted(ranked, key=lambda answer: -answer[0])


def _successor(signals: Signals, view: View, position: int, over: set[int]) -> int | None:
    """The position of what superseded a memory last, if it is among those looked for."""
    for _ in range(CHAIN):
        cube_id = signals.scope.id_of(position)
        newer = [edge.source for edge in view.neighbours([cube_id], (SUPERSEDES,), 1) if edge.target == cube_id]
        places = [place for each in newer if (place := signals.scope.position_of(each)) is not None and signals.passing[place]]
        if not places:
            return None
        position = max(places, key=lambda place: int(signals.scope.said_at[place]))
        if position not in over:
            return position
    return None


def _scored(signals: Signals, fusion: Fusion, position: int) -> tuple[float, dict[str, float]]:
    ranked = fusion.rank(signals, np.array([position], np.int64))
    return float(ranked.scores[0]), ranked.why(0)
