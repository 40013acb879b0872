"""Weighing: how probable it is that a request needs a memory, and which memories say the same."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from memos.memcube.plan import Task
from memos.memcube.state import MemoryType
from memos.operation.memscheduler.echoes import Echoes
from memos.operation.memscheduler.policies import Policy
from memos.operation.memscheduler.signals import Available, Candidate, Signals

_WORD = re.compile(r"\w+(?:['’]\w+)?")
_TURNS = frozenset(
    ("no", "not", "never", "none", "nobody", "nothing", "neither", "nor", "without", "hardly", "stopped", "former", "formerly")
)
FITS: Mapping[Task, float] = {"procedure": 1.0, "dialogue": 0.4, "factual": 0.0}
"""How well what an adapter has learnt serves a task: how things are done, not what is so, of which the words are wanted."""
ACTS = frozenset({"procedure", "instruction", "preference", "request", "style"})
"""The kinds of memories that say how to act."""
UNFOUND = 250
"""The rank that what a search did not find is taken to have: of LoCoMo's dev questions some .0002 of it is evidence."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """A candidate, the chance that it is needed, what that is worth, and how well an adapter would do for it.

    `place` is its rank where echoes are not counted, `share` what it weighs of what others weigh there: see `echoes`.
    """

    candidate: Candidate
    chance: float
    worth: float
    fit: float
    place: int | None = None
    share: float = 1.0

    @property
    def late(self) -> bool:
        """Whether it is an echo, as a model's own answer is, and comes after anything else."""
        return self.share < 1.0

    @property
    def cube(self) -> str:
        """Its id."""
        return self.candidate.cube

    @property
    def tokens(self) -> int:
        """Those of its text."""
        return self.candidate.tokens

    def block(self, adapter: str | None) -> Available | None:
        """Its KV block that can be composed under an adapter and is fastest to load, None without one."""
        order = ("ram", "mapped", "int8")
        return min(self._blocks(adapter, exact=False), key=lambda each: (order.index(each.tier), each.via), default=None)

    def beginnings(self, adapter: str | None) -> Iterator[Available]:
        """The blocks with which a prompt can begin that hold it."""
        return self._blocks(adapter, exact=True)

    def _blocks(self, adapter: str | None, *, exact: bool) -> Iterator[Available]:
        for each in self.candidate.forms:
            if each.form is MemoryType.ACTIVATION and each.adapter == adapter and each.exact is exact and each.tier != "text":
                yield each

    @property
    def learnt(self) -> tuple[str, ...]:
        """The adapters that have learnt it."""
        return tuple(each.via for each in self.candidate.forms if each.form is MemoryType.PARAMETER)


def weighed(candidate: Candidate, odds: Mapping[Task, float], signals: Signals, policy: Policy, heard: Echoes | None = None) -> Weighed:
    """A candidate as it weighs for a request, of which each task has its probability."""
    weights = policy.weighing
    heard = heard or Echoes()
    place, share = heard.place(candidate), heard.share(candidate)
    chance = share * chance_at(place, policy)
    boost = weights.priority * candidate.priority / 100 + weights.heat * math.log1p(max(0.0, candidate.heat))
    if candidate.said_at is not None:
        age = max(0.0, (signals.now - candidate.said_at) / timedelta(days=1))
        boost += weights.recency * math.exp2(-age / weights.half_life_days) * (odds["dialogue"] + odds["procedure"] / 2)
    fit = sum(share * FITS[task] for task, share in odds.items()) * (1.0 if candidate.kind in ACTS else 0.5)
    return Weighed(candidate, chance, min(1.0, chance * math.exp(boost)), fit, place, share)


def chance_at(rank: int | None, policy: Policy) -> float:
    """The chance of what a search finds at a rank from 0; of what it did not find among a hundred it is about that of the 250th."""
    weights = policy.weighing
    return weights.first * math.pow((UNFOUND if rank is None else rank) + 1, -weights.fall)


def twins(found: Sequence[Weighed], alike: float) -> dict[str, str]:
    """For each memory that says what one before it says, which that is."""
    seen: list[tuple[Weighed, frozenset[str], frozenset[str]]] = []
    same: dict[str, str] = {}
    for each in found:
        words = _WORD.findall(each.candidate.text.casefold())
        bag, turning = frozenset(words), frozenset(word for word in words if word in _TURNS or not word.isalpha())
        if not bag:
            continue
        for other, others, turned in seen:
            if turning == turned and _alike(bag, others) >= alike and _one_voice(each.candidate, other.candidate):
                same[each.cube] = other.cube
                break
        else:
            seen.append((each, bag, turning))
    return same


def _alike(one: frozenset[str], other: frozenset[str]) -> float:
    """Jaccard's index; 0 without counting where the sizes tell that it is small."""
    few, many = sorted((len(one), len(other)))
    if few < many / 2:
        return 0.0
    return len(one & other) / len(one | other)


def _one_voice(one: Candidate, other: Candidate) -> bool:
    """Whether one speaker said both within a day: what is said again on another day tells of another day."""
    if one.speaker != other.speaker:
        return False
    if one.said_at is None or other.said_at is None:
        return True
    return abs(one.said_at - other.said_at) < timedelta(days=1)
