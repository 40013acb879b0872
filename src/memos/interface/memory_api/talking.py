"""Talking: when the sessions of some memories last went on, by which it is told whether they are over."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from memos.memcube.cube import MemCube
from memos.memcube.filter import Filter
from memos.memcube.place import SESSION as DOCUMENT
from memos.operation.memscheduler.protection import OVER, protected
from memos.ports.adapter import View

ANYBODY = Filter.everything()


def last_turns(view: View, cubes: Iterable[MemCube], now: datetime) -> dict[str, datetime]:
    """Of each memory that was said in a session when its owner last said something in it; by id. Documents have no such sessions."""
    sessions: dict[tuple[str, str], list[str]] = {}
    for cube in cubes:
        if cube.session is not None and not cube.session.startswith(DOCUMENT) and now - cube.said_at >= OVER:
            sessions.setdefault((cube.session, cube.policy.owner), []).append(cube.id)
    found: dict[str, datetime] = {}
    for (session, owner), ids in sessions.items():
        said = Filter.parse({"session": session, "owner": owner})
        for latest in view.find(said, grant=ANYBODY, now=now, order="said_at", descending=True, limit=1).cubes:
            found |= dict.fromkeys(ids, latest.said_at)
    return found


def staying(view: View, cubes: Iterable[MemCube], now: datetime) -> dict[str, str]:
    """Why each of some memories stays text, by id; those that may have another form are left out."""
    given = list(cubes)
    last = last_turns(view, given, now)
    reasons = ((cube.id, protected(cube, now, last_turn=last.get(cube.id))) for cube in given)
    return {cube_id: why for cube_id, why in reasons if why is not None}
