"""Which slot of a server a prompt goes to: the one that holds the most of its beginning, without losing another conversation for little."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from threading import Condition

from memos.errors import Unavailable

Tokens = tuple[int, ...]


@dataclass
class Slot:
    """What a slot holds, as far as it is known: tokens of prompts under a salt. `used` orders slots by their last use."""

    id: int
    tokens: Tokens = ()
    salt: str = ""
    used: int = 0
    busy: bool = False


class Slots:
    """The slots of one server, each for one request at a time."""

    def __init__(self, total: int, patience: float) -> None:
        self._all = [Slot(place) for place in range(total)]
        self._patience, self._clock = patience, count(1)
        self._free = Condition()

    @property
    def total(self) -> int:
        """How many there are."""
        return len(self._all)

    @property
    def busy(self) -> int:
        """How many answer now."""
        return sum(slot.busy for slot in self._all)

    @contextmanager
    def taken(self, prompt: Tokens, salt: str) -> Iterator[Slot]:
        """A slot for a prompt, waited for if need be; Unavailable when none comes free in time."""
        with self._free:
            if not self._free.wait_for(lambda: self.busy < self.total, self._patience):
                raise Unavailable(f"all {self.total} slots of the server were busy for {self._patience:g} s: retry, or give it more")
            slot = self._chosen(prompt, salt)
            slot.busy, slot.used = True, next(self._clock)
        try:
            yield slot
        finally:
            with self._free:
                slot.busy = False
                self._free.notify()

    @contextmanager
    def every(self) -> Iterator[list[Slot]]:
        """All slots at once, when their answers have ended."""
        with self._free:
            if not self._free.wait_for(lambda: not self.busy, self._patience):
                raise Unavailable(f"an answer of the server did not end within {self._patience:g} s: retry")
            for slot in self._all:
                slot.busy = True
        try:
            yield self._all
        finally:
            with self._free:
                for slot in self._all:
                    slot.busy = False
                self._free.notify_all()

    def _chosen(self, prompt: Tokens, salt: str) -> Slot:
        """The free slot of which this prompt goes on with at least half; else the one that was unused for longest."""
        free = [slot for slot in self._all if not slot.busy]
        best = max(free, key=lambda slot: (shared(slot, prompt, salt), -slot.used))
        if 2 * shared(best, prompt, salt) >= max(len(best.tokens), 1):
            return best
        return min(free, key=lambda slot: slot.used)


def shared(slot: Slot, prompt: Tokens, salt: str) -> int:
    """How many tokens of a prompt a slot has read already."""
    if slot.salt != salt:
        return 0
    pairs = zip(slot.tokens, prompt, strict=False)
    return next((place for place, (one, other) in enumerate(pairs) if one != other), min(len(slot.tokens), len(prompt)))
