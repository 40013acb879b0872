"""A deterministic embedder without a model, for tests: similar spellings give near vectors, meaning plays no part."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import numpy as np

from memos.backends._embedding import checked_texts
from memos.errors import InvalidCall
from memos.memcube.normal import normalised

if TYPE_CHECKING:
    from numpy.typing import NDArray

_WORD = re.compile(r"\w+")
_WORD_WEIGHT = 4
_TRIGRAM_WEIGHT = 1
_PERSON = b"memos-hashing-v1"


class HashingEmbedder:
    """Signed feature hashing of words and of their character trigrams (Weinberger et al. 2009, "Feature Hashing for Large Scale
    Multitask Learning").

    The sums are of integers and the divisions are IEEE's, so that vectors are the same to the bit in every process and on every
    platform. A text without a letter or digit gives a row of zeros. `dimensions` is 8 to 65,536.
    """

    def __init__(self, *, dimensions: int = 384) -> None:
        if not 8 <= dimensions <= 65_536:
            raise InvalidCall(f"a hashing embedder has 8 to 65536 dimensions, not {dimensions}")
        self._dimensions = dimensions

    def __repr__(self) -> str:
        return f"HashingEmbedder(dimensions={self._dimensions})"

    @property
    def name(self) -> str:
        """`hashing-v1@<dimensions>`; the version changes whenever a vector would."""
        return f"hashing-v1@{self._dimensions}"

    @property
    def dimensions(self) -> int:
        """The width of a vector."""
        return self._dimensions

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """float32, shape (n, dimensions): unit rows, or zeros for a text without words. InvalidCall for what is no text."""
        checked = checked_texts(texts)
        rows = np.zeros((len(checked), self._dimensions), dtype=np.float32)
        for row, text in zip(rows, checked, strict=True):
            row[:] = self._vector(text)
        return rows

    def _vector(self, text: str) -> NDArray[np.float64]:
        sums = np.zeros(self._dimensions, dtype=np.int64)
        for (feature, weight), count in Counter(_features(text)).items():
            digest = int.from_bytes(blake2b(feature.encode(), digest_size=8, person=_PERSON).digest(), "little")
            sums[(digest >> 1) % self._dimensions] += weight * count * (1 if digest & 1 else -1)
        length = np.sqrt(np.float64(np.dot(sums, sums)))
        return sums / length if length else np.zeros(self._dimensions)


def _features(text: str) -> Iterator[tuple[str, int]]:
    for word in _WORD.findall(normalised("NFKC", text).casefold()):
        yield f"={word}", _WORD_WEIGHT
        padded = f"<{word}>"
        for start in range(len(padded) - 2):
            yield padded[start : start + 3], _TRIGRAM_WEIGHT


def from_url(url: str) -> HashingEmbedder:
    """`hashing` or `hashing://<dimensions>`; InvalidCall for anything else."""
    if url in {"hashing", "hashing://"}:
        return HashingEmbedder()
    parts = urlsplit(url)
    if parts.scheme != "hashing" or not re.fullmatch(r"[0-9]{1,6}", parts.netloc) or parts.path or parts.query or parts.fragment:
        raise InvalidCall(f"{url!r} names no hashing embedder: write hashing, or hashing://384 for 384 dimensions")
    return HashingEmbedder(dimensions=int(parts.netloc))
