"""Rows that are staged, as a feed tells them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json

from memos.infrastructure.memvault.staging import Content, Staged
from memos.memcube.fields import microseconds
from memos.memcube.matching import acl_entries
from memos.memcube.state import State
from memos.ports.adapter import View
from memos.ports.feed import OPEN, FeedRow

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray

COLD = frozenset({State.ARCHIVED, State.EXPIRED})
"""Memories in these states have feeds of their own."""
MOST = 65535
"""What a larger count of a term counts."""
Told = dict[tuple[str, int | None], FeedRow]
"""Rows of a store by (id, seq), as `View.rows` gives them."""


def told(each: Staged, view: View, under: Told) -> FeedRow:
    """The last staged row of a memory, valid from the View's last commit on. `under` are the rows that it replaces, or is like."""
    cube, standing = each.cube, under.get((each.cube.id, None))
    policy = cube.policy
    return FeedRow(
        row=each.number,
        uid=each.uid if each.uid is not None or standing is None else standing.uid,  # type: ignore[arg-type]
        id=cube.id,
        seq=view.head,
        seq_end=OPEN,
        branch=view.branch,
        state=str(cube.state),
        type=cube.type,
        frozen=cube.frozen,
        layer=str(cube.layer),
        owner=policy.owner,
        acl=tuple(sorted(acl_entries(cube))),
        sensitivity=policy.sensitivity,
        priority=policy.priority,
        tags=tuple(sorted({tag.key for tag in cube.tags})),
        tagged=bool(cube.own_tags),
        speaker=cube.speaker,
        role=cube.role,
        session=cube.session,
        ordinal=cube.ordinal,
        said_at=microseconds(cube.said_at),
        created_at=microseconds(cube.created_at),
        updated_at=microseconds(cube.updated_at),
        valid_from=_maybe(cube.valid_from),
        valid_to=_maybe(cube.valid_to),
        expires_at=_maybe(policy.expires_at),
        metadata=to_json(cube.metadata).decode(),
        **_terms(each, view, under),
    )


def _maybe(when: datetime | None) -> int | None:
    return None if when is None else microseconds(when)


def _terms(each: Staged, view: View, under: Told) -> dict[str, Any]:
    """What a row is made of: a staged content's, or that of a row of the store."""
    source = each.source
    if not isinstance(source, Content):
        row = under[each.cube.id, source]
        return {name: getattr(row, name) for name in ("content", "hashes", "counts", "length", "flags")}
    import numpy as np

    terms = source.terms
    counts = np.minimum(np.array(list(terms.counts.values()), np.int64), MOST)
    return {
        "content": source.number,
        "hashes": view.hash_terms(list(terms.counts)).astype("<u8").tobytes(),
        "counts": counts.astype("<u2").tobytes(),
        "length": terms.length,
        "flags": terms.flags,
    }


def stacked(array: NDArray[Any], more: NDArray[Any] | Sequence[Any]) -> NDArray[Any]:
    """An array with further items, or rows, behind its own."""
    import numpy as np

    return np.concatenate([array, np.asarray(more, array.dtype).reshape(-1, *array.shape[1:])]) if len(more) else array
