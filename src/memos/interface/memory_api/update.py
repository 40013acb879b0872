"""Update API: new versions of memories that stand, and `forget`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from memos.errors import FrozenMemory, InvalidCall, VersionConflict
from memos.interface.memory_api import provenance
from memos.interface.memory_api.create import replay
from memos.interface.memory_api.desk import Options, Prepared, Work, fitting, read_options
from memos.interface.memory_api.lapsed import lapsed, retired
from memos.interface.memory_api.query import named
from memos.memcube.call import MemoryReply
from memos.memcube.change import CubeWrite, ReadSet
from memos.memcube.cube import MemCube, Tag
from memos.memcube.legal import legal_body, legal_metadata, legal_tags, same_fact
from memos.memcube.payload import Plaintext
from memos.memcube.state import State
from memos.memcube.value import Instant, Metadata, Text
from memos.memcube.vector import Vector
from memos.operation.memoperator.analysis import analyse


class UpdateOptions(Options):
    """What an update changes; what is not named stays. `expires_at` "never" removes the end."""

    text: Annotated[str, BeforeValidator(legal_body)] | None = None
    mode: Literal["overwrite"] = "overwrite"
    expect_version: int | None = Field(default=None, ge=1)
    tags: Annotated[tuple[Tag, ...], BeforeValidator(legal_tags)] | None = None
    metadata: Annotated[Metadata, BeforeValidator(legal_metadata)] | None = None
    expires_at: Instant | Literal["never"] | None = None
    priority: int | None = Field(default=None, ge=-100, le=100)
    links: tuple[Text, ...] | None = None
    vector: Vector | None = None


def single(cubes: tuple[MemCube, ...]) -> MemCube:
    """The one memory of a call that changes one; InvalidCall when it names more."""
    if len(cubes) != 1:
        raise InvalidCall(f"name one memory by its id, not {len(cubes)}; call once for each")
    return cubes[0]


def changeable(work: Work) -> tuple[MemCube, ...]:
    """The memories named, if this caller may write to them and none is frozen."""
    cubes = named(work)
    for cube in cubes:
        work.desk.governance.require_write(work.caller, cube.namespace)
        if cube.frozen:
            raise FrozenMemory(f"the memory {cube.id} is frozen; unfreeze it first")
    return cubes


def prepare_update(work: Work) -> Prepared:
    """A new version of one memory, with the next ordinal."""
    options = read_options(UpdateOptions, work)
    if replayed := replay(work):
        return replayed
    cube = single(changeable(work))
    if options.expect_version is not None and options.expect_version != cube.version:
        message = f"the memory {cube.id} is at version {cube.version}, not {options.expect_version}; read it again"
        raise VersionConflict(message, id=cube.id, expected=options.expect_version, found=cube.version)
    fields = _changed(work, cube, options)
    return rewritten(work, cube, cube.model_copy(update=fields), text=options.text, vector=fitting(work, options.vector))


def _changed(work: Work, cube: MemCube, options: UpdateOptions) -> dict[str, Any]:
    policy: dict[str, Any] = {}
    if options.expires_at is not None:
        policy["expires_at"] = options.expires_at if isinstance(options.expires_at, datetime) else None
    if options.priority is not None:
        policy["priority"] = options.priority
    changed: dict[str, Any] = {"policy": cube.policy.model_copy(update=policy)} if policy else {}
    changed |= {name: value for name, value in (("tags", options.tags), ("metadata", options.metadata)) if value is not None}
    if options.text is not None:
        changed["payload"] = Plaintext(text=options.text)
    if not changed and options.links is None:
        raise InvalidCall("an update must change something: give a text, tags, metadata, expires_at, priority or links")
    origin = provenance.mutated(work, cube.provenance, "update", options.links)
    return changed | {"version": cube.version + 1, "updated_at": work.now, "provenance": origin}


def rewritten(
    work: Work, before: MemCube, after: MemCube, *, text: str | None = None, vector: Any = None, over: tuple[MemCube, ...] = ()
) -> Prepared:
    """The change that puts one version in the place of another; with a text, all its lanes are made anew. Those `over` make room."""
    terms = analyse(text, after.speaker, after.role) if text is not None else None
    write = CubeWrite(cube=after, birth=False, terms=terms, vector=vector, fact=fact_of(after))
    moved = write.fact is not None and (before.namespace, before.text) != (after.namespace, after.text)
    over = (*over, *(room_for_fact(work, after, write.fact) if moved else ()))
    change = work.change(writes=(*(retired(work, cube) for cube in over), write), idempotency=work.idempotency((after.id,)))
    reply = MemoryReply(call_id=work.call.id, cubes=(after,), call=work.call)
    return Prepared(reply, change, ReadSet(versions={cube.id: cube.seq for cube in (*over, before)}))


def fact_of(cube: MemCube) -> str | None:
    """The form under which no second memory of the namespace may stand; None for turns and for what is gone."""
    return None if cube.ordinal is not None or cube.state is State.EXPIRED or not cube.text else same_fact(cube.text)


def room_for_fact(work: Work, cube: MemCube, fact: str | None) -> tuple[MemCube, ...]:
    """What must go before a memory can stand for a fact; InvalidCall when an equal one stands."""
    standing = None if fact is None else work.view.facts(cube.namespace, [fact]).get(fact)
    if standing is None or standing == cube.id:
        return ()
    if over := lapsed(work, [standing]):
        return over
    raise InvalidCall(f"an equal fact stands already in {cube.namespace} as {standing}; forget one of the two", standing=standing)


def prepare_forget(work: Work) -> Prepared:
    """The memories named leave every present read; `history` still shows them to who has that right."""
    read_options(Options, work)
    if replayed := replay(work, counts=True):
        return replayed
    cubes = changeable(work)
    gone = tuple(
        cube.model_copy(update={"state": State.EXPIRED, "provenance": provenance.mutated(work, cube.provenance, "forget")})
        for cube in cubes
    )
    writes = tuple(CubeWrite(cube=cube, birth=False) for cube in {cube.id: cube for cube in gone}.values())
    reply = MemoryReply(call_id=work.call.id, value=len(writes), call=work.call)
    change = work.change(writes=writes, idempotency=work.idempotency(tuple(dict.fromkeys(cube.id for cube in gone))))
    return Prepared(reply, change, ReadSet(versions={cube.id: cube.seq for cube in cubes}))
