"""Counters: the port to what was used of rates and contracts, shared by all processes that have the store open."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol


class Counting(Protocol):
    """The counters within one transaction: what is taken is taken whole when it ends, or not at all. Keys are kept as keyed hashes."""

    def take(self, key: str, limit: int, window: int, amount: int) -> bool:
        """Take so many of a limit within a moving window of so many seconds; False, with nothing taken, when fewer are left."""

    def window(self, key: str, limit: int, window: int) -> tuple[float, int]:
        """When the earliest taking that is still within the window was, in seconds since 1970 (now, if there is none), and how many are."""

    def add(self, key: str, amount: int, limit: int) -> bool:
        """Add to a counter that never falls; False, with nothing added, when it would rise above the limit."""

    def total(self, key: str) -> int:
        """Where a counter that never falls stands, 0 for one that was never added to."""


class Counters(Protocol):
    """Raises Unavailable when the counters cannot be read or written: what cannot be counted is not allowed."""

    def transaction(self, *, durable: bool = False) -> AbstractContextManager[Counting]:
        """One transaction, undone when an error leaves it; with `durable` it is on the disk before it ends."""

    def close(self) -> None:
        """Release the file; later calls raise Unavailable."""
