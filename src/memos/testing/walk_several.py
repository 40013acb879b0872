"""Several steps of a walk that are committed as one, each drawn as if those before it were through."""

from __future__ import annotations

from dataclasses import replace

from memos.errors import MemOSError
from memos.memcube.change import ChangeSet, ReadSet
from memos.memcube.staged import STAGED
from memos.testing.model import ModelAdapter
from memos.testing.walk import Walk

MOST = 4


def several(walk: Walk) -> list[tuple[ChangeSet, ReadSet]]:
    """Changes of every kind but vectors that come later, whose contents have no number yet; the last may be one that is refused."""
    model, drawn = walk.model, list[tuple[ChangeSet, ReadSet]]()
    scratch = ModelAdapter(model.dimensions)
    scratch.state = model.state.copied()
    walk.model = scratch
    try:
        for _ in range(walk.random.randint(1, MOST)):
            change, reads = walk.step()
            change = replace(change, fills=())
            drawn.append((_staged_change(change, model.state.head), _staged_reads(reads, model.state.head)))
            scratch.commit(change, reads)
    except MemOSError:
        pass  # which both stores must refuse
    finally:
        walk.model = model
    return drawn


def staged_seq(seq: int, head: int) -> int:
    """What stands for the seq of a commit that is not made yet."""
    return STAGED + seq - head - 1 if seq > head else seq


def _staged_change(change: ChangeSet, head: int) -> ChangeSet:
    likes = ((write, write.like) for write in change.writes)
    writes = (write if like is None else replace(write, like=staged_seq(like, head)) for write, like in likes)
    return replace(change, writes=tuple(writes))


def _staged_reads(reads: ReadSet, head: int) -> ReadSet:
    return replace(reads, versions={cube_id: staged_seq(seq, head) for cube_id, seq in reads.versions.items()})
