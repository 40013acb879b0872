"""Make the directions in which word vectors are kept: `python -m evals.retrieval.words`.

The texts that the repository ships always give the same.
"""

import json

import numpy as np

from evals.retrieval.data import ROOT, SHIPPED
from evals.retrieval.fitting import spoken
from memos.backends.onnx import MiniLM
from memos.backends.word_vectors import FILE, WIDTH, pooled
from memos.operation.memoperator.analysis import query_terms
from memos.testing.retrieval_eval import load

OUT = ROOT / "src" / "memos" / "backends" / FILE
SENTENCES = ("personal.jsonl", "supersession.jsonl", "supersession_more.jsonl")
"""Shipped files whose lines hold short texts."""


def texts() -> list[str]:
    """All that the repository ships of what people say, in order, none twice."""
    found = [text for path in SHIPPED for each in load(path) for text in [*map(spoken, each["turns"]), *(row["q"] for row in each["qa"])]]
    for name in SENTENCES:
        lines = (ROOT / "evals" / "data" / name).read_text(encoding="utf-8").splitlines()
        found += [value for line in lines for value in json.loads(line).values() if isinstance(value, str) and " " in value]
    return list(dict.fromkeys(found))


def states(model: MiniLM, said: list[str]) -> np.ndarray:
    """The pooled states of all words that say something, shape (words, 384)."""
    _, encodings, found = model._run(said, keep=True)
    kept = []
    for text, encoding, each in zip(said, encodings, found, strict=True):
        spans, means = pooled(encoding, each)
        kept.append(means[[bool(query_terms(text[start:end])) for start, end in spans]])
    return np.concatenate(kept).astype(np.float64)


def main() -> None:
    """Write mean and directions, each direction with its largest component positive."""
    rows = states(MiniLM(), texts())
    mean = rows.mean(axis=0)
    _, vectors = np.linalg.eigh(np.cov(rows - mean, rowvar=False))
    directions = vectors.T[::-1][:WIDTH]
    directions *= np.sign(directions[np.arange(WIDTH), np.abs(directions).argmax(axis=1)])[:, None]
    np.save(OUT, np.vstack([mean, directions]).astype(np.float16), allow_pickle=False)
    print(f"wrote {OUT} from {len(rows):,} words")


if __name__ == "__main__":
    main()
