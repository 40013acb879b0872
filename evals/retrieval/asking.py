"""What `ask` gives beside `search`: `python -m evals.retrieval.asking [--cache FOLDER] [SET ...]`, R@10 and MRR by category.

Each conversation is a store of its own, asked on the day after its last session. A question is asked in words by `ask`, and searched by
`search`; both give 20 hits.
"""

import argparse
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path

import numpy as np

from evals.encoded import Encoded
from evals.retrieval.data import ADVERSARIAL, embedded, sets
from memos import MemOS
from memos.backends.onnx import MiniLM
from memos.cli.retrieval import messages_of
from memos.errors import MemOSError
from memos.memcube.vector import Words
from memos.testing.retrieval_eval import average, score

LIMIT = 20
WAYS = ("search", "ask")


class Known:
    """MiniLM, for what is not encoded yet."""

    def __init__(self, vectors: Mapping[str, Encoded]) -> None:
        self._vectors = vectors

    @cached_property
    def _model(self) -> MiniLM:
        return MiniLM()

    @property
    def name(self) -> str:
        return self._model.name

    @property
    def dimensions(self) -> int:
        return self._model.dimensions

    @property
    def word_dimensions(self) -> int:
        return self._model.word_dimensions

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        return self.embed_words(texts)[0]

    def embed_words(self, texts: Sequence[str]) -> tuple[np.ndarray, list[Words]]:
        missing = [text for text in texts if text not in self._vectors]
        fresh = dict(zip(missing, zip(*self._model.embed_words(missing), strict=True), strict=True)) if missing else {}
        found = [self._vectors[text] if text in self._vectors else fresh[text] for text in texts]
        return np.stack([row for row, _ in found]), [words for _, words in found]


def measured(conversation: Mapping, vectors: Mapping[str, Encoded]) -> list[tuple[str, dict[str, dict[str, float]]]]:
    """(category, the measures of each way) of every question."""
    sessions = {turn["id"]: str(turn["session"]) for turn in conversation["turns"]}
    messages = messages_of(conversation)
    now = max(message["at"] for _, message in messages if "at" in message) + timedelta(days=1)
    with MemOS.open("memory:", embedder=Known(vectors), worker="none") as memory:
        session = memory.as_user("eval")
        cubes = session.add([message for _, message in messages]).cubes
        memory.drain()
        turns = {cube.id: turn for cube, (turn, _) in zip(cubes, messages, strict=True)}
        return [(str(row["cat"]), _both(session, row, now, turns, sessions)) for row in conversation["qa"] if row["ev"]]


def _both(session, row: Mapping, now: datetime, turns: Mapping[str, str], sessions: Mapping[str, str]) -> dict[str, dict[str, float]]:
    found = {"search": session.search(row["q"], limit=LIMIT).hits, "ask": _asked(session, row["q"], now)}
    return {way: score([turns[hit.cube.id] for hit in hits], row["ev"], sessions) for way, hits in found.items()}


def _asked(session, question: str, now: datetime) -> tuple:
    """The hits of a question in words, of all steps where it is taken for several; none where it is refused."""
    try:
        reply = session.ask(question, limit=LIMIT, now=now)
    except MemOSError as error:
        print(f"refused: {question!r}: {error.message[:80]}")
        return ()
    return reply.hits


def table(rows: Sequence[tuple[str, Mapping[str, Mapping[str, float]]]]) -> str:
    """One line a category: questions, R@10 and MRR of both ways."""
    lines = [f"{'category':28s} {'n':>4s} " + " ".join(f"{measure + ' ' + way:>14s}" for measure in ("R@10", "MRR") for way in WAYS)]
    for category in [*sorted({each for each, _ in rows}), "all"]:
        chosen = [found for each, found in rows if each == category or (category == "all" and each != ADVERSARIAL)]
        means = {way: average([found[way] for found in chosen]) for way in WAYS}
        shown = " ".join(f"{means[way][measure]:14.2f}" for measure in ("R@10", "MRR") for way in WAYS)
        lines.append(f"{category:28s} {len(chosen):4d} {shown}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="*", type=Path)
    parser.add_argument("--cache", type=Path, help="a folder in which vectors are kept between runs")
    given = parser.parse_args()
    for conversations in sets(given.sets):
        vectors = embedded(conversations, given.cache)
        print(table([row for conversation in conversations for row in measured(conversation, vectors)]), flush=True)


if __name__ == "__main__":
    main()
