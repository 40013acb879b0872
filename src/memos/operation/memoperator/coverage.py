"""Coverage: for questions whose answer lies in many places, the best spread over the time, or whole exchanges instead of single turns.

A summary wants what was asked with what was answered; the order in which things came up wants one of each time. Both are read off the
question, narrowly: no other kind of question of the development sets is taken for one (docs/decisions/0025-queries.md has the figures).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

import numpy as np

from memos.memcube.call import MemoryQuery
from memos.operation.memoperator.features import Signals
from memos.operation.memoperator.ranking import Fusion
from memos.operation.memoperator.scope import Places
from memos.operation.memoperator.succession import Answer

Shape = Literal["time", "exchanges"]
PARTS = 20
"""What passes is divided into so many parts of equal size, in the order in which it was said."""
REPLIES = 3
"""So many turns of an assistant after one belong to it at most."""
ASSISTANT = 4
"""The row of `Scope.kinds` that says so."""
_SUMMARY = re.compile(r"\b(summar(y|ies|i[sz]e)|overview|recap)\b", re.IGNORECASE)
_ORDER = re.compile(r"\b(the|what|which) order in which\b|\bin (what|which) order\b", re.IGNORECASE)


def shape_of(query: MemoryQuery) -> Shape | None:
    """How the answers are to be spread; None for not at all."""
    wanted = query.rank.coverage
    if wanted == "auto":
        if query.rank.diverse:
            return None
        return "time" if _ORDER.search(query.text) else "exchanges" if _SUMMARY.search(query.text) else None
    return None if wanted == "off" else wanted


def covered(shape: Shape, answers: Sequence[Answer], signals: Signals, fusion: Fusion) -> list[Answer]:
    """The answers in another order, best first, what that changes of a score as the contribution `coverage`."""
    if not answers:
        return []
    return _over_time(answers, signals) if shape == "time" else _whole_exchanges(answers, signals, fusion)


def _over_time(answers: Sequence[Answer], signals: Signals) -> list[Answer]:
    """Chosen one by one for the greatest gain of Σ over parts of the time of √(Σ relevance of those chosen there).

    The function is submodular, so that the greedy choice is within 1 - 1/e of the best (Lin and Bilmes 2011, A Class of Submodular
    Functions for Document Summarization, the diversity reward). Relevance runs from 0, the last of the answers, to 1, the first.
    """
    scores = np.array([score for score, _, _ in answers])
    low, span = float(scores.min()), float(np.ptp(scores))
    relevance = (scores - low) / span if span else np.ones(len(scores))
    parts = _parts(signals)[[position for _, _, position in answers]]
    had, left, found = np.zeros(PARTS), np.ones(len(scores), np.bool_), list[Answer]()
    for _ in answers:
        gains = np.where(left, np.sqrt(had[parts] + relevance) - np.sqrt(had[parts]), -1)
        place = int(gains.argmax())
        score, why, position = answers[place]
        left[place], had[parts[place]] = False, had[parts[place]] + relevance[place]
        found.append(_told(score, why, position, low + span * float(gains[place])))
    return found


def _parts(signals: Signals) -> Places:
    """In which part of the time each position lies; of those that do not pass it says nothing."""
    at = np.flatnonzero(signals.passing)
    ordered = at[np.argsort(signals.scope.said_at.take(at), kind="stable")]
    parts = np.zeros(signals.scope.n, np.int64)
    parts[ordered] = np.arange(len(ordered)) * PARTS // len(ordered)
    return parts


def _whole_exchanges(answers: Sequence[Answer], signals: Signals, fusion: Fusion) -> list[Answer]:
    """What was asked and what the assistant answered stand together, in the place of the better."""
    known = {position: (score, why) for score, why, position in answers}
    found: dict[int, Answer] = {}
    for best, _, position in answers:
        for member in _exchange(signals, position):
            if member not in found and signals.passing[member]:
                score, why = known.get(member) or _scored(signals, fusion, member)
                found[member] = _told(score, why, member, max(best, score))
    return sorted(found.values(), key=lambda answer: -answer[0])


def _exchange(signals: Signals, position: int) -> range:
    """The positions of one exchange: what an assistant did not say, and what it said next in the session."""
    scope = signals.scope
    told, session = scope.kinds[ASSISTANT], scope.sessions
    first = position
    while told[first] and position - first < REPLIES and first > 0 and session[first - 1] == session[position]:
        first -= 1
    last = first
    while last + 1 < scope.n and last - first < REPLIES and session[last + 1] == session[position] and told[last + 1]:
        last += 1
    return range(first, max(last, position) + 1)


def _scored(signals: Signals, fusion: Fusion, position: int) -> tuple[float, dict[str, float]]:
    ranked = fusion.rank(signals, np.array([position], np.int64))
    return float(ranked.scores[0]), ranked.why(0)


def _told(score: float, why: dict[str, float], position: int, becomes: float) -> Answer:
    change = becomes - score
    whole = why | {"coverage": change} if change else why
    return sum(whole.values()), whole, position
