"""Holds for the walk: some that stand, with filters that select."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from memos.memcube.filter import Filter
from memos.memcube.hold import Hold, Holds

if TYPE_CHECKING:
    from memos.testing.walk import Walk

CONDITIONS: tuple[dict[str, Any], ...] = (
    {"tags": {"any": ["home"]}},
    {"owner": "alice"},
    {"said_at": {"lt": "now"}, "state": "merged"},
    {"or": []},
)


def some_holds(walk: Walk) -> Holds:
    """At most two holds, each since a commit of the past."""
    head, some = walk.model.state.head, walk.some(CONDITIONS, 2)
    each = (Hold(f"h{place}", Filter.parse(condition), walk.random.randint(0, head)) for place, condition in enumerate(some))
    return Holds(walk.now, tuple(each))
