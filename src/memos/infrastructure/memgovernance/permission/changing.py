"""Changing: what a write does to a memory, in the words of policies, whichever call it comes from.

An operation asks for its own action before it begins; this asks again of every row that is about to be written, so that no way round
(a restore, a merge, a branch, an equal fact) writes what its caller might not write directly.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from memos.errors import Denied
from memos.infrastructure.memgovernance.permission.actions import Action
from memos.infrastructure.memgovernance.permission.warrant import Warrant
from memos.memcube.call import Caller
from memos.memcube.change import CubeWrite
from memos.memcube.cube import MemCube
from memos.memcube.policy import AclEntry
from memos.memcube.restrictions import require_operation
from memos.memcube.state import State

GUARDED = ("owner", "acl", "stated", "conditions", "licence")
"""What of a policy says who may use a memory and how."""
WRITTEN = ("payload", "own_tags", "metadata", "path", "frozen", "speaker", "role", "session")
"""What only writing changes: neither sharing nor forgetting nor moving a memory does."""
OWN: Action = "erase"
"""The action that only who keeps a memory has: what makes it somebody's own asks for it."""


def demanded(before: MemCube | None, after: MemCube, home: str, now: datetime) -> tuple[tuple[Action, MemCube], ...]:
    """What a caller whose own namespace is `home` must be allowed to do, and to which memory, for a row to be written."""
    if before is None:
        return (("create", after),)
    asked: list[tuple[Action, MemCube]] = []
    if after.namespace != before.namespace:
        asked += [("share", before), ("create", after)]
        if f"{after.namespace}/".startswith(f"{home}/") and not f"{before.namespace}/".startswith(f"{home}/"):
            asked.append((OWN, before))
    over = before.policy.expires_at is not None and before.policy.expires_at <= now
    if (after.state is State.EXPIRED) is not (before.state is State.EXPIRED) and not over:
        asked.append(("forget", before))
    if _opens(before, after):
        asked.append(("share", before))
    if any(getattr(before, name) != getattr(after, name) for name in WRITTEN):
        asked.append(("write", before))
    return tuple(asked) or (("write", before),)


def _opens(before: MemCube, after: MemCube) -> bool:
    """Whether it says anew who may use the memory, or takes marks from parts of a text that stays."""
    if any(getattr(before.policy, name) != getattr(after.policy, name) for name in GUARDED):
        return True
    return before.text == after.text and _marks(before) - _marks(after) != set()


def _marks(cube: MemCube) -> set[tuple[int, int, str]]:
    return {(span.start, span.end, span.sensitivity) for span in cube.policy.spans if span.by == "user"}


def refused(warrant: Warrant, before: Mapping[str, MemCube], writes: Iterable[CubeWrite]) -> tuple[str, Action, MemCube] | None:
    """The first write that the caller may not make: its memory's id, the action that is wanted, and the memory."""
    asked: dict[Action, list[MemCube]] = {}
    for write in writes:
        for action, cube in demanded(before.get(write.cube.id), write.cube, warrant.home, warrant.now):
            asked.setdefault(action, []).append(cube)
        _require_shares(warrant.writer, before.get(write.cube.id), write.cube)
    for action, cubes in asked.items():
        for cube, allowed in zip(cubes, warrant.may(action, cubes), strict=True):
            if not allowed:
                return cube.id, action, cube
    return None


def _require_shares(caller: Caller, before: MemCube | None, after: MemCube) -> None:
    """A credential for adding is none for sharing, whatever stands beside the text."""
    if caller.restrictions is not None and _given(after) != (() if before is None else _given(before)):
        require_operation(caller, "share")


def _given(cube: MemCube) -> tuple[AclEntry, ...]:
    """What its people have put on a memory's list; that it is under review the system puts there."""
    return tuple(entry for entry in cube.policy.acl if set(entry.rights) != {"review"})


def require(warrant: Warrant, before: Mapping[str, MemCube], writes: Iterable[CubeWrite]) -> None:
    """Denied unless the caller may make every one of the writes; NotFound where a condition names a memory that it may not see."""
    given = tuple(writes)
    for write in given:
        old = before.get(write.cube.id)
        if write.cube.policy.conditions is not None and (old is None or old.policy.conditions != write.cube.policy.conditions):
            warrant.require_visible(write.cube.policy.conditions)
    found = refused(warrant, before, given)
    if found is not None:
        cube_id, action, cube = found
        raise Denied(
            f"this would {action} the memory {cube_id} in {cube.namespace}, which you may not; its owner or an admin of it can let you"
        )
