"""Version rows without a store: what a feed would say of a cube."""

import json

from memos.memcube.fields import microseconds
from memos.memcube.matching import acl_entries
from memos.ports.feed import OPEN, FeedRow


def feed_row(cube, row, *, uid=None, seq=1, seq_end=OPEN, branch="", ascii=False):
    """The row of a cube; `ascii` is how the metadata is written."""
    times = {name: getattr(cube, name) for name in ("said_at", "created_at", "updated_at", "valid_from", "valid_to")}
    return FeedRow(
        row=row,
        uid=row if uid is None else uid,
        id=cube.id,
        content=row,
        seq=seq,
        seq_end=seq_end,
        branch=branch,
        state=cube.state.value,
        type=cube.type.value,
        frozen=cube.frozen,
        layer=cube.layer.value,
        owner=cube.owner,
        acl=tuple(sorted(acl_entries(cube))),
        sensitivity=cube.policy.sensitivity,
        priority=cube.policy.priority,
        tags=tuple(tag.key for tag in cube.tags),
        tagged=bool(cube.own_tags),
        speaker=cube.speaker,
        role=cube.role,
        session=cube.session,
        ordinal=cube.ordinal,
        expires_at=cube.policy.expires_at and microseconds(cube.policy.expires_at),
        metadata=json.dumps(cube.metadata, ensure_ascii=ascii) if cube.metadata else "",
        hashes=b"",
        counts=b"",
        length=row,
        flags=0,
        **{name: when and microseconds(when) for name, when in times.items()},
    )
