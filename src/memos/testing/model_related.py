"""The plain model's reads that follow the edges between memories."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from memos.memcube.change import Edge
from memos.memcube.derivation import DERIVED
from memos.memcube.filter import Filter
from memos.memcube.lineage import Derivation, Lineage
from memos.memcube.state import State as Expired
from memos.ports.feed import OPEN
from memos.testing.model import Row, State, edges_seen


class ModelRelated:
    """What `ModelView` is over; it gives the rows and the grant."""

    state: State
    tenant: str
    branch: str
    seq: int
    rows: list[Row]

    def granted(self, row: Row, grant: Filter, now: datetime) -> bool:
        """Whether the grant allows the memory."""
        raise NotImplementedError

    def selected(self, filter: Filter, grant: Filter, now: datetime) -> list[Row]:
        """The visible rows that pass both."""
        raise NotImplementedError

    def neighbours(self, ids: Sequence[str], relations: Sequence[str] | None, depth: int) -> tuple[Edge, ...]:
        """See the port."""
        seen = edges_seen(self.state, self.tenant, self.branch, self.seq)
        edges = [edge for edge in seen if relations is None or edge.relation in relations]
        near = {each for each in ids if self.state.cubes.get(each, (0, ""))[1] == self.tenant}
        reached: set[Edge] = set()
        for _ in range(depth):
            reached |= {edge for edge in edges if edge.source in near or edge.target in near}
            near |= {end for edge in reached for end in (edge.source, edge.target)}
        return tuple(sorted(reached, key=lambda edge: (edge.source, edge.target, edge.relation)))

    def lineage(
        self, id: str, relations: Sequence[str] | None, *, ancestors: bool, depth: int | None, limit: int, grant: Filter, now: datetime
    ) -> Lineage:
        """See the port."""
        shown = {row.cube.id for row in self.rows if self.granted(row, grant, now)}
        seen = edges_seen(self.state, self.tenant, self.branch, self.seq)
        wanted = [Derivation(each.source, each.target, each.relation) for each in seen if {each.source, each.target} <= shown]
        near, far = (0, 1) if ancestors else (1, 0)
        edges = sorted((edge for edge in wanted if relations is None or edge.relation in relations), key=lambda edge: (edge[far], edge[2]))
        away, walked = {id: 0} if id in shown else {}, []
        for each in (order := list(away)):
            steps = [edge for edge in edges if edge[near] == each and away[each] != depth]
            fresh = [end for end in dict.fromkeys(edge[far] for edge in steps) if end not in away]
            away |= dict.fromkeys(fresh, away[each] + 1)
            order += fresh
            walked += steps
        nodes = tuple(order[:limit])
        return Lineage(nodes, tuple(edge for edge in walked if {*edge[:2]} <= {*nodes}), len(order) > limit)

    def around(
        self, ids: Sequence[str], relations: Sequence[str] | None, *, filter: Filter, grant: Filter, now: datetime, limit: int
    ) -> tuple[Edge, ...]:
        """See the port."""
        shown = {row.cube.id for row in self.selected(filter, grant, now)}
        seen = [
            each for each in edges_seen(self.state, self.tenant, self.branch, self.seq) if relations is None or each.relation in relations
        ]
        found: list[Edge] = []
        for each in dict.fromkeys(ids):
            for near, far in (("source", "target"), ("target", "source")):
                mine = [edge for edge in seen if getattr(edge, near) == each and getattr(edge, far) in shown]
                mine.sort(key=lambda edge: self.state.cubes[getattr(edge, far)][0], reverse=True)
                kinds = sorted({edge.relation for edge in mine})
                found += [edge for kind in kinds for edge in [every for every in mine if every.relation == kind][:limit]]
        return tuple(dict.fromkeys(found))

    def derives(self) -> bool:
        """See the port."""
        return any(row.cube.payload.type != "plaintext" for row in self.state.rows)

    def derived(self, ids: Sequence[str] | None = None, *, gone: bool = False) -> dict[str, frozenset[str]]:
        """See the port."""
        return derived(self.state, self.tenant, ids, gone=gone)

    def tagged(self, keys: Sequence[str], *, filter: Filter, grant: Filter, now: datetime, limit: int) -> tuple[int, ...]:
        """See the port; the numbers are the model's."""
        rows = [row for row in self.selected(filter, grant, now) if {tag.key for tag in row.cube.tags} & {*keys}]
        return tuple(sorted((row.number for row in rows), reverse=True)[:limit])

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
        """See the port."""
        there = {tag.value for row in self.state.rows if row.tenant == self.tenant for tag in row.cube.tags if tag.name == name}
        known = sorted(value for value in there if value is not None)
        wanted = [value for value in known if parts is None or any(_plain(part) in f" {_plain(value)} " for part in parts)][:limit]
        rows = [{tag.value for tag in row.cube.tags if tag.name == name} for row in self.selected(filter, grant, now)]
        counted = ((value, min(most, sum(value in each for each in rows))) for value in wanted)
        return tuple((value, count) for value, count in counted if count)


def derived(
    state: State, tenant: str, ids: Sequence[str] | None = None, *, gone: bool = False, after: int = -1
) -> dict[str, frozenset[str]]:
    """What was derived, and stands, of rows written after a commit; with what it is derived of."""
    heads = [row for row in state.rows if row.tenant == tenant and not row.branch and row.end == OPEN and row.seq > after]
    rows = [row for row in heads if row.cube.payload.type != "plaintext" and (gone or row.cube.state != Expired.EXPIRED)]
    edges = [each.edge for each in state.relations if not each.branch and each.end == OPEN and each.edge.relation == DERIVED]
    wanted = [row.cube.id for row in rows if ids is None or row.cube.id in ids]
    return {each: frozenset(edge.target for edge in edges if edge.source == each) for each in wanted}


def _plain(text: str) -> str:
    return "".join(letter.lower() if letter.isascii() else letter for letter in text)
