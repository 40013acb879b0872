"""Permissions: why something is allowed or denied, who may do what with a memory, now or then, and what other policies would change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from memos.errors import InvalidCall, NotFound
from memos.infrastructure.memgovernance.permission import checking
from memos.infrastructure.memgovernance.permission.book import Book, book_of
from memos.infrastructure.memgovernance.permission.engine import Asking
from memos.interface.memory_api.desk import Prepared, Work, read_options
from memos.interface.memory_api.time_machine import Given, moment_of
from memos.memcube.call import Caller, MemoryReply
from memos.memcube.cube import MemCube
from memos.memcube.filter import Filter
from memos.memcube.governed import RoleName
from memos.memcube.legal import legal_name, legal_principal
from memos.memcube.value import Value, build

KINDS = ("policy", "role", "principal")
TOLD = 100
"""How many ids of memories a comparison names for each caller and action."""
Named = Annotated[str | None, BeforeValidator(legal_name)]


class Somebody(Value):
    """A caller as it might come to the door."""

    user: Annotated[str, BeforeValidator(legal_principal)]
    roles: tuple[RoleName, ...] = ()
    agent: Named = None
    purpose: Named = None
    task: Named = None
    model: Named = None
    session: Named = None


class AccessOptions(Value):
    """Who would do what."""

    who: Somebody
    action: Literal["read", "history", "create", "write", "forget", "share", "erase"] = "read"


class WhoOptions(Value):
    """As of when, None being now, and in which calling context they would ask."""

    moment: Given | None = None
    purpose: Named = None
    task: Named = None
    model: Named = None


class PreviewOptions(Value):
    """Documents of policies that would stand, or with None would stand no more, and for whom that is to be compared."""

    policies: dict[str, str | None] = Field(min_length=1)
    callers: tuple[Somebody, ...] = ()
    actions: tuple[Literal["read", "history", "write", "forget", "share", "erase"], ...] = ("read",)


def prepare_access(work: Work) -> Prepared:
    """Why a caller may or may not do something to a memory. For who may share it, and for admins.

    What the tenant's documents say of others is told to admins alone: of the roles, others are told those that they named.
    """
    options = read_options(AccessOptions, work)
    cube = _asked(work)
    caller = _caller(work, options.who)
    book, inherited = _book(work), work.warrant.inherited(cube.namespace)
    found = checking.explained(book, Asking(caller, options.action, work.now), cube, inherited)
    usable = work.desk.governance.warrant(caller, work.view, work.now).usable([cube])[0]
    value = {
        "memory": cube.id, "user": caller.user, "action": options.action, "allowed": found.allowed and usable, "policies": found.because,
        "errors": found.errors, "conditions_met": usable, "in_lists": found.found and usable, "sensitivity": cube.policy.sensitivity,
    }  # fmt: skip
    if work.desk.governance.may_govern(work.caller):
        value |= {"roles": found.roles, "clearance": found.clearance}
    else:
        value |= {"roles": tuple(sorted(set(caller.roles)))}
    return _answered(work, value)


def prepare_who(work: Work) -> Prepared:
    """Everybody whom owners and access lists name, and what each may do to a memory, now or at a moment; who changed what.

    Whom the tenant's documents name, and what changed in them, is told to admins alone.
    """
    options, now = read_options(WhoOptions, work), _asked(work)
    rows = work.view.versions(now.id, grant=Filter.everything(), now=work.now)
    seq = work.view.seq if options.moment is None else moment_of(work, options.moment).seq
    stood = [row for row in rows if row.seq <= seq]
    if not stood:
        raise NotFound(f"the memory {now.id} was not there at that moment")
    cube, rulings = stood[-1], work.view.ruled()
    book = checking.book_at(rulings, seq)
    inherited = _inherited(rulings, cube.namespace, seq)
    governs = work.desk.governance.may_govern(work.caller)
    context = options.model_dump(exclude_none=True, exclude={"moment"})
    callers = [each.model_copy(update=context) for each in checking.principals_of(book if governs else None, [cube], inherited)]
    may = [(each, checking.rights_of(book, each, cube, inherited, work.now)) for each in callers]
    value = {
        "memory": cube.id, "seq": seq, "namespace": cube.namespace, "owner": cube.owner, "sensitivity": cube.policy.sensitivity,
        "who": [{"user": each.user, "roles": each.roles, "may": rights} for each, rights in may if rights],
        "context": context,
        "changes": [*(_policy_changes(rulings, seq) if governs else ()), *_list_changes(stood)],
    }  # fmt: skip
    open_to = [name for name in ("purpose", "task", "model") if name not in context and checking.asks_for(book, name)]
    warnings = tuple(f"policies look at the {name}: under one of theirs more may be allowed; ask with {name}=" for name in open_to)
    return Prepared(_answered(work, value).reply.model_copy(update={"warnings": warnings}))


def prepare_preview(work: Work) -> Prepared:
    """What other policies would change: for each caller and action how many memories are allowed now and then, and which differ."""
    work.desk.governance.require_govern(work.caller)
    options = read_options(PreviewOptions, work)
    rules = {kind: work.view.rules(kind) for kind in KINDS}
    before, after = _book(work), checking.amended(rules, options.policies)
    callers = [_caller(work, each) for each in options.callers] or _everybody(work, before)
    rows = [_compared(work, before, after, caller, action) for caller in callers for action in options.actions]
    return _answered(work, [row for row in rows if options.callers or row["gained"] or row["lost"]])


def _everybody(work: Work, book: Book) -> list[Caller]:
    """Whom documents and policies name, and whose namespaces there are."""
    named = checking.principals_of(book, (), ())
    known = {each.user for each in named}
    return [*named, *(Caller(user=user) for user in work.desk.governance.users(work.view.paths("")) if user not in known)]


def _compared(work: Work, before: Book, after: Book, caller: Caller, action: Any) -> dict[str, Any]:
    asking = Asking(caller, action, work.now)
    old, new = (checking.allowed_filter(book, asking) for book in (before, after))
    standing = Filter.parse({"state": {"ne": "expired"}})

    def ids(filter: Filter) -> list[str]:
        page = work.view.find(standing, grant=filter, now=work.now, limit=TOLD)
        return [cube.id for cube in page.cubes]

    gained, lost = new & ~old, old & ~new
    counts = [work.view.count(standing, grant=each, now=work.now) for each in (old, new, gained, lost)]
    names = ("before", "after", "gained", "lost")
    told = {"gained_ids": ids(gained), "lost_ids": ids(lost)}
    return {"user": caller.user, "roles": caller.roles, "action": action, **dict(zip(names, counts, strict=True)), **told}


def _asked(work: Work) -> MemCube:
    """The one memory that the call names, if the caller may say who reads it, or governs the tenant."""
    if len(work.call.cubes) != 1:
        raise InvalidCall(f"name the one memory that this is about, not {len(work.call.cubes)}")
    cube_id = work.call.cubes[0].id
    admin = work.desk.governance.may_govern(work.caller)
    grant = Filter.everything() if admin else work.grant.filter
    cube = work.view.get([cube_id], grant=grant, now=work.now).get(cube_id)
    if cube is None or not (admin or work.warrant.may("share", [cube])[0]):
        raise NotFound(f"there is no memory {cube_id} here that you may share; who may share it can ask who reads it")
    return cube


def _book(work: Work) -> Book:
    policies, roles, principals = (work.view.rules(kind) for kind in KINDS)
    return book_of(policies, roles, principals, -1)


def _caller(work: Work, who: Somebody) -> Caller:
    return build(Caller, tenant=work.caller.tenant, **who.model_dump(exclude_none=True))


def _inherited(rulings: Any, namespace: str, seq: int) -> tuple[str, ...]:
    """What a namespace handed down at a commit."""
    entries: set[str] = set()
    for each in rulings:
        stood = each.seq <= seq and (each.seq_end is None or seq < each.seq_end)
        if each.kind == "acl" and stood and (namespace == each.key or namespace.startswith(f"{each.key}/")):
            entries |= {f"{right}:{entry['principal']}" for entry in each.body.get("acl", ()) for right in entry["rights"]}
    return tuple(sorted(entries))


def _policy_changes(rulings: Any, seq: int) -> list[dict[str, Any]]:
    """Each document that was made or ended, when and by whom, under the pseudonym of the logs."""
    changes: list[dict[str, Any]] = []
    for each in rulings:
        if each.kind not in {*KINDS, "acl"}:
            continue
        told: Mapping[str, Any] = {"kind": each.kind, "name": each.key}
        changes.append({**told, "change": "made", "seq": each.seq, "at": each.at, "by": each.by})
        if each.seq_end is not None:
            changes.append({**told, "change": "ended", "seq": each.seq_end, "at": each.ended_at, "by": each.ended_by})
    return sorted((each for each in changes if each["seq"] <= seq), key=lambda each: int(each["seq"]))


def _list_changes(rows: Any) -> list[dict[str, Any]]:
    """Each time a memory's own list, owner, place or sensitivity became another."""
    changes, last = [], None
    for row in rows:
        now = (row.policy.acl, row.owner, row.namespace, row.policy.sensitivity)
        if now != last:
            lists = [f"{right}:{entry.principal}" for entry in row.policy.acl for right in entry.rights]
            told = {"owner": row.owner, "namespace": row.namespace, "sensitivity": row.policy.sensitivity, "acl": lists}
            changes.append({"kind": "memory", "name": row.id, "change": "set", "seq": row.seq, "by": row.provenance.context.user, **told})
        last = now
    return changes


def _answered(work: Work, value: Any) -> Prepared:
    return Prepared(MemoryReply(call_id=work.call.id, value=value, call=work.call, seq=work.view.seq))
