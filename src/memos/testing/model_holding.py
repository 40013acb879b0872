"""The plain model of retention and holds: what is worn, what is held, and what stands in each namespace."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from memos.memcube.fields import instant, microseconds
from memos.memcube.filter import Filter
from memos.memcube.heat import cooled
from memos.memcube.hold import Holds
from memos.ports.feed import OPEN
from memos.ports.retaining import Idle, Tally, Worn
from memos.testing.model import Row, State
from memos.testing.model_purge import kept


class ModelHolding:
    """What `ModelView` is over; it gives the state and the tenant."""

    state: State
    tenant: str

    def passes(self, row: Row, filter: Filter, now: datetime) -> bool:
        """Whether a filter holds of a row."""
        raise NotImplementedError

    def held(self, ids: Sequence[str], holds: Holds) -> dict[str, str]:
        """See the port."""
        found: dict[str, str] = {}
        for each in reversed(holds.each):
            found |= dict.fromkeys(self.spared(Holds(holds.now, (each,))) & set(ids), each.name)
        return found

    def spared(self, holds: Holds | None) -> set[str]:
        """The memories that holds keep."""
        return {row.cube.id for row in self.state.rows if row.tenant == self.tenant and kept(self.state, row, holds)}

    def heads(self) -> list[Row]:
        """The canonical rows that stand."""
        return [row for row in self.state.rows if row.tenant == self.tenant and not row.branch and row.end == OPEN]

    def worn(self, wanted: Worn, now: datetime, *, after: int = 0, limit: int = 1000) -> Idle:
        """See the port."""
        found = sorted((row.uid, row.cube.id) for row in self._worn(wanted, now) if row.uid > after)
        return Idle(tuple(cube_id for _, cube_id in found[:limit]), found[limit - 1][0] if len(found) >= limit else None)

    def tally(self, wanted: Worn, *, grant: Filter, now: datetime, idle: timedelta) -> tuple[Tally, ...]:
        """See the port; a text is stored as it is."""
        rows = [row for row in self._worn(wanted, now) if self.passes(row, grant, now)]
        return tuple(self._counted(path, rows, now, idle) for path in sorted({row.cube.namespace for row in rows}))

    def hottest(self, now: datetime, limit: int) -> tuple[tuple[str, float], ...]:
        """See the port."""
        heats: dict[str, float] = {}
        for row in self.heads():
            if row.cube.id in self.state.usage:
                heats[row.cube.namespace] = heats.get(row.cube.namespace, 0.0) + self._heat(row, now)
        return tuple(sorted(heats.items(), key=lambda item: (-item[1], item[0]))[:limit])

    def _counted(self, path: str, rows: list[Row], now: datetime, idle: timedelta) -> Tally:
        mine = [row for row in rows if row.cube.namespace == path]
        size = sum(size_of(row) for row in mine)
        last = [self.state.usage[row.cube.id][1][0] for row in mine if row.cube.id in self.state.usage]
        heat = sum(self._heat(row, now) for row in mine)
        return Tally(path, len(mine), size, heat, instant(max(last)) if last else None, sum(self.unused(row, now, idle) for row in mine))

    def _worn(self, wanted: Worn, now: datetime) -> list[Row]:
        spared = self.spared(wanted.spare)
        rows = [row for row in self.heads() if row.cube.state in wanted.states and (wanted.frozen or not row.cube.frozen)]
        rows = [row for row in rows if row.cube.id not in spared and self.passes(row, wanted.filter, now)]
        rows = [row for row in rows if wanted.idle is None or self.unused(row, now, wanted.idle)]
        return [row for row in rows if wanted.heat is None or self._heat(row, now) < wanted.heat]

    def _heat(self, row: Row, now: datetime) -> float:
        used = self.state.usage.get(row.cube.id)
        return cooled(used[1], microseconds(now)) if used else 0.0

    def unused(self, row: Row, now: datetime, span: timedelta) -> bool:
        """Whether a memory was neither written, moved nor used for a span."""
        cube, used = row.cube, self.state.usage.get(row.cube.id)
        at = self.state.log[row.seq - 1]["at"]
        last = microseconds(max(at, cube.updated_at, cube.created_at, instant(used[1][0]) if used else cube.created_at))
        length = span // timedelta(microseconds=1)
        return last < microseconds(now) - length * 2 ** (cube.policy.priority / 25)


def size_of(row: Row) -> int:
    """The bytes of a memory's content as it is stored."""
    payload = row.cube.payload
    return len((row.cube.text if payload.type == "plaintext" else payload.model_dump_json(exclude={"type"})).encode())
