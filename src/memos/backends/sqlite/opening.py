"""Opening: a directory becomes a store, once, whoever comes first; what is none, or another's, is refused by name."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import apsw

from memos.backends.sqlite.connections import Connections, Durability, mapped
from memos.backends.sqlite.encryption import Locks, raw, require_encrypted
from memos.backends.sqlite.keys import KEY_FILE, OWNER_ONLY, Keys, make_directory, make_key, read_key, sync_directory
from memos.backends.sqlite.migrations import SCHEMA, migrate
from memos.backends.sqlite.named import script, statements
from memos.backends.sqlite.pending import READY, finish, is_pending
from memos.errors import DAMAGE, BackendError, DiskFull, NotAStore, ReadOnlyStore, StoreTooNew, WrongEmbedder, damaged
from memos.memcube.fields import microseconds
from memos.ports.clock import Clock

FILE = "memory.db"
LOCK = "create.lock"
OURS = frozenset({FILE, LOCK, "access.db", "keys", "blobs", "worker.lock", "memos.toml", "lost+found"})
"""What may lie in a directory that becomes a store: what is left of one whose making was cut short, and what every disk has."""
APPLICATION = 0x4D454D4F
"""The four bytes `MEMO` in the file's header."""
SQL = statements("opening")

Embedder = tuple[str, int]
ForNew = Callable[[], tuple[Embedder | None, str | None]]
"""Chooses the embedder of a store that is to be made, and the URL that it is remembered by; asked only where none stands."""
Wanted = Embedder | None | Literal["stored"] | ForNew
"""Name and dimensions; None for none; "stored" for whatever the store remembers, none for a new one; a function for a new one's alone."""


@dataclass(frozen=True, slots=True)
class Opened:
    """An open store. `writer` is None when it was opened only for reading."""

    connections: Connections
    writer: apsw.Connection | None
    keys: Keys
    store_id: str
    embedder: Embedder | None
    embedder_url: str | None


@dataclass(frozen=True, slots=True)
class Opening:
    """How to open one directory."""

    directory: Path
    vfs: str | None
    durability: Durability
    embedder: Wanted
    create: bool
    clock: Clock
    locks: Locks
    """How an encrypted store is unlocked."""
    embedder_url: str | None = None
    """Where the embedder of a store that is being made comes from, so that it can be opened again by itself."""

    @property
    def path(self) -> Path:
        """The database's file."""
        return self.directory / FILE

    def connections(self, mode: str) -> Connections:
        """Connections to the file in one of the modes of `Connections`."""
        return Connections(self.path, vfs=self.vfs, durability=self.durability, mode=mode, key=self.locks.find())

    def for_reading(self) -> Opened:
        """The store as it is; nothing is written beside it."""
        self._finish_conversion()
        if not self.path.is_file():
            raise NotAStore(f"{self.directory} holds no MemOS store: there is no {FILE} in it")
        connections = self._readable()
        with mapped(self.path), connections.reader() as reader:
            if not (found := _recognise(reader, self.path)):
                raise NotAStore(f"{self.directory} holds no MemOS store: its {FILE} is empty; restore the last backup")
            if found != SCHEMA:
                raise ReadOnlyStore(
                    f"{self.path} has schema {found}, this MemOS has {SCHEMA}: open it once for writing, and it is brought forward"
                )
            return self._opened(connections, None, reader)

    def _readable(self) -> Connections:
        connections = self.connections("ro")
        try:
            with connections.reader() as reader:
                reader.pragma("user_version")
        except (apsw.CantOpenError, apsw.ReadOnlyError):
            wal = self.path.with_name(f"{FILE}-wal")
            if wal.exists() and wal.stat().st_size:
                message = f"{wal} holds commits that cannot be read on a disk that cannot be written; copy the directory to one that can"
                raise ReadOnlyStore(message) from None
            return self.connections("immutable")
        except apsw.Error:
            return connections
        return connections

    def for_writing(self) -> Opened:
        """The store, made if there is none and `create` allows it, brought forward if it is of an earlier schema."""
        with on_disk(self.directory):
            self._finish_conversion()
            if not self._is_made():
                self._make()
        connections = self.connections("rw")
        with mapped(self.path), self._writable(connections) as writer:
            if writer.pragma("journal_mode") != "wal":  # a conversion was cut short before it was decided
                writer.pragma("journal_mode", "wal")
            if _recognise(writer, self.path) < SCHEMA:
                with _immediate(writer):
                    migrate(writer)
            return self._opened(connections, writer, writer)

    def _finish_conversion(self) -> None:
        if not is_pending(self.directory):
            return
        if os.access(self.directory, os.W_OK):
            with locked(self.directory / LOCK):
                finish(self.directory)
        elif (self.directory / READY).is_dir():
            raise ReadOnlyStore(f"a conversion of {self.directory} was cut short: open it once where it can be written")

    def _is_made(self) -> bool:
        if not self.path.is_file() or not self.path.stat().st_size:
            return False
        with mapped(self.path), self._writable(self.connections("rw")) as connection:
            made = _recognise(connection, self.path) > 0
            connection.close()
        return made

    @contextmanager
    def _writable(self, connections: Connections) -> Iterator[apsw.Connection]:
        """A connection that can write; it is closed when what follows fails."""
        refused = ReadOnlyStore(f"{self.directory} cannot be written; give this user the right to write, or open it with read_only=True")
        try:
            connection = connections.writer()
        except apsw.CantOpenError:
            if os.access(self.directory, os.W_OK):
                raise
            raise refused from None
        try:
            with mapped(self.path, connection):
                if connection.readonly("main"):
                    raise refused
                yield connection
        except BaseException:
            connection.close()
            raise

    def _make(self) -> None:
        if not self.create:
            raise NotAStore(f"{self.directory} holds no MemOS store; name the directory of one")
        embedder, url = self.embedder() if callable(self.embedder) else (self.embedder, self.embedder_url)
        make_directory(self.directory)
        self._refuse_others()
        with locked(self.directory / LOCK):
            if self._is_made():
                return
            self._refuse_lost()
            lock = self.locks.make()
            keys = Keys(make_key(self.directory, raw(lock)))
            with mapped(self.path), self._writable(self.connections("rwc")) as connection:
                connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
                connection.execute("PRAGMA journal_mode = WAL")
                with _immediate(connection):
                    self._write_schema(connection, keys, embedder, url)
                connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0)
                connection.close()
            if lock is not None:
                require_encrypted(self.path)
            self.path.chmod(OWNER_ONLY)
            sync_directory(self.directory)

    def _refuse_others(self) -> None:
        found = sorted(entry.name for entry in self.directory.iterdir())
        others = [name for name in found if name not in OURS and not name.startswith((FILE, "access.db"))]
        if others:
            raise NotAStore(
                f"{self.directory} holds other things ({', '.join(others[:3])}) and no MemOS store; name an empty or a new directory"
            )

    def _refuse_lost(self) -> None:
        """Nobody has a journal, a blob or a write-ahead log before there is a store: what they belonged to is not made anew."""
        ahead = self.path.with_name(f"{FILE}-wal")
        left = [each.name for each in (ahead, self.directory / "access.db", self.directory / "blobs") if _holds_something(each)]
        if left and not (self.path.is_file() and self.path.stat().st_size):
            raise NotAStore(
                f"{self.directory} held a store and has lost its {FILE} ({left[0]} is still there): bring it back, or move the directory"
                " away and restore the last backup with `memos restore-backup`"
            )

    def _write_schema(
        self, connection: apsw.Connection, keys: Keys, embedder: Embedder | Literal["stored"] | None, url: str | None
    ) -> None:  # fmt: skip
        connection.execute(script(f"schema_{SCHEMA}"))
        store_id = UUID(self.clock.new_id()).bytes
        connection.execute(SQL["add_store"], (store_id,))
        meta: dict[str, bytes | str | int] = {"store_id": store_id, "key": keys.proof(), "policy_epoch": 0}
        meta["created_at"] = microseconds(self.clock.now())
        if isinstance(embedder, tuple):
            meta["embedder"], meta["dimensions"] = embedder
            if url is not None:
                meta["embedder_url"] = url
        connection.executemany(SQL["add_meta"], meta.items())
        connection.pragma("application_id", APPLICATION)
        connection.pragma("user_version", SCHEMA)

    def _opened(self, connections: Connections, writer: apsw.Connection | None, reader: apsw.Connection) -> Opened:
        try:
            return self._told(connections, writer, dict(reader.execute(SQL["meta"])))
        except DAMAGE as error:
            raise damaged(self.path, error) from error

    def _told(self, connections: Connections, writer: apsw.Connection | None, meta: dict[str, Any]) -> Opened:
        keys = Keys(read_key(self.directory, raw(connections.key)))
        if keys.proof() != meta["key"]:
            raise NotAStore(f"{self.directory / KEY_FILE} is the key of another store; bring back the one that belongs to {self.path}")
        stored = (meta["embedder"], meta["dimensions"]) if "embedder" in meta else None
        if not callable(self.embedder) and self.embedder not in {"stored", stored}:
            raise _wrong_embedder(self.directory, stored, self.embedder)
        return Opened(connections, writer, keys, str(UUID(bytes=meta["store_id"])), stored, meta.get("embedder_url"))


def _holds_something(path: Path) -> bool:
    return any(path.iterdir()) if path.is_dir() else path.is_file() and path.stat().st_size > 0


def _recognise(connection: apsw.Connection, path: Path) -> int:
    """The schema of the file, 0 when nothing has been written to it."""
    schema: int = connection.pragma("user_version")
    if schema == 0 and not connection.pragma("schema_version"):
        return 0
    if connection.pragma("application_id") != APPLICATION:
        raise NotAStore(f"{path} is a database of something else; name the directory of a MemOS store")
    if schema > SCHEMA:
        raise StoreTooNew(f"{path} has schema {schema}, this MemOS knows {SCHEMA}; upgrade memos-kernel", found=schema, known=SCHEMA)
    return schema


def _wrong_embedder(directory: Path, stored: Embedder | None, wanted: Wanted) -> WrongEmbedder:
    has, given = (
        f"the embedder {each[0]} ({each[1]} dimensions)" if isinstance(each, tuple) else "no embedder" for each in (stored, wanted)
    )
    return WrongEmbedder(
        f"{directory} was made with {has}, and is opened with {given}; open it as it is, or run `memos reembed` to change it"
    )


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


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock among processes; unlike POSIX's own it does not drop when some other descriptor of the file closes."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        fcntl.flock(descriptor, fcntl.LOCK_UN)  # a child that was forked meanwhile has the descriptor too
        os.close(descriptor)


@contextmanager
def on_disk(directory: Path) -> Iterator[None]:
    """What the system says of a directory comes out as an error of ours."""
    try:
        yield
    except (NotADirectoryError, FileExistsError):
        raise NotAStore(f"{directory} is not a directory; name the directory of a store") from None
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EFBIG, errno.EDQUOT}:
            raise DiskFull(f"no space is left to make a store in {directory}; free some and try again") from None
        if error.errno in {errno.EROFS, errno.EACCES, errno.EPERM}:
            message = f"{directory} cannot be written ({error.strerror}); give this user the right to write, or open it with read_only=True"
            raise ReadOnlyStore(message) from None
        raise BackendError(f"{directory} cannot be opened: {error}") from None
