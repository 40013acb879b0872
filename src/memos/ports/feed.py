"""Feed: the rows of a namespace as a store tells them to those who keep arrays of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

OPEN = 2**63 - 1
"""The `seq_end` of a row that is still valid."""


@dataclass(frozen=True, slots=True)
class Feed:
    """Rows of one namespace that changed after a stamp; times are microseconds since 1970, None absent.

    Each of `rows` describes one version row; `vectors` are those of `contents` that came since. Chunks of one feed come in order of the
    row's seq.
    The last chunk alone carries `ended` and a new `stamp`, up to which the namespace is then known; those before it repeat the stamp
    asked for.
    """

    namespace: str
    stamp: int
    rows: tuple[FeedRow, ...]
    ended: tuple[tuple[int, int], ...]
    """(row, seq_end) of rows, old and new, that were closed after the stamp asked for.

    A row left the namespace when it has no successor here.
    """
    contents: NDArray[np.int64]
    """The contents whose vectors follow, shape (m,)."""
    vectors: NDArray[np.float32]
    """Shape (m, d)."""
    inherited: tuple[str, ...] = ()
    """`right:principal` entries in force for every row of the namespace now, beside the row's own; they replace those of earlier feeds."""


class FeedRow(NamedTuple):
    """One version row with its term row. `row` and `uid` are the store's integers; `hashes` uint64 of the terms."""

    row: int
    uid: int
    id: str
    content: int
    seq: int
    seq_end: int
    branch: str
    state: str
    type: str
    frozen: bool
    layer: str
    owner: str
    acl: tuple[str, ...]
    """`right:principal`, e.g. `read:user:bob`, of the memory's own list; what the namespace adds stands in `Feed.inherited`."""
    sensitivity: str
    priority: int
    tags: tuple[str, ...]
    """The key of each tag, `name` or `name=value`, sorted, whether users set it or it is predicted."""
    tagged: bool
    """Whether users have set one of them."""
    speaker: str | None
    role: str | None
    session: str | None
    ordinal: int | None
    said_at: int
    created_at: int
    updated_at: int
    valid_from: int | None
    valid_to: int | None
    expires_at: int | None
    metadata: str
    """A JSON object."""
    hashes: bytes
    """uint64, little endian."""
    counts: bytes
    """uint16 a term, little endian, in the order of `hashes`."""
    length: int
    flags: int
