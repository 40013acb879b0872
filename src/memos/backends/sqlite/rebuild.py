"""Rebuild: term rows, fact hashes, tag rows and what namespaces inherit, made anew from contents and headers, a batch a transaction."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import apsw
from pydantic_core import from_json

from memos.backends.sqlite.keys import Keys, pack_counts
from memos.backends.sqlite.known import ancestors
from memos.backends.sqlite.named import statements
from memos.backends.sqlite.rows import entries_text, read_entries, text_of
from memos.errors import BackendError
from memos.memcube.cube import Tag
from memos.memcube.legal import same_fact
from memos.ports.maintenance import Analyse

if TYPE_CHECKING:
    from memos.backends.sqlite.adapter import SqliteAdapter

BATCH = 500
"""Rows a transaction: what holds other writers up for some tens of milliseconds."""
SQL = statements("maintenance")
EXAMINE = statements("examine")
Transaction = Callable[[], AbstractContextManager[apsw.Connection]]


def rebuild(adapter: SqliteAdapter, analyse: Analyse) -> int:
    """Make anew what is derived; return the number of contents. Others may read and write meanwhile.

    A store that was sound is the same afterwards, unless the analysis has changed. Sessions that are open keep the terms they have
    read: open them again.
    """
    return rebuild_all(adapter.connection, adapter.keys, analyse)


def rebuild_all(transaction: Transaction, keys: Keys, analyse: Analyse) -> int:
    """As `rebuild`, in transactions of the caller's making."""
    contents = 0
    last: int | None = 0
    while last is not None:
        with transaction() as connection:
            count, last = _terms(connection, keys, analyse, last)
        contents += count
    row: int | None = 0
    while row is not None:
        with transaction() as connection:
            row = _tags(connection, row)
    with transaction() as connection:
        connection.execute(SQL["ask_vectors"])
        connection.execute(SQL["catch_up"])
        _hand_down(connection)
    return contents


def _rows(connection: apsw.Connection, statement: str, *parameters: int) -> list[tuple[Any, ...]]:
    return list(connection.execute(statement, parameters))


def _terms(connection: apsw.Connection, keys: Keys, analyse: Analyse, after: int) -> tuple[int, int | None]:
    rows = _rows(connection, SQL["contents"], after, BATCH)
    for cid, tenant, speaker, role, kept in rows:
        body = text_of(kept)
        hashes, made = keys.tenant(tenant), analyse(body, speaker, role)
        term = hashes.terms.pack(made.counts), pack_counts(made.counts.values()), made.length, made.flags
        connection.execute(SQL["set_term"], (cid, *term))
        connection.execute(SQL["set_fact"], (hashes.fact(same_fact(body)), cid))
    return len(rows), rows[-1][0] if len(rows) == BATCH else None


def _tags(connection: apsw.Connection, after: int) -> int | None:
    rows = _rows(connection, SQL["versions"], after, BATCH)
    for row, tid, header in rows:
        wanted = _tags_of(row, header)
        if wanted == set(connection.execute(SQL["tagged"], (row,))):
            continue
        connection.execute(SQL["drop_tags"], (row,))
        for name, value in wanted:
            key = Tag(name=name, value=value).key
            connection.execute(SQL["tag"], (tid, name, value, key))
            connection.execute(SQL["set_tag"], (row, tid, key, name))
    return rows[-1][0] if len(rows) == BATCH else None


def _tags_of(row: int, header: str) -> set[tuple[str, str | None]]:
    try:
        return {(name, value) for name, value, *_ in from_json(header).get("t", ())}
    except ValueError:
        raise BackendError(f"the header of version {row} is no JSON; restore the last backup with `memos restore-backup`") from None


def _hand_down(connection: apsw.Connection) -> None:
    own: dict[tuple[int, str], tuple[str, ...]] = {}
    changed = False
    for nid, tid, path, set_here, in_force in _rows(connection, EXAMINE["namespaces"]):
        own[tid, path] = read_entries(set_here)
        wanted = {entry for above in ancestors(path) for entry in own.get((tid, above), ())}
        if wanted != set(read_entries(in_force)):
            changed = True
            text = entries_text(wanted) if wanted else None
            if text is not None:
                connection.execute(SQL["add_acl"], (text,))
            connection.execute(SQL["set_inherited"], (text, nid))
    if changed:
        connection.execute(SQL["raise_epoch"])
