"""Folder: folds the use that the journal has seen into the memories used, for all tenants in one commit with the cursor."""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from typing import Any

from memos.errors import MemOSError
from memos.memcube.change import Fence, UsageFold
from memos.ports.store import StoreParts
from memos.settings import Settings

NAME = "main"
IDLE_ROWS = 1000
"""How many rows of the journal that disclose nothing are passed over by a commit of the cursor alone."""
log = logging.getLogger("memos.worker")


class Folder:
    """Folds at an interval; `used` is told which memories of a tenant were."""

    def __init__(self, call: Callable[..., Any], parts: StoreParts, settings: Settings, used: Callable[[str, list[str]], object]) -> None:
        self._call, self._adapter, self._journal, self._settings, self._used = call, parts.adapter, parts.journal, settings, used
        self._next = 0.0

    def due_now(self) -> None:
        """Fold at the next step, whenever that was last."""
        self._next = 0.0

    def last(self, fence: int) -> None:
        """Fold once more before the store is closed; what fails is folded when it is opened again."""
        try:
            self.step(fence)
        except MemOSError as error:
            log.warning("what was used last is counted when the store is opened again (%s)", error.code)

    def step(self, fence: int) -> bool:
        """Fold the use that the journal has seen since, for all tenants in one commit with the cursor."""
        if time.monotonic() < self._next:
            return False
        self._next = time.monotonic() + self._settings.fold_seconds
        cursor = self._adapter.cursor(NAME)
        found = self._journal.uses(cursor)
        tenants = [tenant for tenant, _, _ in found.uses[:1]] or self._adapter.tenants()[:1]
        if not tenants or (not found.uses and found.upto - cursor < IDLE_ROWS):
            return False
        times: dict[tuple[str, str], list[datetime]] = defaultdict(list)
        for tenant, cube_id, at in found.uses:
            times[tenant, cube_id].append(at)
        folds = tuple(UsageFold(cube_id, len(seen), max(seen), float(len(seen)), tenant) for (tenant, cube_id), seen in times.items())
        self._call(tenants[0], "use", folds=folds, fence=Fence(NAME, fence, found.upto))
        used: dict[str, list[str]] = defaultdict(list)
        for tenant, cube_id in times:
            used[tenant].append(cube_id)
        for tenant, ids in used.items():
            self._used(tenant, ids)
        return True
