"""Time machine: what differs between two versions of a memory, how one is brought back, and how two lines of change join."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from memos.memcube.cube import MemCube
from memos.memcube.state import State
from memos.operation.memlifecycle.texts import three_way
from memos.operation.memlifecycle.transitions import TRANSITIONS

FIELDS = (
    "text",
    "payload",
    "tags",
    "metadata",
    "namespace",
    "state",
    "frozen",
    "labels",
    "valid_from",
    "valid_to",
    "expires_at",
    "priority",
)
"""What a difference names; a text stands for a plaintext payload, tags for those of users: what is predicted follows from the text."""
CARRIED = ("payload", "tags", "metadata", "path", "valid_from", "valid_to", "expires_at", "priority")
"""What a version that is brought back carries with it; who may see the memory stays as it is now."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One memory at two moments; None where it was not there. `fields` names what differs."""

    id: str
    before: MemCube | None
    after: MemCube | None
    fields: tuple[str, ...]


def difference(cube_id: str, before: MemCube | None, after: MemCube | None) -> Difference | None:
    """What differs, None when nothing does."""
    if before is None or after is None:
        return None if before is after else Difference(cube_id, before, after, ())
    fields = tuple(name for name in FIELDS if value_of(before, name) != value_of(after, name))
    return Difference(cube_id, before, after, fields) if fields else None


def value_of(cube: MemCube, name: str) -> Any:
    """A field of the header, of the policy, or the payload of what is no plaintext."""
    if name == "tags":
        return cube.own_tags
    if name == "payload":
        return None if cube.payload.type == "plaintext" else cube.payload
    return getattr(cube.policy if name in {"expires_at", "priority"} else cube, name)


def toward(now: State, then: State) -> State:
    """The state in which a memory is brought back: that of then where a transition leads there, else the nearest."""
    if now is then or then in TRANSITIONS[now]:
        return then
    return State.GENERATED if now is State.EXPIRED else State.ACTIVATED


def brought_back(now: MemCube, then: MemCube, *, whole: bool) -> dict[str, Any]:
    """The fields of a new version that says what another said; with `whole` it returns to its namespace too."""
    carried = {name: getattr(then.policy, name) for name in ("expires_at", "priority", "spans", "examined")}
    policy = now.policy.model_copy(update=carried)
    fields = {name: getattr(then, name) for name in ("payload", "metadata", "valid_from", "valid_to")}
    said = now if now.payload == then.payload else then
    fields |= {"tags": (*then.own_tags, *said.predicted_tags), "path": said.path}
    if not whole:
        fields["valid_to"] = None  # what a user brings back by its id holds
    place = {"namespace": then.namespace, "layer": then.layer} if whole else {}
    return {**fields, **place, "policy": policy, "labels": then.labels if whole else ()}


@dataclass(frozen=True, slots=True)
class Joined:
    """Two lines of change as one: the fields of the outcome, the text where it is a new one, and the fields that conflict."""

    fields: Mapping[str, Any]
    text: str | None
    conflicts: tuple[str, ...]


JOINABLE = ("payload", "tags", "metadata", "namespace", "layer", "labels", "valid_from", "valid_to", "policy", "state", "frozen")


def joined(base: MemCube, ours: MemCube, theirs: MemCube) -> Joined:
    """A three-way join of headers and texts: what one side alone changed is taken; what both changed differently conflicts."""
    fields: dict[str, Any] = {}
    conflicts = []
    text = None
    for name in JOINABLE:
        held, mine, other = (cube.own_tags if name == "tags" else getattr(cube, name) for cube in (base, ours, theirs))
        if mine in (held, other):
            fields[name] = other
        elif other == held:
            fields[name] = mine
        elif name == "payload" and (merged := _joined_text(base, ours, theirs)) is not None:
            text = merged
        else:
            conflicts.append(name)
    said = ours if fields.get("payload") == ours.payload else theirs
    said = theirs if theirs.payload == said.payload else said
    fields |= {"path": said.path} | ({"tags": (*fields["tags"], *said.predicted_tags)} if "tags" in fields else {})
    if "state" not in conflicts and _gone_here_changed_there(base, ours, theirs):
        conflicts.append("state")
    return Joined(fields, text, tuple(conflicts))


def _gone_here_changed_there(base: MemCube, ours: MemCube, theirs: MemCube) -> bool:
    """Whether one side put a memory away or forgot it, and the other gave it a new content."""
    for one, other in ((ours, theirs), (theirs, ours)):
        away = one.state is not base.state and one.state in {State.ARCHIVED, State.EXPIRED}
        if away and any(getattr(other, name) != getattr(base, name) for name in ("payload", "own_tags", "metadata")):
            return True
    return False


def _joined_text(base: MemCube, ours: MemCube, theirs: MemCube) -> str | None:
    if not (base.text and ours.text and theirs.text):
        return None
    merged = three_way(base.text, ours.text, theirs.text)
    return None if merged.conflicts else merged.text
