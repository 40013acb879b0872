"""Placement: when a memory changes its form: text, a KV block, an adapter, and back, by hysteresis over what each form saves.

The uses that are to be expected follow from the memory's heat, which halves in a week, and from how long it has been idle against its usual
pace: what was used daily and has not been for days is most likely over (the chance of being alive, as in Schmittlein, Morrison and Colombo
1987). A form is worth what it saves in these uses for each second that making it takes. To climb that must pass `gain`, to fall it must be
under `loss`, and nothing moves twice within `dwell_hours`, so that nothing flaps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from memos.memcube.fields import microseconds
from memos.memcube.heat import HALF_LIFE, cooled
from memos.memcube.plan import Move, Tier
from memos.memcube.state import MemoryType
from memos.operation.memscheduler.policies import USUAL, Placement, Policy
from memos.operation.memscheduler.signals import Signals

TEXT, BLOCK, ADAPTER = MemoryType.PLAINTEXT, MemoryType.ACTIVATION, MemoryType.PARAMETER
DAY = timedelta(days=1)
WEEKS_HEAT = HALF_LIFE / DAY.total_seconds() / 1e6 / 0.6931471805599453
"""The heat of a memory that is used once a day for long: uses decay by half in a week."""
GRACE = 3.0
"""So many times its usual gap a memory may be idle before that tells anything."""
LEARNT = frozenset({"procedure", "instruction", "preference", "fact", None})
"""Kinds of memories that an adapter may learn: what is so for long, not what was planned, asked or chatted."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A memory and the form that it has. `heat` is as of `last_used_at`; `since` is when it came into this form, None for ever.

    `tokens` are those of its text, `prefix` those of what stands before it in a block of its own. `failed` is when an adapter was refused.
    """

    cube: str
    version: int
    tokens: int
    form: MemoryType = TEXT
    tier: Tier = "text"
    since: datetime | None = None
    heat: float = 0.0
    count: int = 0
    last_used_at: datetime | None = None
    created_at: datetime | None = None
    kind: str | None = None
    protected: str | None = None
    failed: datetime | None = None
    prefix: int = 0


@dataclass(frozen=True, slots=True)
class Worth:
    """What is expected of a memory: uses a day, the chance that these go on, and seconds saved for each second spent, by form."""

    rate: float
    alive: float
    block: float
    adapter: float

    def told(self) -> dict[str, float]:
        """As numbers for the log."""
        return {name: round(getattr(self, name), 4) for name in ("rate", "alive", "block", "adapter")}


def worth(kept: Kept, signals: Signals, placement: Placement) -> Worth:
    """What the forms of a memory are worth now."""
    if kept.last_used_at is None or kept.heat <= 0:
        return Worth(0.0, 0.0, 0.0, 0.0)
    now, costs = signals.now, signals.costs
    rate = cooled((microseconds(kept.last_used_at), kept.heat), microseconds(now)) / WEEKS_HEAT
    usual = kept.heat / WEEKS_HEAT
    idle = max(0.0, (now - kept.last_used_at) / DAY)
    gap = max(1.0, 1.0 / usual) if usual else 1.0
    alive = 2.0 ** -max(0.0, (idle - GRACE * min(gap, 1.0 / usual if usual else gap)) / gap)
    read = costs.read(kept.tokens)
    spared = max(0.0, read - costs.load["mapped"] * kept.tokens)
    block = rate * alive * placement.horizon_days * spared / max(1e-9, costs.made(kept.tokens))
    adapter = rate * alive * placement.learn_horizon_days * read / max(1e-9, costs.train)
    return Worth(rate, alive, block, adapter)


def moves(memories: Sequence[Kept], signals: Signals, policy: Policy = USUAL) -> tuple[Move, ...]:
    """The moves that are due, by the ids of the memories: one of each at most. Protected ones move to text alone."""
    found = (_move(each, signals, policy.placement) for each in sorted(memories, key=lambda each: each.cube))
    return tuple(move for move in found if move is not None)


def _move(kept: Kept, signals: Signals, placement: Placement) -> Move | None:
    if kept.protected is not None:
        return None if kept.form is TEXT else _told(kept, (TEXT, "text"), kept.protected, Worth(0, 0, 0, 0), signals)
    if kept.since is not None and signals.now - kept.since < timedelta(hours=placement.dwell_hours):
        return None
    found = worth(kept, signals, placement)
    return _up(kept, found, signals, placement) or _down(kept, found, signals, placement)


def _up(kept: Kept, found: Worth, signals: Signals, placement: Placement) -> Move | None:
    able = signals.capabilities
    if able.learning and kept.form is not ADAPTER and _steady(kept, signals.now, placement) and found.adapter >= placement.learn_gain:
        often = f"used {kept.count} times, {found.rate:.2f} times a day lately"
        reason = f"{often}: learning it saves {found.adapter:.2f} s for each second it takes"
        return _told(kept, (ADAPTER, "ram"), reason, found, signals)
    if able.activation and kept.form is TEXT and found.block >= placement.gain:
        reason = f"used {found.rate:.2f} times a day lately: a block saves {found.block:.2f} s for each second it takes"
        return _told(kept, (BLOCK, "mapped"), reason, found, signals)
    if able.activation and kept.form is BLOCK and kept.tier == "int8" and found.block >= placement.gain:
        return _told(kept, (BLOCK, "mapped"), f"used {found.rate:.2f} times a day again", found, signals)
    return None


def _down(kept: Kept, found: Worth, signals: Signals, placement: Placement) -> Move | None:
    if kept.form is ADAPTER and found.adapter < placement.learn_loss:
        reason = f"used {found.rate:.2f} times a day lately, most likely no more ({found.alive:.2f}): it is text again"
        return _told(kept, (TEXT, "text"), reason, found, signals)
    if kept.form is BLOCK and found.block < placement.loss:
        tier: Tier = "int8" if kept.tier == "mapped" else "text"
        form = BLOCK if tier == "int8" else TEXT
        reason = f"used {found.rate:.2f} times a day lately: its block is worth {found.block:.2f} only"
        return _told(kept, (form, tier), reason, found, signals)
    return None


def _steady(kept: Kept, now: datetime, placement: Placement) -> bool:
    """Whether a memory was used so long and so often that it is worth learning, and is of a kind that stays as it is."""
    if kept.kind not in LEARNT or kept.count < placement.steady_count or kept.created_at is None:
        return False
    again = kept.failed is None or now - kept.failed >= placement.again_days * DAY
    return again and now - kept.created_at >= placement.steady_days * DAY


def _told(kept: Kept, to: tuple[MemoryType, Tier], reason: str, found: Worth, signals: Signals) -> Move:
    inputs = found.told() | {"tokens": kept.tokens, "heat": round(kept.heat, 4), "count": kept.count, "load": round(signals.load, 3)}
    if kept.last_used_at is not None:
        inputs["idle_days"] = round((signals.now - kept.last_used_at) / DAY, 3)
    return Move(
        cube=kept.cube, version=kept.version, before=kept.form, after=to[0], tier=to[1], reason=reason, inputs=inputs, at=signals.now
    )  # fmt: skip
