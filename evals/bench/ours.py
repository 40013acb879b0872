"""MemOS in the same harness as its peers: the public API, a store on disk, the vectors given."""

from collections.abc import Mapping, Sequence

import numpy as np

import memos
from evals.bench.peer_runners.measuring import Job, Vectors, main
from evals.encoded import Encoded
from memos.memcube.vector import Words


class Injected:
    """Stands for the model whose vectors are given; asked for one of its own it fails, so that no figure hides a model's time."""

    name = "injected"

    def __init__(self, dimensions: int) -> None:
        self.dimensions = dimensions

    def embed(self, texts: Sequence[str]) -> Vectors:
        raise AssertionError("every vector is given in this benchmark")


class Known:
    """An embedder that has read every text before: it looks them up, so that no figure holds a model's time."""

    name, dimensions, word_dimensions = "known", 384, 128

    def __init__(self, known: Mapping[str, Encoded]) -> None:
        self.known = known

    def embed(self, texts: Sequence[str]) -> Vectors:
        return np.stack([self.known[text][0] for text in texts])

    def embed_words(self, texts: Sequence[str]) -> tuple[Vectors, list[Words]]:
        return self.embed(texts), [self.known[text][1] for text in texts]


class MemosStore:
    """One user's own namespace. The variant says whether a search goes by its words and its vector, or by the vector alone."""

    version = memos.__version__

    def __init__(self, job: Job) -> None:
        self.by_words = job.variant == "words and vector"
        embedder = Injected(job.vectors.shape[1])
        self.user = memos.MemOS.open(job.directory / "memory", embedder=embedder, worker="none").as_user("bench")
        self.ids: dict[str, str] = {}
        self.names: dict[str, str] = {}

    def add(self, identifier: str, text: str, vector: Vectors) -> None:
        self.add_many([identifier], [text], vector[None])

    def add_many(self, identifiers: Sequence[str], texts: Sequence[str], vectors: Vectors) -> None:
        cubes = self.user.add(list(texts), vector=vectors).cubes
        self.ids |= {name: cube.id for name, cube in zip(identifiers, cubes, strict=True)}
        self.names |= {cube.id: name for name, cube in zip(identifiers, cubes, strict=True)}

    def get(self, identifier: str) -> str:
        return self.user.get(self.ids[identifier]).cubes[0].text

    def search(self, text: str, vector: Vectors, limit: int) -> list[str]:
        hits = self.user.search(text if self.by_words else "", vector=vector, limit=limit).hits
        return [self.names[hit.cube.id] for hit in hits]


if __name__ == "__main__":
    main(MemosStore)
