"""Word vectors: the states of a text's word pieces, as MiniLM computes them anyway, pooled by word and compressed.

A word's vector is the mean of its pieces' states, less the usual state, in the 128 directions in which words differ most
(principal components, Jolliffe 2002), of length 1. Mean and directions lie beside this file; `python -m evals.retrieval.words` makes them.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np

from memos.memcube.vector import Words

if TYPE_CHECKING:
    from numpy.typing import NDArray

WIDTH = 128
FILE = "minilm_words.npy"
"""float16, shape (129, 384): the usual state, then the directions."""


@lru_cache(maxsize=1)
def _basis() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    table = np.load(BytesIO(files(__package__).joinpath(FILE).read_bytes()), allow_pickle=False).astype(np.float32)
    return table[0], np.ascontiguousarray(table[1:].T)


def pooled(encoding: Any, states: NDArray[np.float32]) -> tuple[list[tuple[int, int]], NDArray[np.float32]]:
    """Where each word of a text stands, and the mean of its pieces' states, shape (words, 384)."""
    numbers, offsets = encoding.word_ids, encoding.offsets
    pieces = [place for place, number in enumerate(numbers) if number is not None]
    first = [index for index, place in enumerate(pieces) if not index or numbers[place] != numbers[pieces[index - 1]]]
    if not first:
        return [], np.empty((0, states.shape[1]), np.float32)
    ends = [*first[1:], len(pieces)]
    spans = [(offsets[pieces[start]][0], offsets[pieces[end - 1]][1]) for start, end in zip(first, ends, strict=True)]
    sizes = np.diff([*first, len(pieces)]).astype(np.float32)
    return spans, np.divide(np.add.reduceat(states[pieces], first, axis=0), sizes[:, None], dtype=np.float32)


def words_of(encoding: Any, states: NDArray[np.float32], reader: str = "") -> Words:
    """The words of a text from what the tokenizer made of it and the state of each token; `reader` is the model's name."""
    spans, means = pooled(encoding, states)
    usual, directions = _basis()
    rows = np.matmul(means - usual, directions, dtype=np.float32)
    rows /= np.maximum(np.sqrt(np.einsum("ij,ij->i", rows, rows)), np.float32(1e-9))[:, None]
    rows.flags.writeable = False
    return Words(tuple(spans), rows, reader)
