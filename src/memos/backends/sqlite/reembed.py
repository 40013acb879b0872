"""Reembed: a store's vectors are dropped and asked for anew, and the embedder that is to make them becomes the store's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from memos.backends.sqlite.named import statements
from memos.ports.models import Remembered

if TYPE_CHECKING:
    from memos.backends.sqlite.adapter import SqliteAdapter

SQL = statements("reembed")


def reembed(adapter: SqliteAdapter, embedder: Remembered | None) -> int:
    """Change the embedder in one transaction; the number of vectors that are now to be computed.

    Whoever has the store open, this adapter included, gets WrongEmbedder from then on and must open it again.
    """
    with adapter.connection() as connection:
        connection.execute(SQL["drop_vectors"])
        connection.execute(SQL["forget_embedder"])
        if embedder is None:
            return 0
        told = {"embedder": embedder.name, "dimensions": embedder.dimensions, "embedder_url": embedder.url}
        connection.executemany(SQL["remember"], [(key, value) for key, value in told.items() if value is not None])
        connection.execute(SQL["ask_all"])
        return int(connection.execute(SQL["pending"]).get)
