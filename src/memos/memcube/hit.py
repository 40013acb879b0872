"""Hit: a memory that a search found, and what it says of others: those it stands for, its group, how it was reached."""

from __future__ import annotations

from pydantic import Field

from memos.memcube.cube import MemCube
from memos.memcube.value import Value


class Group(Value):
    """What hits have in common: the `key` is None for one that stands by itself, since it has no value of what was grouped by."""

    by: str
    key: str | None = None
    namespace: str | None = Field(default=None, description="where a session is")
    others: int = Field(default=0, description="further memories of the group that pass the query's conditions and are not shown")


class Reached(Value):
    """From which hit, and by which relation, a memory was reached that is no hit by itself."""

    id: str
    relation: str


class Hit(Value):
    """A memory that was found; the contributions in `why` sum to `score`."""

    cube: MemCube
    score: float
    why: dict[str, float]
    also: tuple[str, ...] = Field(default=(), description="memories that say the same, for which this one stands")
    group: Group | None = None
    reached: Reached | None = None


def group_of(hit: Hit) -> tuple[Group | None, str]:
    """What is equal for the hits of one group, and for no others."""
    return hit.group, hit.cube.id if hit.group is not None and hit.group.key is None else ""
