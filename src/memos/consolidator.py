"""Consolidator: hands the memories that came since to the call that settles what they end and what they repeat."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from memos.errors import MemOSError, Unavailable, VersionConflict
from memos.memcube.change import Fence
from memos.ports.store import StoreParts

NAME = "consolidate"
OPERATIONS = frozenset({"add", "update", "compose", "restore", "merge", "review"})
"""Calls that bring new words."""
COMMITS = 100
"""How many commits are looked through at once."""
MOST = 64
"""Commits of more memories are imports, and left as they are: an old conversation that is loaded whole is no news of today."""
LAG = 1000
"""So many commits are gone through before the cursor is written down by itself; what was settled once is not settled again."""

Call = Callable[..., Any]
log = logging.getLogger("memos.worker")


class Consolidator:
    """Goes through the commit log behind a cursor of its own."""

    def __init__(self, call: Call, parts: StoreParts) -> None:
        self._call, self._adapter = call, parts.adapter
        self._fence = 0
        self._at: int | None = None
        self._kept = 0

    def lag(self) -> bool:
        """Whether there is something to look through."""
        return bool(self._adapter.events(self._adapter.cursor(NAME) if self._at is None else self._at, 1))

    def _settle(self, tenant: str, ids: tuple[str, ...]) -> None:
        """Settle some memories; where that fails for one of them, all the others still."""
        try:
            self._call(tenant, NAME, ids=ids)
        except (Unavailable, VersionConflict):
            raise
        except MemOSError as error:
            if len(ids) == 1:
                log.warning("the memory %s is not compared with others (%s)", ids[0], error.code)
                return
            for half in (ids[: len(ids) // 2], ids[len(ids) // 2 :]):
                self._settle(tenant, half)

    def step(self) -> bool:
        """Look through some commits; False when there were none."""
        if self._at is None:
            self._fence = self._adapter.elect(NAME)
            self._at = self._kept = self._adapter.cursor(NAME)
        rows = self._adapter.events(self._at, COMMITS)
        if not rows:
            return False
        fresh: dict[str, list[str]] = defaultdict(list)
        for row in rows:
            if row["operation"] in OPERATIONS and not row["branch"] and len(row["writes"]) <= MOST:
                fresh[row["tenant"]] += [cube_id for cube_id, _ in row["writes"]]
        for tenant, ids in fresh.items():
            self._settle(tenant, tuple(dict.fromkeys(ids)))
        self._at = rows[-1]["seq"]
        if self._at - self._kept >= LAG:
            self._call(rows[-1]["tenant"], "use", folds=(), fence=Fence(NAME, self._fence, self._at))
            self._kept = self._at
        return True
