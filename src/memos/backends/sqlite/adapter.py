"""SqliteAdapter: the embedded store, one directory that many threads and processes may have open at once."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import apsw
from pydantic_core import from_json

from memos.backends.sqlite.connections import Durability, mapped, mapped_whole
from memos.backends.sqlite.encryption import LEASE, Locks
from memos.backends.sqlite.ephemeral import Ephemeral
from memos.backends.sqlite.forking import GATE
from memos.backends.sqlite.known import SQL as WRITING
from memos.backends.sqlite.lineage import Graphs
from memos.backends.sqlite.named import statements
from memos.backends.sqlite.opening import Embedder, Opening, Wanted
from memos.backends.sqlite.rows import told_commit
from memos.backends.sqlite.view import SqliteView
from memos.backends.sqlite.writer import Writer, require_same
from memos.errors import BackendError, ReadOnlyStore
from memos.memcube.change import CANONICAL, ChangeSet, Committed, ReadSet
from memos.ports.clock import Clock, SystemClock
from memos.ports.kms import Locate, nowhere
from memos.ports.models import Remembered

READING = statements("view")


class SqliteAdapter:
    """Implements `memos.ports.adapter.MemoryAdapter` on memory.db in a directory; None keeps the store in memory, an Ephemeral in that one.

    `embedder` is (name, dimensions) or None for none; another than the store's own is WrongEmbedder; "stored", for tools, is whatever
    the store has. `durability="power"` syncs every commit to the disk, "process" leaves that to the system: commits then survive the
    death of the process, not that of the machine. `vfs` names a registered SQLite VFS. `locate` finds who keeps the key of an encrypted
    store; after `lease` seconds it is asked again.

    Opening raises NotAStore, StoreTooNew, ReadOnlyStore, DiskFull, WrongEmbedder or Unavailable.
    """

    def __init__(
        self,
        directory: Path | Ephemeral | None,
        *,
        vfs: str | None = None,
        durability: Durability = "power",
        read_only: bool = False,
        embedder: Wanted = "stored",
        embedder_url: str | None = None,
        create: bool = True,
        clock: Clock | None = None,
        locate: Locate = nowhere,
        lease: float = LEASE,
    ) -> None:
        self._ephemeral = Ephemeral() if directory is None else directory if isinstance(directory, Ephemeral) else None
        self.directory: Path = self._ephemeral.path if self._ephemeral else Path(str(directory)).absolute()
        surviving: Durability = "none" if self._ephemeral else durability
        self._as_opened = partial(
            SqliteAdapter, vfs=vfs, durability=durability, read_only=read_only, create=False, clock=clock, locate=locate, lease=lease
        )
        locks = Locks(self.directory, locate, lease)
        opening = Opening(self.directory, vfs, surviving, embedder, create, clock or SystemClock(), locks, embedder_url)
        with GATE.using():
            opened = opening.for_reading() if read_only else opening.for_writing()
            self._writer = Writer(opened.writer, opened.connections, opened.keys, opened.embedder) if opened.writer else None
        self.path = opening.path
        self.keys = opened.keys
        self.embedder: Embedder | None = opened.embedder
        self.remembered = Remembered(*opened.embedder, opened.embedder_url) if opened.embedder else None
        self._store_id = opened.store_id
        self._dimensions = opened.embedder[1] if opened.embedder else None
        self._connections = opened.connections
        self.page_key = opened.connections.key
        self._graphs = Graphs()
        self._erased: dict[str, int] = {}
        self._process = os.getpid()

    @property
    def store_id(self) -> str:
        """See the port."""
        return self._store_id

    @property
    def read_only(self) -> bool:
        """Whether it was opened only for reading."""
        return self._writer is None

    @contextmanager
    def view(self, tenant: str, *, at: int | None = None, branch: str = CANONICAL) -> Iterator[SqliteView]:
        """See the port."""
        self._require_own_process()
        with mapped(self.path), self._connections.reader() as connection:
            connection.execute("BEGIN")
            view = SqliteView(connection, self.keys, self._dimensions, self._graphs, tenant=tenant, at=at, branch=branch)
            require_same(self.embedder, view.embedder, self.directory)
            if view.last_erasure > self._erased.get(tenant, 0):
                self._erased[tenant] = view.last_erasure
                self.keys.tenant(tenant).terms.clear()
            try:
                yield view
            finally:
                view.close()

    def commit(self, change: ChangeSet, reads: ReadSet) -> Committed:
        """See the port; beside VersionConflict it raises InvalidCall, NotFound, DiskFull, ReadOnlyStore, Unavailable, BackendError."""
        return self.commit_all(((change, reads),))[0]

    def commit_all(self, changes: Sequence[tuple[ChangeSet, ReadSet]]) -> tuple[Committed, ...]:
        """See the port; raises what `commit` does."""
        return self._writing().commit(tuple(changes))

    def tenants(self) -> tuple[str, ...]:
        """See the port."""
        with self.reader() as connection:
            return tuple(name for (name,) in connection.execute(READING["tenants"]))

    def rule(self, kind: str, key: str) -> tuple[tuple[str, Mapping[str, Any]], ...]:
        """See the port."""
        with self.reader() as connection:
            return tuple((tenant, from_json(body)) for tenant, body in connection.execute(READING["rule_anywhere"], (kind, key)))

    def secret(self, purpose: str) -> bytes:
        """See the port."""
        return self.keys.purpose(purpose)

    def elect(self, worker: str) -> int:
        """See the port."""
        with self._writing().transaction() as connection:
            (number,) = next(connection.execute(WRITING["elect"], (worker,)))
        return int(number)

    def cursor(self, worker: str) -> int:
        """See the port."""
        with self.reader() as connection:
            return int(next(connection.execute(READING["cursor"], (worker,)), (0,))[0])

    def events(self, after: int, limit: int = 1000) -> tuple[dict[str, Any], ...]:
        """See the port; each row names its tenant."""
        with self.reader() as connection:
            return tuple(map(told_commit, connection.execute(READING["events"], (after, limit))))

    def another(self) -> apsw.Connection:
        """A writing connection of its own, outside any transaction, for what none can hold: the caller closes it."""
        self._writing()
        return self._connections.writer()

    @property
    def probes(self) -> dict[int, tuple[bytes, ...]]:
        """Pieces of what this process has erased and not yet verified, by commit."""
        return self._writer.probes if self._writer is not None else {}

    @contextmanager
    def reader(self) -> Iterator[apsw.Connection]:
        """A connection that cannot write, within one read transaction: for maintenance, which reads the schema."""
        self._require_own_process()
        with mapped_whole(self.path), self._connections.reader() as connection:
            connection.execute("BEGIN")
            yield connection

    @contextmanager
    def connection(self) -> Iterator[apsw.Connection]:
        """The writing connection within `BEGIN IMMEDIATE`, alone under the lock: for maintenance. Committed at the end, or undone."""
        writer = self._writing()
        with mapped_whole(self.path), writer.transaction() as connection:
            try:
                yield connection
            finally:
                writer.forget()  # still under the lock: nobody commits on what was known before

    def again(self) -> SqliteAdapter:
        """The same store opened once more, as it is now; one in memory goes when the last of them is closed."""
        return self._as_opened(self._ephemeral.shared() if self._ephemeral else self.directory)

    def _writing(self) -> Writer:
        self._require_own_process()
        if self._writer is None:
            raise ReadOnlyStore(f"{self.directory} is open only for reading; open it without read_only=True to write")
        return self._writer

    def _require_own_process(self) -> None:
        if os.getpid() != self._process:
            raise BackendError("this store was opened by the parent of this process; open it again here, after the fork")

    def close(self) -> None:
        """See the port."""
        if os.getpid() != self._process:
            return  # what the parent of a fork has open is not ours to touch
        self._connections.close()
        if self._writer is not None:
            self._writer.close()
        if self._ephemeral is not None:
            self._ephemeral.close()
            self._ephemeral = None
