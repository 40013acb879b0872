"""Beside: the lanes of a store for the reader of one View that shows, in some namespaces, what is in no store yet.

The lanes of those namespaces go on, for this reader alone, from those that everybody shares, and are never kept, so that nothing of what
they show reaches anybody else; all others are those that everybody shares.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from memos.operation.memoperator.cache import LaneKey, Lanes
from memos.operation.memoperator.lane_state import State
from memos.operation.memoperator.lanes import Lane
from memos.operation.memoperator.scope import Scope
from memos.ports.adapter import View


class OwnLane(Lane):
    """A lane that goes on from a shared one by what a View shows beyond its store."""

    def __init__(self, namespace: str, *, cold: bool = False) -> None:
        super().__init__(namespace, cold=cold)
        self._whole = False

    def _refresh(self, view: View) -> None:
        if not self._whole:
            self._take(view)
            self._whole = True


class Beside(Lanes):
    """Lanes of which those of some namespaces are this reader's own; `under` is its View without what is in no store."""

    def __init__(self, shared: Lanes, namespaces: Collection[str], under: View) -> None:
        super().__init__(0, watch=False)
        self._shared, self._namespaces, self._under = shared, frozenset(namespaces), under
        self._own: dict[LaneKey, Lane] = {}

    def _is_own(self, key: LaneKey) -> bool:
        return key.namespace in self._namespaces

    def get(self, key: LaneKey) -> Lane:
        """A lane that is shared, or one of this reader's own."""
        if not self._is_own(key):
            return self._shared.get(key)
        if key not in self._own:
            lane = self._shared.get(key)
            lane.refresh(self._under)
            self._shared.settle(self._under, {key: lane}, [key])
            self._own[key] = lane.going_on(OwnLane)
        return self._own[key]

    def settle(self, view: View, read: Mapping[LaneKey, Lane], used: Collection[LaneKey]) -> None:
        """Keep what is shared and worth its room."""
        shared = {key: lane for key, lane in read.items() if not self._is_own(key)}
        self._shared.settle(view, shared, [key for key in used if key in shared])

    def scope(self, view: View, lanes: Mapping[LaneKey, Lane], states: Sequence[State]) -> Scope:
        """The states of some lanes arranged; kept where all of them are shared."""
        return Scope(states) if any(map(self._is_own, lanes)) else self._shared.scope(view, lanes, states)

    def weigh(self, scope: Scope) -> None:
        """After a scope was asked; one with lanes of this reader's own is not kept."""
        self._shared.weigh(scope)

    def forget(self, view: View) -> None:
        """Let go of what was purged."""
        self._own.clear()
        self._shared.forget(view)
