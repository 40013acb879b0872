"""MemPalace: a drawer a turn in the palace of its default backend, searched as its MCP server searches it, the vectors given."""

from collections.abc import Sequence
from typing import Any

import mempalace
from mempalace import embedding, palace, searcher

from evals.bench.peer_runners.measuring import Job, Vectors, main

WING, ROOM = "bench", "talk"


class MemPalaceStore:
    """One palace in the job's directory. The variant is how it gathers what it ranks by words and vector: `vector` or `union`."""

    version = mempalace.__version__

    def __init__(self, job: Job) -> None:
        self.strategy, self.path = job.variant, str(job.directory / "palace")
        self.given = given_vectors()
        self.drawers = palace.get_collection(self.path, create=True)
        self.added = 0

    def add(self, identifier: str, text: str, vector: Vectors) -> None:
        self.add_many([identifier], [text], vector[None])

    def add_many(self, identifiers: Sequence[str], texts: Sequence[str], vectors: Vectors) -> None:
        self.given.known = dict(zip(texts, vectors, strict=True))
        rows = [{"wing": WING, "room": ROOM, "source_file": "talk", "chunk_index": self.added + i} for i in range(len(texts))]
        self.added += len(texts)
        self.drawers.upsert(ids=list(identifiers), documents=list(texts), metadatas=rows)

    def get(self, identifier: str) -> str:
        return self.drawers.get(ids=[identifier])["documents"][0]

    def search(self, text: str, vector: Vectors, limit: int) -> list[str]:
        self.given.known = {text: vector}
        found = searcher.search_memories(text, self.path, n_results=limit, candidate_strategy=self.strategy)
        if "error" in found:
            raise RuntimeError(found["error"])
        return [hit["drawer_id"] for hit in found["results"]]


def given_vectors() -> Any:
    """Put a table of known vectors in the place of the model that MemPalace would download: the same MiniLM, and by the same name."""
    model = embedding._build_ef_class()

    class Given(model):
        def __init__(self) -> None:
            super().__init__()
            self.known: dict[str, Vectors] = {}

        def __call__(self, input: Sequence[str]) -> list[Vectors]:
            return [self.known[text] for text in input]

        embed_query = __call__

    given = Given()
    embedding.get_embedding_function = lambda **_: given
    return given


if __name__ == "__main__":
    main(MemPalaceStore)
