"""The embedded store as the system opens it: adapter, journal, maintenance and the embedder whose vectors it holds."""

from __future__ import annotations

import os
from pathlib import Path

from memos.backends.sqlite.adapter import SqliteAdapter
from memos.backends.sqlite.belonging import claim
from memos.backends.sqlite.blobs import SqliteBlobs
from memos.backends.sqlite.counters import SqliteCounters, counters_path
from memos.backends.sqlite.erasures import SqliteErasures
from memos.backends.sqlite.journal import SqliteJournal
from memos.backends.sqlite.journal_file import FILE as JOURNAL
from memos.backends.sqlite.keys import KEY_FILE
from memos.backends.sqlite.maintenance import SqliteMaintenance
from memos.backends.sqlite.opening import FILE
from memos.errors import NotAStore, ReadOnlyStore
from memos.ports.clock import Clock
from memos.ports.kms import Locate, nowhere
from memos.ports.maintenance import Analyse
from memos.ports.models import Remembered
from memos.ports.store import Choose, Chosen, StoreParts
from memos.settings import Settings

IN_MEMORY = "memory:"


def open_store(
    url: str, *, choose: Choose, analyse: Analyse, settings: Settings, clock: Clock, read_only: bool, locate: Locate = nowhere
) -> StoreParts:
    """Open the directory that a URL names, or a store in memory for `memory:`. A directory that is empty or missing becomes a store."""
    directory = None if url == IN_MEMORY else Path(url).absolute()
    made: list[Chosen] = []

    def for_new() -> tuple[tuple[str, int] | None, str | None]:
        made.append(choose(None, fresh=True))
        return _identity(made[-1]), made[-1].url

    adapter = SqliteAdapter(
        directory,
        durability=settings.durability,
        read_only=read_only,
        embedder=for_new,
        clock=clock,
        locate=locate,
        lease=settings.encryption_lease_seconds,
    )
    try:
        ours = bool(made) and adapter.remembered == _remembered(made[-1])  # another process may have made it meanwhile
        chosen = made[-1] if ours else choose(adapter.remembered, fresh=False)
        path = _journal_path(directory, settings, read_only=read_only)
        journal = SqliteJournal(directory, key=adapter.keys.secret, path=path, page_key=adapter.page_key)
        if directory is not None:
            claim(adapter, journal.identity())
    except BaseException:
        adapter.close()
        raise
    path = counters_path(directory, journal.path, read_only=read_only)
    counters = SqliteCounters(path, key=adapter.keys.secret, clock=clock)
    return _parts(adapter, journal, analyse, chosen, counters, directory=directory)


def require_made(directory: Path) -> None:
    """NotAStore, which says what there is instead, when no store stands in a directory."""
    if (directory / FILE).is_file() and (directory / FILE).stat().st_size:
        return
    if (directory / KEY_FILE).is_file():
        raise NotAStore(f"{directory} has lost its {FILE}, or it was never made whole; restore the last backup with `memos restore-backup`")
    what = "it is a file" if directory.is_file() else "it holds other things" if _holds(directory) else "nothing is there"
    raise NotAStore(f"there is no store at {directory}: {what}; `memos add` makes one, --store or MEMOS_STORE names another")


def _holds(directory: Path) -> bool:
    return directory.is_dir() and any(directory.iterdir())


def _parts(
    adapter: SqliteAdapter, journal: SqliteJournal, analyse: Analyse, chosen: Chosen, counters: SqliteCounters, *, directory: Path | None
) -> StoreParts:
    def renewed(choose: Choose) -> StoreParts:
        again = adapter.again()
        try:
            return _parts(again, journal, analyse, choose(again.remembered, fresh=False), counters, directory=directory)
        except BaseException:
            again.close()
            raise

    maintenance, erasing = SqliteMaintenance(adapter, analyse, journal), SqliteErasures(adapter)
    blobs = SqliteBlobs(adapter.directory, adapter.keys.secret, adapter.page_key, read_only=adapter.read_only)
    return StoreParts(adapter, journal, maintenance, erasing, chosen.embedder, counters, blobs, directory, adapter.read_only, renewed)


def _remembered(chosen: Chosen) -> Remembered | None:
    found = _identity(chosen)
    return None if found is None else Remembered(*found, chosen.url)


def _identity(chosen: Chosen) -> tuple[str, int] | None:
    return (chosen.embedder.name, chosen.embedder.dimensions) if chosen.embedder is not None else None


def _journal_path(directory: Path | None, settings: Settings, *, read_only: bool) -> Path | None:
    """Where reads are recorded; beside the store, unless the store is only read and another place is set."""
    if not read_only or directory is None:
        return None
    if settings.access_log is not None:
        settings.access_log.mkdir(parents=True, exist_ok=True)
        return settings.access_log / JOURNAL
    if not os.access(directory, os.W_OK):
        raise ReadOnlyStore(f"{directory} cannot be written, and every read must be recorded: set access_log to a directory that can be")
    return directory / JOURNAL
