"""The plain model's purge: rows that leave for good."""

from __future__ import annotations

from dataclasses import replace

from memos.errors import InvalidCall
from memos.memcube.change import Purge
from memos.memcube.hold import Holds
from memos.memcube.state import State as CubeState
from memos.ports.feed import OPEN
from memos.testing.model import Row, State


def purge(state: State, tenant: str, seq: int, wanted: Purge) -> int:
    """Take away what is wanted; how many version rows went."""
    if wanted.horizon is not None:
        _move_horizon(state, tenant, wanted.horizon)
    closed = {opened for owner, opened in state.closed if owner == tenant} if wanted.branches else set()
    expired = {row.cube.id for row in state.rows if not row.branch and row.end == OPEN and row.cube.state == CubeState.EXPIRED}
    wanted = replace(wanted, cubes=tuple(each for each in wanted.cubes if each in expired))
    spared = {row.cube.id for row in state.rows if row.tenant == tenant and kept(state, row, wanted.spare)}
    gone = [row for row in state.rows if row.tenant == tenant and _doomed(row, wanted, closed) and row.cube.id not in spared]
    _leave(state, tenant, seq, gone, (closed, spared))
    return len(gone)


def leave(state: State, tenant: str, seq: int, wanted: tuple[set[str], Holds | None], closed: set[int]) -> list[Row]:
    """Take all rows of some memories away, and what closed branches held but for what holds keep; the rows that went."""
    ids, spare = wanted
    spared = {row.cube.id for row in state.rows if row.tenant == tenant and kept(state, row, spare)} - ids
    mine = [row for row in state.rows if row.tenant == tenant and row.cube.id not in spared]
    gone = [row for row in mine if row.cube.id in ids or _opened(row.branch) in closed]
    _leave(state, tenant, seq, gone, (closed, spared))
    return gone


def _leave(state: State, tenant: str, seq: int, gone: list[Row], ended: tuple[set[int], set[str]]) -> None:
    closed, spared = ended
    state.rows = [row for row in state.rows if row not in gone]
    for path in {row.cube.namespace for row in gone}:
        state.purges[tenant, path] = state.last_seq[tenant, path] = seq
    _drop_what_is_left(state, {row.cube.id for row in gone}, {row.content for row in gone})
    state.relations = [
        each
        for each in state.relations
        if each.tenant != tenant or _opened(each.branch) not in closed or not spared.isdisjoint({each.edge.source, each.edge.target})
    ]


def kept(state: State, row: Row, holds: Holds | None) -> bool:
    """Whether a version is one for which a hold keeps its memory."""
    if holds is None:
        return False
    inherited = state.inherited(row.tenant, row.cube.namespace)
    return any(row.end > each.since and each.filter.matches(row.cube, now=holds.now, inherited=inherited) for each in holds.each)


def _move_horizon(state: State, tenant: str, horizon: int) -> None:
    needed = [seq for (owner, *_), seq in state.snapshots.items() if owner == tenant]
    needed += [base for (owner, _), (base, _) in state.branches.items() if owner == tenant]
    if not 0 <= horizon <= min([state.head, *needed]):
        raise InvalidCall("needed")
    state.horizons[tenant] = max(horizon, state.horizons.get(tenant, 0))


def _doomed(row: Row, wanted: Purge, closed: set[int]) -> bool:
    past = wanted.horizon is not None and not row.branch and wanted.above < row.end <= wanted.horizon
    return past or row.cube.id in wanted.cubes or _opened(row.branch) in closed


def _opened(branch: str) -> int | None:
    return int(branch.rpartition("\n")[2]) if branch else None


def _drop_what_is_left(state: State, ids: set[str], contents: set[int]) -> None:
    for cube_id in ids - {row.cube.id for row in state.rows}:
        del state.cubes[cube_id]
        state.usage.pop(cube_id, None)
    for content in contents - {row.content for row in state.rows}:
        del state.contents[content]
    state.relations = [each for each in state.relations if {each.edge.source, each.edge.target} <= state.cubes.keys()]
