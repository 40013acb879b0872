"""Branches: overlays in which a caller tries what would be; opened, told, merged back with their conflicts shown, or discarded."""

from __future__ import annotations

from typing import Any, Literal

from memos.errors import InvalidCall
from memos.interface.memory_api import provenance
from memos.interface.memory_api.desk import Options, Prepared, Work, read_options
from memos.interface.memory_api.lapsed import taken
from memos.interface.memory_api.time_machine import NOW, Given, Name, moment_of
from memos.interface.memory_api.update import fact_of
from memos.memcube.call import MemoryReply
from memos.memcube.change import CANONICAL, BranchClose, BranchOpen, CubeWrite, ReadSet
from memos.memcube.cube import MemCube
from memos.memcube.derivation import TEXTS
from memos.memcube.legal import legal_body
from memos.memcube.namespace import ROOTS
from memos.memcube.payload import Plaintext
from memos.memcube.spans import carried
from memos.memcube.state import State
from memos.operation.memlifecycle.time_machine import joined
from memos.operation.memoperator.analysis import analyse
from memos.ports.adapter import Branch


class BranchOptions(Options):
    """The name, and the moment that the branch is to begin at; without one a branch that stands is meant, or begun now."""

    name: Name
    base: Given | None = None


class MergeOptions(Options):
    """Which side to take where both changed the same; without one nothing is written when there are conflicts."""

    prefer: Literal["branch", "canonical"] | None = None
    dry_run: bool = False


def prepare_branch(work: Work) -> Prepared:
    """Open a branch, or find the one of that name."""
    options = read_options(BranchOptions, work)
    if work.call.branch is not None:
        raise InvalidCall("a branch of a branch is not kept; open it from the canonical memory")
    key = work.desk.governance.branch_key(work.caller, options.name)
    known = {each.name: each for each in work.view.branches(key)}.get(key)
    if known is not None and options.base is None:
        return Prepared(MemoryReply(call_id=work.call.id, value=_told(known, options.name), call=work.call))
    if known is not None:
        raise InvalidCall(f"there is a branch {options.name!r} already; leave `base` out to go on in it, or give another name")
    base = moment_of(work, NOW if options.base is None else options.base)
    value = {"name": options.name, "base": base.seq, "at": work.now}
    change = work.change(opens=BranchOpen(key, base.seq))
    return Prepared(MemoryReply(call_id=work.call.id, value=value, call=work.call), change)


def prepare_branches(work: Work) -> Prepared:
    """The caller's branches that stand."""
    prefix = work.desk.governance.branch_key(work.caller, "")
    found = [_told(each, each.name.removeprefix(prefix)) for each in work.view.branches(prefix)]
    return Prepared(MemoryReply(call_id=work.call.id, value=found, call=work.call))


def _told(branch: Branch, name: str) -> dict[str, Any]:
    return {"name": name, "base": branch.base, "at": branch.at}


def prepare_discard(work: Work) -> Prepared:
    """End a branch; what only it held is purged by the next sweep."""
    read_options(Options, work)
    key = _own_branch(work).name
    reply = MemoryReply(call_id=work.call.id, value={"name": work.call.branch}, call=work.call)
    return Prepared(reply, work.change(closes=BranchClose(key), branch=CANONICAL))


def _own_branch(work: Work) -> Branch:
    if work.call.branch is None:
        raise InvalidCall('this is the canonical memory; call it on a branch, as branch("what-if") gives it')
    return next(each for each in work.view.branches(work.view.branch) if each.name == work.view.branch)


def prepare_merge(work: Work) -> Prepared:
    """Bring what a branch changed into the canonical memory, and end it. With conflicts and no side preferred nothing is written."""
    options, branch = read_options(MergeOptions, work), _own_branch(work)
    past = work.warrant.filter("history", past=True)
    ids = work.view.changed(tuple(ROOTS), branch.opened - 1, work.view.seq)
    ours = work.view.get(list(ids), grant=past & TEXTS, now=work.now)  # what is derived of texts stands beside no branch
    with work.open_view(at=branch.base) as then, work.open_view() as present:
        base, theirs = (view.get(list(ids), grant=past, now=work.now) for view in (then, present))
        merged = [_merged(work, base.get(each), ours[each], theirs.get(each), options.prefer) for each in ids if each in ours]
        conflicts = [conflict for _, conflict in merged if conflict is not None]
        writes = tuple(write for write, _ in merged if write is not None)
        held = taken(present, writes)
        joins = {write.cube.id: held[write.cube.id] for write in writes if write.cube.id in held and write.adopt and write.fact is not None}
        conflicts += [_conflict(ours[each], theirs.get(each), ("place",)) for each in held if each not in joins]
        writes = tuple(write for write in writes if write.cube.id not in held)
        edges = work.view.neighbours(list(ours), None, 1) if ours else ()
        ends = {end for edge in edges for end in (edge.source, edge.target)}
        canonical = {write.cube.id for write in writes} | present.get(sorted(ends), grant=past, now=work.now).keys()
    value = {"merged": [write.cube.id for write in writes], "joined": joins, "conflicts": conflicts, "written": False}
    if options.dry_run or (conflicts and options.prefer is None):
        warnings = (f"nothing was written: {len(conflicts)} memories conflict, see reply.value",) if conflicts else ()
        return Prepared(MemoryReply(call_id=work.call.id, value=value, call=work.call, warnings=warnings))
    kept = tuple(edge for edge in edges if {edge.source, edge.target} <= canonical)
    change = work.change(writes=writes, edges=kept, closes=BranchClose(branch.name, work.view.seq), branch=CANONICAL)
    reads = ReadSet({write.cube.id: theirs[write.cube.id].seq if write.cube.id in theirs else 0 for write in writes})
    return Prepared(MemoryReply(call_id=work.call.id, value=value | {"written": True}, call=work.call), change, reads)


Outcome = tuple[CubeWrite | None, dict[str, Any] | None]


def _merged(work: Work, base: MemCube | None, ours: MemCube, theirs: MemCube | None, prefer: str | None) -> Outcome:
    """What becomes of one memory of the branch: the row to write, if any, and the conflict, if there is one."""
    if base is None:
        return (None, None) if ours.state is State.EXPIRED else (_adopted(work, ours), None)
    if theirs is None:
        return None, _conflict(ours, None, ("gone",))
    if theirs.frozen and theirs.seq != ours.seq:
        return None, _conflict(ours, theirs, ("frozen",))
    outcome = joined(base, ours, theirs)
    conflict = _conflict(ours, theirs, outcome.conflicts) if outcome.conflicts else None
    if conflict is not None and prefer is None:
        return None, conflict
    side = ours if prefer == "branch" else theirs
    fields = {**outcome.fields, **{name: getattr(side, name) for name in outcome.conflicts}}
    return _joined_row(work, ours, theirs, fields, outcome.text), conflict


def _joined_row(work: Work, ours: MemCube, theirs: MemCube, fields: dict[str, Any], text: str | None) -> CubeWrite | None:
    if text is not None:
        fields["payload"] = Plaintext(text=legal_body(text))
    payload = fields["payload"]
    if isinstance(payload, Plaintext) and payload != theirs.payload:
        marked = carried(payload.text, (theirs.text, theirs.policy.spans), (ours.text, ours.policy.spans))
        fields["policy"] = fields["policy"].model_copy(update={"spans": marked})
    if all(getattr(theirs, name) == value for name, value in fields.items()):
        return None
    moved = {name for name in fields if getattr(theirs, name) != fields[name]} - {"state", "frozen", "labels"}
    fresh = {"version": theirs.version + 1, "updated_at": work.now} if moved else {}
    after = theirs.model_copy(update={**fields, **fresh, "provenance": provenance.mutated(work, theirs.provenance, "merge")})
    if text is not None or (after.policy.spans and after.policy != theirs.policy):
        text = after.text if text is None else text
        return CubeWrite(after, birth=False, terms=analyse(text, after.speaker, after.role), fact=fact_of(after))
    like = ours.seq if after.payload == ours.payload and after.payload != theirs.payload else None
    return CubeWrite(after, birth=False, fact=fact_of(after), like=like)


def _adopted(work: Work, ours: MemCube) -> CubeWrite:
    after = ours.model_copy(update={"provenance": provenance.mutated(work, ours.provenance, "merge")})
    return CubeWrite(after, birth=False, fact=fact_of(after), like=ours.seq, adopt=True)


def _conflict(ours: MemCube, theirs: MemCube | None, fields: tuple[str, ...]) -> dict[str, Any]:
    return {"id": ours.id, "fields": fields, "branch": ours, "canonical": theirs}
