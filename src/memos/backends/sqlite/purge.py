"""Purge: rows that leave the store for good: the past before a horizon, whole memories, and what closed branches held."""

from __future__ import annotations

from typing import TYPE_CHECKING

from memos.backends.sqlite import holding
from memos.backends.sqlite.named import statements
from memos.backends.sqlite.rows import id_bytes
from memos.errors import InvalidCall
from memos.memcube.change import Purge
from memos.memcube.hold import Holds

if TYPE_CHECKING:
    from memos.backends.sqlite.commit import Commit

SQL = statements("purge")


def purge(commit: Commit, wanted: Purge) -> int:
    """Take away what is wanted, within a commit; how many version rows went. InvalidCall when a snapshot or a branch needs the past."""
    execute, tid = commit.connection.execute, commit.tid
    execute(SQL["doomed"])
    if wanted.horizon is not None:
        _require_not_needed(commit, wanted.horizon)
        execute(SQL["doom_past"], (tid, wanted.horizon, wanted.above))
        execute(SQL["set_horizon"], (max(wanted.horizon, commit.known.one("horizon", tid)), tid))
    commit.connection.executemany(SQL["doom_cube"], ((tid, id_bytes(each)) for each in wanted.cubes))
    if wanted.branches:
        execute(SQL["doom_branches"], (tid,))
    spare(commit, wanted.spare)
    for (nid,) in list(execute(SQL["namespaces"])):
        execute(SQL["mark"], (commit.seq, nid))
        commit.touched.add(nid)
    count = int(execute(SQL["rows"]).get)
    for name in ("drop_tags", "drop_versions", "left_contents", "drop_contents", "left_cubes", "drop_cubes"):
        execute(SQL[name])
    drop_edges(commit, wanted)
    return count


def spare(commit: Commit, holds: Holds | None) -> None:
    """What holds keep does not leave."""
    if holds:
        kept, parameters = holding.kept(holds)
        commit.connection.execute(SQL["spare"].format(kept=kept), parameters)


def drop_edges(commit: Commit, wanted: Purge) -> None:
    """Edges of the past and of closed branches, but for those that lead from or to what holds keep."""
    (source, ours), (target, theirs) = (holding.kept(wanted.spare, f"edge.{end}") for end in ("source", "target"))
    if wanted.horizon is not None:
        text = SQL["drop_past_edges"].format(source=source, target=target)
        commit.connection.execute(text, (wanted.horizon, commit.tid, *ours, *theirs))
    if wanted.branches:
        text = SQL["drop_branch_edges"].format(source=source, target=target)
        commit.connection.execute(text, (commit.tid, *ours, *theirs))


def _require_not_needed(commit: Commit, horizon: int) -> None:
    needed = commit.connection.execute(SQL["needed"], (commit.tid,)).get
    if not 0 <= horizon <= commit.known.seq or (needed is not None and horizon > needed):
        last = commit.known.seq if needed is None else needed
        raise InvalidCall(f"the past can be purged up to commit {last}, not {horizon}: a snapshot or a branch needs what comes after")
