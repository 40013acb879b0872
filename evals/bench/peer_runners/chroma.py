"""Chroma's PersistentClient: one collection, cosine space, its own defaults otherwise."""

from collections.abc import Sequence

import chromadb

from evals.bench.peer_runners.measuring import Job, Vectors, main


class ChromaStore:
    """One collection in the job's directory."""

    version = chromadb.__version__

    def __init__(self, job: Job) -> None:
        settings = chromadb.Settings(anonymized_telemetry=False)
        client = chromadb.PersistentClient(path=str(job.directory), settings=settings)
        self.collection = client.create_collection("bench", embedding_function=None, configuration={"hnsw": {"space": "cosine"}})

    def add(self, identifier: str, text: str, vector: Vectors) -> None:
        self.collection.add(ids=[identifier], documents=[text], embeddings=[vector])

    def add_many(self, identifiers: Sequence[str], texts: Sequence[str], vectors: Vectors) -> None:
        self.collection.add(ids=list(identifiers), documents=list(texts), embeddings=vectors)

    def get(self, identifier: str) -> str:
        return self.collection.get(ids=[identifier])["documents"][0]

    def search(self, text: str, vector: Vectors, limit: int) -> list[str]:
        return self.collection.query(query_embeddings=[vector], n_results=limit)["ids"][0]


if __name__ == "__main__":
    main(ChromaStore)
