"""yantrikdb on a file: records and recalls by the vector that is given, or by it and the text; its own defaults otherwise."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import yantrikdb

from evals.bench.peer_runners.measuring import Job, Vectors, main

PART = 250  # its queue holds 256 rows, and a larger batch is refused for ever


class YantrikStore:
    """yantrikdb makes its own ids, so that ours are kept beside them. The variant `words and vector` recalls by both."""

    version = yantrikdb.__version__

    def __init__(self, job: Job) -> None:
        self.database = yantrikdb.YantrikDB(str(job.directory / "memory.db"), embedding_dim=job.vectors.shape[1])
        self.by_words = job.variant == "words and vector"
        self.theirs: dict[str, str] = {}
        self.ours: dict[str, str] = {}

    def add(self, identifier: str, text: str, vector: Vectors) -> None:
        self.remember([identifier], [patiently(partial(self.database.record, text, embedding=vector.tolist()))])

    def add_many(self, identifiers: Sequence[str], texts: Sequence[str], vectors: Vectors) -> None:
        for start in range(0, len(texts), PART):
            part = slice(start, start + PART)
            rows = [{"text": text, "embedding": vector.tolist()} for text, vector in zip(texts[part], vectors[part], strict=True)]
            self.remember(identifiers[part], patiently(partial(self.database.record_batch, rows)))

    def remember(self, identifiers: Sequence[str], made: Sequence[str]) -> None:
        self.theirs.update(zip(identifiers, made, strict=True))
        self.ours.update(zip(made, identifiers, strict=True))

    def get(self, identifier: str) -> str:
        return self.database.get(self.theirs[identifier])["text"]

    def search(self, text: str, vector: Vectors, limit: int) -> list[str]:
        # Told not to reinforce what it finds it answers the same in two thirds of the time.
        query = {"query": text, "skip_reinforce": True} if self.by_words else {}
        return [self.ours[hit["rid"]] for hit in self.database.recall(query_embedding=vector.tolist(), top_k=limit, **query)]


def patiently(call: Callable[[], Any]) -> Any:
    """Call again after 50 ms, as its message asks, while the queue is full; the waiting counts."""
    while True:
        try:
            return call()
        except yantrikdb.Backpressure:
            time.sleep(0.05)


if __name__ == "__main__":
    main(YantrikStore)
