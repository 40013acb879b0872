"""Which slot of a server a prompt goes to: the one that holds the most of its beginning, without losing another conversation for little."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from threading import Condition

from memos.errors import MemOSError, Unavailable

Tokens = tuple[int, ...]


@dataclass
class Slot:
    """What a slot holds, as far as it is known: tokens of prompts under a salt. `used` orders slots by their last use.

    What a `stale` one holds was to be erased, and could not be yet.
    """

    id: int
    tokens: Tokens = ()
    salt: str = ""
    used: int = 0
    busy: bool = False
    stale: bool = False


class Slots:
    """The slots of one server, each for one request at a time. `erase` empties the one of a number at the server."""

    def __init__(self, total: int, patience: float, erase: Callable[[int], None]) -> None:
        self._all = [Slot(place) for place in range(total)]
        self._patience, self._erase, self._clock = patience, erase, count(1)
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
    def taken(self, prompt: Tokens, salt: str, *, reading: bool = True) -> Iterator[tuple[Slot, bool]]:
        """A slot for a prompt, waited for if need be, and whether what it holds may be hit; with `reading` it holds the prompt from now on.

        Unavailable when none comes free in time.
        """
        with self._free:
            if not self._free.wait_for(lambda: self.busy < self.total, self._patience):
                raise Unavailable(f"all {self.total} slots of the server were busy for {self._patience:g} s: retry, or give it more")
            slot = self._chosen(prompt, salt)
            slot.busy, slot.used = True, next(self._clock)
            usable = slot.salt == salt and not slot.stale
            if reading:
                slot.tokens, slot.salt, slot.stale = prompt, salt, False
        try:
            yield slot, usable
        finally:
            self._freed(slot)

    def drop(self) -> None:
        """Erase all slots, those that answer when they have ended. What cannot be erased is never hit, and is tried again later."""
        with self._free:
            for slot in self._all:
                slot.tokens, slot.salt, slot.stale = (), "", True
            idle = [slot for slot in self._all if not slot.busy]
            for slot in idle:
                slot.busy = True
        for slot in idle:
            self._freed(slot)

    def _freed(self, slot: Slot) -> None:
        """Let others have the slot, erased first where it is stale."""
        failed = False
        while True:
            with self._free:
                if failed or not slot.stale:
                    slot.busy = False
                    self._free.notify()
                    return
                slot.tokens, slot.salt, slot.stale = (), "", False
            try:
                self._erase(slot.id)
            except MemOSError:
                failed = slot.stale = True

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
