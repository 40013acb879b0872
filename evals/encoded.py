"""Encoded: what the default embedder makes of many texts, kept in a folder so that the model runs once."""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np

from memos.backends.onnx import MiniLM
from memos.backends.word_vectors import FILE
from memos.memcube.vector import Words

Encoded = tuple[np.ndarray, Words]
"""A text's vector, and its words."""
BASIS = Path(__file__).resolve().parents[1] / "src" / "memos" / "backends" / FILE


def encoded(texts: Sequence[str], cache: Path | None) -> dict[str, Encoded]:
    """The vector and the words of each text; with a folder they are read from there when these very texts were encoded before."""
    texts, model = list(dict.fromkeys(texts)), MiniLM()
    name = sha256(BASIS.read_bytes() + "\0".join([model.name, *texts]).encode()).hexdigest()[:16]
    path = cache / f"{name}.npz" if cache else None
    if path is None or not path.exists():
        made = _made(model, texts)
        if path is None:
            return dict(zip(texts, made, strict=True))
        keep(path, made)
    return dict(zip(texts, kept(path, model.name), strict=True))


def _made(model: MiniLM, texts: Sequence[str]) -> list[Encoded]:
    made: list[Encoded] = []
    for start in range(0, len(texts), 256):
        made += zip(*model.embed_words(texts[start : start + 256]), strict=True)
    return made


def keep(path: Path, made: Sequence[Encoded]) -> None:
    """Write vectors and words to a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    words = [words for _, words in made]
    np.savez(
        path,
        rows=np.stack([row for row, _ in made]),
        counts=[len(each.spans) for each in words],
        spans=np.concatenate([np.array(each.spans, np.int32).reshape(-1, 2) for each in words]),
        words=np.concatenate([each.rows for each in words]),
    )


def kept(path: Path, reader: str) -> list[Encoded]:
    """The vectors and words of a file, of which `reader` read the words."""
    with np.load(path, allow_pickle=False) as kept:
        ends = kept["counts"].cumsum()[:-1]
        spans, rows = np.split(kept["spans"], ends), np.split(kept["words"], ends)
        words = [Words(tuple(map(tuple, places.tolist())), each, reader) for places, each in zip(spans, rows, strict=True)]
        return list(zip(kept["rows"], words, strict=True))
