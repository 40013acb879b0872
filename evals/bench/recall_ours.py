"""MemOS asked as its peers are: told every turn of a conversation through the public API, in a process of its own."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

import memos
from evals.bench.ours import Known
from evals.bench.peer_runners.measuring import Job, Vectors
from evals.encoded import Encoded, kept
from memos.operation.memoperator import retrieval
from memos.ports.models import embedding_input


class OneVector:
    """An embedder that looks a text's vector up and tells nothing of its words: what the peers are given, and no more."""

    name, dimensions = "known vectors", 384

    def __init__(self, known: Mapping[str, Encoded]) -> None:
        self.known = known

    def embed(self, texts: Sequence[str]) -> Vectors:
        return np.stack([self.known[text][0] for text in texts])


class TurnsStore:
    """One user's namespace. The variant says whether the embedder tells of words, too; a job's `weights` take the shipped ones' place.

    What is further in a job: `turns` as messages in the order of the vectors, `encoded`, a file with the vectors and words of the turns and
    then of the questions, `reader`, the name of the model that read them, and `weights` or None.
    """

    version = memos.__version__

    def __init__(self, job: Job) -> None:
        self.turns = dict(zip(job.identifiers, job.further["turns"], strict=True))
        texts = [embedding_input(turn["name"], turn["content"]) for turn in job.further["turns"]]
        known = dict(zip([*texts, *job.query_texts], kept(Path(job.further["encoded"]), job.further["reader"]), strict=True))
        if weights := job.further["weights"]:
            retrieval.shipped_weights = lambda: weights
        embedder = (OneVector if job.variant == "one vector" else Known)(known)
        self.memory = memos.MemOS.open(job.directory / "memory", embedder=embedder, worker="none")
        self.user = self.memory.as_user("bench")
        self.names: dict[str, str] = {}

    def add(self, identifier: str, text: str, vector: Vectors) -> None:
        self.add_many([identifier], [text], vector[None])

    def add_many(self, identifiers: Sequence[str], texts: Sequence[str], vectors: Vectors) -> None:
        cubes = self.user.add([self.turns[identifier] for identifier in identifiers]).cubes
        self.names |= {cube.id: identifier for identifier, cube in zip(identifiers, cubes, strict=True)}
        self.memory.drain()

    def get(self, identifier: str) -> str:
        return next(self.user.get(cube).cubes[0].text for cube, name in self.names.items() if name == identifier)

    def search(self, text: str, vector: Vectors, limit: int) -> list[str]:
        return [self.names[hit.cube.id] for hit in self.user.search(text, limit=limit).hits]
