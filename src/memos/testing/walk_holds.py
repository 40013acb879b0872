"""Holds and allowances for the walk: some that stand in the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from memos.memcube.change import Allowance
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


def some_allowances(walk: Walk) -> tuple[Allowance, ...]:
    """Mostly none, sometimes one or two of which some are too small."""
    if not walk.chance(40):
        return ()
    owners, sizes = ("alice", "bob", None), (None, 0, 3, 20, 200, 3000)
    some = [(walk.random.choice(owners), walk.random.choice(sizes), walk.random.choice(sizes)) for _ in range(walk.random.randint(1, 2))]
    return tuple(Allowance(f"q{place}", *each) for place, each in enumerate(some))
