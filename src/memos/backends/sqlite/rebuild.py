"""Rebuild: term rows, fact hashes, tag rows and what namespaces inherit, made anew from contents and headers, a batch a transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import apsw
from pydantic_core import from_json

from memos.backends.sqlite.belonging import adopt
from memos.backends.sqlite.doctor import reading
from memos.backends.sqlite.evidence import SQL as EVIDENCE
from memos.backends.sqlite.evidence import Evidence, evidence
from memos.backends.sqlite.faults import NAMED
from memos.backends.sqlite.journal_file import FILE as JOURNAL
from memos.backends.sqlite.keys import Keys
from memos.backends.sqlite.known import ancestors
from memos.backends.sqlite.named import statements
from memos.backends.sqlite.rows import entries_text, read_entries
from memos.errors import BackendError
from memos.memcube.cube import Tag
from memos.ports.maintenance import Analyse

if TYPE_CHECKING:
    from memos.backends.sqlite.adapter import SqliteAdapter

BATCH = 500
"""Rows a transaction: what holds other writers up for some tens of milliseconds."""
SQL = statements("maintenance")
EXAMINE = statements("examine")
Transaction = Callable[[], AbstractContextManager[apsw.Connection]]


def rebuild(adapter: SqliteAdapter, analyse: Analyse, *, accept_texts: bool = False, accept_log: bool = False) -> int:
    """Make anew what is derived; return the number of contents. Others may read and write meanwhile.

    A store that was sound is the same afterwards, unless the analysis has changed. Sessions that are open keep the terms they have
    read: open them again. With `accept_log` the journal that is there becomes the store's own. A text that is not the one that was
    stored is left with what was derived from that one, and told by BackendError at the end, unless `accept_texts`.
    """
    contents, changed = rebuild_all(adapter.connection, adapter.keys, analyse, accept_texts=accept_texts)
    if accept_log and (path := adapter.directory / JOURNAL).is_file():
        with reading(path, adapter.page_key) as journal, adapter.connection() as connection:
            adopt(connection, journal)
    if changed:
        raise BackendError(
            f"{len(changed):,} of {contents:,} texts are not those that were stored (content {', '.join(map(str, changed[:NAMED]))}"
            f"{' …' if len(changed) > NAMED else ''}): they were left as they are, all else was made anew; restore the last backup with"
            " `memos restore-backup`, or take them as they are with `memos rebuild --accept-texts`",
            contents=changed,
        )
    return contents


def rebuild_all(transaction: Transaction, keys: Keys, analyse: Analyse, *, accept_texts: bool) -> tuple[int, list[int]]:
    """As `rebuild`, in transactions of the caller's making: how many contents there were, and those that were left."""
    contents, changed = 0, list[int]()
    last: int | None = 0
    while last is not None:
        with transaction() as connection:
            rows = _rows(connection, EVIDENCE["texts"], last, BATCH)
            changed += _texts(connection, [evidence(row, keys, analyse) for row in rows], accept_texts=accept_texts)
        contents += len(rows)
        last = rows[-1][0] if len(rows) == BATCH else None
    row: int | None = 0
    while row is not None:
        with transaction() as connection:
            row = _tags(connection, row)
    with transaction() as connection:
        connection.execute(SQL["ask_vectors"])
        connection.execute(SQL["catch_up"])
        _hand_down(connection)
    return contents, changed


def _rows(connection: apsw.Connection, statement: str, *parameters: int) -> list[tuple[Any, ...]]:
    return list(connection.execute(statement, parameters))


def _texts(connection: apsw.Connection, found: list[Evidence], *, accept_texts: bool) -> Iterator[int]:
    """Make the term rows and fact hashes of some texts anew; the contents that were left."""
    for text in found:
        if text.changed and not accept_texts:
            yield text.content
            continue
        connection.execute(SQL["set_term"], (text.content, *text.term))
        connection.execute(SQL["set_fact"], (text.fact, text.content))
        if text.changed:
            connection.execute(SQL["forget_vector"], (text.content,))


def _tags(connection: apsw.Connection, after: int) -> int | None:
    rows = _rows(connection, SQL["versions"], after, BATCH)
    for row, tid, header in rows:
        wanted = _tags_of(row, header)
        if wanted == set(connection.execute(SQL["tagged"], (row,))):
            continue
        connection.execute(SQL["drop_tags"], (row,))
        for name, value, own in wanted:
            key = Tag(name=name, value=value).key
            connection.execute(SQL["tag"], (tid, name, value, key, own))
            connection.execute(SQL["set_tag"], (row, tid, key, name, own))
    return rows[-1][0] if len(rows) == BATCH else None


def _tags_of(row: int, header: str) -> set[tuple[str, str | None, int]]:
    try:
        return {(name, value, int(by == "user")) for name, value, by, *_ in from_json(header).get("t", ())}
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
