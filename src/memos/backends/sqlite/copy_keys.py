"""Copy keys: one random key for each memory that was copied, so that destroying the key destroys every copy (crypto-shredding)."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import apsw

from memos.backends.sqlite.connections import BUSY_MILLISECONDS, harden, mapped
from memos.backends.sqlite.forking import GATE
from memos.backends.sqlite.keys import KEY_BYTES, OWNER_ONLY, derive, sync_directory
from memos.backends.sqlite.named import statements
from memos.backends.sqlite.rows import id_bytes
from memos.errors import BackendError, NotAStore, ReadOnlyStore

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

COPY_KEYS = Path("keys") / "copies.db"
NONCE_BYTES = 12
SQL = statements("copy_keys")


class CopyKeys:
    """The keys under which copies of the memories of the store in `directory` are sealed, wrapped by the store's `secret`.

    Who only destroys keys needs no secret. An id is the 16 bytes of a cube's id; `shred` takes its text, too.
    They stand in a SQLite file of their own with a rollback journal, not a WAL: what a commit has overwritten stands in no file. Every
    process may use them at once, nothing is open between two calls, and the file is made with the first key. Raises NotAStore when the
    file is damaged or another store's, ReadOnlyStore, DiskFull or Unavailable when it cannot be written.
    """

    def __init__(self, directory: Path, secret: bytes | None = None) -> None:
        self.path = directory / COPY_KEYS
        self._secret = None if secret is None else derive(secret, "copy keys", size=KEY_BYTES)

    def keys(self, ids: Iterable[bytes]) -> dict[bytes, bytes]:
        """The 32 bytes of each cube's key by the 16 of its id. What is missing is made, and on the disk before this returns."""
        wanted = sorted(set(ids))
        with self._using(create=True) as connection:
            found = self._find(connection, wanted)
            if len(found) < len(wanted):
                with _immediate(connection):
                    found = self._find(connection, wanted)
                    found |= self._make(connection, [each for each in wanted if each not in found])
        return found

    def known(self, ids: Iterable[bytes]) -> dict[bytes, bytes]:
        """As `keys`, without those that were never made or are destroyed."""
        if not self.path.is_file():
            return {}
        with self._using(create=False) as connection:
            return self._find(connection, sorted(set(ids)))

    def shred(self, ids: Iterable[bytes | str]) -> int:
        """Destroy the keys of these cubes, in the file's bytes and on the disk before this returns; how many there were still.

        Take the memories from the store first, in a commit of their own: a backup that runs meanwhile makes no key that outlives both.
        """
        doomed = sorted({id_bytes(each) if isinstance(each, str) else each for each in ids})
        if not doomed or not self.path.is_file():
            return 0
        with self._using(create=False) as connection:
            before = connection.total_changes()
            with _immediate(connection):
                connection.executemany(SQL["shred"], ((each,) for each in doomed))
            return connection.total_changes() - before

    def part(self, marks: Iterable[bytes], seq: int, at: int) -> None:
        """Remember that those whose names have these marks had left by a commit and its time: what copies hold of them by name is void."""
        if not self.path.is_file():
            return
        with self._using(create=False) as connection, _immediate(connection):
            connection.execute(SQL["make_parted"])
            connection.executemany(SQL["part"], ((mark, seq, at) for mark in marks))

    def parted(self) -> dict[bytes, tuple[int, int]]:
        """The marks of those who have left, each with the last commit and the time."""
        if not self.path.is_file():
            return {}
        with self._using(create=False) as connection:
            there = connection.execute(SQL["has_parted"]).get
            return {mark: (seq, at) for mark, seq, at in connection.execute(SQL["parted"])} if there else {}

    def made(self) -> int:
        """How many keys were ever made: a copy of the file that tells fewer than a backup does is older than that backup."""
        if not self.path.is_file():
            return 0
        with self._using(create=False) as connection:
            return int(connection.execute(SQL["made"]).get)

    def content(self) -> bytes | None:
        """The file as it is between two changes; None where there is none. A copy by other hands may be torn."""
        if not self.path.is_file():
            return None
        with self._using(create=False) as connection, _immediate(connection):
            return connection.serialize("main")

    def _find(self, connection: apsw.Connection, ids: list[bytes]) -> dict[bytes, bytes]:
        from cryptography.exceptions import InvalidTag

        cipher = self._cipher()
        rows = list(connection.executemany(SQL["find"], ((each,) for each in ids)))
        try:
            return {each: cipher.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], each) for each, wrapped in rows}
        except (InvalidTag, ValueError):
            raise NotAStore(f"{self.path} is damaged, or belongs to another store; bring back the one that belongs to this store") from None

    def _make(self, connection: apsw.Connection, ids: list[bytes]) -> dict[bytes, bytes]:
        cipher = self._cipher()
        made = {each: os.urandom(KEY_BYTES) for each in ids}
        rows = [(each, (nonce := os.urandom(NONCE_BYTES)) + cipher.encrypt(nonce, key, each)) for each, key in made.items()]
        free = [slot for (slot,) in connection.execute(SQL["free"], (len(rows),))]
        connection.executemany(SQL["reuse"], ((*row, slot) for row, slot in zip(rows, free, strict=False)))
        connection.executemany(SQL["add"], rows[len(free) :])
        connection.execute(SQL["count"], (len(rows),))
        return made

    def _cipher(self) -> AESGCM:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        if self._secret is None:
            raise BackendError("these keys were opened only to be destroyed: give the store's secret to use them")
        return AESGCM(self._secret)

    @contextmanager
    def _using(self, *, create: bool) -> Iterator[apsw.Connection]:
        with GATE.using(), mapped(self.path):
            if not os.access(self.path.parent, os.W_OK):
                message = f"{self.path.parent} cannot be written, where the keys of copies are kept; give this user the right to write"
                raise ReadOnlyStore(message)
            flags = apsw.SQLITE_OPEN_READWRITE | (apsw.SQLITE_OPEN_CREATE if create else 0)
            connection = apsw.Connection(str(self.path), flags=flags)
            try:
                harden(connection)
                connection.set_busy_timeout(BUSY_MILLISECONDS)
                for setting in ("secure_delete = ON", "temp_store = MEMORY", "synchronous = EXTRA"):
                    connection.execute(f"PRAGMA {setting}")
                if not connection.pragma("schema_version"):
                    self.path.chmod(OWNER_ONLY)
                    with _immediate(connection):
                        connection.execute(SQL["make"])
                    sync_directory(self.path.parent)
                yield connection
            finally:
                connection.close()


@contextmanager
def _immediate(connection: apsw.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
