"""Writer: one commits for all. Whoever comes first commits everything that waits, in one transaction."""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import apsw

from memos.backends.sqlite.commit import Commit
from memos.backends.sqlite.connections import Connections, identity, mapped, translate
from memos.backends.sqlite.forking import GATE
from memos.backends.sqlite.keys import Keys
from memos.backends.sqlite.known import SQL, Known
from memos.backends.sqlite.opening import Embedder
from memos.backends.sqlite.verify import conflict
from memos.errors import BackendError, MemOSError, NotAStore, WrongEmbedder
from memos.memcube.change import ChangeSet, Committed, ReadSet
from memos.memcube.staged import settled_change, settled_reads

PATIENCE = 30.0
"""Seconds to wait for other processes' commits before Unavailable."""
PAUSES = (0.0005, 0.004)
"""Bounds of the random pause, in seconds, between two tries for the lock: short, for SQLite's own waiting grows, and starves who waited."""
UNVERIFIED = 8
"""Of how many erasures the pieces to search for are kept; that of others is verified by its rows."""
GROUP = 256
"""How many ChangeSets share a transaction at most, so that nobody waits for ever longer ones."""


def require_same(opened: Embedder | None, stored: str | None, directory: Path) -> None:
    """WrongEmbedder when somebody has changed the store's embedder since it was opened here."""
    if (opened[0] if opened else None) != stored:
        raise WrongEmbedder(f"{directory} was re-embedded meanwhile with {stored or 'no embedder'}; open the store again")


Changes = tuple[tuple[ChangeSet, ReadSet], ...]
"""What is committed as one, in its order, each with what it rests on."""


class Job:
    """Changes in the queue. Its `turn` is released when it is done, or when it is to lead."""

    __slots__ = ("changes", "committed", "error", "leads", "turn")

    def __init__(self, changes: Changes) -> None:
        self.changes = changes
        self.committed: tuple[Committed, ...] | None = None
        self.error: BaseException | None = None
        self.leads = False
        self.turn = threading.Lock()
        self.turn.acquire()


class Writer:
    """The one writing connection of a store in this process. Thread-safe; first come, first served."""

    def __init__(self, connection: apsw.Connection, connections: Connections, keys: Keys, embedder: Embedder | None) -> None:
        self._connection: apsw.Connection | None = connection
        self._connections = connections
        self._path = path = connections.path
        self._ahead = path.with_name(f"{path.name}-wal")
        self._identity, self._ahead_identity = identity(path), identity(self._ahead)
        self._keys = keys
        self._embedder = embedder
        self._dimensions = embedder[1] if embedder else None
        self._known = Known(connection)
        self.probes: dict[int, tuple[bytes, ...]] = {}
        self._queue: deque[Job] = deque()
        self._queueing = threading.Lock()
        self._leading = self._undone = False
        self._using = threading.Lock()
        self._closed = False
        GATE.register(self)

    def commit(self, changes: Changes) -> tuple[Committed, ...]:
        """Commit all of them or none, together with whatever else waits."""
        with GATE.using():
            return self._commit(changes)

    def _commit(self, changes: Changes) -> tuple[Committed, ...]:
        job = Job(changes)
        with self._queueing:
            self._queue.append(job)
            job.leads, self._leading = not self._leading, True
        if not job.leads:
            self._await(job)
        if job.leads:
            self._lead()
        if job.committed is not None:
            return job.committed
        raise job.error or BackendError("the commit was interrupted; nothing was written")

    def _await(self, job: Job) -> None:
        try:
            job.turn.acquire()
        except BaseException:
            with self._queueing:
                if job in self._queue:
                    self._queue.remove(job)
            if job.leads:
                self._hand_over([])
            raise

    def _lead(self) -> None:
        group: list[Job] = []
        self._undone = False
        try:
            with self._queueing:
                group += [self._queue.popleft() for _ in range(min(GROUP, len(self._queue)))]
            self._commit_group(group)
        except BaseException as error:
            failure = error if isinstance(error, MemOSError) else BackendError(f"the commit failed: {type(error).__name__}: {error}")
            for job in group:
                if self._undone or job.committed is None:  # an interrupt may come when the transaction is already through
                    job.committed, job.error = None, job.error or failure
            if not isinstance(error, MemOSError):
                raise
        finally:
            self._hand_over(group)

    def _hand_over(self, group: list[Job]) -> None:
        """Wake those that are done, and the next to lead."""
        for job in group:
            if not job.leads:
                job.turn.release()
        with self._queueing:
            self._leading = bool(self._queue)
            if self._queue:
                self._queue[0].leads = True
                self._queue[0].turn.release()

    def _commit_group(self, group: list[Job]) -> None:
        with self.transaction() as connection:
            for job in group:
                try:
                    self._commit_one(connection, job, alone=len(group) == 1)
                except MemOSError as error:
                    job.error = error
                    if not connection.in_transaction or len(group) == 1:
                        raise

    def _commit_one(self, connection: apsw.Connection, job: Job, *, alone: bool) -> None:
        if not alone:
            connection.execute(SQL["save"])
        try:
            with mapped(self._path, connection):
                job.committed = self._applied(connection, job)
        except BaseException:
            if not alone and connection.in_transaction:
                connection.execute(SQL["undo"])
                self._known.learn()
            raise
        finally:
            if not alone and connection.in_transaction:
                connection.execute(SQL["release"])

    def _applied(self, connection: apsw.Connection, job: Job) -> tuple[Committed, ...]:
        require_same(self._embedder, self._known.embedder, self._path.parent)
        committed: list[Committed] = []
        for change, reads in job.changes:
            seqs = [each.seq for each in committed]
            try:
                commit = Commit(connection, self._known, self._keys, self._dimensions, settled_change(change, seqs))
                committed.append(commit.run(settled_reads(reads, seqs)))
            except apsw.ConstraintError as error:
                raise conflict(f"a row of the same identity stands already ({error})") from None
            if commit.erasing is not None:
                self._keep_probes(commit.seq, commit.erasing.probes)
        return tuple(committed)

    def _keep_probes(self, seq: int, probes: tuple[bytes, ...]) -> None:
        self.probes[seq] = probes
        while len(self.probes) > UNVERIFIED:
            del self.probes[min(self.probes)]

    @contextmanager
    def transaction(self) -> Iterator[apsw.Connection]:
        """The writing connection within `BEGIN IMMEDIATE`, for this thread alone; what fails is undone whole."""
        with GATE.using(), self._using:
            connection = self._opened()
            with mapped(self._path, connection):
                self._begin(connection)
                try:
                    self._known.refresh()
                    yield connection
                    connection.execute(SQL["commit"])
                except apsw.Error as error:
                    failure = translate(error, self._path, connection)  # it asks the connection for more, before the rollback
                    self._undone = True
                    self._undo(connection)
                    raise failure from error
                except BaseException:
                    self._undo(connection)
                    raise

    def _opened(self) -> apsw.Connection:
        """The connection, opened again after a fork.

        A commit into a file that is no longer at its path, or whose WAL is not, would be acknowledged, and lost with this process.
        """
        if self._closed:
            raise BackendError("the store is closed; open it again")
        if self._connections.key is not None:
            self._connections.key.require()
        moved = identity(self._path) != self._identity
        if self._connection is None and not moved:
            with mapped(self._path):
                self._connection = self._connections.writer()
                self._known = Known(self._connection)
                self._connection.pragma("user_version")  # which opens the WAL
            self._ahead_identity = identity(self._ahead)
        if self._connection is None or moved or identity(self._ahead) != self._ahead_identity:
            raise NotAStore(f"{self._path} was removed or replaced while it was open; nothing was written: open the store again")
        return self._connection

    def _undo(self, connection: apsw.Connection) -> None:
        self._known.forget()
        if connection.in_transaction:
            self._undone = True
            with suppress(apsw.Error):  # what broke the commit may break this too; SQLite then undoes it when the file is next opened
                connection.execute(SQL["rollback"])

    def _begin(self, connection: apsw.Connection) -> None:
        deadline = time.monotonic() + PATIENCE
        connection.set_busy_timeout(0)  # the pauses below are shorter and do not grow
        while True:
            try:
                connection.execute(SQL["begin"])
                return
            except apsw.BusyError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(random.uniform(*PAUSES))  # noqa: S311 - a pause, no secret

    def forget(self) -> None:
        """Somebody wrote through `transaction` by hand: learn anew next time."""
        self._known.forget()

    def suspend(self) -> None:
        """Close the connection; the next commit opens it again."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def close(self) -> None:
        """Close the connection once the commit that runs is through; the last one copies the WAL back and removes it."""
        with GATE.using(), self._using:
            self._closed = True
            here = identity(self._path), identity(self._ahead)
            if self._connection is not None and here == (self._identity, self._ahead_identity):  # else the WAL there is another's
                self._connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0)
            self.suspend()
