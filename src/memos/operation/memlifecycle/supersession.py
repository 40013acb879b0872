"""Supersession: whether a later memory ends the validity of an earlier one, or repeats it. No model, no clock, no chance.

Both texts are read once (`prepare`) and compared unit by unit. Features made by hand - who is spoken of, what is denied, values of the same
slot, cues of change near shared words, and what hedges a text - enter a logistic regression, whose weights `evals.lifecycle.train` fits.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files

from memos.operation.memlifecycle.features import unit_features
from memos.operation.memlifecycle.grammar import UNSAFE
from memos.operation.memlifecycle.reading import Reading, Statement
from memos.operation.memlifecycle.statements import prepare
from memos.operation.memlifecycle.words import lexicon

__all__ = ["CONFIDENT", "DECISION", "Reading", "Relation", "Statement", "Verdict", "judge", "prepare"]

DECISION = 0.6
"""From this probability on a verdict is SUPERSEDES. Meant for pairs that were brought together because they belong together: between turns
of a talk that only share words nearly all verdicts below CONFIDENT are wrong."""
CONFIDENT = 0.7
"""From this confidence on one sentence by itself tells the change: to act upon where most pairs have nothing to do with each other, as in
a long talk. It finds fewer: about a third of the changes told in plain statements, and one turn in a thousand of a chat."""

_NOT_GROUNDED = 0.65  # most that a verdict is trusted whose evidence no sentence bears by itself
_NOT_BORNE = 0.5  # how much is trusted that there is no change where the words weigh like one, and do not say it
_REPEATED = 0.75  # share of the content words that a repetition keeps
_REASONS = {
    "aligned number": "a number changed",
    "aligned place": "moved",
    "aligned state": "another state",
    "aligned slot": "another value",
    "label same": "another value",
    "aligned end": "ended",
    "aligned start": "began",
    "word ends": "denied or ended",
    "state changed": "another state",
    "place changed": "another place",
    "number near": "a number changed",
    "slot changed": "another value",
    "word begins": "began",
    "topic ends": "ended",
    "replace by word": "replaced",
    "end by word": "ended",
    "replace by topic": "replaced",
    "end by topic": "ended",
}
_DOUBTS = ("question", "suppose", "wish", "past", "passing", "reported", "quoted", "other person", "clash", "modifier differs")


class Relation(StrEnum):
    """What a later memory is to an earlier one."""

    SUPERSEDES = "supersedes"
    REPEATS = "repeats"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A relation, how sure it is (0 to 1), and why in a few words."""

    relation: Relation
    confidence: float
    reason: str


def judge(old: Statement | Reading, new: Statement | Reading) -> Verdict:
    """What the later memory is to the earlier one. Hand over readings (`prepare`) when one memory is judged against many."""
    before = old if isinstance(old, Reading) else prepare(old)
    after = new if isinstance(new, Reading) else prepare(new)
    kept = _repetition(before, after)
    if kept >= _REPEATED:
        return Verdict(Relation.REPEATS, round(kept, 4), "the same in other words")
    found = unit_features(before, after)
    if not found:
        return Verdict(Relation.NONE, 1.0, "nothing in common")
    weights = _weights()
    odds, best = max(((_odds(weights, features), features) for features in found), key=lambda pair: ("borne" in pair[1], pair[0]))
    probability = 1 / (1 + math.exp(-odds))
    if probability < DECISION:
        doubt = next((name for name in _DOUBTS if name in best), "")
        return Verdict(Relation.NONE, round(1 - probability, 4), doubt or "no sign of a change")
    if "borne" not in best:
        return Verdict(Relation.NONE, _NOT_BORNE, "not said of the same")
    confidence = probability if "grounded" in best else min(probability, _NOT_GROUNDED)
    return Verdict(Relation.SUPERSEDES, round(confidence, 4), _reason(best, before, after))


@lru_cache(maxsize=1)
def _weights() -> Mapping[str, float]:
    weights: Mapping[str, float] = json.loads(files(__package__).joinpath("weights.json").read_text(encoding="utf-8"))
    return weights


def _odds(weights: Mapping[str, float], features: Mapping[str, float]) -> float:
    return weights["bias"] + sum(weights.get(name, 0.0) * value for name, value in features.items())


def _reason(best: Mapping[str, float], old: Reading, new: Reading) -> str:
    what = next((reason for name, reason in _REASONS.items() if name in best), "contradicted")
    topics = frozenset[str]().union(*(unit.topics for unit in old.units)) & frozenset[str]().union(*(unit.topics for unit in new.units))
    specific = sorted(topics - lexicon().broad) or sorted(topics)
    return f"{what}: {specific[0]}" if specific else what


def _repetition(old: Reading, new: Reading) -> float:
    """The share of the content words of both that both have; 0 when the people, a name, a number or a denial differs."""
    if old.exact != new.exact or not old.stems or not new.stems or old.people != new.people or _manner(old) != _manner(new):
        return 0.0
    return len(old.stems & new.stems) / len(old.stems | new.stems)


def _manner(reading: Reading) -> set[tuple[str, ...]]:
    """What changes the sense of a text even where hardly a word changes: its modes, and what it speaks of, with its sign."""
    manner: set[tuple[str, ...]] = set()
    for unit in reading.units:
        manner.update((mode,) for mode in unit.modes & UNSAFE)
        manner.update(("end",) for cue in unit.cues if cue == "end")
        manner.update((kind, *sorted(members)) for kind, members in unit.contrasts.items())
        manner.update((family, member, str(sign)) for family, members in unit.states.items() for member, sign in members.items())
    return manner
