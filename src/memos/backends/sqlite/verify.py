"""Verify: whether what a ChangeSet was computed from still holds, under the write lock."""

from __future__ import annotations

from collections.abc import Collection

from pydantic_core import to_json

from memos.backends.sqlite.known import Known
from memos.backends.sqlite.rows import id_bytes
from memos.backends.sqlite.sight import Sight
from memos.errors import VersionConflict
from memos.memcube.change import Fence, ReadSet, Underived


def conflict(what: str, **details: object) -> VersionConflict:
    """The error of who came second."""
    return VersionConflict(f"{what}; read again and retry", **details)


def verify_reads(known: Known, tid: int, sight: Sight, reads: ReadSet) -> None:
    """VersionConflict unless every version, namespace and policy read is still the one that stands."""
    for cube_id, expected in reads.versions.items():
        found = standing_seq(known, tid, sight, cube_id)
        if found != expected:
            raise conflict(f"the memory {cube_id} has changed", id=cube_id, expected=expected, found=found)
    for path, expected in reads.namespaces.items():
        found = known.one("last_seq", tid, path) or 0
        if found != expected:
            raise conflict(f"the namespace {path} has changed", namespace=path, expected=expected, found=found)
    if reads.policy_epoch is not None and reads.policy_epoch != known.epoch:
        raise conflict("the policies have changed", expected=reads.policy_epoch, found=known.epoch)
    if reads.underived is not None:
        _verify_underived(known, tid, reads.underived)


def _verify_underived(known: Known, tid: int, reads: Underived) -> None:
    sources = None if reads.sources is None else to_json([id_bytes(each).hex() for each in reads.sources]).decode()
    if known.one("derived_since", reads.after, tid, sources) is not None:
        raise conflict("something was derived of a memory that changes", after=reads.after)


def standing_seq(known: Known, tid: int, sight: Sight, cube_id: str) -> int:
    """The seq of the row of a memory that is seen now, 0 when none is."""
    uid = known.one("cube", id_bytes(cube_id), tid)
    row = None if uid is None else known.row_of("standing", sight.versions, uid)
    return 0 if row is None else int(row[2])


def verify_fence(known: Known, fence: Fence) -> None:
    """VersionConflict when another worker has been elected since."""
    found = known.one("fence", fence.worker)
    if found != fence.number:
        raise conflict(f"another {fence.worker} was elected", worker=fence.worker, expected=fence.number, found=found)


def verify_fact(known: Known, sight: Sight, fact: tuple[int, bytes, str], written: Collection[int]) -> None:
    """VersionConflict when a memory that this change has not `written` stands for this fact: namespace, keyed text, owner."""
    for (other,) in known.rows_of("fact", sight.versions, *fact):
        if other not in written:
            raise conflict("an equal fact stands in the namespace", fact=True)


def verify_turn(known: Known, sight: Sight, turn: tuple[int, str, int], written: Collection[int]) -> None:
    """VersionConflict when a memory that this change has not `written` is this turn: namespace, session, ordinal."""
    for (other,) in known.rows_of("turn", sight.versions, *turn):
        if other not in written:
            raise conflict(f"the session has a turn {turn[2]}", ordinal=turn[2])
