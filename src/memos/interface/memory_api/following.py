"""Following: what a search brings beside its hits: what they lead to, the caller's standing instructions, and how it was understood."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from memos.interface.memory_api.answering import beside, within
from memos.interface.memory_api.desk import Work
from memos.memcube.call import Grant, MemoryQuery
from memos.memcube.cube import MemCube
from memos.memcube.filter import Filter
from memos.memcube.hit import Hit, Reached
from memos.memcube.namespace import within as below

MOST = 200
"""So many memories are reached from the hits at most."""
BESIDE = {"next": ("gt", False), "previous": ("lt", True)}
"""The turns beside one: how their ordinals compare, and whether the greatest is the nearest."""
STRIDES = (2, 32, 256)
"""So many ordinals are looked at, one by one, before the session is searched for the nearest."""
STANDING = ("kind=instruction", "kind=preference", "instruction", "preference")
"""Tags of what its owner wants to be kept to always."""


class Following:
    """What relations lead to from the hits in one step.

    `shown` is the condition on what is reached, which need not pass the query's own.
    What the caller may not see is not there, and what follows it follows the turn before it.
    """

    def __init__(self, work: Work, query: MemoryQuery, shown: Filter) -> None:
        self._work, self._relations, self._shown = work, query.expand, shown
        self._holds, self._beside = shown.predicate(now=work.now), beside(work)
        self._edges: dict[tuple[str, str], list[MemCube]] = defaultdict(list)

    def reached(self, hits: Sequence[Hit]) -> tuple[Hit, ...]:
        """The memories reached, those of the first hit first, each with the score of the last hit."""
        if not hits:
            return ()
        known, found = {hit.cube.id for hit in hits}, list[Hit]()
        last = min(hit.score for hit in hits)
        self._read_edges([hit.cube.id for hit in hits])
        for hit in hits:
            for relation, cube in self._from(hit.cube):
                if cube.id not in known and len(found) < MOST:
                    known.add(cube.id)
                    reason = Reached(id=hit.cube.id, relation=relation)
                    found.append(Hit(cube=cube, score=last, why={"expanded": last}, reached=reason))
        return tuple(found)

    def _from(self, cube: MemCube) -> Iterator[tuple[str, MemCube]]:
        for relation in self._relations:
            others = self._turn(cube, relation) if relation in BESIDE else self._edges[cube.id, relation]
            yield from ((relation, other) for other in others)

    def _turn(self, cube: MemCube, relation: str) -> Sequence[MemCube]:
        """The next turn of a session that the caller may see, or the one before."""
        work = self._work
        if cube.session is None or cube.ordinal is None or work.desk.governance.redacted(work.warrant, cube).session != cube.session:
            return ()
        begun = 0
        for size in STRIDES:
            ordinals = _ordinals(cube.ordinal, relation, begun, begun + size, work.view.next_ordinal(cube.namespace, cube.session))
            if not ordinals:
                return ()
            there = work.view.turns(cube.namespace, cube.session, ordinals)
            found = work.view.get(list(there.values()), grant=self._beside, now=work.now)
            if near := [found[there[each]] for each in ordinals if there.get(each) in found and self._holds(found[there[each]])]:
                return near[:1]
            begun += size
        return self._turn_after_a_gap(cube, relation)

    def _turn_after_a_gap(self, cube: MemCube, relation: str) -> Sequence[MemCube]:
        comparison, descending = BESIDE[relation]
        there = self._shown & Filter.parse({"namespace": cube.namespace, "session": cube.session, "ordinal": {comparison: cube.ordinal}})
        return self._work.view.find(
            there, grant=self._beside, now=self._work.now, order="ordinal", descending=descending, limit=1
        ).cubes  # fmt: skip

    def _read_edges(self, ids: Sequence[str]) -> None:
        relations = tuple(relation for relation in self._relations if relation not in BESIDE)
        if not relations:
            return
        view, now = self._work.view, self._work.now
        edges = view.neighbours(ids, relations, 1)
        others = list(dict.fromkeys(end for edge in edges for end in (edge.source, edge.target)))
        cubes = {key: cube for key, cube in view.get(others, grant=self._work.grant.filter, now=now).items() if self._holds(cube)}
        for edge in edges:
            for one, other in ((edge.source, edge.target), (edge.target, edge.source)):
                if other in cubes:
                    self._edges[one, edge.relation].append(cubes[other])
        for some in self._edges.values():
            some.sort(key=lambda cube: (cube.said_at, cube.id))


def _ordinals(own: int, relation: str, begin: int, end: int, beyond: int) -> Sequence[int]:
    """The ordinals of the turns after one, or before it, the nearest first, from the place `begin` to `end`."""
    return range(own + 1, beyond)[begin:end] if relation == "next" else range(own - 1, -1, -1)[begin:end]


def standing(work: Work, query: MemoryQuery, shown: Filter) -> tuple[MemCube, ...]:
    """The caller's own instructions and preferences that hold: all of them where there are no more than wanted.

    Of more those come that fit the question best, then those of the highest priority, then the latest.
    """
    holding = [{"valid_to": {"exists": False}}, {"valid_to": {"gt": work.moment}}]
    own = Filter.parse({"owner": work.caller.principal, "tags": {"any": list(STANDING)}, "or": holding})
    wanted = MemoryQuery(filter=shown & own, namespaces=work.warrant.scope(work.action), limit=query.standing)
    page = work.view.find(
        within(wanted), grant=work.grant.filter, now=work.now, order="priority", descending=True, limit=query.standing
    )  # fmt: skip
    if page.cursor is None:
        return page.cubes
    asked = wanted.model_copy(update={"text": query.text, "vector": query.vector})
    best = work.desk.operator.retrieve(asked, work.view, work.grant, work.now, work.moment).hits
    found = {cube.id: cube for cube in (*work.view.load([one.row for one in best]), *page.cubes)}
    return tuple(found.values())[: query.standing]


def understood(work: Work, query: MemoryQuery, asked: MemoryQuery) -> dict[str, Any]:
    """How a query was read: where it looked, under which conditions, with which options, and how many memories passed.

    A namespace is named where the caller may see something in it, or where it is the caller's own.
    """
    view, grant, now = work.view, work.grant.filter, work.now

    def holds_any(path: str) -> bool:
        return view.count(Filter.parse({"namespace": {"under": path}}), grant=grant, now=now) > 0

    own = work.desk.governance.own_roots(work.caller)
    places = [path for path in query.namespaces or () if any(below(path, root) for root in own) or holds_any(path)]
    options = asked.model_dump(mode="json", exclude_defaults=True, exclude={"text", "vector", "filter", "explain"})
    return {
        "scope": places,
        "filter": query.filter.to_json() if query.filter is not None else {},
        "options": options,
        "passing": view.count(within(query), grant=grant, now=now),
        "path": work.desk.operator.path(query, view, Grant(filter=beside(work), policies=()), now),
    }
