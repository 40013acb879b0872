"""StoreParts: what opening a store's URL gives to the system, whatever the backend."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from memos.ports.adapter import MemoryAdapter
from memos.ports.blobs import BlobStore
from memos.ports.counters import Counters
from memos.ports.erasing import Erasing
from memos.ports.journal import AccessJournal
from memos.ports.maintenance import Maintenance
from memos.ports.models import Embedder, Remembered


@dataclass(frozen=True, slots=True)
class Chosen:
    """An embedder and the URL it came by, None for an object that the program gave."""

    embedder: Embedder | None
    url: str | None = None


class Choose(Protocol):
    """Chooses the embedder to open a store with."""

    def __call__(self, remembered: Remembered | None, *, fresh: bool) -> Chosen:
        """Given what the store remembers, or that it is being made; WrongEmbedder when what is wanted is not the store's."""


@dataclass(frozen=True, slots=True)
class StoreParts:
    """An open store: its adapter, its journal, what keeps it sound, its counters, its blobs, and the embedder whose vectors it holds."""

    adapter: MemoryAdapter
    journal: AccessJournal
    maintenance: Maintenance
    erasing: Erasing
    embedder: Embedder | None
    counters: Counters
    blobs: BlobStore
    directory: Path | None
    read_only: bool
    renewed: Callable[[Choose], StoreParts]
    """The same store opened once more, with an embedder chosen anew and the same journal: then close the adapter of these parts."""
