"""Growing: an array that is appended to; amortised constant time an item."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

FIRST = 4
"""Items there is room for at first: a lane has some thirty arrays, and most users have few memories."""

OBJECT = 144
"""About what the objects take that stand around an array, in bytes: the array's own, this one, and the view that was taken last."""


class Growing:
    """An array of one dimension. One writer appends while readers read: `array`, once taken, is not disturbed by what is appended later."""

    __slots__ = ("_array", "n")

    def __init__(self, dtype: DTypeLike) -> None:
        self._array: NDArray[Any] = np.empty(FIRST, dtype)
        self.n = 0

    def __copy__(self) -> Growing:
        """One that goes on by itself: what is appended to it is written into an array of its own."""
        other = type(self)(self._array.dtype)
        other.replace(self._array[: self.n])
        return other

    def extend(self, values: Sequence[Any] | NDArray[Any]) -> None:
        """Append all the values."""
        end = self.n + len(values)
        if end > len(self._array):
            larger = np.empty(max(end, 2 * len(self._array)), self._array.dtype)
            larger[: self.n] = self._array[: self.n]
            self._array = larger
        self._array[self.n : end] = values
        self.n = end

    def replace(self, array: NDArray[Any]) -> None:
        """Hold this array instead; what was taken before stays as it was."""
        self._array, self.n = array, len(array)

    @property
    def nbytes(self) -> int:
        """The room that it takes, also that for what is appended later."""
        return OBJECT + self._array.nbytes

    @property
    def array(self) -> NDArray[Any]:
        """What has been appended, without a copy."""
        return self._array[: self.n]
