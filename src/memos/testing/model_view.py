"""The plain model's View: every read as a loop over all that there is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from memos.errors import InvalidCall, NotFound
from memos.memcube.call import Caller
from memos.memcube.change import Idempotency
from memos.memcube.cube import MemCube, Usage
from memos.memcube.fields import instant
from memos.memcube.filter import Filter
from memos.memcube.hold import Holds
from memos.memcube.namespace import within
from memos.memcube.spans import indexed
from memos.memcube.state import State as CubeState
from memos.ports.adapter import Branch, NamespaceInfo, Page, Pending, Snapshot
from memos.ports.feed import OPEN
from memos.ports.paging import KEYS
from memos.testing.model import Row, State
from memos.testing.model_holding import ModelHolding
from memos.testing.model_log import ModelLogs
from memos.testing.model_related import ModelRelated
from memos.testing.model_rules import ModelRules

if TYPE_CHECKING:
    from memos.memcube.change import Terms


class ModelView(ModelLogs, ModelRelated, ModelRules, ModelHolding):
    """The reads of `memos.ports.adapter.View`, `feed` as `rows_of` and cursors as offsets apart."""

    def __init__(self, state: State, tenant: str, branch: str, at: int | None, dimensions: int | None) -> None:
        self.state, self.tenant, self.branch, self.dimensions = state, tenant, branch, dimensions
        self.head = state.head
        self.horizon, self.last_erasure = state.horizons.get(tenant, 0), state.erased.get(tenant, 0)
        if at is not None and not 0 <= at <= self.head:
            raise InvalidCall("at")
        if branch and (tenant, branch) not in state.branches:
            raise NotFound("branch")
        self.seq = self.head if at is None else at
        if (at is not None and at < self.horizon) or (branch and self.seq < state.branches[tenant, branch][1]):
            raise InvalidCall("before")
        self.key = state.key(tenant, branch)
        self.policy_epoch = state.epoch
        self.base = min(state.branches[tenant, branch][0], self.seq) if branch else None
        self.rows = state.visible(tenant, branch, self.seq)

    def shown(self, row: Row) -> MemCube:
        """The memory as it is read: with its use so far."""
        count, heat = self.state.usage.get(row.cube.id, (0, None))
        usage = Usage(count=count, last_used_at=instant(heat[0]), heat=heat[1]) if heat else Usage()
        return row.cube.model_copy(update={"usage": usage})

    def head_of(self, row: Row) -> Row | None:
        """The row that grants read: the canonical one that is open, else the branch's."""
        heads = [each for each in self.state.rows if each.uid == row.uid and each.end == OPEN and each.branch in {"", self.key}]
        return min(heads, key=lambda each: each.branch, default=None)

    def granted(self, row: Row, grant: Filter, now: datetime) -> bool:
        """Whether the grant allows the memory."""
        head = self.head_of(row)
        return head is not None and self.passes(head, grant, now)

    def passes(self, row: Row, filter: Filter, now: datetime) -> bool:
        """Whether a filter holds of a row."""
        return filter.matches(row.cube, now=now, inherited=self.state.inherited(self.tenant, row.cube.namespace))

    def selected(self, filter: Filter, grant: Filter, now: datetime) -> list[Row]:
        """The visible rows that pass both."""
        return [row for row in self.rows if self.passes(row, filter, now) and self.granted(row, grant, now)]

    def get(self, ids: Sequence[str], *, grant: Filter, now: datetime) -> dict[str, MemCube]:
        """See the port."""
        return {row.cube.id: self.shown(row) for row in self.rows if row.cube.id in ids and self.granted(row, grant, now)}

    def allowed(self, ids: Sequence[str], *, grant: Filter, now: datetime) -> frozenset[str]:
        """See the port."""
        return frozenset(self.get(ids, grant=grant, now=now))

    def find(
        self, filter: Filter, *, grant: Filter, now: datetime, order: str = "created_at", descending: bool = False, limit: int = 100,
        cursor: str | None = None,
    ) -> Page:  # fmt: skip
        """See the port; the cursor is an offset."""
        cubes = [self.shown(row) for row in self.selected(filter, grant, now)]
        cubes.sort(key=lambda cube: (KEYS[order](cube), cube.id), reverse=descending)
        start = int(cursor or 0)
        return Page(tuple(cubes[start : start + limit]), str(start + limit) if len(cubes) > start + limit else None)

    def count(self, filter: Filter, *, grant: Filter, now: datetime) -> int:
        """See the port."""
        return len(self.selected(filter, grant, now))

    def versions(self, id: str, *, grant: Filter, now: datetime) -> tuple[MemCube, ...]:
        """See the port."""
        base = self.seq if self.base is None else self.base
        mine = [row for row in self.state.rows if row.tenant == self.tenant and row.cube.id == id]
        history = [row for row in mine if (row.seq <= base if not row.branch else row.branch == self.key and row.seq <= self.seq)]
        return tuple(self.shown(row) for row in history) if any(self.granted(row, grant, now) for row in history) else ()

    def rows_of(self, namespace: str, after: int, *, cold: bool = False) -> list[Row]:
        """The rows of which a feed tells anew, of all branches."""
        return [row for row in self.state.rows if self._in(row, namespace) and row.seq > after and is_cold(row) is cold]

    def ended(self, namespace: str, after: int, *, cold: bool = False) -> dict[int, int]:
        """The rows that were closed since: number → commit."""
        rows = [row for row in self.state.rows if self._in(row, namespace) and is_cold(row) is cold]
        return {row.number: row.end for row in rows if after < row.end < OPEN}

    def _in(self, row: Row, namespace: str) -> bool:
        return row.tenant == self.tenant and row.cube.namespace == namespace

    def told_vectors(self, namespace: str, after: int, *, cold: bool = False) -> dict[int, Any]:
        """The vectors of which a feed tells: those of its rows, and those that came since."""
        new = {row.content for row in self.rows_of(namespace, after, cold=cold)}
        old = {row.content for row in self.rows_of(namespace, -1, cold=cold) if row.seq <= after}
        contents = self.state.contents
        return {number: contents[number].vector for number in new | old if contents[number].filled > (0 if number in new else after)}

    def handed_down(self, namespace: str) -> tuple[str, ...]:
        """The entries that a feed tells for the whole namespace."""
        return tuple(sorted(self.state.inherited(self.tenant, namespace))) if (self.tenant, namespace) in self.state.last_seq else ()

    def last_seq(self, namespace: str) -> int:
        """See the port."""
        return self.state.stamp(self.tenant, namespace)

    def last_purge(self, namespace: str) -> int:
        """See the port."""
        return self.state.purges.get((self.tenant, namespace), 0 if (self.tenant, namespace) in self.state.last_seq else self.last_erasure)

    def moment(self, when: datetime) -> int:
        """See the port."""
        return max((row["seq"] for row in self.state.log if row["tenant"] == self.tenant and row["at"] <= when), default=0)

    def time_of(self, seq: int) -> datetime | None:
        """See the port."""
        mine = [row["at"] for row in self.state.log if row["tenant"] == self.tenant and row["seq"] <= seq]
        return mine[-1] if mine else None

    def snapshots(self, owner: str) -> tuple[Snapshot, ...]:
        """See the port."""
        mine = [(seq, name) for (tenant, who, name), seq in self.state.snapshots.items() if (tenant, who) == (self.tenant, owner)]
        return tuple(Snapshot(name, seq, self.state.named[self.tenant, owner, name]) for seq, name in sorted(mine))

    def branches(self, prefix: str = "") -> tuple[Branch, ...]:
        """See the port."""
        mine = sorted(
            (name, *of) for (tenant, name), of in self.state.branches.items() if tenant == self.tenant and name.startswith(prefix)
        )
        return tuple(Branch(name, base, opened, self.state.log[opened - 1]["at"]) for name, base, opened in mine)

    def needed(self) -> int | None:
        """See the port."""
        seqs = [seq for (tenant, *_), seq in self.state.snapshots.items() if tenant == self.tenant]
        return min(seqs + [base for (tenant, _), (base, _) in self.state.branches.items() if tenant == self.tenant], default=None)

    def left_behind(self, spare: Holds | None = None) -> bool:
        """See the port."""
        closed = {str(opened) for tenant, opened in self.state.closed if tenant == self.tenant}
        rows = [row for row in self.state.rows if row.tenant == self.tenant and row.branch.rpartition("\n")[2] in closed]
        return bool({row.cube.id for row in rows} - self.spared(spare))

    def overlaid(self) -> tuple[str, ...]:
        """See the port."""
        return tuple(row.cube.id for row in self.rows if row.branch)

    def purgeable(self, upto: int, above: int = 0) -> bool:
        """See the port."""
        return any(row.tenant == self.tenant and not row.branch and above < row.end <= upto for row in self.state.rows)

    def changed(self, namespaces: Sequence[str], after: int, upto: int) -> tuple[str, ...]:
        """See the port."""
        rows = [row for row in self.state.rows if row.tenant == self.tenant and row.branch == self.key]
        rows = [row for row in rows if any(within(row.cube.namespace, path) for path in namespaces)]
        found = {(row.uid, row.cube.id) for row in rows if after < row.seq <= upto or after < row.end <= upto}
        return tuple(cube_id for _, cube_id in sorted(found))

    def due(self, now: datetime, limit: int, spare: Holds | None = None) -> tuple[str, ...]:
        """See the port."""
        spared = self.spared(spare)
        rows = [row.cube for row in self.heads() if row.cube.state != CubeState.EXPIRED and not row.cube.frozen]
        found = sorted((cube.policy.expires_at, cube.id) for cube in rows if cube.policy.expires_at is not None)
        return tuple(cube_id for end, cube_id in found if end <= now and cube_id not in spared)[:limit]

    def forgotten(self, upto: int, limit: int, spare: Holds | None = None) -> tuple[str, ...]:
        """See the port."""
        spared = self.spared(spare)
        found = sorted((row.seq, row.cube.id) for row in self.heads() if row.cube.state == CubeState.EXPIRED)
        return tuple(cube_id for seq, cube_id in found if seq <= upto and cube_id not in spared)[:limit]

    def unexamined(self, limit: int) -> tuple[str, ...]:
        """See the port."""
        return tuple(row.cube.id for row in sorted(self.heads(), key=lambda row: row.seq) if not row.cube.policy.examined)[:limit]

    def last_fill(self) -> int:
        """See the port."""
        return max((content.filled for content in self.state.contents.values()), default=0)

    def paths(self, prefix: str) -> tuple[str, ...]:
        """See the port."""
        return tuple(sorted(path for tenant, path in self.state.last_seq if tenant == self.tenant and (not prefix or within(path, prefix))))

    def namespaces(self, prefix: str = "") -> tuple[NamespaceInfo, ...]:
        """See the port."""
        standing = [row for row in self.rows if row.cube.state is not CubeState.EXPIRED]
        found = []
        for path in self.paths(prefix):
            contents = [self.state.contents[row.content] for row in standing if row.cube.namespace == path]
            pending = sum(content.wanted and not content.filled for content in contents)
            found.append(NamespaceInfo(path, len(contents), pending, self.last_seq(path)))
        return tuple(found)

    def terms(self, content: int) -> Terms:
        """The terms of a content."""
        return self.state.contents[content].terms

    def facts(self, namespace: str, facts: Sequence[str], owner: str) -> dict[str, str]:
        """See the port."""
        mine = (row for row in self.rows if (row.cube.namespace, row.cube.policy.owner) == (namespace, owner))
        rows = sorted(mine, key=lambda row: -row.uid)
        return {row.fact: row.cube.id for row in rows if row.fact is not None and row.fact in facts}

    def turns(self, namespace: str, session: str, ordinals: Sequence[int]) -> dict[int, str]:
        """See the port."""
        of_session = (row for row in self.rows if (row.cube.namespace, row.cube.session) == (namespace, session))
        rows = [row for row in of_session if row.cube.state != CubeState.EXPIRED]
        rows.sort(key=lambda row: -row.uid)
        return {row.cube.ordinal: row.cube.id for row in rows if row.cube.ordinal is not None and row.cube.ordinal in ordinals}

    def next_ordinal(self, namespace: str, session: str) -> int:
        """See the port."""
        rows = [row.cube for row in self.state.rows if self._in(row, namespace) and row.cube.session == session]
        return max((cube.ordinal for cube in rows if cube.ordinal is not None), default=-1) + 1

    def pending(self, limit: int) -> Pending:
        """See the port."""
        wanting = [
            (content.attempts, number)
            for number, content in self.state.contents.items()
            if content.tenant == self.tenant and content.wanted and not content.filled
        ]
        contents = self.state.contents

        def known(number: int) -> tuple[int, str | None, str]:
            cube = contents[number].cube
            return number, None if cube.policy.veiled else contents[number].speaker, indexed(cube.text, cube.policy)

        return Pending(tuple(known(number) for _, number in sorted(wanting)[:limit]))

    def vectors_of(self, ids: Sequence[str]) -> dict[str, Any]:
        """See the port."""
        found = {row.cube.id: self.state.contents[row.content] for row in self.rows if row.cube.id in ids}
        return {cube_id: content.vector for cube_id, content in found.items() if content.filled}

    def replay(self, idempotency: Idempotency, caller: Caller) -> tuple[str, tuple[str, ...]] | None:
        """See the port."""
        found = self.state.calls.get((caller.tenant, caller.kind, caller.user, idempotency.key))
        if found is None:
            return None
        if not found[0] or found[0] != idempotency.fingerprint:
            raise InvalidCall("fingerprint")
        return found[1], found[2]

    def load(self, rows: Sequence[int]) -> list[MemCube]:
        """See the port."""
        visible = {row.number: row for row in self.rows}
        if not set(rows) <= visible.keys():
            raise NotFound("row")
        return [self.shown(visible[number]) for number in rows]


def is_cold(row: Row) -> bool:
    """Whether a feed of what is hot leaves a row out."""
    return row.cube.state in {CubeState.ARCHIVED, CubeState.EXPIRED}
