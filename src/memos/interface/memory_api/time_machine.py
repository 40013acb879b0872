"""Time Machine: snapshots, moments, differences between two of them, and restoring, which writes anew."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime
from typing import Annotated, Any, NamedTuple

from pydantic import BeforeValidator, Field, StrictInt

from memos.errors import InvalidCall, NotFound
from memos.interface.memory_api import provenance
from memos.interface.memory_api.create import replay
from memos.interface.memory_api.desk import Options, Prepared, Work, read_options
from memos.interface.memory_api.holds import unheld
from memos.interface.memory_api.lapsed import require_room_for_turn, retired, taken
from memos.interface.memory_api.query import scope
from memos.interface.memory_api.update import again, permitted, require_marks, with_room
from memos.memcube.call import MemoryQuery, MemoryReply
from memos.memcube.change import CubeWrite, ReadSet, SnapshotName
from memos.memcube.cube import MemCube
from memos.memcube.derivation import TEXTS, require_text
from memos.memcube.filter import Filter
from memos.memcube.legal import legal_name
from memos.memcube.state import State
from memos.memcube.value import aware_utc
from memos.operation.memlifecycle.time_machine import Difference, brought_back, difference, toward
from memos.operation.memlifecycle.transitions import Event, require_thawed
from memos.ports.adapter import View

Name = Annotated[str, BeforeValidator(legal_name)]
Given = StrictInt | datetime | str
NOW = "now"
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
SHOWN = 10
"""How many names an error tells."""
BROUGHT = {State.EXPIRED: State.GENERATED, State.ARCHIVED: State.ACTIVATED}
"""Where a memory stands that is brought back by its id; other states stay."""


class Moment(NamedTuple):
    """A commit, and the time as of which it is read."""

    seq: int
    at: datetime


class SnapshotOptions(Options):
    """The name; with `drop` it is taken away."""

    name: Name
    drop: bool = False


class MomentOptions(Options):
    """A snapshot's name, a commit's number, a time, or "now"."""

    moment: Given


class DiffOptions(Options):
    """Two moments, the earlier first as a rule, and how many memories are told of at most."""

    before: Given
    after: Given = NOW
    limit: int = Field(default=1000, ge=1, le=10_000)


class RestoreOptions(Options):
    """Of one memory, the version; otherwise the moment to which all in scope returns."""

    version: int | None = Field(default=None, ge=1)
    moment: Given | None = None
    dry_run: bool = False


def moment_of(work: Work, given: Given) -> Moment:
    """What a caller means by a moment. InvalidCall or NotFound when it is none; the past that was purged is none either."""
    view = work.view
    if isinstance(given, str):
        return _named_moment(work, given)
    if isinstance(given, datetime):
        when = aware_utc(given)
        return _readable(view, Moment(view.moment(min(when, work.now)), when))
    if not 0 <= given <= view.head:
        raise InvalidCall(f"there is no commit {given} yet; `reply.seq` numbers them, from 0, the empty store")
    return _readable(view, Moment(given, view.time_of(given) or work.now))


def _readable(view: View, moment: Moment) -> Moment:
    if moment.seq < view.horizon:
        raise InvalidCall("the past of that moment has been purged; name a later one")
    return moment


def _named_moment(work: Work, name: str) -> Moment:
    if name == NOW:
        return Moment(work.view.seq, work.moment)
    mine = {each.name: each for each in work.view.snapshots(work.caller.principal)}
    if name in mine:
        return Moment(mine[name].seq, mine[name].at)
    try:
        return moment_of(work, datetime.fromisoformat(f"{name}T00:00:00Z" if DAY.fullmatch(name) else name))
    except ValueError:
        known = ", ".join([*list(mine)[:SHOWN], *(["…"] if len(mine) > SHOWN else [])]) or "none"
        raise NotFound(f"there is no snapshot {name!r} of yours, and it is no time; your snapshots: {known}") from None


def prepare_moment(work: Work) -> Prepared:
    """What a moment means: its commit and its time."""
    found = moment_of(work, read_options(MomentOptions, work).moment)
    return Prepared(MemoryReply(call_id=work.call.id, value={"seq": found.seq, "at": found.at}, call=work.call))


def prepare_snapshot(work: Work) -> Prepared:
    """Give a name to the commit that the call reads, or take one away. It costs the same however large the store is."""
    options = read_options(SnapshotOptions, work)
    if work.call.branch is not None:
        raise InvalidCall("a snapshot names a commit of the canonical memory; take it outside of the branch")
    if not options.drop:
        _require_no_moment(options.name)
    seq = None if options.drop else work.view.seq
    value = {"name": options.name, "seq": seq, "at": work.now}
    change = work.change(names=(SnapshotName(work.caller.principal, options.name, seq),))
    return Prepared(MemoryReply(call_id=work.call.id, value=value, call=work.call), change)


def _require_no_moment(name: str) -> None:
    """InvalidCall for a name that would hide a moment: "now", a number, a time."""
    if name == NOW:
        raise InvalidCall('"now" is always the present; give the snapshot another name')
    try:
        datetime.fromisoformat(name)
    except ValueError:
        if not name.isdecimal():
            return
    raise InvalidCall(f"{name!r} names a moment already; give the snapshot a name that is no number and no time")


def prepare_snapshots(work: Work) -> Prepared:
    """The caller's snapshots, in their order."""
    found = [{"name": each.name, "seq": each.seq, "at": each.at} for each in work.view.snapshots(work.caller.principal)]
    return Prepared(MemoryReply(call_id=work.call.id, value=found, call=work.call))


def prepare_diff(work: Work) -> Prepared:
    """What differs between two moments in the namespaces asked: memories that came, that went, and that changed."""
    options = read_options(DiffOptions, work)
    first, second = moment_of(work, options.before), moment_of(work, options.after)
    found = _differences(work, first, second, scope(work, work.call.query or MemoryQuery()))
    told = [_told(each) for each in found[: options.limit]]
    value: dict[str, Any] = {kind: [row for row in told if row["kind"] == kind] for kind in ("added", "removed", "changed")}
    value |= {"before": first._asdict(), "after": second._asdict(), "truncated": len(found) > options.limit}
    shown = tuple(cube for each in found[: options.limit] for cube in (each.before, each.after) if cube is not None)
    return Prepared(MemoryReply(call_id=work.call.id, value=value, call=work.call), told=shown)


def _differences(work: Work, first: Moment, second: Moment, roots: Sequence[str]) -> list[Difference]:
    early, late = sorted((first.seq, second.seq))
    ids = tuple(dict.fromkeys([*work.view.changed(roots, early, late), *_lapsed_between(work, first, second, roots)]))
    with ExitStack() as views:
        before, after = (_standing(work, views.enter_context(_view_at(work, each)), each, ids, roots) for each in (first, second))
    found = (difference(cube_id, before.get(cube_id), after.get(cube_id)) for cube_id in ids)
    return [each for each in found if each is not None]


def _view_at(work: Work, moment: Moment) -> Any:
    """The View of a moment; of a branch, before it was opened, that of the canonical memory."""
    mine = next((each for each in work.view.branches(work.view.branch) if each.name == work.view.branch), None)
    if mine is not None and moment.seq < mine.opened:
        return work.open_view(at=min(moment.seq, mine.base))
    return work.open_view(at=moment.seq, branch=work.view.branch)


def _lapsed_between(work: Work, first: Moment, second: Moment, roots: Sequence[str]) -> list[str]:
    """Memories whose time ended between two moments; no row tells of it until a sweep."""
    early, late = sorted((first.at, second.at))
    wanted = Filter.parse({"expires_at": {"gt": early, "lte": late}, "or": [{"namespace": {"under": root}} for root in roots]})
    page = work.view.find(wanted, grant=work.grant.filter, now=work.now, limit=1000) if roots and early < late else None
    return [cube.id for cube in page.cubes] if page else []


def _standing(work: Work, view: View, moment: Moment, ids: Sequence[str], roots: Sequence[str]) -> dict[str, MemCube]:
    """The memories that stood in scope at a moment, as the caller may see them."""
    found = view.get(list(ids), grant=work.grant.filter, now=work.now)
    return {cube_id: cube for cube_id, cube in found.items() if not _gone(cube, moment.at) and _inside(cube, roots)}


def _gone(cube: MemCube, at: datetime) -> bool:
    end = cube.policy.expires_at
    return cube.state is State.EXPIRED or (end is not None and end <= at)


def _inside(cube: MemCube, roots: Sequence[str]) -> bool:
    return any(cube.namespace == root or cube.namespace.startswith(f"{root}/") for root in roots)


def _told(each: Difference) -> dict[str, Any]:
    kind = "added" if each.before is None else "removed" if each.after is None else "changed"
    return {"id": each.id, "kind": kind, "before": each.before, "after": each.after, "fields": each.fields}


def prepare_restore(work: Work) -> Prepared:
    """Bring back a version of one memory, or all memories in scope as they were at a moment; what is written is new, and undone alike."""
    options = read_options(RestoreOptions, work)
    if replayed := replay(work):
        return replayed
    if work.call.cubes and options.moment is None:
        return _restore_one(work, options)
    if options.moment is None or work.call.cubes or options.version is not None:
        raise InvalidCall("restore takes the id of one memory, with or without a version, or a moment such as a snapshot's name")
    return _restore_all(work, moment_of(work, options.moment), dry_run=options.dry_run)


def _restore_one(work: Work, options: RestoreOptions) -> Prepared:
    if len(work.call.cubes) != 1:
        raise InvalidCall("restore one memory by its id; several are restored by a moment")
    cube_id = work.call.cubes[0].id
    rows = work.view.versions(cube_id, grant=work.grant.filter, now=work.now)
    if not rows:
        raise NotFound(f"there is no memory {cube_id} here for you; list() shows those there are")
    require_text(now := rows[-1], "it is not restored, but made anew of their text")
    work.warrant.require("write", [now])
    require_thawed(now)
    require_marks(work, rows, then := _version(rows, options.version))
    write = _again(work, now, then, BROUGHT.get(now.state, now.state), whole=False)
    if write is None:
        warning = f"nothing was written: version {now.version} stands as it is"
        return Prepared(MemoryReply(call_id=work.call.id, cubes=(now,), call=work.call, warnings=(warning,)))
    require_room_for_turn(work, now, write.cube)
    over, write = with_room(work, write)
    change = work.change(writes=(*(retired(work, each) for each in over), write), idempotency=work.idempotency((cube_id,)))
    reads = ReadSet(versions={each.id: each.seq for each in (*over, now)})
    return Prepared(MemoryReply(call_id=work.call.id, cubes=(write.cube,), call=work.call), change, reads)


def _version(rows: Sequence[MemCube], number: int | None) -> MemCube:
    """The last row of a version, one that was not yet expired where there is such; the latest version when none is named."""
    wanted = rows[-1].version if number is None else number
    mine = [row for row in rows if row.version == wanted]
    if not mine:
        known = ", ".join(str(each) for each in sorted({row.version for row in rows}))
        raise NotFound(f"the memory {rows[-1].id} has the versions {known}, and no {number}")
    return next((row for row in reversed(mine) if row.state is not State.EXPIRED), mine[-1])


def _again(work: Work, now: MemCube, then: MemCube, state: State, *, whole: bool) -> CubeWrite | None:
    """The row that brings a version back, None when nothing would change. An end that is over by now is left out."""
    fields = brought_back(now, then, whole=whole)
    end = fields["policy"].expires_at
    if end is not None and end <= work.now:
        fields["policy"] = fields["policy"].model_copy(update={"expires_at": None})
    wanted = now.model_copy(update=fields | {"state": state})
    if difference(now.id, now, wanted) is None:
        return None
    anew = difference(now.id, now.model_copy(update={"state": state, "labels": wanted.labels}), wanted) is not None
    fresh = {"version": now.version + 1, "updated_at": work.now} if anew else {}
    made = {"provenance": provenance.mutated(work, now.provenance, Event.RESTORE)}
    after = wanted.model_copy(update=fresh | made)
    return again(after, then.seq)


def _restore_all(work: Work, moment: Moment, *, dry_run: bool) -> Prepared:
    roots = scope(work, work.call.query or MemoryQuery())
    found = _differences(work, moment, Moment(work.view.seq, work.now), roots)
    standing = work.view.get([each.id for each in found], grant=work.grant.filter & TEXTS, now=work.now)
    frozen = [each.id for each in found if each.id in standing and standing[each.id].frozen]
    writes = [write for each in found if each.id not in frozen and (write := _returned(work, each, standing)) is not None]
    writes = permitted(work, standing, writes)
    kept = len(writes) - len(writes := unheld(work, writes, standing))
    held = taken(work.view, writes)
    writes = [write for write in writes if write.cube.id not in held]
    writes.sort(key=lambda write: write.cube.state is not State.EXPIRED)  # who leaves makes room for equal facts
    left = sum(write.cube.state is State.EXPIRED for write in writes)
    ids = tuple(write.cube.id for write in writes)
    value = {"restored": len(writes) - left, "forgotten": left, "frozen": frozen, "held": held, "ids": list(ids)}
    warnings = [f"what is frozen stays as it is ({len(frozen)})"] if frozen else []
    if held:
        warnings.append(f"{len(held)} stay away, since another memory stands in their place: see reply.value['held']")
    warnings += [f"what a hold keeps stays as it is ({kept})"] if kept else []
    reply = MemoryReply(call_id=work.call.id, value=value, call=work.call, warnings=tuple(warnings))
    if dry_run or not writes:
        return Prepared(reply)
    paths = {path for root in roots for path in work.view.paths(root)}
    reads = ReadSet({write.cube.id: standing[write.cube.id].seq for write in writes}, {path: work.view.last_seq(path) for path in paths})
    return Prepared(reply, work.change(writes=tuple(writes), idempotency=work.idempotency(ids)), reads)


def _returned(work: Work, each: Difference, standing: dict[str, MemCube]) -> CubeWrite | None:
    now = standing.get(each.id)
    if now is None:
        return None  # where the caller may not look, or not write
    if each.before is None:
        gone = {"state": State.EXPIRED, "provenance": provenance.mutated(work, now.provenance, Event.RESTORE)}
        return CubeWrite(cube=now.model_copy(update=gone), birth=False) if now.state is not State.EXPIRED else None
    work.warrant.require("write", [now])
    return _again(work, now, each.before, toward(now.state, each.before.state), whole=True)
