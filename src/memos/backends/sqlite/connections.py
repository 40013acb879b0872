"""Connections: how memory.db is opened, the pool of readers, and what SQLite's errors mean here."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal
from urllib.parse import quote

import apsw

from memos.backends.sqlite.encryption import PageKey, unlock
from memos.backends.sqlite.forking import GATE
from memos.errors import DAMAGE, BackendError, DiskFull, MemOSError, NotAStore, ReadOnlyStore, Unavailable, damaged

Durability = Literal["power", "process", "none"]
SYNCHRONOUS: dict[Durability, str] = {"power": "FULL", "process": "NORMAL", "none": "OFF"}
BUSY_MILLISECONDS = 30_000
STATEMENTS = 256
"""How many prepared statements a connection keeps."""
IDLE_READERS = 16
CACHE_KIB = 8 * 1024
CHECKPOINT_PAGES = 2000
"""The WAL is copied back once it holds this many pages of 4 KiB."""
WAL_BYTES = 64 * 1024 * 1024
"""What a WAL that a long read made grow is cut back to."""
NO_SPACE = {errno.ENOSPC, errno.EFBIG, errno.EDQUOT}
ROOM = 64 * 1024
"""Bytes without which a store cannot even be opened: SQLite shares 32 KiB among processes."""


def translate(error: apsw.Error, path: Path | None, connection: apsw.Connection | None = None) -> MemOSError:
    """The error of ours that says what an error of SQLite means, and what to do about it."""
    where = path or "the store"
    if is_full(error, path, connection):
        return DiskFull(f"no space is left for {where}; nothing was written: free some and try again")
    if isinstance(error, apsw.ReadOnlyError):
        return ReadOnlyStore(f"{where} cannot be written; give this user the right to write, or open it with read_only=True")
    if isinstance(error, apsw.BusyError | apsw.LockedError):
        return Unavailable(f"{where} is locked by another process; nothing was written: try again")
    if isinstance(error, apsw.NotADBError):
        return NotAStore(f"{where} is no MemOS store, or its key is wrong; name the directory of a store")
    if isinstance(error, apsw.CorruptError):
        return NotAStore(f"{where} is damaged ({error}); restore the last backup with `memos restore-backup`")
    if isinstance(error, apsw.CantOpenError | apsw.PermissionsError | apsw.AuthError):
        return NotAStore(f"{where} cannot be opened ({error}); see that it exists and that this user may read and write it")
    if isinstance(error, apsw.ConnectionClosedError | apsw.CursorClosedError):
        return BackendError("the store is closed; open it again")
    return BackendError(f"{where} failed: {type(error).__name__}: {error}")


def is_full(error: apsw.Error, path: Path | None, connection: apsw.Connection | None = None) -> bool:
    """Whether an error means that the disk is full. Of a connection that was never made only the disk itself can be asked."""
    if isinstance(error, apsw.FullError):
        return True
    if not isinstance(error, apsw.IOError):
        return False
    if getattr(error, "extendedresult", 0) == apsw.SQLITE_IOERR_SHMSIZE or (connection is not None and connection.system_errno in NO_SPACE):
        return True
    with suppress(OSError):
        disk = os.statvfs(path.parent if path is not None else "/")
        return disk.f_bavail * disk.f_frsize < ROOM
    return False


@contextmanager
def mapped(path: Path | None, connection: apsw.Connection | None = None) -> Iterator[None]:
    """Errors of SQLite within come out as errors of ours."""
    try:
        yield
    except apsw.Error as error:
        raise translate(error, path, connection) from error
    except UnicodeDecodeError as error:
        raise damaged(path, error) from error


@contextmanager
def mapped_whole(path: Path) -> Iterator[None]:
    """As `mapped`, where nothing runs but what reads a store's own rows."""
    try:
        with mapped(path):
            yield
    except DAMAGE as error:
        raise damaged(path, error) from error


def address(path: Path, mode: str) -> str:
    """The file as a URI, whatever characters its name has."""
    return f"file:{quote(str(path))}?{mode}"


def identity(path: Path) -> tuple[int, int] | None:
    """Which file stands at a path, None when there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def harden(connection: apsw.Connection) -> None:
    """Let a file run nothing that stands in it: our stores have no triggers and no views, and trust no function of a schema."""
    connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
    for power in (apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, apsw.SQLITE_DBCONFIG_ENABLE_TRIGGER, apsw.SQLITE_DBCONFIG_ENABLE_VIEW):
        connection.config(power, 0)


class Connections:
    """Opens connections to one file and keeps readers that are idle. Thread-safe.

    `mode` is `rwc`, `rw`, `ro`, or `immutable` for media where not even a lock can be taken.
    """

    def __init__(self, path: Path, *, vfs: str | None, durability: Durability, mode: str, key: PageKey | None = None) -> None:
        self.path = path
        self.key = key
        self._vfs = vfs
        self._durability = durability
        self._mode = mode
        self._idle: list[apsw.Connection] = []
        self._guard = threading.Lock()
        self._closed = False
        self._identity: tuple[int, int] | None = None
        GATE.register(self)

    def writer(self) -> apsw.Connection:
        """A connection that may write."""
        return self._open(self._mode)

    def _open(self, mode: str) -> apsw.Connection:
        query = "mode=ro&immutable=1" if mode == "immutable" else f"mode={mode}"
        flags = apsw.SQLITE_OPEN_URI | apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
        connection = apsw.Connection(address(self.path, query), flags=flags, vfs=self._vfs, statementcachesize=STATEMENTS)
        try:
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: apsw.Connection) -> None:
        unlock(connection, self.key)
        harden(connection)
        connection.set_busy_timeout(BUSY_MILLISECONDS)
        # without it SQLite plans a join anew whenever a parameter is bound again, at ten times the cost of the query (102 against 10 µs)
        connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
        connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)  # readers, and whoever closes for a fork, leave the WAL as it is
        for setting in (
            "secure_delete = ON",
            "temp_store = MEMORY",
            "foreign_keys = ON",
            f"synchronous = {SYNCHRONOUS[self._durability]}",
            f"cache_size = -{CACHE_KIB}",
            f"wal_autocheckpoint = {CHECKPOINT_PAGES}",
            f"journal_size_limit = {WAL_BYTES}",
        ):
            connection.execute(f"PRAGMA {setting}")

    @contextmanager
    def reader(self) -> Iterator[apsw.Connection]:
        """A connection that cannot write, for one thread at a time; it goes back to the pool."""
        with GATE.using():
            connection = self._take()
            try:
                yield connection
            finally:
                self._give(connection)

    def _take(self) -> apsw.Connection:
        with self._guard:
            if self._closed:
                raise BackendError("the store is closed; open it again")
            if self.key is not None:
                self.key.require()
            self._require_file()
            if self._idle:
                return self._idle.pop()
        connection = self._open(self._mode if self._mode in {"ro", "immutable"} else "rw")
        connection.execute("PRAGMA query_only = ON")
        return connection

    def _require_file(self) -> None:
        """A file that is no longer at its path would be read as it once was, for as long as somebody has it open."""
        found = identity(self.path)
        if self._identity is not None and found != self._identity:
            while self._idle:
                self._idle.pop().close()
            raise NotAStore(f"{self.path} was removed or replaced while it was open: open the store again")
        self._identity = found

    def _give(self, connection: apsw.Connection) -> None:
        if connection.in_transaction:
            with suppress(apsw.Error):
                connection.execute("ROLLBACK")
        with self._guard:
            left = connection.in_transaction or connection.txn_state("main")  # a cursor left half read keeps the past that it reads
            if not self._closed and not left and len(self._idle) < IDLE_READERS:
                self._idle.append(connection)
                return
        connection.close(force=True)

    def suspend(self) -> None:
        """Close the idle readers; others are opened when they are needed."""
        with self._guard:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close(force=True)  # what an error has left unread in it is of no use to anybody

    def close(self) -> None:
        """Close the idle readers; those in use are closed when they come back."""
        with GATE.using():
            self._closed = True
            self.suspend()
