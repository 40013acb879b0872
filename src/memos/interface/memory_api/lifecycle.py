"""Lifecycle: the calls that move memories between states: `forget`, `archive`, `freeze`, `confirm`, and what the system itself moves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from memos.infrastructure.memgovernance.permission.actions import Action
from memos.interface.memory_api import provenance
from memos.interface.memory_api.create import replay
from memos.interface.memory_api.desk import Options, Prepared, Work, read_options
from memos.interface.memory_api.holds import GONE, held
from memos.interface.memory_api.query import named
from memos.interface.memory_api.update import changeable, fact_of, single
from memos.memcube.call import MemoryReply
from memos.memcube.change import CubeWrite, ReadSet
from memos.memcube.cube import MemCube
from memos.memcube.derivation import is_derived, require_text
from memos.memcube.state import PRESENT, State
from memos.operation.memlifecycle.transitions import Event, allowed, require

Freed = Callable[[Work, tuple[str, ...]], tuple[MemCube, ...]]
CONFIRMATION = "confirmation"
"""The origin of the record that a confirmation leaves."""


def moved(work: Work, cube: MemCube, state: State, event: Event, **update: Any) -> CubeWrite:
    """The row that shows a memory in another state: the same version, the same content."""
    after = cube.model_copy(update={"state": state, "provenance": provenance.mutated(work, cube.provenance, event), **update})
    return CubeWrite(cube=after, birth=False, fact=fact_of(after))


def prepare_forget(work: Work) -> Prepared:
    """The memories named leave every present read; `history` and the past still show them to who has that right.

    What one of them had ended holds again, unless another memory that stands ends it too.
    """
    return _several(work, lambda cube: moved(work, cube, State.EXPIRED, Event.FORGET), counts=True, freed=freed, action="forget")


def freed(work: Work, gone: tuple[str, ...]) -> tuple[MemCube, ...]:
    """The memories whose validity ended only by what is forgotten now."""
    ended = {edge.target for edge in work.view.neighbours(gone, ("supersedes",), 1) if edge.source in gone} - set(gone)
    if not ended:
        return ()
    enders: dict[str, set[str]] = {}
    for edge in work.view.neighbours(sorted(ended), ("supersedes",), 1):
        enders.setdefault(edge.target, set()).add(edge.source)
    others = frozenset().union(*(enders[each] for each in ended)) - set(gone)
    standing = work.view.get(sorted(others), grant=work.grant.filter, now=work.now)
    free = [each for each in sorted(ended) if enders[each].isdisjoint(cube.id for cube in standing.values() if cube.state in PRESENT)]
    found = work.view.get(free, grant=work.grant.filter, now=work.now).values()
    writable = (cube for cube, may in zip(found, work.warrant.may("write", found), strict=True) if may)
    return tuple(cube for cube in writable if cube.valid_to is not None and not cube.frozen and cube.state is not State.EXPIRED)


def holding(work: Work, cube: MemCube) -> CubeWrite:
    """A memory whose end is lifted."""
    made = provenance.mutated(work, cube.provenance, "supersession")
    return CubeWrite(cube.model_copy(update={"valid_to": None, "provenance": made}), birth=False, fact=fact_of(cube))


def prepare_archive(work: Work) -> Prepared:
    """The memories named leave the hot indexes; by id, by `states=` and in the past they are found, and use brings them back."""

    def archived(cube: MemCube) -> CubeWrite | None:
        if cube.state is State.ARCHIVED:
            return None
        require_text(cube, "it is not archived: forget it, and it is made anew when it is wanted")
        require(cube, State.ARCHIVED, Event.ARCHIVE)
        return moved(work, cube, State.ARCHIVED, Event.ARCHIVE)

    return _several(work, archived)


def prepare_confirm(work: Work) -> Prepared:
    """One more word of the user that a memory holds; after `settings.confirmations` of them it stands for good, Merged."""
    read_options(Options, work)
    if replayed := replay(work):
        return replayed
    cube = single(changeable(work))
    record = provenance.repeat(work, CONFIRMATION)
    records = (*cube.provenance.records, record)[-provenance.RECORDS :]
    count = sum(each.origin == CONFIRMATION for each in records)
    state = _confirmed(cube.state, enough=count >= work.desk.settings.confirmations)
    made = provenance.mutated(work, cube.provenance, Event.CONFIRMATION).model_copy(update={"records": records})
    write = moved(work, cube, state, Event.CONFIRMATION, provenance=made)
    return _prepared(work, (cube,), (write,), (cube.id,), value=count)


def _confirmed(state: State, *, enough: bool) -> State:
    if enough and allowed(state, State.MERGED, Event.CONFIRMATION):
        return State.MERGED
    return State.ACTIVATED if state in {State.GENERATED, State.ARCHIVED} else state


def prepare_freeze(work: Work) -> Prepared:
    """The memories named refuse every change from now on; they stay findable, and keep their history."""
    return _frozen(work, frozen=True)


def prepare_unfreeze(work: Work) -> Prepared:
    """The memories named may be changed again."""
    return _frozen(work, frozen=False)


def _frozen(work: Work, *, frozen: bool) -> Prepared:
    def turned(cube: MemCube) -> CubeWrite | None:
        if cube.frozen is frozen:
            return None
        made = provenance.mutated(work, cube.provenance, "freeze" if frozen else "unfreeze")
        after = cube.model_copy(update={"frozen": frozen, "provenance": made})
        return CubeWrite(cube=after, birth=False, fact=fact_of(after))

    return _several(work, turned, thawed=False)


def _several(
    work: Work,
    change: Callable[[MemCube], CubeWrite | None],
    *,
    counts: bool = False,
    thawed: bool = True,
    freed: Freed | None = None,
    action: Action = "write",
) -> Prepared:
    """One change to each of the memories named; those that need none are left as they are. `freed` tells whose end is lifted with them."""
    read_options(Options, work)
    if replayed := replay(work, counts=counts):
        return replayed
    cubes = changeable(work, action) if thawed else _writable(work)
    distinct = tuple({cube.id: cube for cube in cubes}.values())
    writes = tuple(write for write in map(change, distinct) if write is not None)
    ids = tuple(cube.id for cube in distinct)
    free = freed(work, ids) if freed is not None and writes else ()
    lifted = tuple(holding(work, cube) for cube in free)
    return _prepared(work, (*distinct, *free), (*writes, *lifted), ids, value=len(ids) if counts else None, shown=not counts)


def _writable(work: Work) -> tuple[MemCube, ...]:
    cubes = named(work)
    work.warrant.require("write", cubes)
    return cubes


def _prepared(
    work: Work, before: tuple[MemCube, ...], writes: tuple[CubeWrite, ...], ids: tuple[str, ...], *, value: Any = None, shown: bool = True
) -> Prepared:  # fmt: skip
    after = {write.cube.id: write.cube for write in writes}
    cubes = tuple(after.get(cube.id, cube) for cube in before) if shown else ()
    reply = MemoryReply(call_id=work.call.id, cubes=cubes, value=value, call=work.call)
    if not writes:
        return Prepared(reply)
    change = work.change(writes=writes, idempotency=work.idempotency(ids))
    return Prepared(reply, change, ReadSet(versions={cube.id: cube.seq for cube in before if cube.id in after}))


def prepare_transition(work: Work) -> Prepared:
    """What the worker found due; what is not due any more, or held, is left out.

    Options: `moves`, a tuple of (id, state, event), `trigger`, and `fence`.
    """
    moves = {cube_id: (state, event) for cube_id, state, event in work.call.options["moves"]}
    found = work.view.get(list(moves), grant=work.grant.filter, now=work.now)
    away = held(work, [cube_id for cube_id, (state, _) in moves.items() if state in GONE])
    writes = []
    for cube_id, cube in found.items():
        state, event = moves[cube_id]
        derived, void = is_derived(cube), event is Event.VOID
        state = State.EXPIRED if derived and state is State.ARCHIVED else state  # what can be made anew is not kept for later
        stays = void is not derived if void else cube.frozen or cube_id in away
        if cube.state is not state and not stays and allowed(cube.state, state, event):
            writes.append(moved(work, cube, state, event))
    reply = MemoryReply(call_id=work.call.id, value={"moved": len(writes), "held": len(away)}, call=work.call)
    reads = ReadSet(versions={write.cube.id: found[write.cube.id].seq for write in writes})
    return Prepared(reply, work.change(writes=tuple(writes), fence=work.call.options.get("fence")), reads)
