"""Related: the reads of a View that follow the edges between memories."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import apsw
from pydantic_core import to_json

from memos.backends.sqlite.lineage import Asked, Graphs
from memos.backends.sqlite.named import statements
from memos.backends.sqlite.rows import id_bytes, id_text
from memos.backends.sqlite.sight import Sight
from memos.errors import InvalidCall
from memos.memcube.change import Edge
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
