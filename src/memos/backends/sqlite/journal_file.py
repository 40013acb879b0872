"""JournalFile: access.db as it is opened, recognised, and opened again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import apsw

from memos.backends.sqlite.connections import harden, identity, is_full
from memos.backends.sqlite.encryption import PageKey, unlock
from memos.backends.sqlite.forking import GATE
from memos.backends.sqlite.keys import OWNER_ONLY
from memos.backends.sqlite.named import script
from memos.errors import BackendError, DiskFull, NotAStore, ReadOnlyStore, StoreTooNew, Unavailable

FILE = "access.db"
SCHEMA = 1
APPLICATION = 0x4D454D41
"""The four bytes `MEMA` in the file's header."""
BUSY_MILLISECONDS = 10_000
Durability = Literal["process", "power"]
SYNCHRONOUS: dict[Durability, str] = {"process": "NORMAL", "power": "FULL"}


class JournalFile:
    """The two connections to access.db: one writes, one reads. None is a journal in memory, where one does both.

    Used inside the gate; whoever calls sees to it that one thread at a time uses each connection.
    """

    def __init__(self, path: Path | None, durability: Durability, key: PageKey | None = None) -> None:
        self._path = path
        self._key = key if path is not None else None
        self._synchronous = SYNCHRONOUS[durability]
        self._closed = False
        self._reader: apsw.Connection | None = None
        self._writer: apsw.Connection | None = None
        with GATE.using():
            self._found: tuple[object, object] = None, None
            self._writer = self._connect(self._synchronous)
            if path is not None:
                GATE.register(self)

    def writer(self) -> apsw.Connection:
        """The connection that writes; Unavailable when the file is no longer the one that was opened."""
        self._require()
        if self._writer is None:
            self._writer = self._connect(self._synchronous)
        return self._writer

    def reader(self) -> apsw.Connection:
        """The connection that reads; Unavailable as for the other."""
        if self._path is None:
            return self.writer()
        self._require()
        if self._reader is None:
            self._reader = self._connect("NORMAL")
        return self._reader

    def _require(self) -> None:
        if self._key is not None:
            self._key.require()
        self._require_file()

    def _require_file(self) -> None:
        """A row in a file that is no longer at its path, or whose WAL is not, would be lost with this process."""
        file, ahead = self._find()
        if self._writer is None and self._reader is None:  # the WAL may go while nobody has the file open
            self._found = self._found[0], ahead
        if (file, ahead) != self._found:
            raise Unavailable(f"{self._path} was removed or replaced while it was open; open the store again", journal=str(self._path))

    def _find(self) -> tuple[object, object]:
        if self._path is None:
            return None, None
        return identity(self._path), identity(self._path.with_name(f"{self._path.name}-wal"))

    def _connect(self, synchronous: str) -> apsw.Connection:
        if self._closed:
            raise Unavailable("the journal is closed; open the store again")
        with _opening(self._path):
            connection = _connect(self._path, synchronous, self._key)
            connection.pragma("user_version")  # which makes the WAL
        if self._reader is None and self._writer is None:
            self._found = self._find()
        return connection

    def suspend(self) -> None:
        """Close the file; the next call opens it again."""
        connections = self._reader, self._writer
        self._reader = self._writer = None
        for connection in connections:
            if connection is not None:
                connection.close()

    def close(self) -> None:
        """Close the file for good; the last one copies the WAL back and removes it."""
        self._closed = True
        if self._writer is not None and self._find() == self._found:  # else the WAL there is another's
            self._writer.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0)
        self.suspend()


@contextmanager
def _opening(path: Path | None) -> Iterator[None]:
    try:
        yield
    except (apsw.NotADBError, apsw.CorruptError) as problem:
        raise NotAStore(f"{path} is no access journal ({problem}): move it away, and a new one begins") from None
    except (apsw.CantOpenError, apsw.ReadOnlyError, apsw.PermissionsError) as problem:
        message = f"{path} cannot be written ({problem}): give the right to write, or name another file in the setting access_log"
        raise ReadOnlyStore(message) from None
    except apsw.Error as problem:
        if is_full(problem, path):
            raise DiskFull(f"no space is left to open {path}: free some and open again") from None
        raise BackendError(f"{path} cannot be opened: {type(problem).__name__}: {problem}") from None


def _connect(path: Path | None, synchronous: str, key: PageKey | None) -> apsw.Connection:
    fresh = path is not None and not path.exists()
    connection = apsw.Connection(str(path) if path else ":memory:")
    try:
        unlock(connection, key)
        harden(connection)
        connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        connection.set_busy_timeout(BUSY_MILLISECONDS)
        for setting in ("secure_delete = ON", "temp_store = MEMORY", f"synchronous = {synchronous}"):
            connection.execute(f"PRAGMA {setting}")  # one by one: what follows one that answers would wait until the answer is read
        if path is not None and fresh:
            path.chmod(OWNER_ONLY)
        _begin_schema(connection, path)
        _log_ahead(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _begin_schema(connection: apsw.Connection, path: Path | None) -> None:
    if connection.pragma("user_version") == 0:
        with _immediate(connection):
            if not connection.pragma("user_version") and not connection.pragma("schema_version"):
                connection.execute(script(f"access_{SCHEMA}"))
                connection.execute(f"PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {SCHEMA}")
    if connection.pragma("application_id") != APPLICATION:
        raise NotAStore(f"{path} is a database of something else: move it away, and a new access journal begins")
    if (found := connection.pragma("user_version")) > SCHEMA:
        raise StoreTooNew(f"{path} has schema {found}, this MemOS knows {SCHEMA}: upgrade memos-kernel", found=found, known=SCHEMA)


@contextmanager
def _immediate(connection: apsw.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _log_ahead(connection: apsw.Connection) -> None:
    """Turn on WAL. SQLite asks no busy handler when two connections turn it on at once, so the waiting is ours."""
    deadline = time.monotonic() + BUSY_MILLISECONDS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except apsw.BusyError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.005)
