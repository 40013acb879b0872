"""Relating: what a View tells of the edges between memories, and of the names that their tags give."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from memos.memcube.change import Edge
from memos.memcube.filter import Filter
from memos.memcube.lineage import Lineage


class Relating(Protocol):
    """The graph half of a View, in its snapshot of the store."""

    def neighbours(self, ids: Sequence[str], relations: Sequence[str] | None, depth: int) -> tuple[Edge, ...]:
        """The edges reached from the ids in at most `depth` steps, in both directions; relations None means all."""

    def lineage(
        self, id: str, relations: Sequence[str] | None, *, ancestors: bool, depth: int | None, limit: int, grant: Filter, now: datetime
    ) -> Lineage:
        """What is reached from a memory against the direction of time (ancestors: from `source` to `target`), or along it.

        Neither shows what the grant hides nor passes through it. `limit` counts memories; relations None means all, depth None no end.
        """

    def around(
        self, ids: Sequence[str], relations: Sequence[str] | None, *, filter: Filter, grant: Filter, now: datetime, limit: int
    ) -> tuple[Edge, ...]:
        """The edges between each memory named and others that both filters pass, of one direction and relation `limit` at most.

        Those to the memories born last come first: by memory in the order named, from it, then to it, by relation. relations None
        means all. The memories named are not asked whether they pass.
        """

    def derives(self) -> bool:
        """Whether there may be KV blocks or adapters, now or in the past; False is sure."""

    def derived(self, ids: Sequence[str] | None = None, *, gone: bool = False) -> dict[str, frozenset[str]]:
        """The KV blocks and adapters among some ids, or all, as they stand canonically now, each with the ids of what it is derived of.

        Those that are expired are told where `gone` asks for them. A source that was erased is told no more.
        """

    def tagged(self, keys: Sequence[str], *, filter: Filter, grant: Filter, now: datetime, limit: int) -> tuple[int, ...]:
        """The rows, for `load`, of memories with one of the tags that both filters pass: those written last first, `limit` at most."""

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
        """The values of a tag that memories which both filters pass have, and on how many, counted up to `most`; sorted by value.

        With `parts` only values that hold one of these texts, whatever the case of their ASCII letters; a value counts as if spaces stood
        around it, so that a text with such spaces is found as a whole word. Of these at most `limit`, the first, are looked at.
        """
