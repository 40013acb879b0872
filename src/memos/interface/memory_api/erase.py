"""Erase: memories that go for good, in all times, branches and copies; before that, a preview of what would go and what would remain."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import Annotated, Any

from pydantic import BeforeValidator, Field
from pydantic_core import to_json

from memos.errors import Denied, InvalidCall, NotFound
from memos.infrastructure.memgovernance.permission.actions import Action
from memos.interface.memory_api.create import replay
from memos.interface.memory_api.desk import Options, Prepared, Work, read_options
from memos.interface.memory_api.entities import orphaned
from memos.interface.memory_api.holds import held, holds
from memos.interface.memory_api.lifecycle import freed, holding
from memos.interface.memory_api.repeating import repeating
from memos.memcube.call import MemoryQuery, MemoryReply
from memos.memcube.change import DERIVATIONS, Erase, Person, ReadSet
from memos.memcube.cube import MemCube
from memos.memcube.derivation import is_derived
from memos.memcube.filter import Filter
from memos.memcube.legal import legal_principal, same_fact
from memos.memcube.namespace import ROOTS
from memos.ports.adapter import View

PAGE = 1000
MERGED = "merged_from"
"""From a memory to those that say the same and were merged into it."""
MENTIONS = 1000
REPEATS = "an answer of a model that says words of what is erased, and is not named"
READ: Action = "read"
HISTORY: Action = "history"
ERASE: Action = "erase"
Chosen = dict[str, MemCube]


def _legal_reference(given: Any) -> str | None:
    if given is None:
        return None
    if not isinstance(given, str) or not re.fullmatch(r"[\w./:# -]{1,128}", given):
        raise InvalidCall("a court order is named by its reference number: 1 to 128 letters, digits, spaces and . / : # - _")
    return given


class EraseOptions(Options):
    """Whom or what; whether only to tell; whether what was derived goes too; whether to finish now or leave that to the worker."""

    subject: Annotated[str | None, BeforeValidator(lambda given: None if given is None else legal_principal(given))] = None
    dry_run: bool = False
    derived: bool = True
    court_order: Annotated[str | None, BeforeValidator(_legal_reference)] = None
    finish: bool = Field(default=True, strict=True)


def prepare_erase(work: Work) -> Prepared:
    """Erase the memories named, those that pass a filter, or all that a person owns or said; with `dry_run` tell what that would be."""
    options = read_options(EraseOptions, work)
    if work.call.branch is not None:
        raise InvalidCall("erase reaches every branch by itself; call it on the canonical memory, not on a branch")
    if options.court_order is not None and not work.desk.governance.may_govern(work.caller):
        raise Denied("an erasure that a court has ordered, which no hold keeps, is for those who govern the tenant: the role 'admin'")
    if replayed := replay(work, counts=True):
        return Prepared(replayed.reply.model_copy(update={"value": None}))
    basis = _basis(work, options)
    with _everywhere(work) as views:
        chosen = _chosen(work, options, views)
        derived, others = _derived(work, views, chosen) if chosen else ({}, [])
    derived |= _erasable(work, orphaned(work, _grant(work, ERASE), {**chosen, **derived}))
    going = {**chosen, **(derived if options.derived else {each: cube for each, cube in derived.items() if is_derived(cube)})}
    kept = held(work, going) if options.court_order is None else {}
    remaining = [{"what": each, "why": f"the hold {name!r} keeps it"} for each, name in sorted(kept.items())]
    if not options.derived:
        remaining += [{"what": each, "why": "derived from what is erased, and not named"} for each in derived if each not in going]
    remaining += [{"what": each, "why": "derived from what is erased, and not yours to erase"} for each in others]
    going = {cube_id: cube for cube_id, cube in going.items() if cube_id not in kept}
    remaining += [{"what": each, "why": REPEATS} for each in repeating(work, going.values(), _grant(work, READ)) if each not in kept]
    if options.dry_run:
        return _preview(work, options, going, {"derived": list(derived), "remaining": remaining, "held": sorted(kept)})
    return _erasing(work, options, going, {"basis": basis, "derived": [each for each in derived if each in going], "remaining": remaining})


def _basis(work: Work, options: EraseOptions) -> str:
    wanted = work.call.query.filter if work.call.query is not None else None
    given = {"ids": bool(work.call.cubes), "filter": wanted is not None, "subject": options.subject is not None}
    if sum(given.values()) != 1:
        raise InvalidCall("say what to erase in one way: by ids, by a filter, or by a subject")
    return next(name for name, there in given.items() if there)


class _everywhere(ExitStack):  # noqa: N801 - it is used as a function
    """The View of the call, then one of each branch that the caller may erase in."""

    def __init__(self, work: Work) -> None:
        super().__init__()
        self._work = work

    def __enter__(self) -> tuple[View, ...]:  # type: ignore[override]
        super().__enter__()
        work = self._work
        names = [each.name for each in work.view.branches(work.desk.governance.own_branches(work.caller))]
        return work.view, *(self.enter_context(work.open_view(branch=name)) for name in names)


def _chosen(work: Work, options: EraseOptions, views: tuple[View, ...]) -> Chosen:
    if work.call.cubes:
        return _named(work, views)
    wanted = work.call.query.filter if work.call.query is not None else None
    if options.subject is not None:
        wanted = _of_person(options.subject)
    if wanted is None:
        raise InvalidCall("say what to erase: ids, a filter, or a subject")
    return _erasable(work, _passing(work, wanted, views))


def _of_person(subject: str) -> Filter:
    spellings = sorted({subject, subject.lower(), subject.upper(), subject.title(), subject.capitalize(), subject.casefold()})
    return Filter.parse({"or": [{"owner": subject}, {"speaker": {"in": spellings}}]}, internal=True)


def _passing(work: Work, wanted: Filter, views: tuple[View, ...]) -> Iterator[MemCube]:
    """What passes a filter in the present, the forgotten and the archived too, and of what was born in a branch what passes there."""
    grant, cursor = _grant(work, ERASE), None
    passes = wanted.predicate(now=work.now)
    while True:
        page = work.view.find(wanted, grant=grant, now=work.now, limit=PAGE, cursor=cursor)
        yield from page.cubes
        cursor = page.cursor
        if cursor is None:
            break
    for view in views[1:]:
        born = view.get(list(view.overlaid()), grant=grant, now=work.now)
        elsewhere = work.view.get(list(born), grant=Filter.everything(), now=work.now)
        yield from (cube for cube in born.values() if cube.id not in elsewhere and passes(cube))


def _named(work: Work, views: tuple[View, ...]) -> Chosen:
    ids = list(dict.fromkeys(ref.id for ref in work.call.cubes))
    found = _seen(work, ids, views)
    for cube_id in ids:
        if cube_id not in found:
            raise NotFound(f"there is no memory {cube_id} here for you to erase; what was erased is told by `memos erase --status`")
    work.warrant.require("erase", (found[cube_id] for cube_id in ids))
    return {cube_id: found[cube_id] for cube_id in ids}


def _seen(work: Work, ids: list[str], views: tuple[View, ...]) -> Chosen:
    """What the caller may see of some memories, in whichever way, and in whichever branch of its own."""
    found: Chosen = {}
    for view in views:
        for action in (READ, HISTORY, ERASE):
            found = {**view.get([each for each in ids if each not in found], grant=_grant(work, action), now=work.now), **found}
    return found


def _grant(work: Work, action: Action) -> Filter:
    """What the caller may see for an action, the forgotten too; the conditions of its own memories do not keep it from erasing them."""
    return work.warrant.filter(action, past=True, exempt=work.caller.user)


def _erasable(work: Work, cubes: Iterable[MemCube]) -> Chosen:
    given = list({cube.id: cube for cube in cubes}.values())
    return {cube.id: cube for cube, may in zip(given, work.warrant.may(ERASE, given), strict=True) if may}


def _derived(work: Work, views: tuple[View, ...], chosen: Chosen) -> tuple[Chosen, list[str]]:
    """What holds the content of those chosen: made of them, or merged into them. And what of that the caller sees and may not erase.

    What it does not see is not told, and nothing is followed through it.
    """
    known, fresh, derived, others = set(chosen), set(chosen), dict[str, MemCube](), list[str]()
    while fresh:
        near = {each for view in views for each in _near(view, fresh)} - known
        known |= near
        seen = _seen(work, sorted(near), views)
        ours = _erasable(work, seen.values())
        others += [
            cube_id for cube_id, cube in seen.items() if cube_id not in ours and not is_derived(cube)
        ]  # that is void, and lives no more
        derived |= ours
        fresh = set(ours)
    return derived, others


def _near(view: View, ids: set[str]) -> Iterator[str]:
    for start in range(0, len(ids), PAGE):
        for edge in view.neighbours(sorted(ids)[start : start + PAGE], DERIVATIONS, 1):
            if edge.target in ids:
                yield edge.source
            elif edge.source in ids and edge.relation == MERGED:
                yield edge.target


def _preview(work: Work, options: EraseOptions, going: Chosen, told: dict[str, Any]) -> Prepared:
    mentions = _mentions(work, options.subject, going) if options.subject is not None else ()
    ids = [each for each in going if each not in set(told["derived"])]
    value = {
        "dry_run": True,
        "ids": ids,
        **told,
        "mentions": [cube.id for cube in mentions],
        "counts": work.view.extent(list(going)),
    }
    return Prepared(MemoryReply(call_id=work.call.id, value=value, call=work.call), told=(*going.values(), *mentions))


def _mentions(work: Work, subject: str, going: Chosen) -> tuple[MemCube, ...]:
    """Memories that the caller may read, that stay, and whose text or tags name the person."""
    query = MemoryQuery(text=subject, namespaces=work.warrant.scope(READ, tuple(ROOTS)), limit=MENTIONS)
    found = work.desk.operator.retrieve(query, work.view, work.grant, work.now)
    cubes = {cube.id: cube for cube in work.view.load([hit.row for hit in found.hits])}
    tagged = Filter.parse({"tags": {"any": [subject]}})
    cubes |= {cube.id: cube for cube in work.view.find(tagged, grant=work.grant.filter, now=work.now, limit=PAGE).cubes}
    name = re.compile(rf"(?<!\w){re.escape(same_fact(subject))}(?!\w)")
    naming = (cube for cube in cubes.values() if cube.id not in going and name.search(same_fact(" ".join(_words(cube)))))
    return tuple(naming)


def _words(cube: MemCube) -> list[str]:
    return [cube.text, *(word for tag in cube.tags for word in (tag.name, tag.value) if word is not None)]


def _erasing(work: Work, options: EraseOptions, going: Chosen, told: dict[str, Any]) -> Prepared:
    reply = MemoryReply(call_id=work.call.id, call=work.call)
    if not going:
        why = "holds keep all that is meant" if told["remaining"] else "no memory of yours is meant"
        return Prepared(reply.model_copy(update={"warnings": (f"nothing was erased: {why}",)}))
    governance, view = work.desk.governance, work.view
    person = None
    if options.subject is not None:
        who = work.caller.model_copy(update={"user": options.subject, "kind": "user"})
        told["subject"] = view.pseudonym(who)
        if work.caller.kind == "system" or options.subject == work.caller.user:
            person = Person(options.subject, governance.branch_key(who, ""))
    if options.court_order is not None:
        told["court_order"] = options.court_order
    standing = view.get(list(going), grant=Filter.everything(), now=work.now)
    lifted = freed(work, tuple(going))
    erase = Erase(tuple(going), view.seq, to_json(told).decode(), person, holds(work) or None)
    change = work.change(erase=erase, writes=tuple(holding(work, cube) for cube in lifted), idempotency=work.idempotency(()))
    reads = {cube.id: cube.seq for cube in (*standing.values(), *lifted)}
    return Prepared(reply, change, ReadSet(versions=reads, policy_epoch=view.policy_epoch))
