"""Maintenance: the port to what keeps a store sound: examine it, rebuild what is derived, copy it, tell its size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from memos.memcube.change import Terms
from memos.ports.models import Remembered

Analyse = Callable[[str, str | None, str | None], Terms]
"""(text, speaker or None, role or None) → the terms that the lexical lane keeps.

What is rebuilt and examined must be analysed as it was written.
"""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong in a store."""

    code: str
    """A stable name, e.g. `versions_overlap`."""
    where: str
    """The rows it was found in: the first few, and how many there are in all. Numbers and ids, never content."""
    advice: str
    """What to do about it."""


@dataclass(frozen=True, slots=True)
class BackupReport:
    """A backup that was made and verified."""

    path: Path
    key_files: tuple[Path, ...]
    """The files to keep, together and apart from the backup: without them it is of no use to anybody."""
    store_id: str
    head: int
    """The last commit that the backup holds."""
    memories: int
    """Memories that stand; those that were forgotten are in the backup too, and not counted here."""
    versions: int
    size: int
    """Bytes on disk."""


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """A store that was restored."""

    path: Path
    store_id: str
    """Its own: a restored store is another store than the one that was backed up."""
    head: int
    memories: int
    """Memories that stand in it now."""
    shredded: int
    """Memories that the backup held and whose keys are destroyed: they are erased, there too."""


@dataclass(frozen=True, slots=True)
class StoreStatus:
    """What a store holds now, and how much room it takes."""

    directory: Path | None
    store_id: str
    schema: int
    head: int
    tenants: int
    namespaces: int
    memories: int
    """Memories that stand now; those that were forgotten are none."""
    versions: int
    """Version rows of the past and the present, branches included."""
    contents: int
    vectors: int
    pending: int
    """Contents whose vectors are still to be computed."""
    refused: int
    """Those of them that the embedder has refused while it took others; they are tried again, ever more rarely."""
    accesses: int
    """Rows of the access journal."""
    embedder: str | None
    dimensions: int | None
    sizes: dict[str, int]
    """Bytes on disk by file or folder of the store's directory; empty in memory."""


@dataclass(frozen=True, slots=True)
class CachedNamespace:
    """A namespace whose index is in memory."""

    tenant: str
    namespace: str
    cold: bool
    """Whether it is the index of what is archived there."""
    bytes: int
    share: float
    """Its part of all uses lately, from 0 to 1."""


@dataclass(frozen=True, slots=True)
class CacheStatus:
    """What one process keeps of a store's indexes in memory, and how that fares. It names namespaces: it is for the operator alone."""

    budget: int
    """The setting `cache_bytes`."""
    bytes: int
    """What is kept, estimated; more than the budget only where one index is alone larger: of such ones one is kept beside it."""
    lanes: int
    """Indexes that are kept: one a namespace, and one more of what is archived there once that was asked for."""
    hits: int
    """Uses of an index that was there: each search uses those of the namespaces that it reads."""
    misses: int
    admitted: int
    refused: int
    evicted: int
    refreshed: int
    """How often one was brought up to date between searches."""
    warmed: int
    """How many were read before anybody asked for them."""
    stability: float
    """The population stability index of the last uses against those before; above 0.25 the workload has moved."""
    shifts: int
    """How often it has moved."""
    hottest: tuple[CachedNamespace, ...]
    """Those used most, the most used first."""

    @property
    def hit_ratio(self) -> float | None:
        """The part of the uses that were hits, None before the first."""
        return self.hits / (self.hits + self.misses) if self.hits + self.misses else None


class Maintenance(Protocol):
    """Everything here runs while the store is read and written."""

    def doctor(self) -> tuple[Fault, ...]:
        """Every fault that was found, () when the store is sound."""

    def rebuild(self, *, accept_texts: bool = False, accept_log: bool = False) -> int:
        """Make term rows, fact hashes and tag rows anew from the contents and headers; how many contents there were.

        A text that is not the one that was stored (`content_changed`) keeps what was derived from that one, and BackendError tells of it
        when all else is made; with `accept_texts` it is taken as it is. With `accept_log` the access journal that is there is taken for the
        store's own.
        """

    def reembed(self, embedder: Remembered | None) -> int:
        """Drop every vector and make this embedder the store's own; how many vectors are now to be computed.

        Whoever has the store open, here too, gets WrongEmbedder from then on and must open it again: see `StoreParts.renewed`.
        """

    def backup(self, destination: Path) -> BackupReport:
        """Copy the store to `destination`, a directory that is not there, and verify the copy; each memory is sealed, no key is copied.

        Raises InvalidCall when something is there, BackendError when the copy cannot be made or is not sound; then nothing is left.
        """

    def keep_keys(self, folder: Path) -> tuple[Path, ...]:
        """Copy the key files to a folder apart from the store and its backups, in the place of those of an earlier time; the files.

        Raises InvalidCall for a folder inside the store, or one that is a backup.
        """

    def free_pages(self) -> int:
        """How many pages of the file hold nothing; an `Economy` gives them back."""

    def status(self) -> StoreStatus:
        """What the store holds."""
