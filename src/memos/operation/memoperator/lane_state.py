"""State: a lane as one reader sees it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from memos.operation.memoperator import bm25
from memos.operation.memoperator.coarse import Coarse
from memos.operation.memoperator.late import WordCodes

Mask = NDArray[np.bool_]


class State(NamedTuple):
    """A lane as one reader sees it: arrays over its rows that no later refresh disturbs, and who may read which."""

    version: object
    """Another one after each change."""
    rows: NDArray[np.int64]
    ids: NDArray[np.int32]
    """Codes of `id_values`."""
    id_values: Sequence[str]
    id_code: Callable[[str], int]
    """The code of an id, -1 for one that is not here."""
    order: NDArray[np.int64]
    said_at: NDArray[np.int64]
    ordinals: NDArray[np.int64]
    """`ABSENT` for what is no turn."""
    priorities: NDArray[np.int64]
    valid_to: NDArray[np.int64]
    """When what is said ceased to hold, `ABSENT` where it holds."""
    sessions: NDArray[np.int64]
    """Codes, negative for what was said in no session."""
    speakers: NDArray[np.int32]
    """Codes of `speaker_names`."""
    speaker_names: Sequence[str | None]
    flags: NDArray[np.int64]
    lengths: NDArray[np.int64]
    segments: tuple[bm25.Segment, ...]
    slots: NDArray[np.int64]
    codes: NDArray[np.int8]
    scales: NDArray[np.float32]
    contents: NDArray[np.int64]
    """The store's number of each text."""
    words: WordCodes
    coarse: Coarse | None
    """Which vectors lie near each other, where there are very many and all that the View shows is allowed: lists tell of all."""
    allowed: Mask
    """The rows that the View shows and the grant allows."""
    passing: Mask
    """Those of them that the query's filter lets through."""
