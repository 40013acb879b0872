"""Replacement: ways of choosing which KV blocks stay under a budget of bytes: LRU, LFU, GDSF, and what ours makes of them."""

from __future__ import annotations

import math
from collections.abc import Hashable
from heapq import heapify, heappop, heappush
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
_LARGEST = 2.0**500
"""From which weight on all weights are scaled down, which changes no comparison."""


_REMEMBERED = 1 << 16
"""From how many names on those that were used once are forgotten."""


class Keeper(Generic[K]):
    """What is kept, each with its value; room is made by letting go of what is worth least. Subclasses say what something is worth.

    A value changes only when its key is used, so that a heap finds the least; equal ones go in the order of their last use.
    """

    def __init__(self, budget: int) -> None:
        self.budget = budget
        self.bytes = 0
        self.admitted = self.evicted = 0
        self._sizes: dict[K, int] = {}
        self._values: dict[K, tuple[float, int]] = {}
        self._heap: list[tuple[float, int, K]] = []
        self._clock = 0

    def __contains__(self, key: K) -> bool:
        return key in self._sizes

    def __len__(self) -> int:
        return len(self._sizes)

    def use(self, key: K, size: int, cost: float) -> bool:
        """Something is used that takes `size` bytes and costs `cost` seconds to make anew; whether it is there already."""
        self._clock += 1
        hit = key in self._sizes
        value = self._worth(key, size, cost, hit=hit)
        if hit:
            self._value(key, value)
        elif size <= self.budget and self._makes_room(key, size, value):
            self._sizes[key] = size
            self.bytes += size
            self.admitted += 1
            self._value(key, value)
        return hit

    def drop(self, key: K) -> None:
        """Let go of something that is void, or that has to go."""
        if key in self._sizes:
            self.bytes -= self._sizes.pop(key)
            del self._values[key]

    def _worth(self, key: K, size: int, cost: float, *, hit: bool) -> float:
        raise NotImplementedError

    def _admits(self, value: float, size: int, victims: list[tuple[float, int]]) -> bool:
        """Whether something is to be kept at the price of others, each a value and a size."""
        return True

    def _gone(self, key: K, value: float) -> None:
        """Something was let go of."""

    def _value(self, key: K, value: float) -> None:
        self._values[key] = value, self._clock
        heappush(self._heap, (value, self._clock, key))
        if len(self._heap) > 4 * len(self._values) + 64:
            self._heap = [(worth, when, name) for name, (worth, when) in self._values.items()]
            heapify(self._heap)

    def _makes_room(self, key: K, size: int, value: float) -> bool:
        taken: list[tuple[float, int, K]] = []
        free = self.budget - self.bytes
        while free < size:
            worth, when, name = heappop(self._heap)
            if self._values.get(name) == (worth, when):
                taken.append((worth, when, name))
                free += self._sizes[name]
        if taken and not self._admits(value, size, [(worth, self._sizes[name]) for worth, _, name in taken]):
            for each in taken:
                heappush(self._heap, each)
            return False
        for worth, _, name in taken:
            self.drop(name)
            self.evicted += 1
            self._gone(name, worth)
        return True


class Recent(Keeper[K]):
    """LRU: what was used last stays."""

    def _worth(self, key: K, size: int, cost: float, *, hit: bool) -> float:
        return float(self._clock)


class Frequent(Keeper[K]):
    """LFU: what was used most since it came stays."""

    def _worth(self, key: K, size: int, cost: float, *, hit: bool) -> float:
        return self._values[key][0] + 1 if hit else 1.0


class Dual(Keeper[K]):
    """GDSF, Greedy-Dual-Size-Frequency (Cherkasova 1998): uses times cost for each byte, over what the last that went was worth."""

    def __init__(self, budget: int) -> None:
        super().__init__(budget)
        self._floor = 0.0
        self._uses: dict[K, int] = {}

    def _worth(self, key: K, size: int, cost: float, *, hit: bool) -> float:
        self._uses[key] = self._uses.get(key, 0) + 1 if hit else 1
        return self._floor + self._uses[key] * cost / max(1, size)

    def _gone(self, key: K, value: float) -> None:
        self._floor = max(self._floor, value)


class Remembered(Dual[K]):
    """GDSF that remembers uses of what is not kept too, each later one weighing less: uses to a power times cost for each byte.

    The root lies between LRU, to which all uses are one, and GDSF; what was seen before need not earn its place anew.
    """

    def __init__(self, budget: int, power: float) -> None:
        super().__init__(budget)
        self._power = power

    def _worth(self, key: K, size: int, cost: float, *, hit: bool) -> float:
        if len(self._uses) > _REMEMBERED:
            self._uses = {name: uses for name, uses in self._uses.items() if uses > 1 or name in self._sizes}
        self._uses[key] = uses = self._uses.get(key, 0) + 1
        return self._floor + math.pow(uses, self._power) * cost / max(1, size)


class Aged(Keeper[K]):
    """GDSF with worths of our own: uses since it came, `most` at most, each by its being a hit and by what it saves.

    Hit ratio times saved cost grows with either: half of a use's worth is one hit for each byte, half is its cost for each byte, both in
    parts of their means.
    """

    def __init__(self, budget: int, most: int) -> None:
        super().__init__(budget)
        self._most, self._floor = most, 0.0
        self._uses: dict[K, int] = {}
        self._means = Means()

    def _worth(self, key: K, size: int, cost: float, *, hit: bool) -> float:
        self._uses[key] = min(self._most, self._uses.get(key, 0) + 1) if hit else 1
        return self._floor + self._uses[key] * self._means.density(size, cost)

    def _gone(self, key: K, value: float) -> None:
        self._floor = max(self._floor, value)
        self._uses.pop(key, None)


class Means:
    """The mean size and cost of what was used, and what a use is worth for each byte beside them."""

    __slots__ = ("cost", "count", "size")

    def __init__(self) -> None:
        self.size = self.cost = 0.0
        self.count = 0

    def density(self, size: int, cost: float) -> float:
        """The worth of one use for each byte, 2 for a use of mean size and cost; it is counted for the means too."""
        self.count += 1
        self.size += size
        self.cost += cost
        mean = self.size / self.count / max(1, size)
        return mean + mean * cost / (self.cost / self.count or 1.0)


class Decayed(Keeper[K]):
    """Uses that fade, worth as those of `Aged`, remembered of what is not kept too; a newcomer must be worth more than what it displaces.

    Aging is forward decay: a later use weighs more. The half-life is `turns` times as many uses as memories fit; None never forgets.
    Admission is TinyLFU's (Einziger, Friedman, Manes 2017), over all victims together (the aggregated
    victims of Einziger, Eytan, Friedman, Manes 2022).
    """

    def __init__(self, budget: int, turns: float | None, *, admission: bool = True) -> None:
        super().__init__(budget)
        self._turns, self._admission = turns, admission
        self._weights: dict[K, float] = {}
        self._step = 1.0
        self._means = Means()

    def _worth(self, key: K, size: int, cost: float, *, hit: bool) -> float:
        density = self._means.density(size, cost)
        if self._turns is not None:
            fit = max(4.0, self.budget * self._means.count / max(1.0, self._means.size))
            self._step *= math.exp2(1 / (self._turns * fit))
            if self._step > _LARGEST:
                self._scale()
        self._weights[key] = weight = self._weights.get(key, 0.0) + self._step
        return weight * density

    def _admits(self, value: float, size: int, victims: list[tuple[float, int]]) -> bool:
        return not self._admission or value * size > sum(worth * taken for worth, taken in victims)

    def _scale(self) -> None:
        """Bring all weights down; those that fall to nothing are forgotten."""
        down = 1 / self._step
        self._weights = {key: weight * down for key, weight in self._weights.items() if weight * down > 1e-12}
        self._values = {key: (value * down, when) for key, (value, when) in self._values.items()}
        self._heap = [(value, when, key) for key, (value, when) in self._values.items()]
        heapify(self._heap)
        self._step = 1.0
