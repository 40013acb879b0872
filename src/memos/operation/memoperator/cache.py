"""Cache: the lanes of the namespaces that are searched most, and what is arranged of them, in memory under a budget of bytes.

Which of them is a matter of use alone (`admission.py`); what a search answers never is: a lane that is not here is read, asked and let go.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from heapq import nlargest
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary, WeakValueDictionary

import numpy as np
from numpy.typing import NDArray

from memos.operation.memoperator.admission import Admission
from memos.operation.memoperator.bm25 import Statistics
from memos.operation.memoperator.excerpt import Excerpt, Large
from memos.operation.memoperator.growing import OBJECT
from memos.operation.memoperator.lane_state import State
from memos.operation.memoperator.lanes import Lane
from memos.operation.memoperator.scope import Scope
from memos.operation.memoperator.speakers import Speakers
from memos.ports.adapter import View
from memos.ports.maintenance import CachedNamespace, CacheStatus

DEFAULT_BYTES = 512 * 1024 * 1024
SCOPES = 4
"""How many arrangements are kept that a lane is part of: of the namespace alone, with another, in a branch."""
_SCOPE = 1500  # about what the objects of an arrangement take
_TOLD = 20  # of how many namespaces a status tells


class LaneKey(NamedTuple):
    """Which lane: of a tenant's namespace, or with `cold` of what is archived there."""

    tenant: str
    namespace: str
    cold: bool = False


ScopeKey = tuple[str, tuple[LaneKey, ...]]
"""The branch and the lanes of a scope."""


class _Arranged:
    """A scope that is kept, and what it weighs for each of its lanes."""

    __slots__ = ("scope", "share")

    def __init__(self, scope: Scope) -> None:
        self.scope, self.share = scope, 0


class _Held:
    """A lane that is kept, and what is arranged of it as of its version."""

    __slots__ = ("lane", "scopes", "version")

    def __init__(self, lane: Lane) -> None:
        self.lane, self.version = lane, lane.version
        self.scopes: dict[ScopeKey, _Arranged] = {}

    @property
    def nbytes(self) -> int:
        return self.lane.nbytes + sum(each.share for each in self.scopes.values())


class Lanes:
    """The lanes of a store, made on first use. Safe among threads: no lock is held while a lane is read."""

    def __init__(self, budget: int = DEFAULT_BYTES, *, watch: bool = True) -> None:
        self._lock = threading.Lock()
        self._admission: Admission[LaneKey] = Admission(budget, watch=watch)
        self._held: dict[LaneKey, _Held] = {}
        self._guests: WeakValueDictionary[LaneKey, Lane] = WeakValueDictionary()
        self._names: WeakKeyDictionary[Scope, ScopeKey] = WeakKeyDictionary()
        self._erased: dict[str, int] = {}
        self.hits = self.misses = 0
        self._refreshed = self._warmed = 0

    def get(self, key: LaneKey) -> Lane:
        """A lane that is kept, or that somebody else reads just now, or a new one."""
        with self._lock:
            held = self._held.get(key)
            lane = held.lane if held is not None else self._guests.get(key)
            if lane is None:
                lane = self._guests[key] = Lane(key.namespace, cold=key.cold)
            return lane

    def settle(self, view: View, read: Mapping[LaneKey, Lane], used: Collection[LaneKey]) -> None:
        """After lanes were read by a View: count the use of some, weigh all anew, and keep those that are worth their room.

        Where somebody has erased since the View was opened, what was read is not kept: it may hold what was erased.
        """
        with self._lock:
            if self._is_stale(view):
                for key in read:
                    self._let_go(key)
                return
            for key, lane in read.items():
                if key in used:
                    self._count(key, lane)
                elif key in self._held:
                    self._weigh(key)

    def scope(self, view: View, lanes: Mapping[LaneKey, Lane], states: Sequence[State]) -> Scope:
        """The states of some lanes arranged, as before when they are the same; kept as long as all of the lanes are."""
        name: ScopeKey = view.branch, tuple(lanes)
        with self._lock:
            first = self._held.get(name[1][0])
            known = first.scopes.get(name) if first is not None else None
        if known is not None and known.scope.holds(states):
            return known.scope
        known = _Arranged(Scope(states))
        with self._lock:
            if not self._is_stale(view) and all((held := self._held.get(key)) and held.lane is lane for key, lane in lanes.items()):
                self._arrange(name, known)
                self._names[known.scope] = name
        return known.scope

    def weigh(self, scope: Scope) -> None:
        """After a scope was asked: weigh it anew with its lanes, for what they remember of the question."""
        if isinstance(scope, Excerpt):
            scope = scope._whole  # noqa: SLF001 - what is kept is the scope that it was made of
        with self._lock:
            name = self._names.get(scope)
            if name is None or name[1][0] not in self._held:
                return
            known = self._held[name[1][0]].scopes.get(name)
            if known is not None and known.scope is scope:
                self._arrange(name, known)

    def forget(self, view: View) -> None:
        """Let the lanes of a View's tenant go of what was purged since they were read."""
        with self._lock:
            self._erased[view.tenant] = max(view.last_erasure, self._erased.get(view.tenant, 0))
            held = {key: each.lane for key, each in self._held.items() if key.tenant == view.tenant}
            for key in held:
                self._disarrange(key)
            lanes = {*held.values(), *(lane for key, lane in self._guests.items() if key.tenant == view.tenant)}
        for lane in lanes:
            lane.forget(view)
        self.settle(view, held, ())

    # --- between searches

    def hottest(self, most: int) -> list[LaneKey]:
        """The lanes that are used most, of those kept."""
        with self._lock:
            return nlargest(most, self._held, key=self._weight)

    def refresh(self, view: View, keys: Collection[LaneKey]) -> int:
        """Take in what is new in lanes that are kept; in how many there was something."""
        with self._lock:
            lanes = {key: self._held[key].lane for key in keys if key in self._held}
        changed = 0
        for key, lane in lanes.items():
            if lane.refresh(view):
                changed += 1
                self.settle(view, {key: lane}, ())
        with self._lock:
            self._refreshed += changed
        return changed

    def warm(self, view: View, key: LaneKey) -> bool:
        """Read a lane before it is asked for, and keep it if there is room for it without letting go of another; False if not."""
        lane = self.get(key)
        lane.refresh(view)
        with self._lock:
            if key in self._held:
                return True
            if self._is_stale(view) or not self._admission.offer(key, lane.nbytes):
                return False
            self._held[key] = _Held(lane)
            self._warmed += 1
            return True

    def status(self) -> CacheStatus:
        """What is kept, how it fares, and the namespaces used most."""
        hottest = self.hottest(_TOLD)
        with self._lock:
            admission, drift = self._admission, self._admission.drift
            told = [(key, kept) for key in hottest if (kept := admission.kept(key)) is not None]
            total = admission.sketch.total or 1.0
            return CacheStatus(
                budget=admission.budget,
                bytes=admission.bytes,
                lanes=len(self._held),
                hits=self.hits,
                misses=self.misses,
                admitted=admission.admitted,
                refused=admission.refused,
                evicted=admission.evicted,
                refreshed=self._refreshed,
                warmed=self._warmed,
                stability=drift.index,
                shifts=drift.shifts,
                hottest=tuple(CachedNamespace(*key, bytes=kept.size, share=kept.weight / total) for key, kept in told),
            )

    # --- under the lock

    def _is_stale(self, view: View) -> bool:
        return view.last_erasure < self._erased.get(view.tenant, 0)

    def _weight(self, key: LaneKey) -> float:
        kept = self._admission.kept(key)
        return kept.weight if kept is not None else 0.0

    def _count(self, key: LaneKey, lane: Lane) -> None:
        held = self._held.get(key)
        if held is None:
            self.misses += 1
            held = self._held[key] = _Held(lane)
        else:
            self.hits += 1
            self._renew(key, held)
        for gone in self._admission.use(key, held.nbytes):
            self._let_go(gone)

    def _weigh(self, key: LaneKey) -> None:
        held = self._held[key]
        self._renew(key, held)
        for gone in self._admission.resize(key, held.nbytes):
            self._let_go(gone)

    def _renew(self, key: LaneKey, held: _Held) -> None:
        """Drop what was arranged of a lane before it changed."""
        if held.version is not held.lane.version:
            self._disarrange(key)
            held.version = held.lane.version

    def _let_go(self, key: LaneKey) -> None:
        if key in self._held:
            self._disarrange(key)
            self._admission.drop(key)
            del self._held[key]

    def _disarrange(self, key: LaneKey, *names: ScopeKey) -> None:
        """Drop some of what a lane is part of, by default all, for all of the lanes concerned."""
        for name in names or tuple(self._held[key].scopes):
            for each in name[1]:
                if each in self._held:
                    self._held[each].scopes.pop(name, None)

    def _arrange(self, name: ScopeKey, arranged: _Arranged) -> None:
        """Keep a scope, or weigh it anew: it grows as it is asked."""
        keys = name[1]
        arranged.share = weight(arranged.scope) // len(keys)
        for key in keys:
            scopes = self._held[key].scopes
            scopes[name] = arranged
            if len(scopes) > SCOPES:
                self._disarrange(key, next(iter(scopes)))
        for key in keys:
            if key in self._held:
                self._weigh(key)


def weight(scope: Scope) -> int:
    """The bytes of what a scope has computed so far, but for what it shares with its lanes; at least what it soon will have."""
    owned = [array for name, value in list(vars(scope).items()) if name != "states" for array in _arrays(value)]
    return _SCOPE + max(sum(array.nbytes + OBJECT for array in owned), scope.n * 100)


def _arrays(value: Any) -> Iterator[NDArray[Any]]:
    """The arrays that own their bytes, in what a scope remembers."""
    if isinstance(value, np.ndarray):
        if value.base is None:
            yield value
    elif isinstance(value, Statistics):
        yield from (part.lengths for part in value.parts * 2)  # and as many numbers again, made of them
    elif isinstance(value, Speakers | Large):
        yield from _arrays(dict(vars(value)))
    elif isinstance(value, list | tuple | dict):
        for each in list(value.values() if isinstance(value, dict) else value):
            yield from _arrays(each)
