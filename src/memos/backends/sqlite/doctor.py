"""The doctor: reads a whole store in one snapshot, while others read and write it, and names every fault it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import apsw

from memos.backends.sqlite.belonging import is_known, missing
from memos.backends.sqlite.blob_faults import examine_blobs
from memos.backends.sqlite.connections import BUSY_MILLISECONDS, address, harden
from memos.backends.sqlite.encryption import PageKey, unlock
from memos.backends.sqlite.examine import SQL as EXAMINE
from memos.backends.sqlite.examine import Examination, broken, key_file
from memos.backends.sqlite.faults import Findings
from memos.backends.sqlite.forking import GATE
from memos.backends.sqlite.journal_file import FILE as JOURNAL
from memos.backends.sqlite.keys import Keys
from memos.backends.sqlite.migrations import SCHEMA
from memos.backends.sqlite.named import script, statements
from memos.errors import DAMAGE
from memos.ports.maintenance import Analyse, Fault

if TYPE_CHECKING:
    from memos.backends.sqlite.adapter import SqliteAdapter


def diagnose(adapter: SqliteAdapter, analyse: Analyse | None = None) -> tuple[Fault, ...]:
    """Every fault of the store and of its access journal; () when there is none.

    With `analyse` every text is analysed again and compared with its term row and its fact hash; without, only their form is examined.
    """
    findings = Findings()
    journal = adapter.directory / JOURNAL
    with adapter.reader() as connection:
        examine_store(connection, adapter.keys, findings, analyse)
        if "database_damaged" not in findings:
            examine_belonging(connection, journal, findings, adapter.page_key)
    if "database_damaged" not in findings and "schema_wrong" not in findings:
        examine_blobs(adapter, findings)
    key_file(adapter.directory, adapter.keys, findings, adapter.page_key)
    examine_journal(journal, findings, adapter.page_key)
    return findings.report()


def examine_store(connection: apsw.Connection, keys: Keys, findings: Findings, analyse: Analyse | None) -> None:
    """Examine memory.db; a file whose pages or tables are damaged is looked at no further."""
    findings.extend("database_damaged", unsound(connection))
    if len(findings):
        return
    findings.extend("schema_wrong", misshapen(connection))
    if not has_tables(connection):
        return
    for table, row, parent, _ in connection.execute("PRAGMA foreign_key_check"):
        findings.add("orphan", f"{table} {row if row is not None else ''}".rstrip() + f" without {parent}")
    for code, statement in statements("doctor").items():
        findings.extend(code, (f"{what} {number}" for what, number in connection.execute(statement)))
    look = Examination(connection, keys, findings)
    examinations: list[Callable[[], None]] = [look.key, look.commits, look.writes, look.inheritance, look.vectors]
    if analyse is not None:
        examinations += [look.readable, partial(look.texts, analyse)]
    for examine in examinations:
        try:
            examine()
        except DAMAGE as error:
            findings.add("unreadable", f"{getattr(examine, '__name__', 'texts')}: {type(error).__name__}")


def misshapen(connection: apsw.Connection) -> Iterator[str]:
    """The tables and indexes that are missing, and those that are none of ours."""
    wanted, found = model_shape(), shape(connection)
    yield from (f"the {kind} {name} is missing" for kind, name in sorted(wanted - found))
    yield from (f"the {kind} {name} is none of ours" for kind, name in sorted(found - wanted))


def has_tables(connection: apsw.Connection) -> bool:
    """Whether every table is there."""
    return all(kind != "table" for kind, _ in model_shape() - shape(connection))


def shape(connection: apsw.Connection) -> set[tuple[Any, ...]]:
    """Kind and name of all that a database is made of."""
    return set(connection.execute(EXAMINE["shape"]))


def model_shape() -> set[tuple[Any, ...]]:
    """The shape of a new store."""
    model = apsw.Connection(":memory:")
    try:
        model.execute(script(f"schema_{SCHEMA}"))
        return shape(model)
    finally:
        model.close()


def unsound(connection: apsw.Connection) -> Iterator[str]:
    """What SQLite itself finds wrong in a file."""
    try:
        for (message,) in connection.execute("PRAGMA integrity_check(20)"):
            if message != "ok":
                yield message.removeprefix("*** in database main ***\n")
    except apsw.Error as error:
        yield f"{type(error).__name__}: {error}"


def examine_journal(path: Path, findings: Findings, key: PageKey | None) -> None:
    """Examine access.db, where there is one."""
    if not path.is_file():
        return
    try:
        with reading(path, key) as connection:
            before = len(findings)
            findings.extend("access_damaged", unsound(connection))
            if len(findings) == before:
                findings.extend("access_chain_broken", broken(connection.execute(statements("access")["sealed"])))
    except apsw.Error as error:
        findings.add("access_damaged", f"{type(error).__name__}: {error}")
    except DAMAGE as error:
        findings.add("access_damaged", type(error).__name__)


def examine_belonging(connection: apsw.Connection, path: Path, findings: Findings, key: PageKey | None) -> None:
    """Examine whether access.db is the store's own, and has all rows that the store has read."""
    if not path.is_file():
        findings.extend("access_lost", ["access.db is missing"] if is_known(connection) else [])
        return
    with suppress(apsw.Error), reading(path, key) as journal:  # what cannot be read is told by examine_journal
        findings.extend("access_lost", missing(connection, journal))


@contextmanager
def reading(path: Path, key: PageKey | None) -> Iterator[apsw.Connection]:
    """A file as it is at one moment; `immutable` where not even a lock can be taken."""
    with GATE.using():
        connection = _open(path, "mode=ro", key)
        try:
            try:
                connection.execute("BEGIN; SELECT 1 FROM sqlite_schema LIMIT 1").fetchall()
            except apsw.CantOpenError:
                connection.close()
                connection = _open(path, "mode=ro&immutable=1", key)
            yield connection
        finally:
            connection.close()


def _open(path: Path, mode: str, key: PageKey | None) -> apsw.Connection:
    connection = apsw.Connection(address(path, mode), flags=apsw.SQLITE_OPEN_URI | apsw.SQLITE_OPEN_READONLY)
    unlock(connection, key)
    harden(connection)
    connection.set_busy_timeout(BUSY_MILLISECONDS)
    connection.execute("PRAGMA temp_store = MEMORY")
    return connection
