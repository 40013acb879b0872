"""Restore: a backup and the keys that were kept apart become a store of its own, under a new identity."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from uuid import UUID

import apsw

from memos.backends.sqlite.admission import copy_admitted, read_manifest
from memos.backends.sqlite.backup import Manifest, page_key, prepared, writing
from memos.backends.sqlite.connections import harden, mapped_whole
from memos.backends.sqlite.copy_keys import COPY_KEYS, CopyKeys
from memos.backends.sqlite.departed import take_away
from memos.backends.sqlite.doctor import reading
from memos.backends.sqlite.encryption import ENVELOPE, Locks, PageKey, raw, unlock
from memos.backends.sqlite.forking import GATE
from memos.backends.sqlite.journal_file import APPLICATION as JOURNAL_APPLICATION
from memos.backends.sqlite.journal_file import FILE as JOURNAL
from memos.backends.sqlite.journal_file import SCHEMA as JOURNAL_SCHEMA
from memos.backends.sqlite.keys import KEY_FILE, OWNER_ONLY, Keys, read_key
from memos.backends.sqlite.migrations import migrate
from memos.backends.sqlite.named import statements
from memos.backends.sqlite.opening import APPLICATION, FILE
from memos.backends.sqlite.rebuild import rebuild_all
from memos.backends.sqlite.sealing import copy_tables, unseal_all
from memos.errors import NotAStore
from memos.ports.clock import Clock, SystemClock
from memos.ports.kms import Locate, nowhere
from memos.ports.maintenance import Analyse, RestoreReport

SEALED = "sealed"
"""The folder in which the backup lies while the store is made of it."""
SQL = statements("maintenance")


def restore(
    source: Path, destination: Path, *, keys: Path, analyse: Analyse, clock: Clock | None = None, locate: Locate = nowhere
) -> RestoreReport:
    """Make the backup in `source` a store in `destination`, a directory that must not be there or be empty.

    `keys` is the folder with the key files that were kept apart; the key of an encrypted store is asked for as `locate` says. A memory
    whose key is destroyed is left out, and counted. Raises NotAStore for what is no backup, for one that is damaged or holds what no store
    of ours does, and for keys that are missing, another store's, or older than the backup; StoreTooNew, InvalidCall when something is at
    `destination`, Unavailable when the key of an encrypted store is not to be had, BackendError when it cannot be written.
    """
    manifest = read_manifest(source)
    store_id = (clock or SystemClock()).new_id()
    with GATE.using(), prepared(destination) as draft:
        lock, held, copies = _take_keys(draft, keys, manifest, locate)
        sealed = draft / SEALED
        sealed.mkdir(mode=0o700)
        copy_admitted(source, sealed, manifest, page_key(held.secret))
        with mapped_whole(source):
            shredded = _unseal(sealed, draft, manifest, (lock, held, copies))
        shutil.rmtree(sealed)
        memories = _finish(draft / FILE, lock, held, UUID(store_id), analyse, copies=copies if shredded else None)
    return RestoreReport(destination.absolute(), store_id, manifest.head, memories, shredded)


def _take_keys(draft: Path, keys: Path, manifest: Manifest, locate: Locate) -> tuple[PageKey | None, Keys, CopyKeys]:
    """Copy the key files into the store that is being made, and see that they are those of the backup."""
    (draft / KEY_FILE).parent.mkdir(mode=0o700)
    for name in (ENVELOPE.name, KEY_FILE.name, COPY_KEYS.name):
        _copy_key(keys / name, (draft / KEY_FILE).with_name(name), needed=name == KEY_FILE.name)
    locks = Locks(draft, locate)
    lock = locks.find() if locks.path.is_file() else None
    held = Keys(read_key(draft, raw(lock)))
    if held.proof().hex() != manifest.key:
        raise NotAStore(f"{keys / KEY_FILE.name} is the key of another store; name the folder with the keys that belong to this backup")
    copies = CopyKeys(draft, held.secret)
    if (made := copies.made()) < manifest.copy_keys:
        what = "is older than the backup" if made else "is missing"
        raise NotAStore(f"{keys / COPY_KEYS.name} {what}: bring the latest copy of it, without it the memories cannot be read")
    return lock, held, copies


def _copy_key(source: Path, target: Path, *, needed: bool) -> None:
    try:
        if source.is_file() or needed:
            target.touch(mode=OWNER_ONLY)
            shutil.copyfile(source, target)
    except OSError as error:
        raise NotAStore(f"{source} cannot be read ({error.strerror}); name the folder with the keys that were kept apart") from None


def _unseal(sealed: Path, draft: Path, manifest: Manifest, keys: tuple[PageKey | None, Keys, CopyKeys]) -> int:
    """Make the store's files of the backup's; how many memories were left out."""
    lock, held, copies = keys
    pages = page_key(held.secret)
    try:
        with reading(sealed / FILE, pages) as source, writing(draft / FILE, lock, f"schema_{manifest.schema}") as target:
            shredded = unseal_all(source, target, copies)
            target.execute(f"PRAGMA application_id = {APPLICATION}")
            target.execute(f"PRAGMA user_version = {manifest.schema}")
        if JOURNAL in manifest.files:
            with reading(sealed / JOURNAL, pages) as source, writing(draft / JOURNAL, lock, f"access_{JOURNAL_SCHEMA}") as target:
                copy_tables(source, target)
                target.execute(f"PRAGMA application_id = {JOURNAL_APPLICATION}")
                target.execute(f"PRAGMA user_version = {JOURNAL_SCHEMA}")
    except apsw.ConstraintError:
        raise NotAStore("what lies under a seal of the backup is no row of a store; use another backup") from None
    return shredded


def _finish(path: Path, lock: PageKey | None, keys: Keys, store_id: UUID, analyse: Analyse, *, copies: CopyKeys | None) -> int:
    """Give the store an identity of its own and what is derived from its texts; how many memories stand in it.

    With `copies` some memories were left out, and their namespaces, and the names of who was erased, go too.
    """
    connection = apsw.Connection(str(path))
    try:
        unlock(connection, lock)
        harden(connection)
        for setting in ("secure_delete = ON", "temp_store = MEMORY", "synchronous = OFF", "journal_mode = WAL"):
            connection.execute(f"PRAGMA {setting}")
        with _transaction(connection):
            migrate(connection)
            connection.execute(SQL["add_store"], (store_id.bytes,))
            connection.execute(SQL["set_meta"], ("store_id", store_id.bytes))
            if copies is not None:
                take_away(connection, keys, copies)
        with mapped_whole(path):
            rebuild_all(partial(_transaction, connection), keys, analyse, accept_texts=True)
        if copies is not None:
            connection.execute("VACUUM")  # pages keep rests of rows that moved
        return int(connection.execute(SQL["memories"]).get)
    finally:
        connection.close()


@contextmanager
def _transaction(connection: apsw.Connection) -> Iterator[apsw.Connection]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
