"""Restore: a backup becomes a store of its own, under a new identity, with the old key or a new one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from uuid import UUID

import apsw

from memos.backends.sqlite.admission import copy_admitted, read_manifest
from memos.backends.sqlite.backup import Manifest, prepared
from memos.backends.sqlite.connections import harden, mapped_whole
from memos.backends.sqlite.forking import GATE
from memos.backends.sqlite.keys import KEY_FILE, Keys, make_key, read_key
from memos.backends.sqlite.migrations import migrate
from memos.backends.sqlite.named import statements
from memos.backends.sqlite.opening import FILE
from memos.backends.sqlite.rebuild import rebuild_all
from memos.errors import NotAStore
from memos.ports.clock import Clock, SystemClock
from memos.ports.maintenance import Analyse, RestoreReport

SQL = statements("maintenance")


def restore(source: Path, destination: Path, *, key: Path | None, analyse: Analyse, clock: Clock | None = None) -> RestoreReport:
    """Make the backup in `source` a store in `destination`, a directory that must not be there or be empty.

    `key` is the key file that was kept apart; with None a new key is made. Raises NotAStore for what is no backup, for one that is damaged
    or holds what no store of ours does, and for another store's key; StoreTooNew, InvalidCall when something is at `destination`,
    BackendError when it cannot be written.
    """
    manifest = read_manifest(source)
    store_id = (clock or SystemClock()).new_id()
    with GATE.using(), prepared(destination) as draft:
        copy_admitted(source, draft, manifest)
        keys = _take_key(draft, key)
        connection = apsw.Connection(str(draft / FILE))
        try:
            harden(connection)
            connection.execute("PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY; PRAGMA journal_mode = WAL")
            with _transaction(connection):
                _identify(connection, keys, UUID(store_id), linked=key is not None)
            with mapped_whole(source):
                rebuild_all(partial(_transaction, connection), keys, analyse, accept_texts=True)
        finally:
            connection.close()
    return _report(destination, store_id, manifest, linked=key is not None)


def _report(destination: Path, store_id: str, manifest: Manifest, *, linked: bool) -> RestoreReport:
    return RestoreReport(destination.absolute(), store_id, manifest.head, manifest.memories, linked)


def _take_key(draft: Path, key: Path | None) -> Keys:
    if key is not None:
        (draft / KEY_FILE).parent.mkdir(mode=0o700)
        (draft / KEY_FILE).touch(mode=0o600)
        try:
            shutil.copyfile(key, draft / KEY_FILE)
        except OSError as error:
            raise NotAStore(f"{key} cannot be read ({error.strerror}); name the key file that was kept apart from the backup") from None
        return Keys(read_key(draft))
    return Keys(make_key(draft))


def _identify(connection: apsw.Connection, keys: Keys, store_id: UUID, *, linked: bool) -> None:
    """Give the copy an identity of its own; what was written under the old one keeps that."""
    meta = dict(connection.execute(SQL["meta"]))
    if linked and meta["key"] != keys.proof():
        raise NotAStore("the key is of another store; name the key file that belongs to this backup, or restore without one")
    migrate(connection)
    connection.execute(SQL["drop_terms"])
    connection.execute(SQL["add_store"], (store_id.bytes,))
    connection.execute(SQL["set_meta"], ("store_id", store_id.bytes))
    if not linked:
        connection.execute(SQL["set_meta"], ("key", keys.proof()))
        connection.execute(SQL["drop_repeats"])


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
