"""StoreParts: what opening a store's URL gives to the system, whatever the backend."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from memos.ports.adapter import MemoryAdapter
from memos.ports.journal import AccessJournal
from memos.ports.maintenance import Maintenance
from memos.ports.models import Embedder


@dataclass(frozen=True, slots=True)
class StoreParts:
    """An open store: its adapter, its journal, what keeps it sound, and the embedder whose vectors it holds."""

    adapter: MemoryAdapter
    journal: AccessJournal
    maintenance: Maintenance
    embedder: Embedder | None
    directory: Path | None
    read_only: bool
