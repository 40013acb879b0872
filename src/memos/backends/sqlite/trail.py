"""SqliteTrail: both logs of a store in a directory, read straight from their files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import apsw
from pydantic_core import from_json

from memos.backends.sqlite.chain import canonical
from memos.backends.sqlite.doctor import reading
from memos.backends.sqlite.encryption import Locks
from memos.backends.sqlite.examine import PIECE
from memos.backends.sqlite.examine import SQL as EXAMINE
from memos.backends.sqlite.journal_file import FILE as JOURNAL
from memos.backends.sqlite.keys import KEY_BYTES, make_secret, sync_directory
from memos.backends.sqlite.named import statements
from memos.backends.sqlite.opening import FILE, LOCK, locked
from memos.backends.sqlite.opening import SQL as OPENING
from memos.backends.sqlite.rows import id_text
from memos.errors import DAMAGE, BackendError, NotAStore, ReadOnlyStore
from memos.memcube.fields import instant, microseconds
from memos.memcube.log import OK
from memos.ports.kms import Locate, nowhere
from memos.ports.trail import LoggedCall, SealedRow

COMMITS, ACCESS = "commits", "access"
FILES = {COMMITS: FILE, ACCESS: JOURNAL}
ROWS = {COMMITS: EXAMINE["commits"], ACCESS: statements("access")["sealed"]}
SIGNING_KEY = Path("keys") / "audit.key"


class SqliteTrail:
    """Implements `memos.ports.trail.Trail` on memory.db and access.db of a directory."""

    logs: tuple[str, ...] = (COMMITS, ACCESS)

    def __init__(self, directory: Path, locate: Locate = nowhere) -> None:
        self.directory = directory
        self._locks = Locks(directory, locate)

    def store_id(self) -> str:
        """See the port."""
        with self._open(COMMITS) as connection:
            return str(UUID(bytes=dict(connection.execute(OPENING["meta"]))["store_id"]))

    def rows(self, log: str) -> Iterator[SealedRow]:
        """See the port."""
        for row in self._raw(log):
            yield _sealed(row)

    def calls(self, log: str, since: datetime | None = None, until: datetime | None = None) -> Iterator[LoggedCall]:
        """See the port."""
        told = partial(_commit, self._tenants()) if log == COMMITS else _access
        low = None if since is None else microseconds(since)
        high = None if until is None else microseconds(until)
        for row in self._raw(log):
            with self._mapped(log):
                wanted = (low is None or row[1] >= low) and (high is None or row[1] < high)
                call = told(row) if wanted else None
            if call is not None:
                yield call

    def settle(self) -> None:
        """See the port. Only the write-ahead log may still be on its way: what has left it was synced before it did."""
        try:
            for ahead in (self.directory / f"{name}-wal" for name in FILES.values()):
                with suppress(FileNotFoundError), ahead.open("rb") as file:
                    os.fsync(file.fileno())
            sync_directory(self.directory)
        except OSError as error:
            raise BackendError(f"the logs in {self.directory} cannot be brought onto the disk ({error.strerror}); try again") from None

    def signing_secret(self) -> bytes:
        """See the port."""
        path = self.directory / SIGNING_KEY
        try:
            if not path.exists():
                with locked(self.directory / LOCK):
                    if not path.exists():
                        make_secret(path)
            secret = path.read_bytes()
        except OSError as error:
            raise ReadOnlyStore(f"{path} can be neither read nor made ({error.strerror}); give this user the right to") from None
        if len(secret) != KEY_BYTES:
            raise BackendError(
                f"{path} has {len(secret)} bytes instead of {KEY_BYTES}: bring it back, or move it away and export a new key"
            )
        return secret

    def _tenants(self) -> dict[int, str]:
        with self._open(COMMITS) as connection:
            return dict(connection.execute(statements("trail")["tenants"]))

    def _raw(self, log: str) -> Iterator[tuple[Any, ...]]:
        if log == ACCESS and not (self.directory / JOURNAL).exists():
            return
        with self._open(log) as connection:
            yield from connection.execute(ROWS[log])

    @contextmanager
    def _open(self, log: str) -> Iterator[apsw.Connection]:
        with self._mapped(log), reading(self.directory / FILES[log], self._locks.find()) as connection:
            yield connection

    @contextmanager
    def _mapped(self, log: str) -> Iterator[None]:
        try:
            yield
        except (apsw.Error, *DAMAGE) as error:
            raise NotAStore(f"{self.directory / FILES[log]} cannot be read ({type(error).__name__})") from error


def _sealed(row: tuple[Any, ...]) -> SealedRow:
    *fields, seal = row
    if not isinstance(fields[0], int):
        raise NotAStore(f"a row has a number that is a {type(fields[0]).__name__}")
    try:
        if not isinstance(seal, bytes):
            raise TypeError
        return SealedRow(fields[0], canonical(*fields), seal)
    except DAMAGE:
        return SealedRow(fields[0], None, seal if isinstance(seal, bytes) else b"")


def _commit(tenants: dict[int, str], row: tuple[Any, ...]) -> LoggedCall:
    seq, at, tid, _, operation, call, caller, writes, _, took, seal = row
    pieces = (writes[start : start + PIECE] for start in range(0, len(writes), PIECE))
    memories = tuple((id_text(piece[:16]), int.from_bytes(piece[16:], "little")) for piece in pieces)
    who = tenants.get(tid, ""), id_text(call), caller.hex()
    return LoggedCall(COMMITS, seq, instant(at), *who, operation, OK, seq, memories, (), took, seal.hex())


def _access(row: tuple[Any, ...]) -> LoggedCall:
    number, at, call, tenant, caller, operation, status, _, seq, _, hits, withheld, took, seal = row
    memories = tuple((hit[0], hit[1]) for hit in from_json(hits))
    who = tenant, id_text(call), caller.hex()
    return LoggedCall(ACCESS, number, instant(at), *who, operation, status, seq, memories, tuple(from_json(withheld)), took, seal.hex())
