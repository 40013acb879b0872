"""The floor: what the same work costs with nothing around it, one SQLite insert an add and numpy's exact cosine a search."""

from collections.abc import Sequence

import apsw
import numpy as np

from evals.bench.peer_runners.measuring import Job, Vectors, main

SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE memory (id TEXT PRIMARY KEY, text TEXT NOT NULL, vector BLOB NOT NULL) WITHOUT ROWID;
"""
INSERT = "INSERT INTO memory VALUES (?, ?, ?)"


class FloorStore:
    """A table of texts and vectors on disk, and the vectors once more in one array. The rows of a job are all it has room for."""

    version = f"numpy {np.__version__}, SQLite {apsw.sqlite_lib_version()}"

    def __init__(self, job: Job) -> None:
        self.connection = apsw.Connection(str(job.directory / "floor.db"))
        self.connection.execute(SCHEMA).fetchall()  # apsw runs a statement only when the rows of the one before it are read
        self.identifiers: list[str] = []
        self.vectors = np.empty_like(job.vectors)

    def add(self, identifier: str, text: str, vector: Vectors) -> None:
        self.connection.execute(INSERT, (identifier, text, vector.tobytes()))
        self.vectors[len(self.identifiers)] = vector
        self.identifiers.append(identifier)

    def add_many(self, identifiers: Sequence[str], texts: Sequence[str], vectors: Vectors) -> None:
        with self.connection:
            self.connection.executemany(INSERT, zip(identifiers, texts, map(np.ndarray.tobytes, vectors), strict=True))
        start = len(self.identifiers)
        self.vectors[start : start + len(vectors)] = vectors
        self.identifiers.extend(identifiers)

    def get(self, identifier: str) -> str:
        return str(self.connection.execute("SELECT text FROM memory WHERE id = ?", (identifier,)).get)

    def search(self, text: str, vector: Vectors, limit: int) -> list[str]:
        scores = self.vectors[: len(self.identifiers)] @ vector
        limit = min(limit, len(scores))
        nearest = np.argpartition(scores, -limit)[-limit:]
        return [self.identifiers[i] for i in nearest[np.argsort(-scores[nearest])]]


if __name__ == "__main__":
    main(FloorStore)
