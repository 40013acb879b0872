"""Paging: the orders in which memories are listed, in SQL."""

from __future__ import annotations

from dataclasses import dataclass

from memos.ports.paging import Ordering, Place

ORDERS = {
    "created_at": "v.created_at",
    "updated_at": "v.updated_at",
    "said_at": "v.said_at",
    "priority": "v.priority",
    "ordinal": "ifnull(v.ordinal, -1)",
}
"""Order → what is compared, as `ports.paging.KEYS` says it of memories."""


@dataclass(frozen=True, slots=True)
class Order(Ordering):
    """How a listing is ordered, in SQL."""

    @property
    def direction(self) -> str:
        """The word for it."""
        return "DESC" if self.descending else "ASC"

    def after(self, place: Place | None) -> tuple[str, tuple[int | bytes, ...]]:
        """The condition that a memory comes after a place, and its parameters."""
        if place is None:
            return "1", ()
        return f"({ORDERS[self.name]}, c.id) {'<' if self.descending else '>'} (?, ?)", place
