# ruff: noqa: S101 -- a mirror asserts that what it is told fits what it was told before
"""A mirror: one namespace as somebody knows it who has read feed after feed, and nothing else."""

from __future__ import annotations

from memos.ports.adapter import View
from memos.ports.feed import OPEN, FeedRow
from memos.testing.model import Row
from memos.testing.walk import VOCABULARY


class Mirror:
    """What feeds have told of a namespace. `apply` asserts what the port promises of a feed."""

    def __init__(self, namespace: str, *, cold: bool = False) -> None:
        self.namespace, self.cold = namespace, cold
        self.stamp = -1
        self.rows: dict[int, FeedRow] = {}
        self.ends: dict[int, int] = {}
        self.vectors: dict[int, list[float]] = {}
        self.inherited: tuple[str, ...] = ()
        self.hashes: list[int] = []
        self._numbers: dict[int, int] = {}

    def apply(self, view: View, after: int) -> None:
        """Read what has changed since, chunk by chunk."""
        self.hashes = view.hash_terms(VOCABULARY).tolist()
        chunks = list(view.feed(self.namespace, after, cold=self.cold))
        assert chunks
        for chunk in chunks:
            assert chunk.namespace == self.namespace
            self._take_rows(chunk.rows)
            for content, vector in zip(chunk.contents.tolist(), chunk.vectors.tolist(), strict=True):
                assert self.vectors.get(content, vector) == vector
                self.vectors[content] = vector
            assert chunk is chunks[-1] or (chunk.stamp == after and not chunk.ended)
        for row, end in chunks[-1].ended:
            self.ends[row] = end
        self.stamp, self.inherited = chunks[-1].stamp, tuple(sorted(chunks[-1].inherited))
        assert self.stamp == view.head
        self.rows = {number: row._replace(seq_end=OPEN) for number, row in self.rows.items()}

    def _take_rows(self, rows: tuple[FeedRow, ...]) -> None:
        last = max((row.seq for row in self.rows.values()), default=0)
        for row in rows:
            assert row.row not in self.rows
            assert row.seq >= last
            assert row.seq_end > row.seq
            last = row.seq
            self.rows[row.row], self.ends[row.row] = row, row.seq_end

    def in_order(self) -> list[FeedRow]:
        """The rows in the order in which they were told."""
        return list(self.rows.values())

    def bind(self, row: Row, told: FeedRow) -> None:
        """A row of the model is this row of the store."""
        assert self._numbers.setdefault(row.number, told.row) == told.row

    def row_of(self, row: Row) -> int:
        """What the store calls a row of the model."""
        return self._numbers[row.number]
