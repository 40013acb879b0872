"""Counters: counters.db, in which all processes of a store count rates and contracts. The file is made when the first quota is used.

A moving window keeps its takings as a ring of as many places as its limit has, so that a taking costs the same however many there were.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path

import apsw

from memos.backends.sqlite.connections import harden, identity
from memos.backends.sqlite.forking import GATE
from memos.backends.sqlite.keys import OWNER_ONLY
from memos.backends.sqlite.named import script, statements
from memos.errors import Unavailable
from memos.memcube.fields import microseconds
from memos.ports.clock import Clock

FILE = "counters.db"
SCHEMA = 1
APPLICATION = 0x4D454D43
"""The four bytes `MEMC` in the file's header."""
BUSY_MILLISECONDS = 10_000
TIDY_EVERY = 1000
"""After so many transactions what is over is dropped."""
SECOND = 1_000_000
SQL = statements("counters")


class SqliteCounters:
    """Implements `memos.ports.counters.Counters`. `path` None counts in memory. Thread-safe."""

    def __init__(self, path: Path | None, *, key: bytes, clock: Clock) -> None:
        self._path, self._key, self._clock = path, blake2b(key, digest_size=32, person=b"counters").digest(), clock
        self._connection: apsw.Connection | None = None
        self._file: tuple[object, object] = None, None
        self._using = threading.Lock()
        self._transactions = 0
        self._closed = False

    @contextmanager
    def transaction(self, *, durable: bool = False) -> Iterator[Counting]:
        """See the port."""
        with GATE.using(), self._using:
            try:
                connection = self._opened()
                if durable:
                    connection.execute("PRAGMA synchronous = FULL")
                try:
                    yield from self._within(connection)
                finally:
                    if durable:
                        connection.execute("PRAGMA synchronous = NORMAL")
            except (apsw.Error, OSError) as error:
                raise self._failing(str(error) or type(error).__name__) from error

    def _within(self, connection: apsw.Connection) -> Iterator[Counting]:
        connection.execute("BEGIN IMMEDIATE")
        try:
            now = microseconds(self._clock.now())
            yield Counting(connection, self._key, now)
            self._transactions += 1
            if self._transactions % TIDY_EVERY == 0:
                connection.execute(SQL["drop_takings"], (now,))
                connection.execute(SQL["drop_counters"], (now,))
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                with suppress(apsw.Error):
                    connection.execute("ROLLBACK")
            raise

    def _failing(self, why: str) -> Unavailable:
        return Unavailable(
            f"the counters of the quotas cannot be kept ({why}): the call is refused, since it cannot be counted", counters=FILE
        )

    def _opened(self) -> apsw.Connection:
        if self._closed:
            raise self._failing("the store is closed")
        if self._connection is None:
            if self._file[0] is not None and self._find()[0] != self._file[0]:
                raise self._failing(f"{FILE} was removed or replaced since it was open last; open the store again")
            self._connection = self._connect()
            self._file = self._find()
            GATE.register(self)
        if self._find() != self._file:
            raise self._failing(f"{FILE} was removed or replaced while it was open; open the store again")
        return self._connection

    def _find(self) -> tuple[object, object]:
        """Which file stands there now, and which log of what was written ahead."""
        if self._path is None:
            return None, None
        return identity(self._path), identity(self._path.with_name(f"{self._path.name}-wal"))

    def _connect(self) -> apsw.Connection:
        fresh = self._path is not None and not self._path.exists()
        connection = apsw.Connection(str(self._path) if self._path else ":memory:")
        try:
            harden(connection)
            connection.set_busy_timeout(BUSY_MILLISECONDS)
            # what is overwritten is no secret, keyed hashes and times: secure_delete would make a taking five times as dear (50 → 250 µs)
            connection.execute("PRAGMA temp_store = MEMORY; PRAGMA synchronous = NORMAL")
            if self._path is not None and fresh:
                self._path.chmod(OWNER_ONLY)
            connection.execute("PRAGMA journal_mode = WAL")
            self._begin_schema(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _begin_schema(self, connection: apsw.Connection) -> None:
        connection.execute("BEGIN IMMEDIATE")
        if not connection.pragma("user_version") and not connection.pragma("schema_version"):
            connection.execute(script(f"counters_{SCHEMA}"))
            connection.execute(f"PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {SCHEMA}")
        connection.execute("COMMIT")
        connection.pragma("user_version")
        if (connection.pragma("application_id"), connection.pragma("user_version")) != (APPLICATION, SCHEMA):
            raise self._failing(f"{FILE} is a database of something else, or of a newer MemOS")

    def suspend(self) -> None:
        """Close the file; the next call opens it again."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def close(self) -> None:
        """Release the file; later calls raise Unavailable."""
        with GATE.using(), self._using:
            self._closed = True
            self.suspend()


class Counting:
    """Implements `memos.ports.counters.Counting`, within a transaction."""

    def __init__(self, connection: apsw.Connection, key: bytes, now: int) -> None:
        self._execute, self._key, self._now = connection.execute, key, now

    def _hashed(self, key: str) -> bytes:
        return blake2b(key.encode(), digest_size=16, key=self._key).digest()

    def _count(self, key: bytes) -> int:
        found = self._execute(SQL["count"], (key,)).get
        return 0 if found is None else int(found)

    def _taken_at(self, key: bytes, number: int, limit: int) -> int:
        """When the taking of a number, from 0, was made; long ago when the ring does not hold it."""
        found = self._execute(SQL["taken_at"], (key, number % limit)).get if number >= 0 else None
        return 0 if found is None else int(found)

    def take(self, key: str, limit: int, window: int, amount: int) -> bool:
        """See the port."""
        if amount > limit:
            return False
        hashed, since = self._hashed(key), self._now - window * SECOND
        count = self._count(hashed)
        if self._taken_at(hashed, count + amount - limit - 1, limit) > since:
            return False
        for number in range(count, count + amount):
            self._execute(SQL["set_taking"], (hashed, number % limit, self._now))
        self._execute(SQL["set_count"], (hashed, count + amount, self._now + window * SECOND))
        return True

    def window(self, key: str, limit: int, window: int) -> tuple[float, int]:
        """See the port; the first that counts is found by halving."""
        hashed, since = self._hashed(key), self._now - window * SECOND
        count = self._count(hashed)
        low, high = max(0, count - limit), count
        while low < high:
            middle = (low + high) // 2
            if self._taken_at(hashed, middle, limit) > since:
                high = middle
            else:
                low = middle + 1
        first = self._taken_at(hashed, low, limit) if low < count else self._now
        return first / SECOND, count - low

    def add(self, key: str, amount: int, limit: int) -> bool:
        """See the port."""
        hashed = self._hashed(key)
        count = self._count(hashed) + amount
        if count > limit:
            return False
        self._execute(SQL["set_count"], (hashed, count, None))
        return True

    def total(self, key: str) -> int:
        """See the port."""
        return self._count(self._hashed(key))


def counters_path(directory: Path | None, journal: Path | None, *, read_only: bool) -> Path | None:
    """Where the counters stand: in the store's directory, or beside the log of reads where the store is only read."""
    if directory is None:
        return None
    if read_only and journal is not None and not os.access(directory, os.W_OK):
        return journal.parent / FILE
    return directory / FILE
