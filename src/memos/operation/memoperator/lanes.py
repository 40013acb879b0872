"""Lanes: what search reads, in memory, one per (tenant, namespace), kept up with the store by its feed.

A lane may be ahead of a reader's View: the reader masks the rows by its own View, and sees what it should.
"""

from __future__ import annotations

import sys
import threading
from collections import OrderedDict
from copy import copy
from datetime import datetime
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from memos.memcube.conditions import Test, walk
from memos.memcube.fields import Kind, kind_of, microseconds, offset_of
from memos.memcube.filter import Filter
from memos.operation.memoperator import bm25, coarse
from memos.operation.memoperator.coarse import Coarse
from memos.operation.memoperator.columns import Columns
from memos.operation.memoperator.growing import OBJECT, Growing
from memos.operation.memoperator.lane_state import Mask, State
from memos.operation.memoperator.late import WordCodes
from memos.operation.memoperator.order import SaidOrder
from memos.operation.memoperator.vectors import Codes
from memos.ports.adapter import View
from memos.ports.feed import OPEN, Feed

PENDING = -1
"""The slot of a row whose vector has not come yet."""
_UNKNOWN = -1
_READINGS = 16  # states that are kept for readers of the present, by filter and grant
_LANE, _STATE, _PAIR = 3000, 2000, 64  # about what the objects take, in bytes: around a lane's parts, around a state's, two numbers

L = TypeVar("L", bound="Lane")


class Lane:
    """One namespace's rows: columns, postings, vectors, and the order in which things were said; those of archived memories apart."""

    def __init__(self, namespace: str, *, cold: bool = False) -> None:
        self.namespace = namespace
        self._cold = cold
        self._lock = threading.RLock()
        self._reset()

    def _reset(self) -> None:
        self._stamp = _UNKNOWN
        self._changed = _UNKNOWN
        self._version = object()
        self._present: OrderedDict[tuple[Filter, Filter], tuple[int, int, State]] = OrderedDict()
        self._columns = Columns(self.namespace)
        self._order = SaidOrder()
        self._segments: tuple[bm25.Segment, ...] = ()
        self._codes = Codes()
        self._words = WordCodes()
        self._coarse: Coarse | None = None
        self._slots = Growing(np.int64)
        self._slot_of: dict[int, int] = {}
        self._waiting: dict[int, tuple[int, ...]] = {}
        self._weigh()

    def _weigh(self) -> None:
        """Sum up what the parts take; what a lane gets more of must be added here."""
        parts = (self._columns, self._order, self._codes, self._slots)
        tables = (self._slot_of, self._waiting, self._present)
        self._weight = (
            _LANE
            + sum(part.nbytes for part in parts)
            + sum(array.nbytes + OBJECT for segment in self._segments for array in segment)
            + (0 if self._coarse is None else self._coarse.nbytes)
            + sum(map(sys.getsizeof, tables))
            + _PAIR * (len(self._slot_of) + 2 * len(self._waiting))
            + sum(
                _STATE + sum(each.nbytes for each in (state.sessions, state.allowed, state.passing)) for *_, state in self._present.values()
            )
        )

    @property
    def nbytes(self) -> int:
        """The room that the lane takes, with the states that it keeps and the words that were read for it."""
        return self._weight + self._words.nbytes

    @property
    def version(self) -> object:
        """Another one after each change."""
        return self._version

    @property
    def size(self) -> int:
        """How many rows are held."""
        return self._columns.n

    def going_on(self, kind: type[L]) -> L:
        """A lane that goes on from here by itself: the two share what neither changes."""
        with self._lock:
            other = kind(self.namespace, cold=self._cold)
            for name in ("_stamp", "_changed", "_segments", "_coarse"):
                setattr(other, name, getattr(self, name))
            for name in ("_columns", "_order", "_codes", "_words", "_slots", "_slot_of", "_waiting"):
                setattr(other, name, copy(getattr(self, name)))
            return other

    def forget(self, view: View) -> None:
        """Let go of all rows, if some were taken away since they were read."""
        with self._lock:
            if 0 <= self._stamp < view.last_purge(self.namespace):
                self._reset()

    def refresh(self, view: View) -> bool:
        """Take what a View shows that is not here yet; whether there was anything."""
        with self._lock:
            before = self._version
            self._refresh(view)
            return self._version is not before

    def read(self, view: View, filter: Filter, grant: Filter, now: datetime) -> State:
        """The lane as of a View's snapshot or later, and its rows masked by the View, the grant and the filter."""
        with self._lock:
            self._refresh(view)
            moment = microseconds(now)
            if view.branch or view.seq != view.head or view.seq < self._changed:
                return self._state(view, filter, grant, moment, now)
            known = self._present.get((filter, grant))
            if known is None or not known[0] <= moment <= known[1]:
                known = (moment, self._constant_until(moment, filter, grant), self._state(view, filter, grant, moment, now))
                while len(self._present) >= _READINGS:
                    self._present.popitem(last=False)
                self._present[filter, grant] = known
                self._weigh()
            return known[2]

    def _constant_until(self, moment: int, *filters: Filter) -> int:
        """Until when "now" may move on without a change in what the filters say: a time that they compare with it comes first."""
        tests = [node for each in filters for node in walk(each.node) if isinstance(node, Test)]
        coming = [
            int(times.min(where=times >= moment + offset - moment % 1000, initial=OPEN)) - offset
            for test in tests
            if kind_of(test.field) is Kind.TIME
            for item in (test.operand if isinstance(test.operand, tuple) else (test.operand,))
            if (offset := offset_of(item)) is not None
            for times in (self._columns.whole[test.field].array,)
        ]
        return max(moment, min(coming, default=OPEN) - 1)

    def _state(self, view: View, filter: Filter, grant: Filter, moment: int, now: datetime) -> State:
        columns = self._columns
        allowed, entire = self._allowed(view, grant, now)
        codes, scales = self._codes.all()
        return State(
            version=self._version,
            rows=columns.row,
            ids=columns.words["id"].codes.array,
            id_values=columns.words["id"].values,
            id_code=columns.words["id"].code,
            order=self._order.rows,
            said_at=columns.said_at,
            ordinals=columns.ordinal,
            priorities=columns.whole["priority"].array,
            valid_to=columns.whole["valid_to"].array,
            sessions=self._sessions(0),
            speakers=columns.speaker,
            speaker_names=columns.speakers,
            flags=columns.flags,
            lengths=columns.length,
            segments=self._segments,
            slots=self._slots.array,
            codes=codes,
            scales=scales,
            contents=columns.content,
            words=self._words,
            coarse=self._coarse if entire else None,
            allowed=allowed,
            passing=allowed & columns.mask(filter, moment),
        )

    def _allowed(self, view: View, grant: Filter, now: datetime) -> tuple[Mask, bool]:
        """What the View shows and the grant allows, and whether that is the whole present.

        The grant reads the head of each memory now, whatever the View shows of it.
        """
        columns = self._columns
        granted = columns.mask(grant, microseconds(now))
        visible = columns.visible(view.seq, view.branch, view.base)
        if view.seq == view.head and not view.branch:
            return visible & granted, bool((granted | ~visible).all())
        if view.branch:
            visible &= ~self._overlaid_elsewhere(view, visible)
        head = columns.visible(view.head)
        allowed = visible & np.isin(columns.uid, columns.uid[head & granted])
        return allowed | self._moved(view, grant, now, visible & ~np.isin(columns.uid, columns.uid[head])), False

    def _overlaid_elsewhere(self, view: View, visible: Mask) -> Mask:
        """Canonical rows of memories whose row of the branch stands in another lane: in another namespace, or among the archived."""
        coded, branch = self._columns.words["id"], self._columns.words["branch"]
        codes = [code for code in map(coded.code, view.overlaid()) if code >= 0]
        elsewhere: Mask = visible & np.isin(coded.codes.array, codes) & (branch.codes.array == branch.code(""))
        return elsewhere

    def _moved(self, view: View, grant: Filter, now: datetime, headless: Mask) -> Mask:
        """Of rows whose memory stands in another namespace now, or among the archived or the forgotten, those that the grant allows."""
        coded = self._columns.words["id"]
        ids = {coded.values[code]: code for code in coded.codes.array[headless].tolist()}
        allowed = view.allowed(list(ids), grant=grant, now=now) if ids else ()
        return headless & np.isin(coded.codes.array, [ids[name] for name in allowed])

    def _sessions(self, first: int) -> NDArray[np.int64]:
        codes = self._columns.session[first:].astype(np.int64)
        codes[codes == self._columns.words["session"].code(None)] = -1
        return codes

    def _refresh(self, view: View) -> None:
        if self._stamp >= view.head:
            return
        try:
            if self._stamp == _UNKNOWN or view.last_seq(self.namespace) > self._stamp:
                if 0 <= self._stamp < view.last_purge(self.namespace):
                    self._reset()
                self._take(view)
        except BaseException:
            self._reset()  # half a feed is no lane
            raise

    def _take(self, view: View) -> None:
        first, hashes, counts, stamp = self._columns.n, list[bytes](), list[bytes](), self._stamp
        for feed in view.feed(self.namespace, self._stamp, cold=self._cold):
            hashes += [row.hashes for row in feed.rows]
            counts += [row.counts for row in feed.rows]
            stamp = max(stamp, feed.stamp)
            self._take_chunk(view, feed)
        self._coarse = coarse.extended(self._coarse, *self._codes.all())
        if hashes:
            self._segments = bm25.extended(self._segments, bm25.segment(first, hashes, counts))
            self._order.extend(self._sessions(first), self._columns.ordinal[first:])
        self._stamp = stamp
        self._weigh()

    def _take_chunk(self, view: View, feed: Feed) -> None:
        first = self._columns.n
        if feed.rows:
            self._columns.append(feed.rows)
        if feed.ended:
            rows, ends = zip(*feed.ended, strict=True)
            self._columns.close(rows, ends)
        if len(feed.contents):
            self._slot_of.update(zip(feed.contents.tolist(), self._codes.put(feed.vectors), strict=True))
        self._slots.extend(np.fromiter((self._slot_of.get(row.content, PENDING) for row in feed.rows), np.int64, len(feed.rows)))
        for place, row in enumerate(feed.rows if view.dimensions else (), first):
            if row.content not in self._slot_of:
                self._waiting[row.content] = (*self._waiting.get(row.content, ()), place)
        self._fill(feed.contents)
        inherits_anew = self._columns.inherit(feed.inherited)
        if feed.rows or feed.ended or len(feed.contents) or inherits_anew:
            self._version = object()
            self._present.clear()
            self._changed = view.head

    def _fill(self, contents: NDArray[np.int64]) -> None:
        """Vectors that came after their rows: give them to the rows that waited, in a new array, since readers hold the old one."""
        come = [(place, self._slot_of[content]) for content in contents.tolist() for place in self._waiting.pop(content, ())]
        if come:
            slots = self._slots.array.copy()
            places, values = zip(*come, strict=True)
            slots[list(places)] = values
            self._slots.replace(slots)
