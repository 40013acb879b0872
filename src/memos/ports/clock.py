"""Clock: the port to time and ids, so that everything above it can be replayed."""

from __future__ import annotations

import os
import threading
from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID


class Clock(Protocol):
    """Where time and ids come from."""

    def now(self) -> datetime:
        """The present, aware, in UTC."""

    def new_id(self) -> str:
        """A fresh UUIDv7 in canonical form, greater than all before it from this clock."""


class SystemClock:
    """The machine's clock. Ids follow RFC 9562 §6.2, method 1: a 12-bit counter orders those of one millisecond."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def now(self) -> datetime:
        """The present in UTC."""
        return datetime.now(UTC)

    def new_id(self) -> str:
        """A UUIDv7; a clock that steps back does not make ids step back."""
        with self._lock:
            self._last = stamp = max(int(self.now().timestamp() * 1000) << 12, self._last + 1)
        return uuid7(stamp, int.from_bytes(os.urandom(8)))


def uuid7(stamp: int, noise: int) -> str:
    """A UUIDv7 from 48 bits of milliseconds followed by a 12-bit counter, and 62 random bits."""
    milliseconds, counter = stamp >> 12, stamp & 0xFFF
    return str(UUID(int=milliseconds << 80 | 7 << 76 | counter << 64 | 2 << 62 | noise & (1 << 62) - 1))
