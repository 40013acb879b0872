"""Allowances: how much may stand, verified within the transaction that writes.

What stands is counted once, and from then on by the rows that came since: a row counts, and the one that it took the place of counts no
more. Where rows went without a successor (purged, erased, of a closed branch) all is counted anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from memos.backends.sqlite.known import Stored
from memos.backends.sqlite.named import statements
from memos.errors import QuotaExceeded
from memos.memcube.change import Allowance

if TYPE_CHECKING:
    from memos.backends.sqlite.commit import Commit

SQL = statements("allowances")
Owners = Mapping[str, tuple[int, int]]
NONE = 0, 0


def require_allowed(commit: Commit) -> None:
    """QuotaExceeded when more stands than is allowed, and more than stood before this commit. Called when its versions are written."""
    known = commit.known.stored.get(commit.tid)
    if known is None or _began_anew(commit, known):
        known = _counted(commit)
    earlier, came = _since(commit, known.row)
    before = _sum(known.owners, earlier)
    commit.known.stored[commit.tid] = Stored(commit.known.seq, commit.known.hash, commit.known.row - commit.versions, before)
    for allowance in commit.change.allowances:
        stood, fresh = _of(before, allowance.owner), _of(came, allowance.owner)
        for what, limit, count, more in zip(("memories", "bytes"), (allowance.memories, allowance.bytes), stood, fresh, strict=True):
            if limit is not None and more > 0 and count + more > limit:
                raise _exceeded(allowance, f"{limit:,} {what}", count, more)


def _exceeded(allowance: Allowance, limit: str, count: int, more: int) -> QuotaExceeded:
    whose = "of yours" if allowance.owner is not None else "of this tenant"
    return QuotaExceeded(
        f"the quota {allowance.name!r} allows {limit} {whose}; {count:,} stand, and this call would add {more:,}: forget what is not"
        " needed, or have the quota raised",
        quota=allowance.name, limit=limit, stored=count,
    )  # fmt: skip


def _of(owners: Owners, owner: str | None) -> tuple[int, int]:
    if owner is not None:
        return owners.get(owner, NONE)
    return sum(count for count, _ in owners.values()), sum(size for _, size in owners.values())


def _sum(owners: Owners, more: Owners) -> Owners:
    if not more:
        return owners
    summed = dict(owners)
    for owner, (count, size) in more.items():
        stood = summed.get(owner, NONE)
        summed[owner] = stood[0] + count, stood[1] + size
    return summed


def _counted(commit: Commit) -> Stored:
    """What stood at the commit before this one, counted row by row."""
    found = commit.connection.execute(SQL["stored"], (commit.tid, commit.seq, commit.seq))
    owners = {owner: (count, size) for owner, count, size in found}
    return Stored(commit.known.seq, commit.known.hash, commit.known.row - commit.versions, owners)


def _began_anew(commit: Commit, known: Stored) -> bool:
    """Whether what was counted is of a history that was undone, or rows went without a successor since."""
    found = commit.connection.execute(SQL["went"], (commit.tid, known.seq, known.seq))
    chain, went = next(found, (None, 1))
    return bool(went) or (known.seq > 0 and chain != known.chain)


def _since(commit: Commit, row: int) -> tuple[Owners, Owners]:
    """What the rows after a row changed, by owner: those before this commit, and its own."""
    asked = {"row": row, "tid": commit.tid, "seq": commit.seq}
    changed: tuple[dict[str, tuple[int, int]], ...] = {}, {}
    for own, owner, count, size in commit.connection.execute(SQL["since"], asked):
        changed[own][owner] = count, size
    return changed[0], changed[1]
