"""Byte search: which of many byte strings stand anywhere in a stream of bytes, in one pass."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import apsw

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PREFIX = 8
"""Bytes of each string that are looked for first."""
CHUNK = 1 << 22
DATABASE = ".db"


def search(stream: Iterable[bytes], wanted: Iterable[bytes]) -> frozenset[bytes]:
    """Those of the strings, of 8 bytes at least, that stand in the pieces of a stream as if these were joined."""
    import numpy as np

    by_prefix: dict[int, list[bytes]] = defaultdict(list)
    for each in wanted:
        by_prefix[int.from_bytes(each[:PREFIX], "little")].append(each)
    if not by_prefix:
        return frozenset()
    longest = max(len(each) for group in by_prefix.values() for each in group)
    prefixes = np.array(sorted(by_prefix), "<u8")
    beginnings = np.zeros(1 << 16, np.bool_)
    beginnings[(prefixes & np.uint64(0xFFFF)).astype(np.int64)] = True
    found: set[bytes] = set()
    left = b""
    for piece in stream:
        body = left + piece
        for place in _places(body, beginnings, prefixes):
            for each in by_prefix[int.from_bytes(body[place : place + PREFIX], "little")]:
                if body.startswith(each, place):
                    found.add(each)
        left = body[-(longest - 1) :]
    return frozenset(found)


def _places(body: bytes, beginnings: NDArray[np.bool_], prefixes: NDArray[np.uint64]) -> list[int]:
    """Where a prefix may stand."""
    import numpy as np

    if len(body) < PREFIX:
        return []
    octets = np.frombuffer(body, np.uint8)
    pairs = octets[:-1].astype(np.uint16) | (octets[1:].astype(np.uint16) << 8)
    places = np.flatnonzero(beginnings[pairs[: len(body) - PREFIX + 1]])
    windows = np.zeros(len(places), np.uint64)
    for offset in range(PREFIX):
        windows |= octets[places + offset].astype(np.uint64) << np.uint64(8 * offset)
    at = np.searchsorted(prefixes, windows)
    at[at == len(prefixes)] = 0
    return [int(place) for place in places[prefixes[at] == windows]]


def pieces_of(path: Path) -> Iterator[bytes]:
    """A file's bytes, piece by piece.

    A database is read by SQLite's own hands: whoever closes another descriptor of a file loses all locks that this process has on it.
    """
    if path.suffix != DATABASE:
        with path.open("rb") as file:
            while piece := file.read(CHUNK):
                yield piece
        return
    database = apsw.VFSFile("unix", str(path), [apsw.SQLITE_OPEN_MAIN_DB | apsw.SQLITE_OPEN_READONLY, 0])
    try:
        size = database.xFileSize()
        for start in range(0, size, CHUNK):
            yield database.xRead(min(CHUNK, size - start), start)
    finally:
        database.xClose()
