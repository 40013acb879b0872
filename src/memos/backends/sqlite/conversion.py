"""Conversion: a store that is plain becomes encrypted, an encrypted one plain, or its data key is changed.

The new files are made and verified in a folder beside the old ones. Renaming that folder is the one step that decides: before it the old
store stands, after it the new one, and whoever opens the store next finishes what was begun. Nobody else may have the store open.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import apsw

from memos.backends.sqlite.backup import writing
from memos.backends.sqlite.connections import BUSY_MILLISECONDS, harden, mapped
from memos.backends.sqlite.doctor import reading, unsound
from memos.backends.sqlite.encryption import ENVELOPE, Locks, PageKey, raw, sealed_envelope, unlock
from memos.backends.sqlite.forking import GATE
from memos.backends.sqlite.journal_file import FILE as JOURNAL
from memos.backends.sqlite.keys import KEY_BYTES, KEY_FILE, cover, read_key, sealed_secret, sync_directory, write_durably
from memos.backends.sqlite.opening import FILE, LOCK, locked, on_disk
from memos.backends.sqlite.pending import DRAFT, PLAIN, READY, finish
from memos.backends.sqlite.sealing import copy_tables, tables
from memos.backends.sqlite.store import require_made
from memos.errors import BackendError, InvalidCall, Unavailable
from memos.ports.kms import KeyManagement, Locate

SCHEMA_TEXT = "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT GLOB 'sqlite_*' ORDER BY rowid"
WAITING = 2_000
"""Milliseconds to wait for others to close the store."""


def encrypt(directory: Path, keeper: KeyManagement) -> None:
    """Encrypt a plain store, under a new data key that `keeper` wraps.

    Raises InvalidCall when it is encrypted already, Unavailable when others have it open or the keeper does not answer, BackendError when
    it cannot be done; then the store is what it was.
    """
    with _alone(directory) as locks:
        if locks.path.is_file():
            raise InvalidCall(f"{directory} is encrypted already; `memos rotate-key` locks it with another key")
        _convert(directory, None, keeper)


def decrypt(directory: Path, locate: Locate) -> None:
    """Make an encrypted store plain; raises as `encrypt` does, and NotAStore for a wrong key."""
    with _alone(directory, locate) as locks:
        if not locks.path.is_file():
            raise InvalidCall(f"{directory} is not encrypted")
        _convert(directory, locks.find(), None)


def rotate(directory: Path, locate: Locate, keeper: KeyManagement, *, renew: bool) -> None:
    """Lock an encrypted store with another key-encryption key, and with `renew` under a new data key; raises as `decrypt` does.

    Without `renew` only the wrapped data key is written anew: others may have the store open, and go on.
    """
    if renew:
        with _alone(directory, locate) as locks:
            _convert(directory, _required(locks), keeper)
        return
    require_made(directory)
    with locked(directory / LOCK):
        finish(directory)
        locks = Locks(directory, locate)
        write_durably(directory / ENVELOPE, sealed_envelope(_required(locks).key, keeper))


def _required(locks: Locks) -> PageKey:
    if not locks.path.is_file() or (key := locks.find()) is None:
        raise InvalidCall(f"{locks.directory} is not encrypted; `memos encrypt` encrypts it")
    return key


@contextmanager
def _alone(directory: Path, locate: Locate = lambda _: None) -> Iterator[Locks]:
    require_made(directory)
    with GATE.using(), locked(directory / LOCK):
        finish(directory)
        yield Locks(directory, locate)


def _convert(directory: Path, old: PageKey | None, keeper: KeyManagement | None) -> None:
    new = None if keeper is None else PageKey(os.urandom(KEY_BYTES))
    names = [name for name in (FILE, JOURNAL) if (directory / name).is_file()]
    draft = directory / DRAFT
    with ExitStack() as stack, on_disk(directory), mapped(directory / FILE):
        held = {name: stack.enter_context(_held(directory / name, old)) for name in names}
        try:
            draft.mkdir(mode=0o700)
            for name, connection in held.items():
                _write(connection, draft / name, new)
                _log_ahead(draft / name, new)
            secret = read_key(directory, raw(old))
            (draft / KEY_FILE.name).write_bytes(secret if new is None else sealed_secret(secret, new.key))
            if keeper is not None and new is not None:
                (draft / ENVELOPE.name).write_bytes(sealed_envelope(new.key, keeper))
            else:
                (draft / PLAIN).touch()
            _sync(draft)
            draft.rename(directory / READY)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
        sync_directory(directory)
        old_files = [stack.enter_context((directory / name).open("r+b")) for name in names]
        finish(directory)
        for file in old_files:
            cover(file.fileno())  # whoever waited for it finds no store in it, and as little as may be stays on the disk


@contextmanager
def _held(path: Path, key: PageKey | None) -> Iterator[apsw.Connection]:
    """A file that nobody else has open, nor can read or write until this ends; its WAL is copied back and removed."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        unlock(connection, key)
        harden(connection)
        connection.set_busy_timeout(WAITING)
        try:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("PRAGMA journal_mode = DELETE")
            connection.execute("BEGIN EXCLUSIVE")
        except apsw.BusyError:
            raise Unavailable(f"{path} is open elsewhere: close every MemOS that uses the store, and try again") from None
        yield connection
    finally:
        connection.set_busy_timeout(BUSY_MILLISECONDS)
        connection.close(force=True)


def _write(source: apsw.Connection, path: Path, key: PageKey | None) -> None:
    """Write all that a database holds into a new one, and verify that it does."""
    with writing(path, key) as target:
        for (text,) in source.execute(SCHEMA_TEXT):
            target.execute(text)
        copy_tables(source, target)
        for mark in ("application_id", "user_version"):
            target.pragma(mark, source.pragma(mark))
    with reading(path, key) as copy:
        fault = next(unsound(copy), None)
        if fault is None and _counts(copy) != _counts(source):
            fault = "it does not hold what the store holds"
    if fault is not None:
        raise BackendError(f"the new {path.name} is not sound ({fault}); nothing was changed: run `memos doctor`")


def _log_ahead(path: Path, key: PageKey | None) -> None:
    connection = apsw.Connection(str(path))
    try:
        unlock(connection, key)
        connection.execute("PRAGMA journal_mode = WAL")
    finally:
        connection.close(force=True)


def _counts(connection: apsw.Connection) -> dict[str, int]:
    return {table: connection.execute(f"SELECT count(*) FROM {table}").get for table in tables(connection)}  # noqa: S608 - of our schema


def _sync(folder: Path) -> None:
    for path in folder.iterdir():
        path.chmod(0o600)
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    sync_directory(folder)
