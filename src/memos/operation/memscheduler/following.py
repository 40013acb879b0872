"""Following: our replacement, which plays several ways of keeping with names alone, and keeps what the one keeps that fares best."""

from __future__ import annotations

import math
from typing import TypeVar

from memos.operation.memscheduler.policies import USUAL, Policy
from memos.operation.memscheduler.replacement import Aged, Decayed, Dual, Frequent, Keeper, Recent, Remembered

K = TypeVar("K")
START = "lru"
"""Which way is followed before any has fared better."""


class Following(Keeper[K]):
    """Ours: several ways of keeping are played with names alone, and what is kept follows the one that fares best of late.

    How each fares is its hit ratio times its saved cost, fading with the policy's half-life. What it keeps comes in, and what has to go is
    first what it does not keep: so a change of mind costs nothing until room is needed. Another is followed when it is better by `margin`.
    """

    margin = 0.01

    def __init__(self, budget: int, half_life: int = 1000) -> None:
        super().__init__(budget)
        self.ways: dict[str, Keeper[K]] = {
            "steady": Decayed(budget, 16.0),
            "slow": Decayed(budget, 4.0),
            "quick": Decayed(budget, 1.0, admission=False),
            "lasting": Decayed(budget, None),
            "root": Remembered(budget, 0.5),
            "remembered": Remembered(budget, 1.0),
            "aged": Aged(budget, 1 << 30),
            "some": Aged(budget, 3),
            "greedy": Aged(budget, 1),
            "gdsf": Dual(budget),
            "lfu": Frequent(budget),
            "lru": Recent(budget),
        }
        self.followed = START
        self._fade = math.exp2(-1 / half_life)
        self._hits = dict.fromkeys(self.ways, 0.0)
        self._saved = dict.fromkeys(self.ways, 0.0)
        self._last: dict[K, int] = {}

    def use(self, key: K, size: int, cost: float) -> bool:
        """As every Keeper's."""
        self._clock += 1
        for name, way in self.ways.items():
            hit = way.use(key, size, cost)
            self._hits[name] = self._hits[name] * self._fade + hit
            self._saved[name] = self._saved[name] * self._fade + hit * cost
        self._choose()
        hit = key in self._sizes
        if not hit and size <= self.budget and (key in self.ways[self.followed] or self.bytes + size <= self.budget):
            self._let_in(key, size)
        if key in self._sizes:
            self._last[key] = self._clock
        return hit

    def drop(self, key: K) -> None:
        """Let go of something that is void, here and in what is played."""
        if key in self._sizes:
            self.bytes -= self._sizes.pop(key)
            self._last.pop(key, None)
        for way in self.ways.values():
            way.drop(key)

    def _choose(self) -> None:
        fares = {name: self._hits[name] * self._saved[name] for name in self.ways}
        best = max(fares, key=fares.__getitem__)
        if fares[best] > fares[self.followed] * (1 + self.margin):
            self.followed = best

    def _let_in(self, key: K, size: int) -> None:
        way = self.ways[self.followed]
        if self.bytes + size > self.budget:
            for name in sorted(self._sizes, key=lambda each: (each in way, self._last[each])):
                self.bytes -= self._sizes.pop(name)
                del self._last[name]
                self.evicted += 1
                if self.bytes + size <= self.budget:
                    break
        self._sizes[key] = size
        self.bytes += size
        self.admitted += 1


def keeper(policy: Policy = USUAL, budget: int = 0) -> Keeper[str]:
    """The keeper of a policy under a budget of bytes."""
    if policy.kind == "lru":
        return Recent(budget)
    if policy.kind == "lfu":
        return Frequent(budget)
    if policy.kind == "gdsf":
        return Dual(budget)
    return Following(budget, policy.half_life)
