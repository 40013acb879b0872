"""Lanes: what search reads, in memory, one per (tenant, namespace), kept up with the store by its feed.

A lane may be ahead of a reader's View: the reader masks the rows by its own View, and sees what it should.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from memos.memcube.change import CANONICAL
from memos.memcube.fields import microseconds
from memos.memcube.filter import Filter
from memos.operation.memoperator import bm25
from memos.operation.memoperator.columns import Columns
from memos.operation.memoperator.growing import Growing
from memos.operation.memoperator.order import SaidOrder
from memos.operation.memoperator.vectors import Codes
from memos.ports.adapter import Feed, View

PENDING = -1
"""The slot of a row whose vector has not come yet."""
_UNKNOWN = -1

Mask = NDArray[np.bool_]


class State(NamedTuple):
    """A lane as one reader sees it: arrays over its rows that no later refresh disturbs, and who may read which."""

    version: int
    rows: NDArray[np.int64]
    order: NDArray[np.int64]
    said_at: NDArray[np.int64]
    sessions: NDArray[np.int32]
    speakers: NDArray[np.int32]
    speaker_names: Sequence[str]
    flags: NDArray[np.int64]
    lengths: NDArray[np.int64]
    segments: tuple[bm25.Segment, ...]
    slots: NDArray[np.int64]
    codes: NDArray[np.int8]
    scales: NDArray[np.float32]
    allowed: Mask
    """The rows that the View shows and the grant allows."""
    passing: Mask
    """Those of them that the query's filter lets through."""


class Lane:
    """One namespace's rows: columns, postings, vectors, and the order in which things were said."""

    def __init__(self, namespace: str) -> None:
        self.namespace = namespace
        self._lock = threading.RLock()
        self._reset()

    def _reset(self) -> None:
        self._stamp = _UNKNOWN
        self._version = 0
        self._columns = Columns()
        self._order = SaidOrder()
        self._segments: tuple[bm25.Segment, ...] = ()
        self._codes = Codes()
        self._slots = Growing(np.int64)
        self._slot_of: dict[int, int] = {}
        self._waiting: dict[int, list[int]] = {}

    @property
    def size(self) -> int:
        """How many rows are held."""
        return self._columns.n

    def read(self, view: View, filter: Filter, grant: Filter, now: datetime) -> State:
        """The lane as of a View's snapshot or later, and its rows masked by the View, the grant and the filter."""
        with self._lock:
            self._refresh(view)
            columns, moment = self._columns, microseconds(now)
            visible = columns.visible(view.seq, view.branch)
            allowed = visible & self._granted(view, grant, moment)
            codes, scales = self._codes.all()
            return State(
                version=self._version,
                rows=columns.row,
                order=self._order.rows,
                said_at=columns.said_at,
                sessions=columns.session,
                speakers=columns.speaker,
                speaker_names=columns.speakers,
                flags=columns.flags,
                lengths=columns.length,
                segments=self._segments,
                slots=self._slots.array,
                codes=codes,
                scales=scales,
                allowed=allowed,
                passing=allowed & columns.mask(filter, moment),
            )

    def _granted(self, view: View, grant: Filter, moment: int) -> Mask:
        """The grant reads the head of each memory now, whatever the View shows of it."""
        columns = self._columns
        granted = columns.mask(grant, moment)
        if view.seq == view.head and view.branch == CANONICAL:
            return granted
        head = columns.visible(view.head, CANONICAL)
        born_on_branch = columns.visible(view.head, view.branch) & ~np.isin(columns.uid, columns.uid[head])
        return np.isin(columns.uid, columns.uid[(head | born_on_branch) & granted])

    def _refresh(self, view: View) -> None:
        if self._stamp >= view.head:
            return
        try:
            if self._stamp == _UNKNOWN or view.last_seq(self.namespace) > self._stamp:
                self._take(view)
        except BaseException:
            self._reset()  # half a feed is no lane
            raise

    def _take(self, view: View) -> None:
        first, hashes, counts, stamp = self._columns.n, list[bytes](), list[bytes](), self._stamp
        for feed in view.feed(self.namespace, self._stamp):
            hashes += [row.hashes for row in feed.rows]
            counts += [row.counts for row in feed.rows]
            stamp = max(stamp, feed.stamp)
            self._take_chunk(feed)
        if hashes:
            self._segments = bm25.extended(self._segments, bm25.segment(first, hashes, counts))
            self._order.extend(self._columns.session[first:], self._columns.ordinal[first:])
        self._stamp = stamp

    def _take_chunk(self, feed: Feed) -> None:
        first = self._columns.n
        if feed.rows:
            self._columns.append(feed.rows)
        if feed.ended:
            rows, ends = zip(*feed.ended, strict=True)
            self._columns.close(rows, ends)
        if len(feed.contents):
            self._slot_of.update(zip(feed.contents.tolist(), self._codes.put(feed.vectors), strict=True))
        self._slots.extend(np.fromiter((self._slot_of.get(row.content, PENDING) for row in feed.rows), np.int64, len(feed.rows)))
        for place, row in enumerate(feed.rows, first):
            if row.content not in self._slot_of:
                self._waiting.setdefault(row.content, []).append(place)
        self._fill(feed.contents)
        self._version += 1

    def _fill(self, contents: NDArray[np.int64]) -> None:
        """Vectors that came after their rows: give them to the rows that waited, in a new array, since readers hold the old one."""
        come = [(place, self._slot_of[content]) for content in contents.tolist() for place in self._waiting.pop(content, ())]
        if come:
            slots = self._slots.array.copy()
            places, values = zip(*come, strict=True)
            slots[list(places)] = values
            self._slots.replace(slots)


class Lanes:
    """The lanes of a store, made on first use; the least recently used go once all together hold more than `most` rows."""

    def __init__(self, most: int = 2_000_000) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._lanes: OrderedDict[tuple[str, str], Lane] = OrderedDict()

    def get(self, tenant: str, namespace: str) -> Lane:
        """The lane of a tenant's namespace."""
        with self._lock:
            lane = self._lanes.setdefault((tenant, namespace), Lane(namespace))
            self._lanes.move_to_end((tenant, namespace))
            held = sum(each.size for each in self._lanes.values())
            while held > self._most and len(self._lanes) > 1:
                held -= self._lanes.popitem(last=False)[1].size
            return lane
