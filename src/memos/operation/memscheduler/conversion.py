"""Conversion: what a change of form costs and what it is expected to save, in seconds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

from memos.memcube.heat import HALF_LIFE
from memos.memcube.plan import Tier
from memos.memcube.state import MemoryType
from memos.operation.memscheduler.policies import Placement
from memos.operation.memscheduler.signals import Costs

_HALF_LIFE_DAYS = HALF_LIFE / 86_400_000_000


@dataclass(frozen=True, slots=True)
class Subject:
    """A memory that may change its form: `heat` as it is now, decayed; `first_used_at` and `count` tell how long and how often it was used.

    `kind` is its predicted tag, or what somebody said that it is, such as `procedure`; `protected` says why it stays text.
    """

    cube: str
    version: int
    tokens: int
    heat: float = 0.0
    count: int = 0
    first_used_at: datetime | None = None
    last_used_at: datetime | None = None
    kind: str | None = None
    protected: str | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    """In which form and tier a memory is, and since when."""

    form: MemoryType = MemoryType.PLAINTEXT
    tier: Tier = "text"
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Economy:
    """What a form costs and saves over the horizon: expected uses, seconds that one saves, seconds of making it."""

    uses: float
    saved: float
    build: float

    @property
    def gain(self) -> float:
        """Seconds saved for each second spent."""
        return self.uses * self.saved / self.build if self.build > 0 else 0.0


def expected_uses(heat: float, horizon_days: float) -> float:
    """The uses to come within the horizon, if a memory goes on as it did lately and cools as its heat does.

    Heat is a sum of uses that halve in each half-life h, so that steady use at the rate r has the heat r h / ln 2. Over the horizon T that
    rate is taken to fade by the same law: the uses are heat (1 - 2^(-T / h)).
    """
    return max(0.0, heat) * (1 - math.exp2(-horizon_days / _HALF_LIFE_DAYS))


def as_block(subject: Subject, placement: Placement, costs: Costs, *, load: float = 0.0, tier: Tier = "mapped") -> Economy:
    """A KV block: it is read once, and then loaded. A busy model makes a saved second worth more, and a spent one no less."""
    saved = (costs.read(subject.tokens) - costs.load[tier] * subject.tokens) * (1 + load)
    return Economy(expected_uses(subject.heat, placement.horizon_days), saved, costs.made(subject.tokens))


def as_adapter(subject: Subject, placement: Placement, costs: Costs, *, load: float = 0.0) -> Economy:
    """An adapter that has learnt it: no token of it stands in the window, none is read or loaded, wherever it would stand."""
    uses = expected_uses(subject.heat, placement.learn_horizon_days)
    return Economy(uses, costs.read(subject.tokens) * (1 + load), costs.train)
