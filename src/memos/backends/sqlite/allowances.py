"""Allowances: how much may stand, verified within the transaction that writes.

What stands is counted once, and from then on by the rows that came since: a row counts, and the one that it took the place of counts no
more. Where rows went without a successor (purged, erased, of a closed branch) all is counted anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING

from memos.backends.sqlite.known import Stored
from memos.backends.sqlite.named import statements
from memos.errors import QuotaExceeded

if TYPE_CHECKING:
    from memos.backends.sqlite.commit import Commit

SQL = statements("allowances")
Owners = Mapping[str, tuple[int, int]]


def require_allowed(commit: Commit) -> None:
    """QuotaExceeded when more stands than is allowed, and more than stood before this commit. Called when its versions are written."""
    before = _stored(commit)
    commit.known.stored[commit.tid] = before
    came = _since(commit, before.row, commit.seq)
    for allowance in commit.change.allowances:
        stood, fresh = _of(before.owners, allowance.owner), _of(came, allowance.owner)
        for what, limit, count, more in zip(("memories", "bytes"), (allowance.memories, allowance.bytes), stood, fresh, strict=True):
            if limit is not None and more > 0 and count + more > limit:
                whose = "of yours" if allowance.owner is not None else "of this tenant"
                raise QuotaExceeded(
                    f"the quota {allowance.name!r} allows {limit:,} {what} {whose}; {count:,} stand, and this call would add {more:,}:"
                    " forget what is not needed, or have the quota raised",
                    quota=allowance.name, limit=f"{limit} {what}", stored=count,
                )  # fmt: skip


def _of(owners: Owners, owner: str | None) -> tuple[int, int]:
    if owner is not None:
        return owners.get(owner, (0, 0))
    return sum(count for count, _ in owners.values()), sum(size for _, size in owners.values())


def _stored(commit: Commit) -> Stored:
    """What stood at the commit before this one."""
    known, last = commit.known.stored.get(commit.tid), commit.known.seq
    end = commit.known.hash, commit.known.row - commit.versions
    if known is None or _began_anew(commit, known):
        counted = commit.connection.execute(SQL["stored"], (commit.tid, commit.seq, commit.seq))
        return Stored(last, *end, {owner: (count, size) for owner, count, size in counted})
    owners = defaultdict(lambda: (0, 0), known.owners)
    for owner, (count, size) in _since(commit, known.row, None).items():
        owners[owner] = owners[owner][0] + count, owners[owner][1] + size
    return Stored(last, *end, dict(owners))


def _began_anew(commit: Commit, known: Stored) -> bool:
    """Whether what was counted is of a history that was undone, or rows went without a successor since."""
    execute = commit.connection.execute
    if known.seq and execute(SQL["chain"], (known.seq,)).get != known.chain:
        return True
    return bool(execute(SQL["went"], (commit.tid, known.seq)).get)


def _since(commit: Commit, row: int, seq: int | None) -> Owners:
    """What the rows after a row changed, by owner: those of this commit, or with `seq` None those before it."""
    asked = {"row": row, "tid": commit.tid, "first": seq or 0, "end": commit.seq + 1 if seq else commit.seq}
    return {owner: (count, size) for owner, count, size in commit.connection.execute(SQL["since"], asked)}
