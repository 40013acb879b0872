"""Backup: a verified copy of a store, made while it is in use, sealed, without its keys and without what can be computed anew."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from hashlib import file_digest
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import apsw

from memos.backends.sqlite.connections import NO_SPACE, harden, translate
from memos.backends.sqlite.copy_keys import COPY_KEYS, CopyKeys
from memos.backends.sqlite.doctor import examine_journal, reading, unsound
from memos.backends.sqlite.encryption import ENVELOPE, PageKey, require_encrypted, unlock
from memos.backends.sqlite.examine import SQL as EXAMINE
from memos.backends.sqlite.examine import broken
from memos.backends.sqlite.faults import Findings
from memos.backends.sqlite.forking import GATE
from memos.backends.sqlite.journal_file import APPLICATION as JOURNAL_APPLICATION
from memos.backends.sqlite.journal_file import FILE as JOURNAL
from memos.backends.sqlite.journal_file import SCHEMA as JOURNAL_SCHEMA
from memos.backends.sqlite.keys import KEY_BYTES, KEY_FILE, MANIFEST, OWNER_ONLY, derive, sync_directory
from memos.backends.sqlite.migrations import SCHEMA
from memos.backends.sqlite.named import script, statements
from memos.backends.sqlite.opening import APPLICATION, FILE
from memos.backends.sqlite.sealing import MADE_ANEW, ONLY_IN_BACKUPS, copy_tables, missing_from, seal_all, tables
from memos.errors import BackendError, DiskFull, InvalidCall
from memos.ports.maintenance import BackupReport

if TYPE_CHECKING:
    from memos.backends.sqlite.adapter import SqliteAdapter

FORMAT = 2
SEALED = f"sealed_{FORMAT}"
SETTLING = 60.0
"""Seconds within which a draft may not be held yet."""
SQL = statements("maintenance")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself."""

    format: int
    schema: int
    store_id: str
    key: str
    """What recognises the store's key and tells nothing of it, in hexadecimal."""
    copy_keys: int
    """How many keys of memories had ever been made: who has fewer has an older file of keys than this backup needs."""
    head: int
    seal: str
    """The hash of the last commit, in hexadecimal."""
    counts: dict[str, int]
    """Rows by table."""
    memories: int
    files: dict[str, str]
    """sha256 by file, in hexadecimal."""


def backup(adapter: SqliteAdapter, destination: Path) -> BackupReport:
    """Copy a store that is in use to the directory `destination`, which must not be there or be empty; it appears whole or not at all.

    Raises InvalidCall when something is there already, DiskFull or another BackendError when the copy cannot be made or is not sound.
    """
    keys, lock = CopyKeys(adapter.directory, adapter.keys.secret), page_key(adapter.keys.secret)
    with GATE.using(), prepared(destination) as draft:
        with adapter.reader() as source:
            told = describe(source)
            _seal(source, draft / FILE, lock, keys)
        _verify(draft / FILE, lock, told)
        if (journal := adapter.directory / JOURNAL).is_file():
            with reading(journal, adapter.page_key) as source, writing(draft / JOURNAL, lock, f"access_{JOURNAL_SCHEMA}") as target:
                copy_tables(source, target)
                target.execute(f"PRAGMA application_id = {JOURNAL_APPLICATION}")
                target.execute(f"PRAGMA user_version = {JOURNAL_SCHEMA}")
            _verify_journal(draft / JOURNAL, lock)
        with adapter.reader() as store, reading(draft / FILE, lock) as copy:
            keys.shred(missing_from(store, copy))
        manifest = _manifest(adapter, draft, told, keys.made())
        size = sum(path.stat().st_size for path in draft.iterdir())
    return BackupReport(
        path=destination,
        key_files=tuple(path for path in (adapter.directory / name for name in (KEY_FILE, COPY_KEYS, ENVELOPE)) if path.is_file()),
        store_id=adapter.store_id,
        head=manifest.head,
        memories=manifest.memories,
        versions=manifest.counts["version"],
        size=size,
    )


def page_key(secret: bytes) -> PageKey:
    """The key under which the pages of every backup of a store lie: they hold names, of namespaces and of callers."""
    return PageKey(derive(secret, "backup pages", size=KEY_BYTES))


def _manifest(adapter: SqliteAdapter, draft: Path, told: dict[str, Any], made: int) -> Manifest:
    files = {path.name: _digest(path) for path in sorted(draft.iterdir())}
    proof = adapter.keys.proof().hex()
    manifest = Manifest(format=FORMAT, schema=SCHEMA, store_id=adapter.store_id, key=proof, copy_keys=made, files=files, **told)
    (draft / MANIFEST).write_text(json.dumps(asdict(manifest), indent=2) + "\n", encoding="utf-8")
    for path in draft.iterdir():
        path.chmod(OWNER_ONLY)
    return manifest


@contextmanager
def prepared(destination: Path) -> Iterator[Path]:
    """A new directory beside `destination` that takes its name, synced, when all went well, and is removed when not."""
    destination = destination.absolute()
    if destination.is_symlink() or (destination.exists() and not (destination.is_dir() and not any(destination.iterdir()))):
        raise InvalidCall(f"{destination} is there already; name a directory that is not there, or an empty one")
    draft = destination.with_name(f".{destination.name}.{uuid4().hex}.part")
    held = None
    try:
        draft.mkdir(mode=0o700, parents=True)
        held = _hold(draft)
        _sweep(destination)
        yield draft
        _sync(draft)
        draft.replace(destination)
        sync_directory(destination.parent)
    except apsw.Error as error:
        raise translate(error, destination) from error
    except OSError as error:
        if error.errno in NO_SPACE:
            raise DiskFull(f"no space is left for {destination}; nothing was written: free some, or name another place") from error
        raise BackendError(f"{destination} cannot be written: {error}; name another place, or make room") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        if held is not None:
            os.close(held)


def _hold(draft: Path) -> int:
    """Lock a draft for as long as its process lives; BlockingIOError when another has it."""
    descriptor = os.open(draft, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _sweep(destination: Path) -> None:
    """Remove the drafts of the same place whose processes were killed: nobody holds them, and they were not made just now."""
    name = re.compile(re.escape(f".{destination.name}.") + r"[0-9a-f]{32}\.part")
    for left in destination.parent.iterdir():
        if name.fullmatch(left.name):
            with suppress(OSError):
                if time.time() - left.stat().st_mtime > SETTLING:
                    held = _hold(left)
                    shutil.rmtree(left, ignore_errors=True)
                    os.close(held)


def _sync(folder: Path) -> None:
    for path in folder.rglob("*"):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    sync_directory(folder)


def describe(connection: apsw.Connection) -> dict[str, Any]:
    """What the copy must agree with, in the snapshot of `connection`."""
    head, seal = next(connection.execute(SQL["head"]), (0, b""))
    found = sorted(tables(connection) - MADE_ANEW - ONLY_IN_BACKUPS)
    counts = {table: connection.execute(SQL["count"].format(table=table)).get for table in found}
    return {"head": head, "seal": seal.hex(), "counts": counts, "memories": connection.execute(SQL["memories"]).get}


@contextmanager
def writing(path: Path, key: PageKey | None, *scripts: str) -> Iterator[apsw.Connection]:
    """A new database made of some scripts, written in one transaction; nothing of it is on the disk before it is synced by the caller."""
    connection = apsw.Connection(str(path))
    try:
        path.touch(mode=OWNER_ONLY)
        path.chmod(OWNER_ONLY)
        unlock(connection, key)
        harden(connection)
        for setting in (
            "secure_delete = ON",
            "temp_store = MEMORY",
            "auto_vacuum = INCREMENTAL",
            "journal_mode = MEMORY",
            "synchronous = OFF",
        ):
            connection.execute(f"PRAGMA {setting}")
        connection.execute("BEGIN IMMEDIATE")
        for name in scripts:
            connection.execute(script(name))
        yield connection
        connection.execute("COMMIT")
    finally:
        connection.close(force=True)
    if key is not None:
        require_encrypted(path)


def _seal(source: apsw.Connection, path: Path, lock: PageKey, keys: CopyKeys) -> None:
    with writing(path, lock, f"schema_{SCHEMA}", SEALED) as target:
        seal_all(source, target, keys)
        target.execute(f"PRAGMA application_id = {APPLICATION}")
        target.execute(f"PRAGMA user_version = {SCHEMA}")


def _verify(path: Path, lock: PageKey, told: dict[str, Any]) -> None:
    with reading(path, lock) as connection:
        faults = [*unsound(connection), *broken(connection.execute(EXAMINE["commits"]))]
        if not faults and describe(connection) != told:
            faults = ["the copy does not hold what the store held"]
    if faults:
        raise BackendError(f"the copy is not sound ({faults[0]}) and was dropped; run `memos doctor` on the store")


def _verify_journal(path: Path, lock: PageKey) -> None:
    findings = Findings()
    examine_journal(path, findings, lock)
    if len(findings):
        where = findings.report()[0].where
        raise BackendError(f"the copy of the access journal is not sound ({where}) and was dropped; run `memos doctor` on the store")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
