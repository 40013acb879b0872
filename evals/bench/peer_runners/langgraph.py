"""LangGraph's stores behind their common face: SqliteStore on a file, or InMemoryStore."""

import importlib
import importlib.metadata
import sqlite3
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

from langgraph.store.base import BaseStore, PutOp
from langgraph.store.memory import InMemoryStore

from evals.bench.peer_runners.measuring import Job, Vectors, main

NAMESPACE = ("bench",)


class LangGraphStore:
    """The variant that the job names, `sqlite` or `memory`; both ask an embed function for the vectors of texts."""

    def __init__(self, job: Job) -> None:
        distribution = "langgraph-checkpoint-sqlite" if job.variant == "sqlite" else "langgraph-checkpoint"
        self.version = importlib.metadata.version(distribution)
        self.given: dict[str, Vectors] = {}
        # InMemoryStore reads `fields`, SqliteStore `text_fields`.
        index = {"dims": job.vectors.shape[1], "embed": self.embed, "fields": ["text"], "text_fields": ["text"]}
        self.store = self.open(job, index)

    @staticmethod
    def open(job: Job, index: Any) -> BaseStore:
        if job.variant == "memory":
            return InMemoryStore(index=index)
        sqlite = loading_sqlite()
        from langgraph.store.sqlite import SqliteStore

        # The connection is the one that SqliteStore.from_conn_string makes, which would close it at the end of a with block.
        connection = sqlite.connect(job.directory / "store.db", check_same_thread=False, isolation_level=None)
        store = SqliteStore(connection, index=index)
        store.setup()
        return store

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        return [self.given[text].tolist() for text in texts]

    def add(self, identifier: str, text: str, vector: Vectors) -> None:
        self.given = {text: vector}
        self.store.put(NAMESPACE, identifier, {"text": text})

    def add_many(self, identifiers: Sequence[str], texts: Sequence[str], vectors: Vectors) -> None:
        self.given = dict(zip(texts, vectors, strict=True))
        self.store.batch([PutOp(NAMESPACE, identifier, {"text": text}) for identifier, text in zip(identifiers, texts, strict=True)])

    def get(self, identifier: str) -> str:
        item = self.store.get(NAMESPACE, identifier)
        return "" if item is None else item.value["text"]

    def search(self, text: str, vector: Vectors, limit: int) -> list[str]:
        self.given = {text: vector}
        return [item.key for item in self.store.search(NAMESPACE, query=text, limit=limit)]


def loading_sqlite() -> ModuleType:
    """A sqlite3 that loads extensions, as sqlite-vec is one. Where this Python's own was built without, pysqlite3 takes its name."""
    if not hasattr(sqlite3.Connection, "enable_load_extension"):
        sys.modules["sqlite3"] = importlib.import_module("pysqlite3")
    return sys.modules["sqlite3"]


if __name__ == "__main__":
    main(LangGraphStore)
