"""Belonging: which access journal is a store's own, so that one that was removed, replaced or cut short is found.

A journal has an identity from the moment it is made. The store takes it down once, when it is first opened for writing, and its worker
notes how many rows it has read: neither costs a read anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

import apsw

from memos.backends.sqlite.named import statements
from memos.errors import MemOSError

if TYPE_CHECKING:
    from memos.backends.sqlite.adapter import SqliteAdapter

SQL = statements("belonging")


def claim(adapter: SqliteAdapter, identity: bytes | None) -> None:
    """Take a journal down as the store's own, unless there is one already. What fails is tried again when the store is next opened."""
    if identity is None or adapter.read_only:
        return
    with suppress(MemOSError):
        with adapter.reader() as connection:
            known = connection.execute(SQL["known"]).get
        if known is None:
            with adapter.connection() as connection:
                connection.execute(SQL["claim"], (identity,))


def is_known(store: apsw.Connection) -> bool:
    """Whether the store has a journal of its own."""
    return store.execute(SQL["known"]).get is not None


def missing(store: apsw.Connection, journal: apsw.Connection) -> Iterator[str]:
    """What speaks against a journal being whole and the store's own."""
    known, found = store.execute(SQL["known"]).get, journal.execute(SQL["identity"]).get
    if known is not None and known != found:
        yield "access.db was removed or replaced: it is another one than the store's"
        return
    read, last = store.execute(SQL["read"]).get, journal.execute(SQL["last"]).get
    if read > last:
        yield f"rows {last + 1} to {read}"


def adopt(store: apsw.Connection, journal: apsw.Connection) -> None:
    """Make a journal the store's own, as it is."""
    store.execute(SQL["adopt"], (journal.execute(SQL["identity"]).get,))
    store.execute(SQL["begin_at"], (journal.execute(SQL["last"]).get,))
