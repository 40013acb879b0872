"""SqliteMaintenance: what keeps a store of this backend sound, behind the port."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from memos.backends.sqlite.backup import backup
from memos.backends.sqlite.doctor import diagnose, reading
from memos.backends.sqlite.journal_file import FILE as JOURNAL
from memos.backends.sqlite.keeping import keep_keys
from memos.backends.sqlite.named import statements
from memos.backends.sqlite.rebuild import rebuild
from memos.backends.sqlite.reembed import reembed
from memos.ports.maintenance import Analyse, BackupReport, Fault, StoreStatus
from memos.ports.models import Remembered

if TYPE_CHECKING:
    from memos.backends.sqlite.adapter import SqliteAdapter
    from memos.backends.sqlite.journal import SqliteJournal

SQL = statements("maintenance")


class SqliteMaintenance:
    """Implements `memos.ports.maintenance.Maintenance` for one open adapter; `analyse` is how its texts are analysed.

    `journal` is where its reads are recorded, access.db beside it unless another is given.
    """

    def __init__(self, adapter: SqliteAdapter, analyse: Analyse, journal: SqliteJournal | None = None) -> None:
        self._adapter = adapter
        self._journal = journal
        self._analyse = analyse

    def doctor(self) -> tuple[Fault, ...]:
        """See the port."""
        return diagnose(self._adapter, self._analyse)

    def rebuild(self, *, accept_texts: bool = False, accept_log: bool = False) -> int:
        """See the port."""
        return rebuild(self._adapter, self._analyse, accept_texts=accept_texts, accept_log=accept_log)

    def reembed(self, embedder: Remembered | None) -> int:
        """See the port."""
        return reembed(self._adapter, embedder)

    def backup(self, destination: Path) -> BackupReport:
        """See the port."""
        return backup(self._adapter, destination)

    def keep_keys(self, folder: Path) -> tuple[Path, ...]:
        """See the port."""
        return keep_keys(self._adapter, folder)

    def free_pages(self) -> int:
        """See the port."""
        with self._adapter.reader() as connection:
            return int(connection.pragma("freelist_count"))

    def status(self) -> StoreStatus:
        """See the port."""
        accesses = _accesses(self._adapter) if self._journal is None else self._journal.last()
        return status(self._adapter, accesses)


def status(adapter: SqliteAdapter, accesses: int) -> StoreStatus:
    """What a store holds now."""
    with adapter.reader() as connection:
        tables = ("tenant", "namespace", "version", "content")
        tenants, namespaces, versions, contents = (connection.execute(SQL["count"].format(table=table)).get for table in tables)
        names = ("last", "memories", "vectors", "pending", "refused")
        head, memories, vectors, pending, refused = (connection.execute(SQL[name]).get for name in names)
        schema = connection.pragma("user_version")
    name, dimensions = adapter.embedder or (None, None)
    return StoreStatus(
        directory=adapter.directory,
        store_id=adapter.store_id,
        schema=schema,
        head=head,
        tenants=tenants,
        namespaces=namespaces,
        memories=memories,
        versions=versions,
        contents=contents,
        vectors=vectors,
        pending=pending,
        refused=refused,
        accesses=accesses,
        embedder=name,
        dimensions=dimensions,
        sizes=_sizes(adapter.directory),
    )


def _accesses(adapter: SqliteAdapter) -> int:
    path = adapter.directory / JOURNAL
    if not path.is_file():
        return 0
    with reading(path, adapter.page_key) as connection:
        return int(connection.execute(SQL["count"].format(table="access")).get)


def _sizes(directory: Path) -> dict[str, int]:
    """Bytes of each file and folder; a file that goes away meanwhile counts nothing."""
    sizes: dict[str, int] = {}
    for path in directory.rglob("*"):
        try:
            size = path.stat().st_size if path.is_file() else 0
        except FileNotFoundError:
            continue
        top = path.relative_to(directory).parts[0]
        sizes[top] = sizes.get(top, 0) + size
    return dict(sorted(sizes.items()))
