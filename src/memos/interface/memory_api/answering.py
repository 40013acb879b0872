"""Answering: what a search gives of what retrieval found: equal memories once, grouped, spread, ordered, with what they lead to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from memos.errors import InvalidCall
from memos.infrastructure.memgovernance.permission.actions import reads_past
from memos.interface.memory_api.desk import Work
from memos.interface.memory_api.sources import spread
from memos.memcube.call import MemoryQuery
from memos.memcube.cube import MemCube
from memos.memcube.filter import Filter
from memos.memcube.hit import Hit
from memos.operation.memoperator.arrangement import (
    Found,
    Members,
    grouped,
    in_order,
    nearer_first,
    nearness,
    one_each,
    standing_for,
    unlike,
)

MOST = 1000
"""Among so many of the best, or twice the limit where that is more, everything is found that a search gives."""
POOL = 50
"""Among so many at least, or four times the limit, unlike ones are chosen."""


WIDER = 10
"""So many more at least are looked at for what says the same and stands nearer, where there are several layers."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The hits, the memories that they tell of beside their own, and how many were ranked without a vector."""

    hits: tuple[Hit, ...]
    told: tuple[MemCube, ...]
    pending: int


class _Pool(NamedTuple):
    """What was found, equal ones as one, by score; and those that others stand for."""

    found: list[Found]
    behind: dict[str, MemCube]
    pending: int


def answered(work: Work, query: MemoryQuery) -> Answer:
    """The hits of a query whose filter, namespaces and vector are settled."""
    if query.rank.diverse and work.view.dimensions is None:
        raise InvalidCall("rank.diverse compares vectors, and this store has no embedder; leave it out")
    pool = _pool(work, query)
    found = pool.found
    if query.rank.diverse:
        vectors = work.view.vectors_of([each.hit.cube.id for each in found])
        found = unlike(found, vectors, query.rank.diverse, len(found) if query.group is not None else query.limit)
    if query.group is None:
        hits = [each.hit for each in found[: query.limit]]
    else:
        hits = _by_group(work, query, grouped(found, query.group, query.per_group)[: query.limit])
    if query.rank.order != "relevance":
        hits = in_order(hits, query.rank.order)
    return Answer(tuple(hits), tuple(pool.behind[each] for hit in hits for each in hit.also), pool.pending)


def _pool(work: Work, query: MemoryQuery) -> _Pool:
    """As many of the best as are needed to fill the answer."""
    several = _several(work, query.namespaces or ())
    most = max(MOST, 2 * query.limit + 10)
    asked = min(most, _wanted(query, several=several))
    there = work.desk.operator.groups(query, query.group, work.view, work.grant, work.now) if query.group is not None else None
    while True:
        hits, pending = spread(work, query.model_copy(update={"limit": asked}))
        pool = _joined(work, hits, pending)
        if len(hits) < asked or asked == most or _enough(pool.found, hits, query, several=several):
            return pool
        if there is not None and query.group is not None and len(grouped(pool.found, query.group, 1)) >= there:
            return pool
        asked = min(most, 2 * asked)


def _several(work: Work, roots: Sequence[str]) -> bool:
    """Whether there is anything at more than one distance."""
    if len({nearness(root) for root in roots}) < 2:
        return False
    return len({nearness(root) for root in roots if work.view.paths(root)}) > 1


def _wanted(query: MemoryQuery, *, several: bool) -> int:
    wanted = query.limit + max(WIDER, query.limit // 2) if several else query.limit
    if query.rank.diverse:
        wanted = max(wanted, POOL, 4 * query.limit)
    return wanted if query.group is None else max(wanted, POOL, 2 * query.limit * query.per_group)


def _enough(found: Sequence[Found], hits: Sequence[Hit], query: MemoryQuery, *, several: bool) -> bool:
    """Whether there are enough, and the last does not tie with what was not asked for, which might be nearer."""
    if query.group is not None:
        return len(grouped(found, query.group, 1)) >= query.limit
    if len(found) < query.limit:
        return False
    return not several or len(hits) == len(found) == query.limit or found[query.limit - 1].hit.score > hits[-1].score


def _joined(work: Work, hits: Sequence[Hit], pending: int) -> _Pool:
    if len({(hit.cube.namespace, hit.cube.policy.owner) for hit in hits}) == 1 and hits[0].cube.policy.owner == work.caller.principal:
        return _Pool([Found(hit, hit.cube) for hit in hits], {}, pending)  # the store holds a fact of one's own once
    sets = one_each([Found(hit, _shown(work, hit.cube)) for hit in hits])
    if len(sets) < len(hits):
        sets = [allowed for members in sets if (allowed := _permitted(work, members))]
    found = nearer_first([standing_for(members) for members in sets])
    return _Pool(found, {each.hit.cube.id: each.hit.cube for members in sets if len(members) > 1 for each in members}, pending)


def _shown(work: Work, cube: MemCube) -> MemCube:
    return work.desk.governance.redacted(work.warrant, cube)


def _permitted(work: Work, members: list[Found]) -> list[Found]:
    """Those of some equal memories that may leave: which stands for the others must not depend on one that may not."""
    if len(members) == 1:
        return members
    cubes = [each.hit.cube for each in members]
    allowed = work.desk.governance.permitted(work.warrant, work.grant, work.call, cubes, now=work.now, heads=work.heads)
    return [each for each, may in zip(members, allowed, strict=True) if may]


def beside(work: Work) -> Filter:
    """The grant for what is asked of what stands beside texts, sessions, speakers, tags: nothing of others' that hide some of it."""
    return work.warrant.filter(work.action, past=reads_past(work.call), beside=True)


def _by_group(work: Work, query: MemoryQuery, groups: Sequence[Members]) -> list[Hit]:
    """The hits of the groups, which say how many more each has."""
    tests = [Filter.parse(each.test) for each in groups if each.test is not None]
    there = iter(work.desk.operator.counted(query, tests, work.view, beside(work), work.now))
    hits: list[Hit] = []
    for group, test, members in groups:
        others = 0 if test is None else max(0, next(there) - len(members))
        whole = group.model_copy(update={"others": others})
        hits += [each.hit.model_copy(update={"group": whole}) for each in members]
    return hits


def within(query: MemoryQuery) -> Filter:
    """The conditions of a query whose filter and namespaces are settled, as one filter."""
    places = Filter.parse({"or": [{"namespace": {"under": path}} for path in query.namespaces or ()]})
    return places if query.filter is None else query.filter & places
