"""Bounds: for each block of neighbouring memories a score that none of theirs exceeds, in a fraction of the time of scoring them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from memos.operation.memoperator.features import Signals
from memos.operation.memoperator.scope import ASSISTANT_AT_LENGTH, BLOCK, IN_BRIEF, Floats, Scope

KINDS = ("when_x_timey", "howmany_x_number", "asks", "thin", "assistant_x_told", "assistant_x_mine")


def bounds(signals: Signals, weights: Mapping[str, float], chosen: NDArray[np.bool_]) -> Floats:
    """For each block of positions an upper bound of Σ weight · feature of those chosen in it, -inf where none is.

    No lane's weight may be negative.
    A memory's neighbours are no better than the best of its block and the two beside it, its session no better than its best memory.
    """
    own = _own(signals, weights)
    if not chosen.all():
        own[~chosen] = -np.inf
    total = block_best(own)
    for lane, scores, usual in zip(signals.names, signals.scores, signals.usual, strict=True):
        best = block_best(scores)
        around = np.maximum(best, usual)
        np.maximum(around[1:], best[:-1], out=around[1:])
        np.maximum(around[:-1], best[1:], out=around[:-1])
        total += np.float32(sum(weights.get(lane + what, 0) for what in ("_prev", "_next", "_near2"))) * around
        if weight := weights.get(f"{lane}_sess"):
            total += np.float32(weight) * _sessions(signals.scope, best, around)
    return total


def block_best(values: Floats) -> Floats:
    """The greatest value of each block; the last may be short."""
    whole = len(values) // BLOCK * BLOCK
    best = values[:whole]
    while len(best) * BLOCK > whole:
        best = np.maximum(best[0::2], best[1::2])
    return best if whole == len(values) else np.append(best, values[whole:].max())


def _own(signals: Signals, weights: Mapping[str, float]) -> Floats:
    """What each memory has of itself, and what it has as the answer to the turn before."""
    question, scope, lex = signals.question, signals.scope, signals.lanes.get("lex")
    asked = (question.asks_when, question.asks_how_many, True, True, question.asks_what_was_told, question.asks_about_me)
    kinds = [weights.get(name, 0) if counts else 0 for name, counts in zip(KINDS, asked, strict=True)]
    total = scope.weighted_kinds(np.array([*kinds, 0], np.float32))
    if signals.names:
        total += np.array([weights.get(lane, 0) for lane in signals.names], np.float32) @ signals.scores
    if lex is not None and (weight := weights.get("answers")):
        replies = scope.brief_answers
        total[replies] += np.float32(weight) * scope.kinds[IN_BRIEF].take(replies) * lex.take(replies - 1)
    if signals.rare is not None:
        at = np.flatnonzero(signals.rare)
        total[at] += signals.rare[at] * (np.float32(weights.get("rare", 0)) - np.float32(kinds[-1]) * scope.kinds[ASSISTANT_AT_LENGTH, at])
    if signals.date is not None:
        total += np.float32(weights.get("date", 0)) * signals.date
    if signals.named is not None:
        plain = np.float32(weights.get("named", 0))
        total += signals.named * (plain if lex is None else lex * np.float32(weights.get("named_x_lex", 0)) + plain)
    return total


def _sessions(scope: Scope, best: Floats, around: Floats) -> Floats:
    """The greatest value in any session that reaches into a block: a short one lies within the blocks beside, long ones are looked up."""
    long = scope.long_sessions
    if not len(long.numbers):
        return around
    greatest = np.maximum.reduceat(np.append(best, -np.inf), long.spans)[::2].astype(np.float32)
    total = around.copy()
    for blocks, sessions in ((long.heads, long.of_heads), (long.tails, long.of_tails)):
        total[blocks] = np.maximum(total[blocks], greatest[sessions])
    return total


def evident(signals: Signals) -> NDArray[np.bool_]:
    """The memories of which the question's words say anything: through their session, their speaker or their date."""
    scope = signals.scope
    found = np.zeros(scope.n, np.bool_)
    if "lex" in signals.lanes:
        hit = np.zeros(len(scope.starts), np.bool_)
        hit[scope.sessions[(signals.lanes["lex"] > 0) & signals.passing]] = True
        found |= hit.take(scope.sessions)
    if signals.named is not None:
        found |= signals.named > 0
    if signals.date is not None:
        found |= signals.date > 0
    return found
