"""The graph half of a StagedView: edges that are staged beside those of the store, and the tags of what is staged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from memos.infrastructure.memvault.staged_rows import Told
from memos.infrastructure.memvault.staging import Shown, Staged
from memos.memcube.change import Edge
from memos.memcube.cube import MemCube
from memos.memcube.filter import Filter
from memos.memcube.lineage import Derivation, Lineage
from memos.memcube.state import State
from memos.ports.adapter import View

_ASCII = {upper: upper + 32 for upper in range(65, 91)}


class StagedRelations:
    """What `StagedView` is over; it gives the View underneath and what is staged."""

    _view: View
    _shown: Shown
    _mine: Mapping[str, Staged]

    def _rest(self, filter: Filter) -> Filter:
        raise NotImplementedError

    def _selected(self, filter: Filter, grant: Filter, now: datetime) -> list[Staged]:
        raise NotImplementedError

    def _passes(self, cube: MemCube, filter: Filter, now: datetime) -> bool:
        raise NotImplementedError

    def get(self, ids: Sequence[str], *, grant: Filter, now: datetime) -> dict[str, MemCube]:
        """The memories that a grant allows."""
        raise NotImplementedError

    def allowed(self, ids: Sequence[str], *, grant: Filter, now: datetime) -> frozenset[str]:
        """Which of many memories `get` would give."""
        raise NotImplementedError

    def rows(self, wanted: Sequence[tuple[str, int | None]]) -> Told:
        """Rows as a feed tells them."""
        raise NotImplementedError

    def neighbours(self, ids: Sequence[str], relations: Sequence[str] | None, depth: int) -> tuple[Edge, ...]:
        """See the port."""
        near, reached, edge_of = set(ids), set[Edge](), list(dict.fromkeys(ids))
        for _ in range(depth):
            found = self._edges(edge_of, relations)
            ends = {end for edge in found for end in (edge.source, edge.target)}
            reached |= found
            edge_of = sorted(ends - near)
            near |= ends
            if not edge_of:
                break
        return tuple(sorted(reached, key=lambda edge: (edge.source, edge.target, edge.relation)))

    def derived(self, ids: Sequence[str] | None = None, *, gone: bool = False) -> dict[str, frozenset[str]]:
        """See the port."""
        over = set() if gone else {each for each, staged in self._mine.items() if staged.cube.state is State.EXPIRED}
        return {each: sources for each, sources in self._view.derived(ids, gone=gone).items() if each not in over}

    def _edges(self, ids: Sequence[str], relations: Sequence[str] | None) -> set[Edge]:
        """The edges that begin or end at some memories."""
        near, staged = set(ids), self._shown.edges
        found = {edge for edge in self._view.neighbours(ids, relations, 1) if staged.get(edge, True)}
        mine = (edge for edge, stands in staged.items() if stands and (relations is None or edge.relation in relations))
        return found.union(edge for edge in mine if edge.source in near or edge.target in near)

    def lineage(
        self, id: str, relations: Sequence[str] | None, *, ancestors: bool, depth: int | None, limit: int, grant: Filter, now: datetime
    ) -> Lineage:
        """See the port; walked step by step."""
        near, far = (0, 1) if ancestors else (1, 0)
        away = dict.fromkeys(self.allowed([id], grant=grant, now=now), 0)
        order, walked = list(away), list[Derivation]()
        for each in order:  # which grows meanwhile
            if len(order) > limit or away[each] == depth:
                continue
            steps = [Derivation(edge.source, edge.target, edge.relation) for edge in self._edges([each], relations)]
            shown = self.allowed([step[far] for step in steps], grant=grant, now=now)
            steps = sorted((step for step in steps if step[near] == each and step[far] in shown), key=lambda step: (step[far], step[2]))
            fresh = [end for end in dict.fromkeys(step[far] for step in steps) if end not in away]
            away |= dict.fromkeys(fresh, away[each] + 1)
            order += fresh
            walked += steps
        nodes = tuple(order[:limit])
        known = set(nodes)
        return Lineage(nodes, tuple(step for step in walked if known.issuperset(step[:2])), len(order) > limit)

    def around(
        self, ids: Sequence[str], relations: Sequence[str] | None, *, filter: Filter, grant: Filter, now: datetime, limit: int
    ) -> tuple[Edge, ...]:
        """See the port."""
        names = list(dict.fromkeys(ids))
        edges = self._edges(names, relations)
        there = self.get(sorted({end for edge in edges for end in (edge.source, edge.target)}), grant=grant, now=now)
        shown = [cube_id for cube_id, cube in there.items() if self._passes(cube, filter, now)]
        born = {cube_id: row.uid for (cube_id, _), row in self.rows([(each, None) for each in shown]).items()}
        found: dict[Edge, None] = {}
        for each in names:
            for near, far in (("source", "target"), ("target", "source")):
                mine = [edge for edge in edges if getattr(edge, near) == each and getattr(edge, far) in born]
                mine.sort(key=lambda edge: -born[getattr(edge, far)])
                for kind in sorted({edge.relation for edge in mine}):
                    found |= dict.fromkeys([edge for edge in mine if edge.relation == kind][:limit])
        return tuple(found)

    def tagged(self, keys: Sequence[str], *, filter: Filter, grant: Filter, now: datetime, limit: int) -> tuple[int, ...]:
        """See the port."""
        wanted = set(keys)
        mine = [each.number for each in self._selected(filter, grant, now) if not wanted.isdisjoint(tag.key for tag in each.cube.tags)]
        others = self._view.tagged(keys, filter=self._rest(filter), grant=grant, now=now, limit=limit)
        return tuple(sorted((*mine, *others), reverse=True)[:limit])

    def tag_values(
        self,
        name: str,
        parts: Sequence[str] | None,
        *,
        filter: Filter,
        grant: Filter,
        now: datetime,
        most: int,
        limit: int | None = None,
    ) -> tuple[tuple[str, int], ...]:
        """See the port; of as many values of the store as the limit says, and as many that are staged."""
        others = self._view.tag_values(name, parts, filter=self._rest(filter), grant=grant, now=now, most=most, limit=limit)
        wanted = None if parts is None else [part.translate(_ASCII) for part in parts]
        counts = dict(others)
        for each in self._selected(filter, grant, now):
            for value in {tag.value for tag in each.cube.tags if tag.name == name and tag.value is not None}:
                if wanted is None or any(part in f" {value.translate(_ASCII)} " for part in wanted):
                    counts[value] = counts.get(value, 0) + 1
        return tuple((value, min(most, count)) for value, count in sorted(counts.items()))
