"""Lapsed: memories whose time is over while their rows still stand; they make room for those that say the same again."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from memos.errors import InvalidCall
from memos.interface.memory_api import provenance
from memos.interface.memory_api.desk import Work
from memos.memcube.change import CubeWrite
from memos.memcube.cube import MemCube
from memos.memcube.filter import Filter
from memos.memcube.state import State

OVER = Filter.parse({"expires_at": {"lte": "now"}, "state": {"ne": "expired"}}, internal=True)


def lapsed(work: Work, ids: Collection[str]) -> tuple[MemCube, ...]:
    """Those of some memories that no present read shows because their time is over; one that is hidden for another reason is none."""
    return tuple(work.view.get(list(ids), grant=OVER, now=work.now).values()) if ids else ()


def require_to_come(work: Work, *ends: datetime | str | None) -> None:
    """InvalidCall for an end that is over already: what is stored with it would be in no answer."""
    for end in ends:
        if isinstance(end, datetime) and end <= work.now:
            raise InvalidCall(
                f"expires_at is over: it is {end.isoformat()}, now is {work.now.isoformat()}; give a time to come, or forget it"
            )


def retired(work: Work, cube: MemCube) -> CubeWrite:
    """The transition to `expired`, after which a memory stands for no fact and no turn."""
    gone = {"state": State.EXPIRED, "provenance": provenance.mutated(work, cube.provenance, "expiry")}
    return CubeWrite(cube=cube.model_copy(update=gone), birth=False)
