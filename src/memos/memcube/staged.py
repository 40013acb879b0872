"""Staged: how changes that are committed together name what those before them write, while none of them has a seq."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from memos.errors import InvalidCall
from memos.memcube.change import ChangeSet, ReadSet
from memos.memcube.cube import MemCube

STAGED = 2**62
"""`STAGED + i` stands for the seq that the i-th of several changes will get, from 0; no commit has so high a number."""


def settled(seq: int, seqs: Sequence[int]) -> int:
    """A seq, with that of a change in place of one that stood for it; `seqs` are those of the changes that are through.

    InvalidCall for one that stands for a change that is not.
    """
    if seq < STAGED:
        return seq
    if seq - STAGED >= len(seqs):
        raise InvalidCall(f"a change names what number {seq - STAGED} of those committed with it writes, which does not come before it")
    return seqs[seq - STAGED]


def settled_change(change: ChangeSet, seqs: Sequence[int]) -> ChangeSet:
    """A change whose writes name rows of earlier ones by the seqs that these got."""
    if not any(write.like is not None and write.like >= STAGED for write in change.writes):
        return change
    writes = (write if write.like is None else replace(write, like=settled(write.like, seqs)) for write in change.writes)
    return replace(change, writes=tuple(writes))


def settled_reads(reads: ReadSet, seqs: Sequence[int]) -> ReadSet:
    """What a change rests on, with the seqs that those before it got."""
    if max(reads.versions.values(), default=0) < STAGED:
        return reads
    return replace(reads, versions={cube_id: settled(seq, seqs) for cube_id, seq in reads.versions.items()})


def settled_cube(cube: MemCube, seqs: Sequence[int]) -> MemCube:
    """A memory with the seq that its row got."""
    return cube.model_copy(update={"seq": settled(cube.seq, seqs)}) if cube.seq >= STAGED else cube
