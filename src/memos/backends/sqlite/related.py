"""Related: the reads of a View that follow the edges between memories."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import apsw
from pydantic_core import to_json

from memos.backends.sqlite import filter_sql
from memos.backends.sqlite.lineage import Asked, Graphs
from memos.backends.sqlite.named import statements
from memos.backends.sqlite.rows import id_bytes, id_text
from memos.backends.sqlite.sight import Sight
from memos.errors import InvalidCall
from memos.memcube.change import Edge
from memos.memcube.fields import microseconds
from memos.memcube.filter import Filter
from memos.memcube.lineage import Lineage

SQL = statements("view")
DEPTH = 8
"""How many steps `neighbours` goes at most."""


class Related:
    """What `SqliteView` is over; it gives the connection, the tenant, the sight and the grant."""

    branch: str
    head: int
    seq: int
    _graphs: Graphs
    _sight: Sight
    _tid: int
    _compiled: tuple[Filter, Filter, datetime, dict[str, str], list[Any]] | None = None

    def _run(self, text: str, parameters: Sequence[Any]) -> apsw.Cursor:
        raise NotImplementedError

    def _grant(self, grant: Filter, now: datetime) -> tuple[str, list[Any]]:
        raise NotImplementedError

    def neighbours(self, ids: Sequence[str], relations: Sequence[str] | None, depth: int) -> tuple[Edge, ...]:
        """See the port; InvalidCall unless 0 ≤ depth ≤ 8."""
        if not 0 <= depth <= DEPTH:
            raise InvalidCall(f"neighbours are looked for at a depth of 0 to {DEPTH}, not {depth}")
        wanted = None if relations is None else to_json(list(relations)).decode()
        text = SQL["neighbours"].format(visible=self._sight.edges)
        found = self._run(text, (self._tid, to_json([id_bytes(each).hex() for each in ids]).decode(), depth, wanted))
        return tuple(Edge(id_text(source), id_text(target), relation) for source, target, relation in found)

    def lineage(
        self, id: str, relations: Sequence[str] | None, *, ancestors: bool, depth: int | None, limit: int, grant: Filter, now: datetime
    ) -> Lineage:
        """See the port."""
        asked = Asked(self._run, self._tid, self._sight, None if self.branch or self.seq != self.head else self._graphs, self.head)
        return asked.lineage(id, relations, ancestors=ancestors, depth=depth, limit=limit, grant=self._grant(grant, now))

    def around(
        self, ids: Sequence[str], relations: Sequence[str] | None, *, filter: Filter, grant: Filter, now: datetime, limit: int
    ) -> tuple[Edge, ...]:
        """See the port. What has many edges is asked relation by relation, so that the edges beyond the limit are not read."""
        names = list(dict.fromkeys(ids))
        uids = [uid for (uid,) in self._run(SQL["uids"], (_listed([id_bytes(each).hex() for each in names]), self._tid))]
        condition, parameters = self._both(filter, grant, now)
        found: dict[int, list[Edge]] = {}
        for near, far in (("source", "target"), ("target", "source")):
            parts = condition | {"near": near, "far": far, "visible_edges": self._sight.edges}
            wanted = None if relations is None else _listed(list(relations))
            crowded = dict(self._run(SQL["crowded"].format(**parts), (_listed(uids), limit)))
            few = _listed([None if place in crowded else uid for place, uid in enumerate(uids)])
            found_rows = self._run(SQL["around"].format(**parts), (few, wanted, *parameters))
            rows = [(int(key), id_text(other), relation) for key, other, relation in found_rows]
            for key, uid in crowded.items():
                rows += self._crowd(int(key), uid, relations, (parts, parameters, limit))
            for key, other, relation in rows:
                ends = (names[key], other) if near == "source" else (other, names[key])
                found.setdefault(key, []).append(Edge(*ends, relation))
        return tuple(dict.fromkeys(edge for key in sorted(found) for edge in found[key]))

    def _crowd(
        self, key: int, uid: int, relations: Sequence[str] | None, asked: tuple[dict[str, str], list[Any], int]
    ) -> list[tuple[int, str, str]]:
        """The newest edges of one memory that has many."""
        parts, parameters, limit = asked
        there = [relation for (relation,) in self._run(SQL["relations_of"].format(**parts), (uid,))]
        text = SQL["around_one"].format(**parts)
        wanted = [each for each in there if relations is None or each in relations]
        return [(key, id_text(other), each) for each in wanted for (other,) in self._run(text, (uid, each, *parameters, limit))]

    def derives(self) -> bool:
        """See the port."""
        return bool(next(self._run(SQL["derives"], ()))[0])

    def derived(self, ids: Sequence[str] | None = None, *, gone: bool = False) -> dict[str, frozenset[str]]:
        """See the port."""
        wanted = None if ids is None else _listed([id_bytes(each).hex() for each in ids])
        found: dict[str, set[str]] = {}
        for made, source in self._run(SQL["derived_ever" if gone else "derived"], (self._tid, wanted)):
            found.setdefault(id_text(made), set()).update(() if source is None else (id_text(source),))
        return {made: frozenset(sources) for made, sources in found.items()}

    def tagged(self, keys: Sequence[str], *, filter: Filter, grant: Filter, now: datetime, limit: int) -> tuple[int, ...]:
        """See the port."""
        condition, parameters = self._both(filter, grant, now)
        text = SQL["tagged"].format(**condition)
        tags = [tag for (tag,) in self._run(SQL["tags_of_keys"], (self._tid, _listed(list(keys))))]
        rows = {row for tag in tags for (row,) in self._run(text, (tag, *parameters, limit))}
        return tuple(sorted(rows, reverse=True)[:limit])

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
        condition, parameters = self._both(filter, grant, now)
        text, wanted = SQL["count_tagged"].format(**condition), None if parts is None else _listed([_lower(each) for each in parts])
        named = list(self._run(SQL["tags_named"], (self._tid, name, wanted)))[:limit]
        counted = ((value, next(self._run(text, (tag, *parameters, most)))[0]) for tag, value in named)
        return tuple((value, count) for value, count in counted if count)

    def _both(self, filter: Filter, grant: Filter, now: datetime) -> tuple[dict[str, str], list[Any]]:
        """The conditions of two filters on a version row, and what they are bound to."""
        last = self._compiled
        if last is None or last[0] is not filter or last[1] is not grant or last[2] != now:  # a walk asks the same of many
            (wanted, ours), (allowed, theirs) = filter_sql.compile(filter, microseconds(now)), self._grant(grant, now)
            parts = {"filter": wanted, "grant": allowed, "visible": self._sight.versions, "head": self._sight.head}
            last = self._compiled = filter, grant, now, parts, [*ours, *theirs]
        return last[3], last[4]


_ASCII = {upper: upper + 32 for upper in range(65, 91)}


def _lower(text: str) -> str:
    """A text with its ASCII letters in lower case, as SQLite's `lower` gives it."""
    return text.translate(_ASCII)


def _listed(values: Sequence[Any]) -> str:
    return to_json(values).decode()
