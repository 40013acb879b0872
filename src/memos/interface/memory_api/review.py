"""Review: what is under quarantine is shown to those who review, and released or forgotten by them."""

from __future__ import annotations

from pydantic import Field

from memos.errors import InvalidCall
from memos.interface.memory_api import provenance
from memos.interface.memory_api.desk import Options, Prepared, Work, read_options
from memos.interface.memory_api.lifecycle import moved
from memos.interface.memory_api.query import named
from memos.interface.memory_api.update import fact_of
from memos.memcube.call import MemoryReply
from memos.memcube.change import CubeWrite, ReadSet
from memos.memcube.cube import MemCube
from memos.memcube.filter import Filter
from memos.memcube.quarantine import released
from memos.memcube.state import State
from memos.operation.memlifecycle.transitions import Event, require_thawed

REVIEW = "review"
"""The origin of what a review changes."""


class ReviewOptions(Options):
    """Whether the memories named are released or forgotten; without it they are shown, or all that there are, page by page."""

    release: bool | None = None
    limit: int = Field(default=100, ge=1, le=1000)
    cursor: str | None = None


def prepare_review(work: Work) -> Prepared:
    """Show what is under quarantine, release it, or forget it. What others wrote is told to reviewers alone: the grant is theirs."""
    options = read_options(ReviewOptions, work)
    if not work.call.cubes:
        if options.release is not None:
            raise InvalidCall("name the memories to release or to forget: each is reviewed by itself")
        page = work.view.find(
            Filter.everything(), grant=work.grant.filter, now=work.now, limit=options.limit, cursor=options.cursor
        )  # fmt: skip
        return Prepared(MemoryReply(call_id=work.call.id, cubes=page.cubes, next=page.cursor, call=work.call, seq=work.view.seq))
    cubes = named(work)
    if options.release is None:
        return Prepared(MemoryReply(call_id=work.call.id, cubes=cubes, call=work.call, seq=work.view.seq))
    for cube in cubes:
        require_thawed(cube)
    distinct = {cube.id: cube for cube in cubes}
    writes = tuple(
        _released(work, cube) if options.release else moved(work, cube, State.EXPIRED, Event.FORGET) for cube in distinct.values()
    )
    after = {write.cube.id: write.cube for write in writes}
    reply = MemoryReply(call_id=work.call.id, cubes=tuple(after[each] for each in distinct), call=work.call)
    return Prepared(reply, work.change(writes=writes), ReadSet(versions={cube.id: cube.seq for cube in distinct.values()}))


def _released(work: Work, cube: MemCube) -> CubeWrite:
    """The memory out of quarantine; it stands for its fact unless an equal one does."""
    made = provenance.mutated(work, cube.provenance, REVIEW)
    after = cube.model_copy(update={"policy": released(cube.policy), "provenance": made})
    fact = fact_of(after)
    taken = fact is not None and work.view.facts(after.namespace, [fact], after.policy.owner)
    return CubeWrite(cube=after, birth=False, fact=None if taken else fact)
