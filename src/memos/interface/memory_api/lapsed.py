"""Lapsed: memories whose time is over while their rows still stand make room for those that say the same again; who stands does not."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from memos.errors import InvalidCall
from memos.interface.memory_api import provenance
from memos.interface.memory_api.desk import Work
from memos.memcube.change import CubeWrite
from memos.memcube.cube import MemCube
from memos.memcube.filter import Filter
from memos.memcube.state import State
from memos.ports.adapter import View

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


def taken(view: View, writes: Sequence[CubeWrite]) -> dict[str, str]:
    """By id, what stands in the place of a memory to be written: an equal fact, or the same turn. What is itself written makes room."""
    written = {write.cube.id for write in writes}
    facts: dict[tuple[str, str], dict[str, str]] = {}
    turns: dict[tuple[str, str], dict[int, str]] = {}
    for write in writes:
        cube = write.cube
        if write.fact is not None:
            facts.setdefault((cube.namespace, cube.policy.owner), {})[write.fact] = cube.id
        elif cube.session is not None and cube.ordinal is not None and cube.state is not State.EXPIRED:
            turns.setdefault((cube.namespace, cube.session), {})[cube.ordinal] = cube.id
    pairs = [(mine[fact], held) for (path, owner), mine in facts.items() for fact, held in view.facts(path, list(mine), owner).items()]
    for (namespace, session), spoken in turns.items():
        pairs += [(spoken[ordinal], held) for ordinal, held in view.turns(namespace, session, list(spoken)).items()]
    return {mine: held for mine, held in pairs if held != mine and held not in written}


def require_room_for_turn(work: Work, now: MemCube, cube: MemCube) -> None:
    """InvalidCall when a turn that is brought back would stand where another stands meanwhile."""
    if now.state is State.EXPIRED and cube.session is not None and cube.ordinal is not None:
        standing = work.view.turns(cube.namespace, cube.session, [cube.ordinal]).get(cube.ordinal)
        if standing not in (None, cube.id):
            raise InvalidCall(f"turn {cube.ordinal} of session {cube.session!r} stands meanwhile as {standing}; forget one of the two")
