"""Order: the rows of a lane as they were said, session by session, so that a turn's neighbours stand beside it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from memos.operation.memoperator.growing import OBJECT

APART = np.iinfo(np.int64).max
"""The session of what was said in none; such rows come last, as they came in."""
_ONE_BY_ONE = 256


class SaidOrder:
    """Rows sorted by (session, ordinal, row). Arrays are replaced, never changed, so that a reader may keep them."""

    def __init__(self) -> None:
        self.rows = np.empty(0, np.int64)
        self._sessions = np.empty(0, np.int64)
        self._ordinals = np.empty(0, np.int64)

    @property
    def nbytes(self) -> int:
        """The room that it takes."""
        return 3 * self.rows.nbytes + 3 * OBJECT

    def extend(self, sessions: NDArray[np.integer], ordinals: NDArray[np.integer]) -> None:
        """Take in the next rows: their session codes, negative for none, and their ordinals."""
        first = len(self.rows)
        rows = np.arange(first, first + len(sessions))
        apart = sessions < 0
        keys = np.where(apart, APART, sessions), np.where(apart, rows, ordinals)
        if len(rows) <= _ONE_BY_ONE:
            self._insert(*keys, rows)
        else:
            self._sort(*(np.concatenate(pair) for pair in zip((self._sessions, self._ordinals, self.rows), (*keys, rows), strict=True)))

    def _sort(self, sessions: NDArray[np.int64], ordinals: NDArray[np.int64], rows: NDArray[np.int64]) -> None:
        order = np.lexsort((rows, ordinals, sessions))
        self._sessions, self._ordinals, self.rows = sessions[order], ordinals[order], rows[order]

    def _insert(self, sessions: NDArray[np.int64], ordinals: NDArray[np.int64], rows: NDArray[np.int64]) -> None:
        order = np.lexsort((rows, ordinals, sessions))
        places = [self._place(session, ordinal) for session, ordinal in zip(sessions[order], ordinals[order], strict=True)]
        self._sessions = np.insert(self._sessions, places, sessions[order])
        self._ordinals = np.insert(self._ordinals, places, ordinals[order])
        self.rows = np.insert(self.rows, places, rows[order])

    def _place(self, session: np.int64, ordinal: np.int64) -> int:
        start, end = self._sessions.searchsorted(session, "left"), self._sessions.searchsorted(session, "right")
        return int(start + self._ordinals[start:end].searchsorted(ordinal, "right"))
