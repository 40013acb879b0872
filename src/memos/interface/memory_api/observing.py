"""Observing: what answers took, fed back to the scheduler: the share of tokens that were cached, and what a token costs on this machine."""

from __future__ import annotations

import threading
from dataclasses import replace

from memos.memcube.prompt import TokenUsage
from memos.operation.memscheduler.signals import Costs

KEPT = 0.9
"""How much of what was observed before weighs beside each further answer: about the last ten count."""
LEAST, MOST = 0.02, 50.0
"""By which factor the costs of the model at hand may differ from the usual ones; beyond that something else was measured."""
FEW = 16
"""An answer for which fewer tokens were read tells nothing of what reading costs."""
USUAL = Costs()
HOPED = (1000.0, 500.0)
"""What is assumed of an engine that keeps a cache, until its answers tell otherwise: tokens of prompts, and those that were cached."""


class Observed:
    """What the answers of one process took. Thread-safe."""

    def __init__(self, *, keeps: bool = False) -> None:
        self._lock = threading.Lock()
        self._prompt = self._cached = self._seconds = self._usual = 0.0
        if keeps:
            self._prompt, self._cached = HOPED

    def note(self, usage: TokenUsage) -> None:
        """An answer was given."""
        with self._lock:
            if usage.cached is not None:
                self._prompt, self._cached = KEPT * self._prompt + usage.prompt, KEPT * self._cached + usage.cached
            if usage.first_seconds and usage.computed is not None and usage.computed >= FEW:
                self._seconds = KEPT * self._seconds + usage.first_seconds
                self._usual = KEPT * self._usual + USUAL.read(usage.computed, usage.prompt - usage.computed)

    @property
    def hit_rate(self) -> float:
        """Of the tokens of the last prompts, the share that was cached."""
        with self._lock:
            return self._cached / self._prompt if self._prompt else 0.0

    def costs(self) -> Costs | None:
        """What things cost here: the usual costs, times how much slower or faster this model reads; None before anything was observed."""
        with self._lock:
            if not self._usual:
                return None
            factor = self._seconds / self._usual
        factor = min(MOST, max(LEAST, factor))
        return replace(
            USUAL,
            linear=USUAL.linear * factor,
            quadratic=USUAL.quadratic * factor,
            load={tier: seconds * factor for tier, seconds in USUAL.load.items()},
            attach=USUAL.attach * factor,
            adapter=USUAL.adapter * factor,
            build=USUAL.build * factor,
            train=USUAL.train * factor,
        )
