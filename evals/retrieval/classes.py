"""Make how the default model reads the members of classes: `python -m evals.retrieval.classes`. The same list gives the same."""

import numpy as np

from evals.retrieval.data import ROOT
from memos.backends.onnx import MiniLM
from memos.operation.memoperator.classes import READ, classes
from memos.operation.memoperator.vectors import encode

OUT = ROOT / "src" / "memos" / "operation" / "memoperator" / READ


def read(model: MiniLM) -> np.ndarray:
    """A unit row for each member, the mean of its words', shape (members, w)."""
    _, told = model.embed_words(classes().members)
    rows = np.stack([words.rows.mean(axis=0) for words in told])
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def main() -> None:
    """Write codes and the model's name."""
    model = MiniLM()
    codes, _ = encode(read(model))
    np.savez(OUT, codes=codes, reader=np.array(model.name))
    print(f"wrote {OUT}, {len(codes)} members of {len(classes().of)} terms")


if __name__ == "__main__":
    main()
