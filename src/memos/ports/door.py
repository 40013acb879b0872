"""Door: the one way in. MemoryAPI is one; an HTTP client is another."""

from __future__ import annotations

from typing import Protocol

from memos.memcube.call import Caller, MemoryCall, MemoryReply


class Door(Protocol):
    """Handles calls; errors come back as the reply's status, never as exceptions."""

    def handle(self, caller: Caller, call: MemoryCall) -> MemoryReply:
        """Run one call to its end."""
