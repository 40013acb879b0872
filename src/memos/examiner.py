"""Examiner: reads the texts that were acknowledged before the detector had read them; what it finds goes in as a call by the system."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from memos.errors import MemOSError
from memos.memcube.change import Fence
from memos.memcube.cube import MemCube
from memos.memcube.filter import Filter
from memos.memcube.policy import SensitiveSpan
from memos.ports.adapter import MemoryAdapter
from memos.ports.clock import Clock

BATCH = 16
"""Texts that are read between two commits."""
ANYBODY = Filter.everything()

Call = Callable[..., Any]
"""Makes a call by the system: (tenant, operation, **options) → what the reply's value says."""
Examine = Callable[[str], tuple[SensitiveSpan, ...]]
log = logging.getLogger("memos.worker")


class Examiner:
    """Goes through what is not examined yet. A text that the detector fails on stays restricted, and is tried again by the next process."""

    def __init__(self, call: Call, adapter: MemoryAdapter, clock: Clock, examine: Examine) -> None:
        self._call, self._adapter, self._clock, self._examine = call, adapter, clock, examine
        self._failed: set[tuple[str, str, int]] = set()

    def left(self, tenant: str) -> tuple[str, ...]:
        """Some of the memories of a tenant that await their examination here."""
        return tuple(cube.id for cube in self._due(tenant))

    def step(self, tenant: str, fence: Fence) -> bool:
        """Examine some texts of a tenant; False when there were none."""
        due = self._due(tenant)
        found = [(cube.id, cube.version, spans) for cube in due if (spans := self._read(tenant, cube)) is not None]
        if found:
            self._call(tenant, "examine", found=tuple(found), fence=fence)
        return bool(due)

    def _due(self, tenant: str) -> tuple[MemCube, ...]:
        with self._adapter.view(tenant) as view:
            ids = view.unexamined(BATCH + len(self._failed))
            cubes = view.get(ids, grant=ANYBODY, now=self._clock.now())
        waiting = (cubes[each] for each in ids if each in cubes)
        return tuple(cube for cube in waiting if (tenant, cube.id, cube.version) not in self._failed)[:BATCH]

    def _read(self, tenant: str, cube: MemCube) -> tuple[SensitiveSpan, ...] | None:
        try:
            return self._examine(cube.text)
        except MemOSError as error:
            reason = error.code
        except Exception as error:  # noqa: BLE001 - a model may fail in any way on one text; the others are read still
            reason = type(error).__name__
        self._failed.add((tenant, cube.id, cube.version))
        log.warning(
            "the memory %s could not be examined (%s) and stays restricted; it is tried again when the store is opened", cube.id, reason
        )
        return None
