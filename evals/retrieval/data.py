"""Data: the sets that weights are fitted to, and their vectors, kept in a folder so that the model runs once."""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np

from evals.retrieval.fitting import Encoded, Example, examples, spoken
from memos.backends.onnx import MiniLM
from memos.backends.word_vectors import _basis
from memos.memcube.vector import Words
from memos.testing.retrieval_eval import load

ROOT = Path(__file__).resolve().parents[2]
SHARED = [ROOT.parent / "shared" / "data" / name for name in ("locomo_dev.json.gz", "beam_dev.json.gz")]
SHIPPED = [ROOT / "evals" / "data" / "harbour.json"]
ADVERSARIAL = "5"
"""Questions about what nobody said: their evidence names another person, and would teach that names mean nothing."""


def sets(paths: Sequence[Path] = ()) -> list[list[dict]]:
    """The conversations of each set named, by default of those beside the repository, or of the one that it ships."""
    return [load(path) for path in paths or (SHARED if all(path.exists() for path in SHARED) else SHIPPED)]


def embedded(conversations: Sequence[dict], cache: Path | None) -> dict[str, Encoded]:
    """The vector of every turn, as it is embedded, and of every question, each with its words."""
    texts = list(dict.fromkeys(text for each in conversations for text in [*map(spoken, each["turns"]), *(row["q"] for row in each["qa"])]))
    model = MiniLM()
    name = sha256("\0".join([model.name, str(_basis()), *texts]).encode()).hexdigest()[:16]
    path = cache / f"{name}.npz" if cache else None
    if path is not None and path.exists():
        return dict(zip(texts, _kept(path), strict=True))
    rows, words = [], []
    for start in range(0, len(texts), 256):
        found = model.embed_words(texts[start : start + 256])
        rows, words = [*rows, *found[0]], [*words, *found[1]]
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        spans, counts = (
            np.concatenate([np.array(each.spans, np.int32).reshape(-1, 2) for each in words]),
            [len(each.spans) for each in words],
        )
        np.savez(path, rows=rows, spans=spans, counts=counts, words=np.concatenate([each.rows for each in words]))
    return dict(zip(texts, zip(rows, words, strict=True), strict=True))


def _kept(path: Path) -> list[Encoded]:
    with np.load(path) as kept:
        ends = kept["counts"].cumsum()[:-1]
        words = [
            Words(tuple((int(start), int(end)) for start, end in spans), rows)
            for spans, rows in zip(np.split(kept["spans"], ends), np.split(kept["words"], ends), strict=True)
        ]
        return list(zip(kept["rows"], words, strict=True))


def all_examples(conversations: Sequence[dict], cache: Path | None, *, dense: bool) -> list[Example]:
    """The questions of a set."""
    vectors = embedded(conversations, cache) if dense else None
    return [example for each in conversations for example in examples(each, vectors)]


def for_training(found: Sequence[Example], held_out: frozenset[str] = frozenset()) -> list[Example]:
    """Those that weights may be fitted to."""
    return [example for example in found if example.category != ADVERSARIAL and example.conversation not in held_out]
