"""Sessions: where the long ones of a scope lie among its blocks."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Places = NDArray[np.int64]


class LongSessions(NamedTuple):
    """The sessions of more than a block of memories, and where they lie among the blocks."""

    numbers: Places
    spans: Places
    """The first block of each and that after its last, in turn."""
    heads: Places
    """The blocks that begin within one, and which it is."""
    of_heads: Places
    tails: Places
    """The blocks that end within one, and which it is."""
    of_tails: Places


def long_sessions(sessions: Places, starts: Places, ends: Places, block: int) -> LongSessions:
    """Those of more than a block of memories, from the session of each position and where each session begins and ends."""
    numbers = np.flatnonzero(ends - starts > block)
    spans = np.stack([starts[numbers] // block, (ends[numbers] - 1) // block + 1], axis=1).ravel()
    firsts = np.arange(0, len(sessions), block)
    lasts = np.minimum(firsts + block, len(sessions)) - 1
    index = np.full(len(starts), -1)
    index[numbers] = np.arange(len(numbers))
    of_heads, of_tails = index[sessions[firsts]], index[sessions[lasts]]
    heads, tails = np.flatnonzero(of_heads >= 0), np.flatnonzero(of_tails >= 0)
    return LongSessions(numbers, spans, heads, of_heads[heads], tails, of_tails[tails])
