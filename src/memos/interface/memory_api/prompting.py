"""Prompting: the prompt of a context, made of the memories as they are disclosed, and what may be attached to it.

No View is open here: blocks and adapters are read from files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from memos.errors import InvalidCall
from memos.interface.memory_api.attaching import Attaching, Supply
from memos.interface.memory_api.context import Kit
from memos.interface.memory_api.derived import sources_of
from memos.interface.memory_api.desk import Desk
from memos.memcube.call import Caller, MemoryCall, MemoryReply
from memos.memcube.conditions import And, join
from memos.memcube.cube import MemCube
from memos.memcube.filter import Filter
from memos.memcube.plan import Attachment, Context, Injection, Plan
from memos.memcube.policy import SENSITIVITIES, Policy, Sensitivity
from memos.memcube.prompt import Prompt, messages
from memos.memcube.state import MemoryType
from memos.operation.memscheduler.layout import compiled, line


def with_context(caller: Caller, call: MemoryCall, reply: MemoryReply, kit: Kit | None, desk: Desk) -> MemoryReply:
    """The reply with the Context as its value. Memories that were not disclosed after all are in none of it."""
    if kit is None or not isinstance(reply.value, Plan):
        return reply
    shown = {cube.id: cube for cube in reply.cubes}
    planned, warnings = reply.value, list[str]()
    kept = [each for each in planned.injections if each.cube in shown]
    supply = kit.supply if kit.options.attach and desk.engine.present and call.at is None and call.branch is None else Supply()
    if supply.adapter is not None and not desk.engine.routable(caller.tenant, supply.adapter, warnings):
        supply = Supply(supply.blocks)
    whole = [_as_text(each) if each.form is MemoryType.PARAMETER else each for each in kept]
    if supply.adapter is None:
        kept = whole
    prompt = _prompt(kit, kept, shown, desk)
    attaching = desk.engine.attach(caller.tenant, caller.principal, prompt, supply, warnings, exact=kit.options.exact)
    cached = {part.cube: many for part, many in zip(prompt, attaching.cached, strict=False) if part.cube is not None}
    injections = tuple(each.model_copy(update={"cached": min(each.tokens, cached.get(each.cube, 0))}) for each in kept)
    told = planned.model_copy(
        update={
            "injections": injections,
            "read": sum(each.tokens - each.cached for each in injections if each.form is not MemoryType.PARAMETER),
            "adapter": None if supply.adapter is None else supply.adapter.id,
            "model": desk.engine.model,
        }
    )
    every, policies = (*reply.warnings, *warnings), [*kit.policies, *(cube.policy for cube in shown.values())]
    context = Context(
        call_id=call.id, messages=messages(_prompt(kit, whole, shown, desk)), parts=prompt,
        attachments=tuple(_attachments(desk, supply, attaching)), plan=told, warnings=every,
        conditions=_conditions(policies), stated=max(_stated(policies), key=SENSITIVITIES.index, default=None),
        expires_at=min((policy.expires_at for policy in policies if policy.expires_at is not None), default=None),
    )  # fmt: skip
    return reply.model_copy(update={"value": context, "warnings": every})


def _conditions(policies: Iterable[Policy]) -> Filter | None:
    """The conditions of all of some memories together, each once; what never holds where they are too many for one filter."""
    nodes = [policy.conditions.node for policy in policies if policy.conditions is not None]
    parts = dict.fromkeys(part for node in nodes for part in (node.parts if isinstance(node, And) else (node,)))
    try:
        return Filter(join(And, parts)) if parts else None
    except InvalidCall:
        return Filter.nothing()


def _stated(policies: Iterable[Policy]) -> Iterator[Sensitivity]:
    return (policy.stated for policy in policies if policy.stated is not None)


def _as_text(injection: Injection) -> Injection:
    """A memory whose adapter cannot be attached, given as what it is."""
    reason = f"as text, since its adapter cannot be attached; else {injection.reason}"
    return injection.model_copy(update={"form": MemoryType.PLAINTEXT, "via": None, "reason": reason})


def _prompt(kit: Kit, kept: Sequence[Injection], shown: dict[str, MemCube], desk: Desk) -> Prompt:
    lines = {each.cube: line(shown[each.cube], own=each.cube in kit.own) for each in kept}
    before = {each.cube for each in kept if each.pinned or each.form is MemoryType.ACTIVATION}
    pinned = [(shown[each.cube], lines[each.cube]) for each in kept if each.cube in before]
    rest = [each for each in kept if each.form is MemoryType.PLAINTEXT and each.cube not in before]
    return compiled(
        kit.question, system=kit.options.system or desk.settings.system, tools=kit.options.tools, pinned=pinned,
        turns=kit.turns, retrieved=[(shown[each.cube], lines[each.cube]) for each in rest],
    )  # fmt: skip


def _attachments(desk: Desk, supply: Supply, attaching: Attaching) -> Iterator[Attachment]:
    model = desk.engine.model or ""
    if attaching.tokens and attaching.handle is not None:
        yield Attachment(
            kind="activation", model=model, handle=attaching.handle, tokens=attaching.tokens, exact=attaching.exact, error=attaching.error,
            cubes=attaching.cubes, sources=tuple(sorted(attaching.sources)),
        )  # fmt: skip
    if attaching.attached.adapter is not None and supply.adapter is not None:
        sources = tuple(source for source, _ in sources_of(supply.adapter))
        yield Attachment(kind="parameter", model=model, handle=attaching.handle or "", cubes=(supply.adapter.id,), sources=sources)
