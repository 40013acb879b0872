"""Outdating: what of a tenant stands in other forms than text, for whichever model, and what prompts are made for now."""

from __future__ import annotations

from datetime import datetime

from memos.interface.memory_api.converting import opening_of
from memos.interface.memory_api.derived import every, sources_of
from memos.interface.memory_api.engine import Engine
from memos.memcube.filter import Filter
from memos.memcube.payload import Activation, Parameter
from memos.memcube.state import PRESENT, MemoryType, State
from memos.operation.memscheduler.outdated import InForce, Standing
from memos.ports.adapter import View

ANYBODY = Filter.everything()
KEPT = Filter.parse({"type": {"in": ["activation", "parameter"]}, "state": {"in": [*map(str, PRESENT), str(State.ARCHIVED)]}})
"""What has a file: adapters that others have taken the place of too."""


def in_force(tenant: str, engine: Engine, system: str | None, *, own: bool) -> InForce:
    """What the prompts of a tenant are made for, by this process."""
    blocks = engine.fingerprint
    return InForce(engine.model or "", blocks, None if blocks is None else opening_of(tenant, engine, system), own)


def standing(view: View, now: datetime) -> list[Standing]:
    """All that is derived and kept."""
    found = list(every(view, now, KEPT))
    ids = sorted({source for cube in found for source, _ in sources_of(cube)})
    seen = view.get(ids, grant=ANYBODY, now=now) if ids else {}
    made = []
    for cube in found:
        payload, sources = cube.payload, sources_of(cube)
        if isinstance(payload, Activation | Parameter):
            used = [seen[each].usage.last_used_at for each, _ in sources if each in seen]
            of, opening = (payload.fingerprint, payload.opening) if isinstance(payload, Activation) else (payload.model, "")
            last = max((each for each in used if each is not None), default=None)
            made.append(Standing(cube.id, MemoryType(payload.type), of, opening, payload.bytes, sources, cube.updated_at, last))
    return made
