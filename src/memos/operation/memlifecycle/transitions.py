"""Transitions: the one table of a memory's states, and what asks for a change of state."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from memos.errors import FrozenMemory, IllegalTransition
from memos.memcube.cube import MemCube
from memos.memcube.state import State

TRANSITIONS: Mapping[State, frozenset[State]] = MappingProxyType(
    {
        State.GENERATED: frozenset({State.ACTIVATED, State.MERGED, State.ARCHIVED, State.EXPIRED}),
        State.ACTIVATED: frozenset({State.MERGED, State.ARCHIVED, State.EXPIRED}),
        State.MERGED: frozenset({State.ACTIVATED, State.ARCHIVED, State.EXPIRED}),
        State.ARCHIVED: frozenset({State.ACTIVATED, State.EXPIRED}),
        State.EXPIRED: frozenset({State.GENERATED}),
    }
)
"""From → to. `frozen` is a flag beside the state (docs/decisions/0012). Out of EXPIRED leads `restore` alone."""


class Event(StrEnum):
    """What may move a memory; the origin that the provenance of the change names."""

    USE = "use"
    SUPPLEMENT = "supplement"
    CONFIRMATION = "confirmation"
    CONSOLIDATION = "consolidation"
    IDLENESS = "idleness"
    EXPIRY = "expiry"
    RULE = "rule"
    RETENTION = "retention"
    ARCHIVE = "archive"
    FORGET = "forget"
    RESTORE = "restore"
    VOID = "void"


def allowed(before: State, after: State, event: Event) -> bool:
    """Whether an event may move a memory from one state to another; staying is always allowed."""
    if before is after:
        return True
    return after in TRANSITIONS[before] and (before is not State.EXPIRED or event is Event.RESTORE)


def require(cube: MemCube, after: State, event: Event) -> None:
    """IllegalTransition unless the event may move the memory there; FrozenMemory when it is frozen."""
    require_thawed(cube)
    if not allowed(cube.state, after, event):
        ways = ", ".join(sorted(TRANSITIONS[cube.state])) if cube.state is not State.EXPIRED else "generated, by restore"
        raise IllegalTransition(
            f"the memory {cube.id} is {cube.state} and cannot become {after}; from there it may become {ways}",
            id=cube.id, state=str(cube.state), wanted=str(after),
        )  # fmt: skip


def require_thawed(cube: MemCube) -> None:
    """FrozenMemory when a memory refuses every change."""
    if cube.frozen:
        raise FrozenMemory(f"the memory {cube.id} is frozen; unfreeze it first", id=cube.id)


def supplemented(cube: MemCube, *, merging: bool) -> State:
    """Where a user's new text leads: what is added or merged in makes a memory Merged, what is written over leaves it in use."""
    if merging and State.MERGED in TRANSITIONS[cube.state]:
        return State.MERGED
    if merging and cube.state is State.MERGED:
        return State.MERGED
    return cube.state if cube.state is State.GENERATED else State.ACTIVATED
