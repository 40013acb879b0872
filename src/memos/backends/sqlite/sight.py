"""Sight: which rows are seen from one place in time, on one branch, as SQL."""

from __future__ import annotations

from dataclasses import dataclass

from memos.backends.sqlite.named import statements

SQL = statements("sight")


@dataclass(frozen=True, slots=True)
class Sight:
    """Conditions on `v` (a version row) and `e` (an edge), and the join to the head row that grants read, where it is another."""

    versions: str
    edges: str
    history: str
    head: str = ""
    bid: int = 0
    index: str = ""
    """The index by which a listing goes through the rows of a namespace, where the planner would take one with closed rows in it."""

    @property
    def granted(self) -> str:
        """The alias of the row that grants read."""
        return "h" if self.head else "v"


def present(seq: int) -> Sight:
    """The canonical memory as it is at the last commit, `seq`."""
    return Sight(SQL["present"], SQL["edge_present"], SQL["history"].format(seq=seq), index="INDEXED BY version_present")


def past(seq: int) -> Sight:
    """The canonical memory as it was at the commit `seq`."""
    versions, edges, history, head = (SQL[name].format(seq=seq, bid=0) for name in ("past", "edge_past", "history", "head"))
    return Sight(versions, edges, history, head)


def overlay(bid: int, base: int, seq: int) -> Sight:
    """The branch `bid` as it was at the commit `seq`, over the canonical memory at `base`."""
    names = ("overlay", "edge_overlay", "history_overlay", "head")
    versions, edges, history, head = (SQL[name].format(seq=seq, bid=bid, base=min(base, seq)) for name in names)
    return Sight(versions, edges, history, head, bid)


def known_as(branch: str) -> str:
    """A branch's name as its owner knows it: without the step that tells whose it is."""
    return branch.partition("/")[2] or branch
