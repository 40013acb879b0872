"""Vectors: unit rows kept as int8, scanned exactly. A cosine from codes is within about 0.005 of that from float32."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_GATHER = 4  # reading rows one by one costs about four times as much as reading all in order


class Codes:
    """int8 codes of vectors and the factor that makes each a unit row; grows, never changes what it has handed out as a slot."""

    def __init__(self) -> None:
        self._codes = np.empty((0, 0), np.int8)
        self._scales = np.empty(0, np.float32)
        self.count = 0

    def __copy__(self) -> Codes:
        """Codes that go on by themselves: what is put there is kept in an array of their own."""
        other = Codes()
        (other._codes, other._scales), other.count = self.all(), self.count
        return other

    def put(self, rows: NDArray[np.float32]) -> range:
        """Keep rows of shape (m, d), in slots of their own."""
        slots = range(self.count, self.count + len(rows))
        if slots.stop > len(self._scales):
            self._grow(max(slots.stop, len(self._scales) * 3 // 2), rows.shape[1])
        self._codes[slots.start : slots.stop], self._scales[slots.start : slots.stop] = encode(rows)
        self.count = slots.stop
        return slots

    def _grow(self, capacity: int, width: int) -> None:
        codes, scales = np.empty((capacity, width), np.int8), np.empty(capacity, np.float32)
        if self.count:
            codes[: self.count], scales[: self.count] = self._codes[: self.count], self._scales[: self.count]
        self._codes, self._scales = codes, scales

    @property
    def nbytes(self) -> int:
        """The room that it takes, also that for what is put later."""
        return self._codes.nbytes + self._scales.nbytes

    def all(self) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
        """The codes (n, d) and scales (n,) so far; later rows do not disturb them."""
        return self._codes[: self.count], self._scales[: self.count]


def encode(rows: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Codes in [-127, 127] by each row's largest component, and 1 over the length of each row of codes; a zero row has scale 0."""
    largest = np.abs(rows).max(axis=1, initial=0.0)
    codes = np.rint(rows * (127 / np.where(largest > 0, largest, 1))[:, None]).astype(np.int8)
    lengths = np.sqrt(np.einsum("ij,ij->i", codes, codes, dtype=np.float32))
    return codes, np.where(lengths > 0, 1 / np.maximum(lengths, 1), 0).astype(np.float32)


def _encoded(query: NDArray[np.float32]) -> tuple[NDArray[np.int8], float]:
    """The same of one vector, for a third of the time."""
    largest = float(np.abs(query).max(initial=0))
    codes = np.rint(query * np.float32(127 / largest if largest > 0 else 127)).astype(np.int8)
    whole = codes.astype(np.float32)
    length = float(np.sqrt(whole @ whole))
    return codes[None], 1 / max(length, 1) if length > 0 else 0.0


def cosines(
    query: NDArray[np.float32], codes: NDArray[np.int8], scales: NDArray[np.float32], out: NDArray[np.float32] | None = None
) -> NDArray[np.float32]:
    """The cosine of a query (d,) with every row of codes, float32 (n,)."""
    import numkong

    if not len(codes):
        return np.empty(0, np.float32)
    asked, scale = _encoded(query)
    dots = np.asarray(numkong.cdist(asked, codes, metric="dot", out_dtype="float32"))[0]
    found: NDArray[np.float32] = np.multiply(dots, scales, out=out)
    found *= np.float32(scale)
    return found


def cosines_at(
    query: NDArray[np.float32], codes: NDArray[np.int8], scales: NDArray[np.float32], slots: NDArray[np.int64]
) -> NDArray[np.float32]:
    """The cosines with the rows in some slots, in their order; reads only those when they are few."""
    if len(slots) * _GATHER < len(codes):
        return cosines(query, codes.take(slots, axis=0), scales.take(slots))
    return cosines(query, codes, scales).take(slots)
