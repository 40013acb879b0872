"""Admission: what a backup must show before it becomes a store, for anybody may have written it."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

import apsw
from pydantic import TypeAdapter

from memos.backends.sqlite.backup import FORMAT, SEALED, Manifest, describe
from memos.backends.sqlite.doctor import examine_journal, reading, unsound
from memos.backends.sqlite.encryption import PageKey
from memos.backends.sqlite.examine import SQL, broken
from memos.backends.sqlite.faults import Findings
from memos.backends.sqlite.journal_file import APPLICATION as JOURNAL_APPLICATION
from memos.backends.sqlite.journal_file import FILE as JOURNAL
from memos.backends.sqlite.journal_file import SCHEMA as JOURNAL_SCHEMA
from memos.backends.sqlite.keys import MANIFEST, OWNER_ONLY
from memos.backends.sqlite.migrations import SCHEMA
from memos.backends.sqlite.named import script
from memos.backends.sqlite.opening import APPLICATION, FILE
from memos.errors import NotAStore, StoreTooNew

ADMITTED = frozenset({FILE, JOURNAL})
"""The files that a backup may hold beside its manifest."""
MANIFEST_BYTES = 1 << 20
PIECE = 1 << 20
STATISTICS = ("table", "sqlite_stat1", "sqlite_stat1", "CREATE TABLE sqlite_stat1(tbl,idx,stat)")
"""What ANALYZE leaves, should somebody have run it."""


def read_manifest(source: Path) -> Manifest:
    """What the backup in `source` says of itself.

    Raises NotAStore when it is no backup or names other files than a store's, StoreTooNew when a newer MemOS made it.
    """
    try:
        with _opened(source / MANIFEST) as file:
            given = json.loads(body := file.read(MANIFEST_BYTES))
        if (found := max(given["format"] - FORMAT, given["schema"] - SCHEMA)) > 0:
            raise StoreTooNew(f"{source} was made by a newer MemOS; upgrade memos-kernel to restore it", newer_by=found)
        Manifest(**given)  # a field too many
        manifest = TypeAdapter(Manifest).validate_json(body, strict=True)
        if manifest.format < FORMAT or manifest.schema < 1:
            raise ValueError("its format is none that this MemOS restores")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise NotAStore(f"{source / MANIFEST} cannot be read ({error}); use another backup") from None
    if alien := sorted(manifest.files.keys() - ADMITTED):
        raise NotAStore(f"{source / MANIFEST} names {alien[0][:60]!r}, which is no file of a backup; use another backup")
    if FILE not in manifest.files:
        raise NotAStore(f"the backup {source} is damaged: {FILE} is not what was written; use another backup")
    return manifest


def copy_admitted(source: Path, draft: Path, manifest: Manifest, lock: PageKey) -> None:
    """Copy the backup's files to `draft` and examine the copies; NotAStore for what is not what the manifest says, or no store.

    `lock` is the key of the pages of this store's backups.
    """
    for name, digest in manifest.files.items():
        if _copied(source / name, draft / name) != digest:
            raise NotAStore(f"the backup {source} is damaged: {name} is not what was written; use another backup")
    try:
        fault = next(_faults(draft / FILE, manifest, lock), None)
        if fault is None and JOURNAL in manifest.files:
            fault = next(_journal_faults(draft / JOURNAL, lock), None)
    except (apsw.Error, ValueError, TypeError, OverflowError) as error:
        fault = type(error).__name__
    if fault is not None:
        raise NotAStore(f"the backup {source} does not hold a sound store ({fault}); use another backup")


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """A regular file, open for reading; NotAStore when there is none, or something that leads elsewhere."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise NotAStore(f"{path.parent} is no whole backup: {path} is missing; name the directory that `memos backup` made") from None
    except OSError as error:
        raise NotAStore(f"{path} cannot be read ({error.strerror}); use another backup") from None
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise NotAStore(f"{path} is no regular file; use another backup")
        yield file


def _copied(source: Path, target: Path) -> str:
    """Copy a file; the sha256 of what was copied."""
    digest = sha256()
    with _opened(source) as given, os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY), "wb") as file:
        while piece := given.read(PIECE):
            digest.update(piece)
            file.write(piece)
    return digest.hexdigest()


def _faults(path: Path, manifest: Manifest, lock: PageKey) -> Iterator[str]:
    with reading(path, lock) as connection:
        yield from _alien(connection, (APPLICATION, manifest.schema), f"schema_{manifest.schema}", SEALED)
        yield from unsound(connection)
        yield from broken(connection.execute(SQL["commits"]))
        if describe(connection) != {name: getattr(manifest, name) for name in ("head", "seal", "counts", "memories")}:
            yield f"{path.name} does not hold what {MANIFEST} counts"


def _journal_faults(path: Path, lock: PageKey) -> Iterator[str]:
    with reading(path, lock) as connection:
        yield from _alien(connection, (JOURNAL_APPLICATION, JOURNAL_SCHEMA), f"access_{JOURNAL_SCHEMA}")
    findings = Findings()
    examine_journal(path, findings, lock)
    yield from (fault.where for fault in findings.report())


def _alien(connection: apsw.Connection, marks: tuple[int, int], *scripts: str) -> Iterator[str]:
    """What a file is made of that is not of the schema that some scripts make, looked at before anything of it is used."""
    connection.execute("PRAGMA cell_size_check = ON")
    if (connection.pragma("application_id"), connection.pragma("user_version")) != marks:
        yield "its header is of another kind of file"
    found, wanted = _schema(connection), _model(scripts)
    for kind, name, *_ in sorted(found ^ wanted, key=str):
        yield f"the {kind} {str(name)[:60]!r} is not as it should be"


def _schema(connection: apsw.Connection) -> set[tuple[Any, ...]]:
    return set(connection.execute(SQL["schema"])) - {STATISTICS}


def _model(scripts: Iterable[str]) -> set[tuple[Any, ...]]:
    model = apsw.Connection(":memory:")
    try:
        for name in scripts:
            model.execute(script(name))
        return _schema(model)
    finally:
        model.close()
