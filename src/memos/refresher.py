"""Refresher: keeps the indexes of what is searched often in memory, and up with the store, between searches; in each process its own."""

from __future__ import annotations

import time
from collections import defaultdict, deque

from memos.operation.memoperator.operator import MemOperator
from memos.ports.adapter import MemoryAdapter
from memos.ports.clock import Clock
from memos.settings import Settings

PASS_SECONDS = 1.0
"""How often the hottest indexes are looked at."""
IDLE_SECONDS = 60.0
"""Where nobody has searched for so long, nothing is hot."""
HOTTEST = 32
"""How many are looked at in a pass: behind are those whose namespaces were written to since, by whichever process."""
WARMED = 256
"""How many are read in advance after a start, those whose memories have most heat first, while there is room for them."""


class Refresher:
    """The one stage of the worker that every process runs, for the indexes are its own. It writes nothing, and needs no post.

    A search waits for no more than the refresh of its own namespace, which it would have had to do itself.
    """

    def __init__(self, operator: MemOperator, adapter: MemoryAdapter, clock: Clock, settings: Settings) -> None:
        self._operator, self._adapter, self._clock = operator, adapter, clock
        warm = settings.cache_warm_seconds if settings.cache_bytes else None
        self._begin = None if warm is None else time.monotonic() + warm
        self._cold: deque[tuple[str, str]] = deque()
        self._next = self._last = 0.0
        self._uses = 0

    def step(self) -> bool:
        """Read one index in advance, or bring the hottest up to date, if that is due; True where more is due at once."""
        now = time.monotonic()
        if self._begin is not None and now >= self._begin:
            self._begin = None
            self._cold.extend(self._hottest())
        if self._cold and not self._warm(*self._cold.popleft()):
            self._cold.clear()
        if now >= self._next:
            self._next = now + PASS_SECONDS
            self.refresh(now)
        return bool(self._cold)

    def warm(self, seconds: float | None = None) -> None:
        """Read the indexes of hot namespaces now, those of most heat first, until there is no room or the time is up."""
        end = None if seconds is None else time.monotonic() + seconds
        for tenant, path in self._hottest():
            if (end is not None and time.monotonic() >= end) or not self._warm(tenant, path):
                return

    def refresh(self, now: float) -> int:
        """Bring the hottest indexes up to date, if anything was searched lately; how many were behind."""
        uses = self._operator.uses
        if uses != self._uses:
            self._uses, self._last = uses, now
        elif now > self._last + IDLE_SECONDS:
            return 0
        keys = defaultdict(list)
        for key in self._operator.hottest(HOTTEST):
            keys[key.tenant].append(key)
        changed = 0
        for tenant, mine in keys.items():
            with self._adapter.view(tenant) as view:
                changed += self._operator.lanes.refresh(view, mine)
        return changed

    def _hottest(self) -> list[tuple[str, str]]:
        found = []
        for tenant in self._adapter.tenants():
            with self._adapter.view(tenant) as view:
                found += [(heat, tenant, path) for path, heat in view.hottest(self._clock.now(), WARMED)]
        return [(tenant, path) for _, tenant, path in sorted(found, reverse=True)[:WARMED]]

    def _warm(self, tenant: str, path: str) -> bool:
        """False where there is no more room."""
        with self._adapter.view(tenant) as view:
            return self._operator.warm(view, path)
