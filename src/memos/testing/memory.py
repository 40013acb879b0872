"""In memory: the store that MemOS brings, with nothing on the disk, for tests."""

from __future__ import annotations

from importlib import import_module

from memos.ports.adapter import MemoryAdapter


def in_memory(dimensions: int | None = None) -> MemoryAdapter:
    """The embedded store, gone when it is closed: the same code as on disk. With `dimensions` it keeps vectors of that width.

    For a whole MemOS in memory write `MemOS.open("memory:", embedder="hashing", worker="none")`.
    """
    backend = import_module("memos.backends.sqlite.adapter")  # by name: this room is below the one that knows the backends
    adapter: MemoryAdapter = backend.SqliteAdapter(None, embedder=None if dimensions is None else ("test", dimensions))
    return adapter
