"""Columns: the version rows of one namespace as growing arrays, with filters and views evaluated over them.

Append-only but for `seq_end`. One writer at a time; a reader beside it takes `n` first and trims every array to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from memos.memcube.change import CANONICAL
from memos.memcube.filter import Filter
from memos.operation.memoperator.coded import Coded, MetadataKeys, Postings
from memos.operation.memoperator.growing import Growing
from memos.operation.memoperator.masks import ABSENT, Evaluation
from memos.ports.feed import FeedRow

WHOLE = ("row", "uid", "content", "seq", "seq_end", "priority", "flags", "length", "said_at", "created_at", "updated_at")
NULLABLE = ("ordinal", "valid_from", "valid_to", "expires_at")
WORDS = ("id", "branch", "state", "type", "layer", "owner", "sensitivity", "speaker", "role", "session")
COLUMNS = 1200
"""About what the objects around the columns take, in bytes."""

Mask = NDArray[np.bool_]
Integers = NDArray[np.int64]
Codes = NDArray[np.int32]


class Columns:
    """The rows of one namespace in the order in which they were appended; row number i is position i of every array of shape (n,).

    Times are microseconds since 1970, absent ones and absent ordinals are `ABSENT`. `state`, `layer`, `speaker` and `session` are codes:
    indices of `states`, `layers`, `speakers` and `sessions`, which hold None where a row has none.
    """

    row: Integers
    uid: Integers
    content: Integers
    seq: Integers
    seq_end: Integers
    said_at: Integers
    ordinal: Integers
    flags: Integers
    length: Integers
    state: Codes
    layer: Codes
    speaker: Codes
    session: Codes
    states: list[str | None]
    layers: list[str | None]
    speakers: list[str | None]
    sessions: list[str | None]

    def __init__(self, namespace: str) -> None:
        self.namespace = namespace
        self.n = 0
        self.whole = {name: Growing(np.int64) for name in (*WHOLE, *NULLABLE)}
        self.words = {name: Coded() for name in WORDS}
        self.acl = Coded()
        self.inherited: frozenset[str] = frozenset()
        self.frozen = Growing(np.bool_)
        self.tagged = Growing(np.bool_)
        self.tags = Postings()
        self.metadata = MetadataKeys()
        self._sorted = True
        self._name()
        self._publish(0)

    def _name(self) -> None:
        self.states, self.layers = self.words["state"].values, self.words["layer"].values
        self.speakers, self.sessions = self.words["speaker"].values, self.words["session"].values

    def __copy__(self) -> Columns:
        """Columns that go on by themselves; ends of rows are written in place, and are copied."""
        other = Columns(self.namespace)
        other.whole = {name: copy(column) for name, column in self.whole.items()}
        other.whole["seq_end"].replace(self.seq_end.copy())
        other.words = {name: copy(column) for name, column in self.words.items()}
        for name in ("acl", "frozen", "tagged", "tags", "metadata"):
            setattr(other, name, copy(getattr(self, name)))
        other.inherited, other._sorted, other.n = self.inherited, self._sorted, self.n
        other._name()
        other._publish(self.n)
        return other

    @property
    def nbytes(self) -> int:
        """The room that all of it takes, estimated."""
        arrays, coded = (*self.whole.values(), self.frozen, self.tagged), (*self.words.values(), self.acl)
        return COLUMNS + sum(each.nbytes for each in arrays) + sum(each.nbytes for each in coded) + self.tags.nbytes + self.metadata.nbytes

    def append(self, rows: Sequence[FeedRow]) -> None:
        """Add rows that are new to these columns."""
        if not rows:
            return
        fields: dict[str, Sequence[Any]] = dict(zip(FeedRow._fields, zip(*rows, strict=True), strict=True))
        for name in WHOLE:
            self.whole[name].extend(fields[name])
        for name in NULLABLE:
            self.whole[name].extend([ABSENT if value is None else value for value in fields[name]])
        for name in WORDS:
            self.words[name].extend(fields[name])
        self.frozen.extend(fields["frozen"])
        self.tagged.extend(fields["tagged"])
        self.tags.extend(self.n, fields["tags"])
        self.acl.extend([entries or None for entries in fields["acl"]])
        self.metadata.texts.extend(fields["metadata"])
        self._publish(self.n + len(rows))

    def inherit(self, entries: Iterable[str]) -> bool:
        """Let the namespace add these `right:principal` entries to every row, in place of those before; True when they differ."""
        before, self.inherited = self.inherited, frozenset(entries)
        return self.inherited != before

    def _publish(self, n: int) -> None:
        for name in ("row", "uid", "content", "seq", "seq_end", "said_at", "ordinal", "flags", "length"):
            setattr(self, name, self.whole[name].array)
        for name in ("state", "layer", "speaker", "session"):
            setattr(self, name, self.words[name].codes.array)
        new = self.row[max(self.n - 1, 0) :]
        self._sorted = self._sorted and bool(np.all(new[1:] > new[:-1]))
        self.n = n

    def close(self, row_ids: Sequence[int] | Integers, seq_end: Sequence[int] | Integers | int) -> None:
        """End rows, named by their `row`, at these commits; rows that are not here are passed over."""
        wanted = np.asarray(row_ids, np.int64)
        ends = np.broadcast_to(np.asarray(seq_end, np.int64), wanted.shape)
        order = None if self._sorted else np.argsort(self.row, kind="stable")
        places = np.searchsorted(self.row, wanted, sorter=order)
        inside = places < self.n
        found = places[inside] if order is None else order[places[inside]]
        same = self.row[found] == wanted[inside]
        self.seq_end[found[same]] = ends[inside][same]

    def visible(self, seq: int, branch: str = CANONICAL, base: int | None = None) -> Mask:
        """The rows in view at the commit `seq`, shape (n,).

        A branch, opened at the commit `base`, shows its rows valid at `seq`, and of the memories that it has no such row of, the canonical
        rows valid at `base`.
        """
        n = self.n
        if branch == CANONICAL:
            return self._valid(seq, branch, n)
        overlay = self._valid(seq, branch, n)
        below = self._valid(seq if base is None else min(seq, base), CANONICAL, n)
        below &= ~np.isin(self.uid[:n], self.uid[:n][overlay])
        return overlay | below

    def _valid(self, seq: int, branch: str, n: int) -> Mask:
        column = self.words["branch"]
        valid: Mask = np.equal(column.codes.array[:n], column.code(branch))
        valid &= self.seq[:n] <= seq
        valid &= self.seq_end[:n] > seq
        return valid

    def mask(self, filter: Filter, now_us: int, rows: Integers | None = None) -> Mask:
        """What the filter says of each row, shape (n,), or of each of the rows numbered, shape (len(rows),).

        `now_us` is what "now" means, in microseconds since 1970.
        """
        return Evaluation(self, now_us, rows).mask(filter.node)
