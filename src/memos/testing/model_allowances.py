"""The plain model's allowances: how much stands, counted over all rows there are."""

from __future__ import annotations

from memos.errors import QuotaExceeded
from memos.memcube.change import Allowance, ChangeSet
from memos.memcube.state import State as CubeState
from memos.ports.feed import OPEN
from memos.testing.model import State
from memos.testing.model_holding import size_of

Amount = tuple[int, int]
"""Memories, and the bytes of their texts."""


def standing(state: State, tenant: str, allowance: Allowance) -> Amount:
    """What stands of one owner, or of all, of every branch."""
    rows = [row for row in state.rows if row.tenant == tenant and row.end == OPEN and row.cube.state != CubeState.EXPIRED]
    rows = [row for row in rows if allowance.owner in {None, row.cube.policy.owner}]
    return len(rows), sum(map(size_of, rows))


def require_allowed(state: State, change: ChangeSet, stood: list[Amount]) -> None:
    """QuotaExceeded when more stands than is allowed, and more than stood before."""
    for allowance, before in zip(change.allowances, stood, strict=True):
        after = standing(state, change.tenant, allowance)
        for limit, count, counted in zip((allowance.memories, allowance.bytes), after, before, strict=True):
            if limit is not None and count > limit and count > counted:
                raise QuotaExceeded("allowance")
