"""Admission: which keys, of what sizes, a cache of so many bytes keeps: those used most for each byte, by a frequency that ages."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from heapq import heapify, heappop, heappush
from typing import Generic, TypeVar

from memos.operation.memoperator.frequency import LARGEST, Drift, Sketch

NEWCOMERS = 0.01
"""The part of the budget in which the latest newcomers stay, whatever their frequency: who comes in a burst is met again at once."""
HALF_LIFE, LEAST_HALF_LIFE = 16, 1024
"""In how many uses for each key that is kept, and in how many at least, the weight of a use falls to a half."""
LEAP = 4.0
"""By how much more a use weighs from a shift of the distribution on."""

Key = TypeVar("Key", bound=Hashable)


class Kept:
    """What is known of a key that is kept: its size, the weight of its uses, and the density under which the heap has it."""

    __slots__ = ("density", "size", "weight")

    def __init__(self, size: int, weight: float) -> None:
        self.size, self.weight, self.density = max(1, size), weight, -1.0


class Admission(Generic[Key]):
    """W-TinyLFU (Einziger, Friedman, Manes 2017) for entries of many sizes (Einziger, Eytan, Friedman, Manes 2022, aggregated victims).

    A newcomer stays for a while among the newcomers, in the order of use. Leaving them, it takes the place of those kept that are used
    least for each byte, if it is used more than all that would have to go; of a larger one that part counts which is as large as it.
    Of those that are larger than the budget itself the one used most is kept beside it: whoever reads that needs the room anyway, and to
    make it anew each time takes longest. Not safe among threads.
    """

    def __init__(self, budget: int, *, watch: bool = True) -> None:
        self.budget = budget
        self.sketch, self.drift = Sketch(), Drift()
        self.admitted = self.refused = self.evicted = 0
        self._watch = watch
        self._newcomers: OrderedDict[Key, Kept] = OrderedDict()
        self._main: dict[Key, Kept] = {}
        self._giant: dict[Key, Kept] = {}
        self._newcomers_bytes = self._main_bytes = 0
        self._heap: list[tuple[float, int, Key]] = []
        self._pushed = 0

    def __contains__(self, key: Key) -> bool:
        return key in self._main or key in self._newcomers or key in self._giant

    def __len__(self) -> int:
        return len(self._main) + len(self._newcomers) + len(self._giant)

    @property
    def bytes(self) -> int:
        """The sizes of all that is kept."""
        return self._newcomers_bytes + self._main_bytes + sum(kept.size for kept in self._giant.values())

    def kept(self, key: Key) -> Kept | None:
        """What is known of a key that is kept."""
        return self._main.get(key) or self._newcomers.get(key) or self._giant.get(key)

    def use(self, key: Key, size: int) -> list[Key]:
        """Count a use of a key, and keep it, of this size, if it is worth that; the keys to let go of, itself perhaps among them."""
        weight = self._count(key)
        kept = self.kept(key)
        if kept is None:
            kept = self._newcomers[key] = Kept(size, weight)
            self._newcomers_bytes += kept.size
            return self._settle()
        kept.weight = weight
        if key in self._newcomers:
            self._newcomers.move_to_end(key)
        return self.resize(key, size) if size != kept.size else []

    def offer(self, key: Key, size: int) -> bool:
        """Keep a key that nobody has asked for yet, if there is room for it without letting go of another."""
        kept = Kept(size, self.sketch.weight(key))
        if key in self or self.budget <= 0:
            return False
        if size > self._room and not self._giant:
            self._giant[key] = kept
            return True
        if self._main_bytes + size > self._room:
            return False
        self._admit(key, kept)
        return True

    def resize(self, key: Key, size: int) -> list[Key]:
        """A key that is kept has another size now; the keys to let go of."""
        newcomer = self._newcomers.get(key)
        if newcomer is not None:
            self._newcomers_bytes += size - newcomer.size
            newcomer.size = size
            return self._settle()
        if key in self._giant:
            giant = self._giant.pop(key)
            giant.size = size
            return self._compete(key, giant)
        kept = self._main.get(key)
        if kept is None or kept.size == size:
            return []
        self._main_bytes += size - kept.size
        grew, kept.size = size > kept.size, size
        if grew and self._main_bytes > self._room:
            self._take(key)
            return self._compete(key, kept)
        if grew:
            self._push(key, kept)
        return []

    def drop(self, key: Key) -> None:
        """Keep a key no longer."""
        if key in self._newcomers:
            self._newcomers_bytes -= self._newcomers.pop(key).size
        elif key in self._main:
            self._take(key)
        else:
            self._giant.pop(key, None)

    @property
    def _room(self) -> float:
        return self.budget * (1 - NEWCOMERS)

    def _count(self, key: Key) -> float:
        sketch = self.sketch
        total = sketch.total
        before, after = sketch.add(key)
        if self._watch and self.drift.saw(before / total if total else 0.0):
            sketch.step *= LEAP
        sketch.step *= 2 ** (1 / max(LEAST_HALF_LIFE, HALF_LIFE * len(self)))
        if sketch.step > LARGEST:
            self._scale(1 / sketch.step)
            after = sketch.weight(key)
        return after

    def _scale(self, factor: float) -> None:
        self.sketch.scale(factor)
        for kept in (*self._main.values(), *self._newcomers.values(), *self._giant.values()):
            kept.weight *= factor
        self._rebuild()

    def _settle(self) -> list[Key]:
        """Let the newcomers that have had their time compete for a place; the keys that lost."""
        gone: list[Key] = []
        while self._newcomers_bytes > NEWCOMERS * self.budget:
            key, kept = self._newcomers.popitem(last=False)
            self._newcomers_bytes -= kept.size
            gone += self._compete(key, kept)
        return gone

    def _compete(self, key: Key, kept: Kept) -> list[Key]:
        """Admit a key in place of those of least density, or refuse it; the keys that lost."""
        if kept.size > self._room and self.budget > 0:
            return self._compare(key, kept)
        over, weight, victims = self._main_bytes + kept.size - self._room, 0.0, list[tuple[Key, Kept]]()
        while over > 0 and weight < kept.weight and (victim := self._least()) is not None:
            lost = self._take(victim)
            weight, over = weight + lost.weight * min(1.0, kept.size / lost.size), over - lost.size
            victims.append((victim, lost))
        if weight >= kept.weight or self.budget <= 0:
            for victim, lost in victims:
                self._admit(victim, lost)
            self.refused += 1
            return [key]
        self._admit(key, kept)
        self.admitted += 1
        self.evicted += len(victims)
        return [victim for victim, _ in victims]

    def _compare(self, key: Key, kept: Kept) -> list[Key]:
        """Of two that are larger than the budget keep the one that is used more; the other."""
        lost = list(self._giant)
        if any(kept.weight <= other.weight for other in self._giant.values()):
            self.refused += 1
            return [key]
        self._giant = {key: kept}
        self.admitted += 1
        self.evicted += len(lost)
        return lost

    def _admit(self, key: Key, kept: Kept) -> None:
        self._main[key] = kept
        self._main_bytes += kept.size
        self._push(key, kept)

    def _take(self, key: Key) -> Kept:
        kept = self._main.pop(key)
        self._main_bytes -= kept.size
        return kept

    def _push(self, key: Key, kept: Kept) -> None:
        kept.density = kept.weight / kept.size
        self._pushed += 1
        heappush(self._heap, (kept.density, self._pushed, key))
        if len(self._heap) > 2 * len(self._main) + LEAST_HALF_LIFE:
            self._rebuild()

    def _rebuild(self) -> None:
        for kept in self._main.values():
            kept.density = kept.weight / kept.size
        self._heap = [(kept.density, number, key) for number, (key, kept) in enumerate(self._main.items())]
        self._pushed = len(self._heap)
        heapify(self._heap)

    def _least(self) -> Key | None:
        """The key of the least density, its place in the heap taken; weights only grow, so that one found higher is put back."""
        while self._heap:
            density, _, key = heappop(self._heap)
            kept = self._main.get(key)
            if kept is None or kept.density != density:
                continue  # it was dropped, or pushed again
            if kept.weight / kept.size <= density:
                return key
            self._push(key, kept)
        return None
