"""What the benchmarks run on: real turns and real questions, with the vectors of the default embedder, computed once and kept."""

import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from evals.encoded import Encoded, encoded
from memos.ports.models import embedding_input

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "data"
SHIPPED = ROOT / "evals" / "data" / "harbour.json"
Vectors = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Corpus:
    """Turns in file order and questions; a vector a row for each."""

    name: str
    turns: list[dict[str, Any]]
    questions: list[str]
    turn_vectors: Vectors
    question_vectors: Vectors
    known: dict[str, Encoded]
    """The same vectors by the text that was embedded, with its words."""

    def turn(self, index: int) -> dict[str, Any]:
        """The turn at an index, the whole repeated as often as needed."""
        return self.turns[index % len(self.turns)]

    def vectors(self, size: int) -> Vectors:
        """The vectors of the first `size` turns, the whole repeated."""
        return self.turn_vectors[np.arange(size) % len(self.turns)]


def conversations() -> tuple[str, list[dict[str, Any]]]:
    """The development sets where they are at hand, else what the repository ships."""
    found = [path for path in (SHARED / "locomo_dev.json.gz", SHARED / "beam_dev.json.gz") if path.is_file()]
    if not found:
        return "the shipped conversations", json.loads(SHIPPED.read_text(encoding="utf-8"))
    return "LoCoMo dev and BEAM dev", [one for path in found for one in json.loads(gzip.decompress(path.read_bytes()))]


def load(cache: Path) -> Corpus:
    """The corpus; its vectors come from `cache` when they were computed before."""
    name, loaded = conversations()
    turns = [{**turn, "session": f"{one['id']}-{turn['session']}"} for one in loaded for turn in one["turns"]]
    questions = list(dict.fromkeys(question["q"] for one in loaded for question in one["qa"]))
    texts = [embedding_input(turn["speaker"], body(turn)) for turn in turns]
    known = encoded([*texts, *questions], cache)
    return Corpus(name, turns, questions, *(np.stack([known[text][0] for text in some]) for some in (texts, questions)), known)


def body(turn: dict[str, Any]) -> str:
    """A turn's text, then its caption in brackets where it has one."""
    return f"{turn['text']} [{turn['caption']}]" if turn["caption"] else turn["text"]
