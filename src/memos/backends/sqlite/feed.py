"""Feed: what changed in a namespace, in chunks, for those who keep arrays of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json

from memos.backends.sqlite.named import statements
from memos.backends.sqlite.rows import read_entries
from memos.errors import DAMAGE, BackendError, damaged
from memos.ports.feed import Feed, FeedRow

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SQL = statements("view")
FEED = SQL["feed"].format(columns=SQL["told_columns"])
OWN = "1"
"""How the key of a tag begins, as `feed` tells it, that a user has set."""
CHUNK = 8192
"""Rows, and vectors, of one chunk at most."""
Row = tuple[Any, ...]
Execute = Callable[..., Iterator[Row]]


@dataclass(slots=True)
class Feeder:
    """One feed of one namespace within a View's snapshot, whose last commit is `head`."""

    execute: Execute
    dimensions: int | None
    head: int
    namespace: str
    after: int
    cold: bool = False
    inherited: tuple[str, ...] = ()
    _sent: set[int] = field(default_factory=set)

    def chunks(self, nid: int | None) -> Iterator[Feed]:
        """The chunks; the last one carries what ended and the new stamp."""
        if nid is None or self.after >= self.head:
            yield self._feed((), max(self.head, self.after), (), [])
            return
        rows = iter(self.execute(FEED, (nid, self.after, self.cold)))
        chunk = list(islice(rows, CHUNK))
        while following := list(islice(rows, CHUNK)):
            yield self._feed(chunk, self.after, (), self._vectors_of(chunk))
            chunk = following
        ended = tuple(self.execute(SQL["ended"], (nid, self.after, self.cold)))
        vectors = [*self._vectors_of(chunk), *self._filled(nid)]
        while len(vectors) > CHUNK:
            yield self._feed((), self.after, (), vectors[:CHUNK])
            vectors = vectors[CHUNK:]
        yield self._feed(chunk, self.head, ended, vectors)

    def _feed(self, rows: Sequence[Row], stamp: int, ended: tuple[tuple[int, int], ...], vectors: list[tuple[int, bytes]]) -> Feed:
        contents, matrix = stack(vectors, self.dimensions)
        return Feed(self.namespace, stamp, tuple(told(rows)), ended, contents, matrix, self.inherited)

    def _vectors_of(self, rows: list[Row]) -> list[tuple[int, bytes]]:
        found = {row[3]: row[-1] for row in rows if row[-1] is not None and row[3] not in self._sent}
        self._sent |= found.keys()
        return list(found.items())

    def _filled(self, nid: int) -> list[tuple[int, bytes]]:
        if self.after < 0 or self.dimensions is None:
            return []
        return [(content, body) for content, body in self.execute(SQL["filled"], (nid, self.after, self.cold)) if content not in self._sent]


def stack(vectors: list[tuple[int, bytes]], dimensions: int | None) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """(content, body) pairs as two arrays, (m,) and (m, d); BackendError when one is too short."""
    import numpy as np

    width = 4 * (dimensions or 0)
    bodies = [body[:width] for _, body in vectors]
    if set(map(len, bodies)) - {width}:
        content = next(content for content, body in vectors if len(body) < width)
        raise BackendError(
            f"the vector of content {content} is not {dimensions or 0} numbers wide; run `memos doctor`, then `memos reembed`"
        )
    contents = np.array([content for content, _ in vectors], np.int64)
    return contents, np.frombuffer(b"".join(bodies), "<f4").astype(np.float32, copy=False).reshape(len(vectors), dimensions or 0)


def told(rows: Iterable[Row]) -> Iterator[FeedRow]:
    """Version rows, read as `told_columns` says, as a feed tells them; BackendError for one that cannot be read."""
    try:
        yield from map(_told, rows)
    except DAMAGE as error:
        raise damaged("a row of the store", error) from error


def _told(row: Row) -> FeedRow:
    text, entries, tags = row[2].hex(), row[12], row[15]
    identity = f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
    acl, borne = read_entries(entries) if entries else (), () if tags == "[]" else from_json(tags)
    keys = tuple(sorted({each[1:] for each in borne})), any(each[0] == OWN for each in borne)
    # the columns of `feed` stand in the order of the fields; a call with 33 arguments would take half as long again
    fields = *row[:2], identity, *row[3:9], row[9] == 1, *row[10:12], acl, *row[13:15], *keys, *row[16:31]
    return tuple.__new__(FeedRow, fields)
