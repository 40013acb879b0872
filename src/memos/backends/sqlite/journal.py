"""The access journal: one row in access.db for each call that wrote nothing, appended before its reply leaves."""

from __future__ import annotations

import json
import os
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import apsw

from memos.backends.sqlite.chain import GENESIS, link
from memos.backends.sqlite.connections import harden
from memos.backends.sqlite.keys import OWNER_ONLY, Keys
from memos.backends.sqlite.named import script, statements
from memos.errors import BackendError, DiskFull, InvalidCall, NotAStore, ReadOnlyStore, StoreTooNew, Unavailable
from memos.memcube.fields import instant, microseconds
from memos.ports.journal import AccessRow, AccessUse

FILE = "access.db"
SCHEMA = 1
APPLICATION = 0x4D454D41
"""The four bytes `MEMA` in the file's header."""
BUSY_MILLISECONDS = 10_000
SYNCHRONOUS = {"process": "NORMAL", "power": "FULL"}

_written = json.JSONEncoder(separators=(",", ":")).encode

Fields = tuple[int, bytes, str, bytes, str, str, bytes, int, str, bytes, bytes, int]
"""at, call_id, tenant, caller, operation, status, grant_hash, seq, branch, hits, withheld, took."""


class _Ticket:
    """A row on its way: it ends with a number or with an error."""

    __slots__ = ("error", "fields", "number")

    def __init__(self, fields: Fields) -> None:
        self.fields = fields
        self.number: int | None = None
        self.error: str | None = None


class SqliteJournal:
    """Implements `memos.ports.journal.AccessJournal` on `directory`/access.db, or on the file `path` where one is given.

    `key` is the store's: callers stand under pseudonyms keyed by it. With neither directory nor path the journal lives in memory.
    Safe among threads and processes. Whoever gets the lock commits every row that waits, in one transaction. By default a row
    survives the death of the process (`durability="process"`); "power" syncs the disk for each group. Opening raises NotAStore,
    StoreTooNew or ReadOnlyStore.
    """

    def __init__(
        self, directory: Path | None, *, key: bytes, durability: Literal["process", "power"] = "process", path: Path | None = None
    ) -> None:
        self.path = path if path is not None else directory and directory / FILE
        self._keys = Keys(key)
        self._sql = statements("access")
        self._process = os.getpid()
        self._waiting: deque[_Ticket] = deque()
        self._leading = threading.Lock()
        with _opening(self.path):
            self._writer = _connect(self.path, SYNCHRONOUS[durability])
            self._reader = _connect(self.path, "NORMAL") if self.path else self._writer
        self._reading = threading.Lock() if self.path else self._leading

    def append(self, row: AccessRow) -> int:
        """Append a row and return its number once it is committed.

        Raises Unavailable when it cannot be, InvalidCall when an id is no UUID.
        """
        self._require_own_process()
        ticket = _Ticket(self._fields(row))
        self._waiting.append(ticket)
        with self._leading:
            if ticket.number is None and ticket.error is None:
                self._lead()
        if ticket.number is None:
            raise Unavailable(f"the access row could not be written: {ticket.error}; the reply is withheld", journal=str(self.path))
        return ticket.number

    def uses(self, after: int, limit: int = 10_000) -> AccessUse:
        """The memories disclosed by at most `limit` rows after a row number; `upto` is the last row looked at."""
        upto, uses = after, []
        for aseq, tenant, at, hits in self._read("uses", after, limit):
            upto = aseq
            uses += [(tenant, hit[0], instant(at)) for hit in json.loads(hits)]
        return AccessUse(upto, tuple(uses))

    def rows(self, *, after: int = 0, limit: int = 100) -> Sequence[dict[str, object]]:
        """At most `limit` rows after a row number, oldest first."""
        return [_told(row) for row in self._read("rows", after, limit)]

    def close(self) -> None:
        """Release the file; later calls raise Unavailable."""
        if os.getpid() != self._process:
            return  # what the parent of a fork has open is not ours to touch
        with self._leading:
            self._writer.close()
        if self.path:
            with self._reading:
                self._reader.close()

    def _fields(self, row: AccessRow) -> Fields:
        try:
            call = bytes.fromhex(row.call_id.replace("-", ""))
            if len(call) != 16:
                raise ValueError
        except ValueError:
            raise InvalidCall(f"{row.call_id[:60]!r} is no call id; call ids are UUIDs, as `Clock.new_id` gives them") from None
        hits, withheld = _written(row.hits).encode(), _written(row.withheld).encode()
        caller, at = self._keys.caller(row.caller), microseconds(row.at)
        who = row.caller.tenant, caller
        return at, call, *who, row.operation, row.status, row.grant.encode(), row.seq, row.branch, hits, withheld, row.took

    def _lead(self) -> None:
        group: list[_Ticket] = []
        error = "the process was interrupted"
        try:
            group += (self._waiting.popleft() for _ in range(len(self._waiting)))
            numbers = self._commit([ticket.fields for ticket in group])
        except apsw.Error as problem:
            error = f"{type(problem).__name__}: {problem}"
        else:
            for ticket, number in zip(group, numbers, strict=True):
                ticket.number = number
        finally:
            for ticket in group:
                ticket.error = error

    def _commit(self, group: list[Fields]) -> range:
        execute = self._writer.execute
        try:
            last, seal = next(iter(execute(self._sql["begin_and_last"])), (0, GENESIS))
            numbers = range(last + 1, last + 1 + len(group))
            for number, fields in zip(numbers, group, strict=True):
                seal = link(seal, number, *fields)
                execute(self._sql["insert"], (number, *fields, seal))
            execute(self._sql["commit"])
        except BaseException:
            with suppress(apsw.Error):
                execute(self._sql["rollback"])
            raise
        return numbers

    def _require_own_process(self) -> None:
        if os.getpid() != self._process:
            raise Unavailable("this journal was opened by the parent of this process; open the store again here, after the fork")

    def _read(self, name: str, *arguments: int) -> list[tuple[Any, ...]]:
        self._require_own_process()
        with self._reading:
            try:
                return list(self._reader.execute(self._sql[name], arguments))
            except apsw.Error as problem:
                raise Unavailable(f"the access journal cannot be read: {problem}", journal=str(self.path)) from None


@contextmanager
def _opening(path: Path | None) -> Iterator[None]:
    try:
        yield
    except (apsw.NotADBError, apsw.CorruptError) as problem:
        raise NotAStore(f"{path} is no access journal ({problem}): move it away, and a new one begins") from None
    except (apsw.CantOpenError, apsw.ReadOnlyError, apsw.PermissionsError) as problem:
        message = f"{path} cannot be written ({problem}): give the right to write, or name another file in the setting access_log"
        raise ReadOnlyStore(message) from None
    except apsw.FullError:
        raise DiskFull(f"no space is left to begin {path}: free some and open again") from None
    except apsw.Error as problem:
        raise BackendError(f"{path} cannot be opened: {type(problem).__name__}: {problem}") from None


def _connect(path: Path | None, synchronous: str) -> apsw.Connection:
    fresh = path is not None and not path.exists()
    connection = apsw.Connection(str(path) if path else ":memory:")
    try:
        harden(connection)
        connection.set_busy_timeout(BUSY_MILLISECONDS)
        connection.execute(f"PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY; PRAGMA synchronous = {synchronous}")
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


def _told(row: tuple[Any, ...]) -> dict[str, object]:
    aseq, at, call, tenant, caller, operation, status, grant, seq, branch, hits, withheld, took = row
    told = {"aseq": aseq, "at": instant(at), "call_id": str(UUID(bytes=call)), "tenant": tenant, "caller": caller.hex()}
    told |= {"operation": operation, "status": status, "grant": grant.decode(), "seq": seq}
    told |= {"branch": branch, "withheld": tuple(json.loads(withheld)), "took": took}
    return told | {"hits": tuple(tuple(hit) for hit in json.loads(hits))}
