"""Placement: which memories change their form now: text, KV block, adapter and back, by hysteresis, each move with its numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from memos.memcube.plan import Move, Tier
from memos.memcube.state import MemoryType
from memos.operation.memscheduler.conversion import Economy, Placed, Subject, as_adapter, as_block
from memos.operation.memscheduler.policies import USUAL, Placement, Policy
from memos.operation.memscheduler.signals import Signals

LEARNT = frozenset({"procedure", "style", "preference", "instruction", "fact"})
"""The kinds of memories that an adapter learns: how things are done and what stays so, not what happened once."""
_TEXT = Placed()
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Case:
    """A memory, where it is, and what each form would bring."""

    subject: Subject
    placed: Placed
    block: Economy
    adapter: Economy
    size: int


def moves(memories: Sequence[Subject], placements: Mapping[str, Placed], signals: Signals, policy: Policy = USUAL) -> tuple[Move, ...]:
    """The moves that are due, in the order of what they bring for each byte; `placements` by id, text where there is none.

    At most one for each memory, and none within a day of its last; but what has become protected goes back to text at once. Promotions
    are made as far as blocks fit the policy's bytes.
    """
    found = [_case(each, placements.get(each.cube, _TEXT), signals, policy) for each in memories]
    free = policy.placement.bytes - sum(_taken(each, signals) for each in found)
    made: list[Move] = []
    for case in sorted(found, key=lambda case: (-case.block.uses * case.block.saved / max(1, case.size), case.subject.cube)):
        wanted = _wanted(case, signals, policy.placement)
        if wanted is None:
            continue
        after, tier, _ = wanted
        more = _bytes(case, after, tier, signals) - _taken(case, signals)
        if more > 0 and more > free:
            continue
        free -= more
        made.append(_move(case, wanted, signals, policy))
    return tuple(made)


def _case(subject: Subject, placed: Placed, signals: Signals, policy: Policy) -> _Case:
    block = as_block(subject, policy.placement, signals.costs, load=signals.load)
    adapter = as_adapter(subject, policy.placement, signals.costs, load=signals.load)
    return _Case(subject, placed, block, adapter, subject.tokens * signals.costs.bytes["mapped"])


def _bytes(case: _Case, form: MemoryType, tier: Tier, signals: Signals) -> int:
    return case.subject.tokens * signals.costs.bytes[tier] if form is MemoryType.ACTIVATION else 0


def _taken(case: _Case, signals: Signals) -> int:
    return _bytes(case, case.placed.form, case.placed.tier, signals)


def _wanted(case: _Case, signals: Signals, placement: Placement) -> tuple[MemoryType, Tier, str] | None:
    """Where a memory should go now, and why; None to stay."""
    subject, placed = case.subject, case.placed
    if subject.protected is not None:
        return (MemoryType.PLAINTEXT, "text", f"it stays text: {subject.protected}") if placed.form is not MemoryType.PLAINTEXT else None
    if placed.since is not None and signals.now - placed.since < timedelta(hours=placement.dwell_hours):
        return None
    if placed.form is MemoryType.PARAMETER:
        return _from_adapter(case, signals, placement)
    if _steady(case, signals, placement):
        uses, gain = case.adapter.uses, case.adapter.gain
        reason = f"used for long and steadily: {uses:.1f} uses to come save {gain:.2f} times what learning it costs"
        return MemoryType.PARAMETER, "mapped", reason
    return _from_block(case, placement) if placed.form is MemoryType.ACTIVATION else _from_text(case, signals, placement)


def _steady(case: _Case, signals: Signals, placement: Placement) -> bool:
    """Whether an adapter should learn it: of a kind that stays, used for long, often, lately, and worth it."""
    subject = case.subject
    if not signals.capabilities.learning or subject.kind not in LEARNT or subject.first_used_at is None or subject.last_used_at is None:
        return False
    long = (subject.last_used_at - subject.first_used_at) / _DAY >= placement.steady_days and subject.count >= placement.steady_count
    lately = (signals.now - subject.last_used_at) / _DAY < placement.idle_days / 2
    return long and lately and case.adapter.gain >= placement.learn_gain


def _from_text(case: _Case, signals: Signals, placement: Placement) -> tuple[MemoryType, Tier, str] | None:
    gain, used = case.block.gain, case.subject.last_used_at
    if not signals.capabilities.activation or gain < placement.gain:
        return None
    if used is None or (signals.now - used) / _DAY > placement.recent_days:
        return None
    reason = f"hot: {case.block.uses:.1f} uses to come save {gain:.2f} times what a block costs, {placement.gain:g} or more"
    return MemoryType.ACTIVATION, "mapped", reason


def _from_block(case: _Case, placement: Placement) -> tuple[MemoryType, Tier, str] | None:
    gain, tier = case.block.gain, case.placed.tier
    if gain < placement.loss:
        return MemoryType.PLAINTEXT, "text", f"cold: its block saves {gain:.2f} times its cost, less than {placement.loss:g}"
    if tier == "int8" and gain >= placement.gain:
        return MemoryType.ACTIVATION, "mapped", f"hot again: its block saves {gain:.2f} times its cost, {placement.gain:g} or more"
    if tier != "int8" and gain < placement.even:
        return MemoryType.ACTIVATION, "int8", f"cooling: its block saves {gain:.2f} times its cost, less than {placement.even:g}"
    return None


def _from_adapter(case: _Case, signals: Signals, placement: Placement) -> tuple[MemoryType, Tier, str] | None:
    subject, gain = case.subject, case.adapter.gain
    idle = (signals.now - subject.last_used_at) / _DAY if subject.last_used_at is not None else placement.idle_days
    if idle >= placement.idle_days:
        return MemoryType.PLAINTEXT, "text", f"idle: not used for {idle:.1f} days"
    if gain < placement.learn_loss:
        return MemoryType.PLAINTEXT, "text", f"cold: an adapter saves {gain:.2f} times its cost, less than {placement.learn_loss:g}"
    return None


def _move(case: _Case, wanted: tuple[MemoryType, Tier, str], signals: Signals, policy: Policy) -> Move:
    subject, placed = case.subject, case.placed
    after, tier, reason = wanted
    inputs: dict[str, Any] = {
        "tokens": subject.tokens,
        "heat": round(subject.heat, 4),
        "count": subject.count,
        "load": signals.load,
        "block_uses": round(case.block.uses, 4),
        "block_gain": round(case.block.gain, 4),
        "adapter_uses": round(case.adapter.uses, 4),
        "adapter_gain": round(case.adapter.gain, 4),
        "build_seconds": round(case.block.build, 4),
        "train_seconds": round(case.adapter.build, 4),
        "saved_seconds": round(case.block.saved, 4),
        "policy": policy.name,
        "thresholds": {name: getattr(policy.placement, name) for name in ("gain", "even", "loss", "learn_gain", "learn_loss")},
    }
    for name, when in (("since", placed.since), ("first_used_at", subject.first_used_at), ("last_used_at", subject.last_used_at)):
        if when is not None:
            inputs[name] = when.isoformat()
    return Move(
        cube=subject.cube, version=subject.version, before=placed.form, after=after, tier=tier, reason=reason, inputs=inputs, at=signals.now
    )
