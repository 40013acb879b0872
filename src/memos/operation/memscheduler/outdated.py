"""Outdated: which KV blocks and adapters nothing can use any more, since the model or the text that prompts begin with is another now.

Other processes may work on the same store with another model or system text, and what they made is theirs. So nothing goes before its
model made nothing for the policy's `idle_days`; and unless the store itself names the model and system text in force, not before nobody has
used its memories for so long either: what is used often may be used through it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from memos.memcube.plan import Move
from memos.memcube.state import MemoryType
from memos.operation.memscheduler.policies import Placement

_DAY = timedelta(days=1)
MODEL, SYSTEM = "it was made for another model", "it begins with another system text"


@dataclass(frozen=True, slots=True)
class InForce:
    """What prompts are made for now; `fingerprint` and `opening` are None where the model hands out no blocks.

    `own` says that the settings in the store itself name this model, and this system text.
    """

    model: str
    fingerprint: str | None
    opening: str | None
    own: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """Something derived that stands: its sources in their versions, what it was made for, when, and when a source was last used.

    `of` is the fingerprint of a block's model, or the name of an adapter's; `opening` is of what a block begins with, "" where nothing
    tells: then it is none that is in force.
    """

    cube: str
    form: MemoryType
    of: str
    opening: str
    bytes: int
    sources: tuple[tuple[str, int], ...]
    updated_at: datetime
    last_used_at: datetime | None


def outdated(standing: Sequence[Standing], force: InForce, now: datetime, placement: Placement) -> dict[str, tuple[Move, ...]]:
    """By id what is to be let go of, with the move of each of its sources back to text."""
    idle = max(timedelta(days=placement.idle_days), timedelta(hours=placement.dwell_hours))
    latest: dict[tuple[str, str], datetime] = {}
    for each in standing:
        kind = each.of, each.opening
        latest[kind] = max(each.updated_at, latest.get(kind, each.updated_at))
    found: dict[str, tuple[Move, ...]] = {}
    for each in standing:
        why, last = _why(each, force), latest[each.of, each.opening]
        if why is None or now - last < idle:
            continue
        if not force.own and each.last_used_at is not None and now - each.last_used_at < idle:
            continue
        made = f"nothing was made so for {(now - last) / _DAY:.1f} days, {idle / _DAY:g} or more"
        inputs = {"bytes": each.bytes, "idle_days": idle / _DAY, "own": int(force.own), "made_at": last.isoformat()}
        found[each.cube] = _back(each, f"outdated: {why}, and {made}", inputs, now)
    return found


def _why(each: Standing, force: InForce) -> str | None:
    """Why nothing can use it; None for what is in force."""
    if each.form is MemoryType.PARAMETER:
        return MODEL if each.of != force.model else None
    if each.of != force.fingerprint:
        return MODEL
    return SYSTEM if each.opening != force.opening else None


def _back(each: Standing, reason: str, inputs: dict[str, Any], now: datetime) -> tuple[Move, ...]:
    """The moves of its sources back to text."""
    inputs |= {"updated_at": each.updated_at.isoformat()}
    if each.last_used_at is not None:
        inputs["last_used_at"] = each.last_used_at.isoformat()
    return tuple(
        Move(cube=source, version=version, before=each.form, after=MemoryType.PLAINTEXT, tier="text", reason=reason, inputs=inputs, at=now)
        for source, version in each.sources
    )
