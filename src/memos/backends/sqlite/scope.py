"""Scope: the namespaces outside of which a filter cannot hold, so that a listing does not go through a whole tenant."""

from __future__ import annotations

from memos.memcube.conditions import And, Node, Not, Test
from memos.memcube.filter import Filter

Places = frozenset[tuple[str, str]]
"""("eq" | "under", path); the filter holds in none but these."""


def places(filter: Filter) -> Places | None:
    """Where a filter may hold; None when that may be anywhere."""
    return _places(filter.node)


def _places(node: Node) -> Places | None:
    if isinstance(node, Test):
        return _named(node) if node.field == "namespace" else None
    if isinstance(node, Not):
        return None
    parts = [_places(part) for part in node.parts]
    known = [part for part in parts if part is not None]
    if isinstance(node, And):
        return min(known, key=len, default=None)
    return frozenset().union(*known) if len(known) == len(parts) else None


def _named(test: Test) -> Places | None:
    if test.operator in {"eq", "under"}:
        return frozenset({(test.operator, str(test.operand))})
    if test.operator == "in" and isinstance(test.operand, tuple):
        return frozenset(("eq", str(path)) for path in test.operand)
    return None
