"""SqliteErasures: brings what a commit erased out of every byte of the store and out of its copies, and verifies it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any, NamedTuple

import apsw
from pydantic_core import from_json, to_json

from memos.backends.sqlite.blobs import SqliteBlobs
from memos.backends.sqlite.bytesearch import pieces_of, search
from memos.backends.sqlite.connections import mapped
from memos.backends.sqlite.copy_keys import CopyKeys
from memos.backends.sqlite.erase import SQL, blob_of, sliced
from memos.backends.sqlite.forking import GATE
from memos.backends.sqlite.rows import id_bytes, id_text
from memos.memcube.fields import instant, microseconds
from memos.ports.erasing import Erasure, Scrubbed

if TYPE_CHECKING:
    from memos.backends.sqlite.adapter import SqliteAdapter

PAUSE = 0.02
SHARED = "-shm"
"""What processes share of a write-ahead log: numbers of pages alone, and locks that are lost when somebody closes the file."""
HELD = "a reader that began before the erasure still holds the write-ahead log"
BUSY = "others are writing, and the file could not be rewritten in time"


class _Row(NamedTuple):
    """An erasure with what is to be done about it and what was."""

    erasure: Erasure
    others: bytes
    blobs: tuple[str, ...]
    copies: int
    removed: int
    rewritten: bool
    """Whether the file has been rewritten since."""


class SqliteErasures:
    """Implements `memos.ports.erasing.Erasing` for one open adapter."""

    def __init__(self, adapter: SqliteAdapter) -> None:
        self._adapter = adapter
        self._blobs = SqliteBlobs(adapter.directory, adapter.keys.secret, adapter.page_key, read_only=adapter.read_only)

    def erasures(self, tenant: str) -> tuple[Erasure, ...]:
        """See the port."""
        return tuple(row.erasure for row in self._read("of_tenant", tenant))

    def pending(self) -> tuple[Erasure, ...]:
        """See the port."""
        return tuple(row.erasure for row in self._read("pending"))

    def made_by(self, call_id: str) -> Erasure | None:
        """See the port."""
        return next((row.erasure for row in self._read("by_call", id_bytes(call_id))), None)

    def settle(self, seq: int, receipt: str) -> None:
        """See the port."""
        with self._adapter.connection() as connection:
            connection.execute(SQL["settle"], (receipt, seq))

    def scrub(self, erasure: Erasure, seconds: float) -> Scrubbed:
        """See the port."""
        end = time.monotonic() + seconds
        before = self._read("by_commit", erasure.seq)[0]
        remains = self._shred(before)
        remains += self._rewrite(end, rewritten=before.rewritten)
        probes = self._adapter.probes.get(erasure.seq)
        if not remains:
            remains += self._verify(erasure, probes or ())
        if not remains:
            self._adapter.probes.pop(erasure.seq, None)
        after = self._read("by_commit", erasure.seq)[0]
        return Scrubbed(after.copies, after.removed, None if probes is None else len(probes), tuple(remains))

    def _shred(self, row: _Row) -> list[str]:
        """Destroy the keys of copies, and remove blobs; why some of it could not be done."""
        copies = removed = 0
        try:
            keys = CopyKeys(self._adapter.directory, self._adapter.keys.secret)
            copies = keys.shred([*map(id_bytes, row.erasure.ids), *sliced(row.others)])
            if marks := row.erasure.told.get("parted"):
                keys.part(map(bytes.fromhex, marks), row.erasure.seq, microseconds(row.erasure.at))
            removed = self._remove(row.erasure.tenant, row.blobs)
        except OSError as error:
            return [f"a file of the store could not be changed ({error.strerror})"]
        finally:
            if copies or removed:
                with self._adapter.connection() as connection:
                    connection.execute(SQL["count_removed"], (copies, removed, row.erasure.seq))
        return []

    def _read(self, which: str, *parameters: Any) -> list[_Row]:
        with self._adapter.reader() as connection:
            rows = [_told(row) for row in connection.execute(SQL["erasures"].format(which=SQL[which]), parameters)]
        for row in rows:
            if row.erasure.receipt is not None:  # another process has finished it: what was kept for the search goes
                self._adapter.probes.pop(row.erasure.seq, None)
        return rows

    def _remove(self, tenant: str, names: tuple[str, ...]) -> int:
        """Remove every blob of a tenant that nothing names which stands: whatever it holds; how many of some names are gone with it."""
        with self._adapter.reader() as connection:
            kept = {name for (body,) in connection.execute(SQL["other_bodies"], (tenant,)) if (name := blob_of(body))}
        self._blobs.collect(tenant, (name for name in kept if self._blobs.gave(tenant, name)), 0.0)
        return sum(name not in kept and self._blobs.gave(tenant, name) for name in set(names))

    def _rewrite(self, end: float, *, rewritten: bool) -> list[str]:
        """Copy every row into fresh pages, for b-trees keep rests of cells that moved; then empty the write-ahead log."""
        with GATE.using(), mapped(self._adapter.path), closing(self._adapter.another()) as connection:
            connection.set_busy_timeout(max(1, int((end - time.monotonic()) * 1000)))
            if not rewritten:
                head = connection.execute(SQL["head"]).get  # what was erased until now is rewritten with it
                try:
                    connection.execute("VACUUM")
                    connection.execute(SQL["mark_rewritten"], (head,))
                except apsw.BusyError:
                    return [BUSY]
            while True:
                with suppress(apsw.BusyError, apsw.LockedError):
                    busy, *_ = next(connection.execute("PRAGMA wal_checkpoint(TRUNCATE)"))
                    if not busy:
                        return []
                if time.monotonic() >= end:
                    return [HELD]
                time.sleep(PAUSE)

    def _verify(self, erasure: Erasure, probes: tuple[bytes, ...]) -> list[str]:
        """What is left of an erasure: rows, and bytes that no row explains."""
        with self._adapter.reader() as connection:
            asked = to_json([each.replace("-", "") for each in erasure.ids]).decode()
            if connection.execute(SQL["still_there"], (asked,)).get or connection.execute(SQL["unowned"]).get:
                return ["rows of erased memories stand in memory.db; run `memos doctor`"]
        remains = []
        for path in sorted(self._adapter.directory.rglob("*")):
            if path.name.endswith(SHARED) or not path.is_file():
                continue
            found = frozenset[bytes]()
            with suppress(FileNotFoundError, apsw.CantOpenError), GATE.using():
                found = search(pieces_of(path), probes)
            if found and (rest := found - search(self._standing(), found)):
                remains.append(f"{len(rest)} pieces of what was erased stand in {path.relative_to(self._adapter.directory)}")
        return remains

    def _standing(self) -> Iterator[bytes]:
        with self._adapter.reader() as connection:
            for (body,) in connection.execute(SQL["standing"]):
                yield body.encode() if isinstance(body, str) else body
                yield b"\0"


def _told(row: tuple[Any, ...]) -> _Row:
    seq, at, tenant, call, caller, ids, others, told, blobs, copies, removed, rewritten, receipt = row
    names = tuple(map(id_text, sliced(ids)))
    erasure = Erasure(seq, instant(at), tenant, id_text(call), caller.hex(), names, from_json(told), receipt)
    return _Row(erasure, others, tuple(from_json(blobs)), copies, removed, bool(rewritten))
