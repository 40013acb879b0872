"""Retention: what rules would put aside, forget or purge, shown before a rule may do it; and the map of heat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

from pydantic import Field

from memos.errors import InvalidCall, NotFound
from memos.interface.memory_api.desk import Prepared, Work, read_options
from memos.interface.memory_api.holds import holds
from memos.memcube.call import MemoryReply
from memos.memcube.change import ReadSet
from memos.memcube.cube import MemCube
from memos.memcube.fields import microseconds
from memos.memcube.filter import Filter
from memos.memcube.governed import RetentionRule
from memos.memcube.heat import cooled
from memos.memcube.hold import Holds
from memos.memcube.legal import legal_namespace
from memos.memcube.rule import Rule, Ruling
from memos.memcube.state import PRESENT, State
from memos.memcube.value import Value
from memos.ports.retaining import Tally, Worn

EXAMPLES = 20
STATES: Mapping[str, tuple[State, ...]] = {"archive": PRESENT, "forget": (*PRESENT, State.ARCHIVED), "purge": tuple(State)}
"""The states from which each action takes memories."""
HEAT_IDLE_DAYS = 30.0
SEAL = "retention"


class RetainOptions(Value):
    """Which rule, all without a name; with `confirm`, a preview's token, or with `now`, it may be applied from now on."""

    name: str | None = None
    confirm: str | None = None
    now: bool = False


class HeatOptions(Value):
    """At and below which namespace, and how long nothing was done with what counts as idle."""

    prefix: str | None = None
    idle_days: float = Field(default=HEAT_IDLE_DAYS, ge=0)


def worn_by(rule: RetentionRule, now: datetime, spare: Holds | None) -> Worn:
    """The memories to which a rule applies at a moment."""
    condition = rule.filter
    if rule.ttl_days is not None:
        condition &= Filter.test(rule.age_of, "lte", _before(now, rule.ttl_days))
    if rule.least_age_days:
        condition &= Filter.test("created_at", "lte", _before(now, rule.least_age_days))
    idle = None if rule.idle_days is None else _span(rule.idle_days)
    return Worn(condition, STATES[rule.action], idle, rule.heat_below, spare or None)


def _span(days: float) -> timedelta:
    return timedelta(days=min(days, 3_000_000))


def _before(now: datetime, days: float) -> datetime:
    try:
        return now - _span(days)
    except OverflowError:
        return datetime.min.replace(tzinfo=now.tzinfo)


def prepare_retain(work: Work) -> Prepared:
    """Show what retention rules would do now; or confirm one, which the sweeps then apply."""
    work.desk.governance.require_govern(work.caller)
    options = read_options(RetainOptions, work)
    rules = {each.key: each for each in work.view.ruled(SEAL) if each.seq_end is None}
    if options.name is not None and options.name not in rules:
        raise NotFound(f"there is no retention rule {options.name!r}; there are {', '.join(rules) or 'none'}")
    if options.confirm is None and not options.now:
        chosen = rules.values() if options.name is None else (rules[options.name],)
        value = [_preview(work, each) for each in chosen]
        return Prepared(MemoryReply(call_id=work.call.id, value=value, call=work.call, seq=work.view.seq))
    if options.name is None:
        raise InvalidCall("name the rule to confirm: each is confirmed by itself")
    seen = work.view.seq if options.confirm is None else _seen(work, rules[options.name], options.confirm)
    return _confirmed(work, rules[options.name], seen)


def _token(work: Work, ruling: Ruling) -> str:
    return work.view.seal("\n".join((SEAL, work.caller.tenant, ruling.key, str(ruling.seq), str(work.view.seq))))


def _seen(work: Work, ruling: Ruling, token: str) -> int:
    """The commit that a preview of exactly this rule showed; InvalidCall when the token is of none."""
    parts = (work.view.unseal(token) or "").split("\n")
    if parts[:4] != [SEAL, work.caller.tenant, ruling.key, str(ruling.seq)]:
        raise InvalidCall(f"this is no token of a preview of the rule {ruling.key!r} as it stands; retain({ruling.key!r}) shows it anew")
    return int(parts[4])


def _confirmed(work: Work, ruling: Ruling, seen: int) -> Prepared:
    rule = Rule(SEAL, ruling.key, {**ruling.body, "confirmed": seen})
    reply = MemoryReply(call_id=work.call.id, value={"name": ruling.key, "confirmed": seen}, call=work.call)
    return Prepared(reply, work.change(rules=(rule,)), ReadSet(policy_epoch=work.view.policy_epoch))


def _preview(work: Work, ruling: Ruling) -> dict[str, Any]:
    rule, kept = RetentionRule.model_validate(ruling.body), holds(work)
    worn = worn_by(rule, work.now, kept)
    found, others = _tallied(work, worn), _tallied(work, replace(worn, spare=None)) if kept else ()
    due, everything = (sum(each.memories for each in some) for some in (found, others))
    ids = work.view.worn(worn, work.now, limit=EXAMPLES).ids
    cubes = work.view.get(ids, grant=Filter.everything(), now=work.now)
    return {
        "name": ruling.key, "rule": dict(ruling.body), "seq": ruling.seq, "confirmed": rule.confirmed is not None, "action": rule.action,
        "due": due, "bytes": sum(each.bytes for each in found), "held": max(0, everything - due),
        "namespaces": [{"namespace": each.namespace, "memories": each.memories, "bytes": each.bytes} for each in found],
        "examples": [{"id": cube.id, "namespace": cube.namespace, "why": why(rule, cube, work.now)} for cube in cubes.values()],
        "token": _token(work, ruling),
    }  # fmt: skip


def _tallied(work: Work, worn: Worn) -> tuple[Tally, ...]:
    return work.view.tally(worn, grant=Filter.everything(), now=work.now, idle=timedelta())


def why(rule: RetentionRule, cube: MemCube, now: datetime) -> str:
    """For which of a rule's conditions a memory is due, in numbers; nothing of what it says."""
    day, told = timedelta(days=1), []
    if rule.ttl_days is not None:
        told.append(f"{rule.age_of} {(now - getattr(cube, rule.age_of)) / day:.1f} days ago (limit {rule.ttl_days:g})")
    if rule.idle_days is not None:
        last = max(cube.updated_at, cube.created_at, cube.usage.last_used_at or cube.created_at)
        told.append(f"idle for {(now - last) / day:.1f} days (limit {rule.idle_days:g}, priority {cube.policy.priority})")
    if rule.heat_below is not None:
        usage = cube.usage
        heat = cooled((microseconds(usage.last_used_at), usage.heat), microseconds(now)) if usage.last_used_at else 0.0
        told.append(f"heat {heat:.3f} (limit {rule.heat_below:g})")
    return ", ".join(told)


def prepare_heat(work: Work) -> Prepared:
    """What stands and how much it is used, by namespace, of what the caller may see."""
    options = read_options(HeatOptions, work)
    prefix = legal_namespace(options.prefix)
    within = Filter.everything() if prefix is None else Filter.test("namespace", "under", prefix)
    wanted = Worn(within, (*PRESENT, State.ARCHIVED), frozen=True)
    found = work.view.tally(wanted, grant=work.grant.filter, now=work.now, idle=_span(options.idle_days))
    return Prepared(MemoryReply(call_id=work.call.id, value=_warmest(found), call=work.call, seq=work.view.seq))


def _warmest(found: Sequence[Tally]) -> list[dict[str, Any]]:
    rows = sorted(found, key=lambda each: (-each.heat, each.namespace))
    return [{**asdict(each), "heat": round(each.heat, 4), "idle": round(each.idle / each.memories, 4)} for each in rows]
