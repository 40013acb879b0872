"""Bounds: for every memory in scope at once a score that its own does not exceed, in a fraction of the time of scoring it in full."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from memos.operation.memoperator.features import Signals
from memos.operation.memoperator.scope import Floats, Scope

KINDS = ("when_x_timey", "howmany_x_number", "asks", "thin", "assistant")


def bound(signals: Signals, weights: Mapping[str, float]) -> Floats:
    """An upper bound of Σ weight · feature by position, exact but for two things: a session counts as its best memory instead of the mean of three,
    and the better of the memories two away may be of another session. No lane's weight may be negative, lest it be no bound.
    """
    total = _kinds(signals, weights)
    if signals.date is not None:
        total += np.float32(weights.get("date", 0)) * signals.date
    if signals.named is not None:
        total += np.float32(weights.get("named", 0)) * signals.named
        if "lex" in signals.lanes:
            total += np.float32(weights.get("named_x_lex", 0)) * signals.named * signals.lanes["lex"]
    for distance, what in ((-1, "_prev"), (1, "_next")):
        _add_beside(total, signals, distance, {lane: weights.get(lane + what, 0.0) for lane in signals.lanes})
    for lane, scores in signals.lanes.items():
        total += np.float32(weights.get(lane, 0)) * scores
        _add_second(total, signals, lane, weights.get(f"{lane}_near2", 0.0))
    best = [np.float32(weight) * session_greatest(signals, scores) for lane, scores in signals.lanes.items() if (weight := weights.get(f"{lane}_sess"))]
    if best:
        total += np.sum(best, axis=0, dtype=np.float32).take(signals.scope.sessions)
    return total


def session_greatest(signals: Signals, scores: Floats) -> Floats:
    """For each session the greatest score among those that pass, 0 or more."""
    scope = signals.scope
    passing = scores if signals.all_pass else np.where(signals.passing, scores, 0)
    greatest = passing.take(scope.starts)
    talks, cuts, places = scope.talks
    if len(talks):
        greatest[talks] = np.maximum.reduceat(passing, cuts).take(places)
    return np.maximum(greatest, 0)


def _kinds(signals: Signals, weights: Mapping[str, float]) -> Floats:
    asked = (signals.question.asks_when, signals.question.asks_how_many, True, True, True)
    vector = np.array([weights.get(name, 0) if counts else 0 for name, counts in zip(KINDS, asked, strict=True)], np.float32)
    return signals.scope.weighted_kinds(vector)


def _add_beside(total: Floats, signals: Signals, distance: int, weights: Mapping[str, float]) -> None:
    """Add what the turn before (-1) or after (1) contributes; where there is none, what stands in."""
    scope = signals.scope
    edge = scope.starts if distance < 0 else scope.ends - 1
    given = np.zeros(scope.n, np.float32)
    missing = np.zeros(len(edge), np.float32)
    for lane, weight in weights.items():
        given += np.float32(weight) * signals.lanes[lane]
        missing += np.float32(weight) * signals.stand_in(lane, signals.lanes[lane].take(edge))
    moved = np.empty_like(given)
    if distance < 0:
        moved[1:] = given[:-1]
    else:
        moved[:-1] = given[1:]
    moved[edge] = missing
    total += moved


def _add_second(total: Floats, signals: Signals, lane: str, weight: float) -> None:
    """Add what the better of the two turns two away contributes."""
    scope, scores = signals.scope, signals.lanes[lane]
    best = _better(scores)
    best[scope.short] = signals.stand_in(lane, scores.take(scope.short))
    best *= np.float32(weight)
    total += best


def _better(scores: Floats) -> Floats:
    best = np.full_like(scores, -1)
    best[2:] = scores[:-2]
    np.maximum(best[:-2], scores[2:], out=best[:-2])
    return best


def evident(signals: Signals) -> NDArray[np.bool_]:
    """The memories of which the question's words say anything: through their session, their speaker or their date."""
    scope: Scope = signals.scope
    found = np.zeros(scope.n, np.bool_)
    if "lex" in signals.lanes:
        found |= (session_greatest(signals, signals.lanes["lex"]) > 0).take(scope.sessions)
    if signals.named is not None:
        found |= signals.named > 0
    if signals.date is not None:
        found |= signals.date > 0
    return found
