"""Staging: what the steps of a run will write, kept as values until all are through and are committed as one.

A savepoint is a length of the staging: `back_to` it lets go of what came after. No transaction is open meanwhile; a step reads a View of
the store under what is staged (`over`), in which the rows of earlier steps stand as they will.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

from memos.errors import InvalidCall, VersionConflict
from memos.memcube.change import CANONICAL, ChangeSet, CubeWrite, Edge, ReadSet, Terms, Underived
from memos.memcube.cube import MemCube
from memos.memcube.staged import STAGED
from memos.ports.adapter import View

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BEYOND = 2**53
"""Numbers of rows, memories and contents that are staged begin here; no store has given so high a one."""
STANDING = 1000
"""How many memories that stand in the store one staging may write anew."""
ALONE = ("fills", "usage", "acls", "rules", "opens", "closes", "names", "purge", "economy", "erase", "fence")
"""Parts of a ChangeSet that nothing staged can show: they are committed by themselves."""
Changes = tuple[tuple[ChangeSet, ReadSet], ...]


@dataclass(frozen=True, slots=True)
class Content:
    """A text that is staged, with what search knows of it."""

    number: int
    terms: Terms
    vector: NDArray[np.float32] | None
    words: bytes


Source = Content | int | None
"""What a row is made of: a staged content, that of the memory's row of a commit, or that of its row which stands in the store."""


@dataclass(frozen=True, slots=True)
class Staged:
    """One memory as the staging leaves it: its last row, and all of its rows, the oldest first, each with what it is made of."""

    cube: MemCube
    fact: str | None
    number: int
    uid: int | None
    """The number of a memory that is born here, None for one that stands in the store."""
    source: Source
    rows: tuple[tuple[MemCube, Source], ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """What is staged, at one length of the staging."""

    memories: Mapping[str, Staged] = field(default_factory=dict)
    edges: Mapping[Edge, bool] = field(default_factory=dict)
    """The edges that begin, and with False those that end."""
    count: int = 0
    """How many rows there have been."""


class Staging:
    """What is staged over one branch of one tenant. `present` opens a View of the canonical memory as it is now."""

    def __init__(self, present: Callable[[], AbstractContextManager[View]], tenant: str, branch: str = CANONICAL) -> None:
        self.tenant, self.branch = tenant, branch
        self._present = present
        self._changes: list[tuple[ChangeSet, ReadSet]] = []
        self._shown = [Shown()]

    def __len__(self) -> int:
        """How many ChangeSets are staged; the number of a savepoint."""
        return len(self._changes)

    def add(self, change: ChangeSet, reads: ReadSet) -> None:
        """Stage a change that was prepared in a View over this staging.

        InvalidCall for what cannot be staged, and for more memories than a staging holds.
        """
        named = [name for name in ALONE if getattr(change, name)]
        if (change.tenant, change.branch) != (self.tenant, self.branch) or named or any(write.adopt for write in change.writes):
            raise InvalidCall(f"{change.operation} cannot be a step of a chain; call it by itself ({', '.join(named) or 'another branch'})")
        shown = _extended(self._shown[-1], change, len(self))
        if sum(each.uid is None for each in shown.memories.values()) > STANDING:
            raise InvalidCall(f"one chain writes at most {STANDING:,} memories that stand already; split it")
        self._changes.append((change, reads))
        self._shown.append(shown)

    def back_to(self, length: int) -> None:
        """Let go of what was staged after a savepoint."""
        del self._changes[length:]
        del self._shown[length + 1 :]

    def over(self, view: View) -> View:
        """The View with what is staged so far; the same View where nothing of that is to be seen: in the past, on another branch."""
        if not self._changes or (view.tenant, view.branch, view.seq) != (self.tenant, self.branch, view.head):
            return view
        from memos.infrastructure.memvault.staged_view import StagedView

        return cast("View", StagedView(view, self._shown[-1], self._present))

    def whole(self) -> Changes:
        """All that is staged, to be committed as one; VersionConflict when its parts rest on different policies.

        What does not depend on what is staged is verified first: the policies, and the namespaces that were searched.
        """
        epochs = {reads.policy_epoch for _, reads in self._changes} - {None}
        namespaces: dict[str, int] = {}
        for _, reads in self._changes:
            if any(namespaces.setdefault(path, seq) != seq for path, seq in reads.namespaces.items()):
                raise VersionConflict("a namespace changed while the chain ran; read again and retry")
        if len(epochs) > 1:
            raise VersionConflict("the policies changed while the chain ran; read again and retry")
        told = [ReadSet(versions=reads.versions) for _, reads in self._changes]
        if told:
            underived = _underived([reads.underived for _, reads in self._changes if reads.underived is not None])
            told[0] = replace(told[0], namespaces=namespaces, policy_epoch=next(iter(epochs), None), underived=underived)
        return tuple((change, reads) for (change, _), reads in zip(self._changes, told, strict=True))


def _underived(asked: Sequence[Underived]) -> Underived | None:
    """All of it in one, as of the earliest."""
    if not asked:
        return None
    every = any(each.sources is None for each in asked)
    sources = None if every else tuple(dict.fromkeys(source for each in asked for source in each.sources or ()))
    return Underived(min(each.after for each in asked), sources)


def under(view: View) -> View | None:
    """The View of the store under one that shows what is staged; None for one that does not."""
    found: View | None = getattr(view, "under", None)
    return found


def touched(view: View) -> frozenset[str]:
    """The namespaces in which a View shows something else than its store, because something is staged there or moved from there."""
    found: frozenset[str] = getattr(view, "touched", frozenset())
    return found


def with_ordinals(change: ChangeSet, view: View) -> ChangeSet:
    """A change whose new turns have the ordinals that the commit would give, so that they can be staged.

    Where somebody else's turn has one of them by then, the commit is a VersionConflict.
    """
    following: dict[tuple[str, str], int] = {}
    told = []
    for write in change.writes:
        cube = write.cube
        if write.birth and cube.session is not None and (write.turn or cube.ordinal is not None):
            key = cube.namespace, cube.session
            if key not in following:
                following[key] = view.next_ordinal(*key)
            ordinal = following[key] if cube.ordinal is None else cube.ordinal
            following[key] = max(following[key], ordinal + 1)
            write = replace(write, cube=cube.model_copy(update={"ordinal": ordinal}))
        told.append(write)
    return replace(change, writes=tuple(told)) if following else change


def _extended(before: Shown, change: ChangeSet, place: int) -> Shown:
    """What is shown once one more change is staged, as the one numbered `place`."""
    memories, edges, count = dict(before.memories), dict(before.edges), before.count
    for write in change.writes:
        known = memories.get(write.cube.id)
        if write.birth and known is not None:
            raise InvalidCall(f"the memory {write.cube.id} is born twice in one chain")
        number, cube = BEYOND + count, write.cube.model_copy(update={"seq": STAGED + place})
        source = _source(write, known, number)
        uid = number if write.birth else known.uid if known is not None else None
        rows = (*(known.rows if known is not None else ()), (cube, source))
        memories[cube.id] = Staged(cube, write.fact, number, uid, source, rows)
        count += 1
    edges |= dict.fromkeys(change.edges, True) | dict.fromkeys(change.unties, False)
    return Shown(memories, edges, count)


def _source(write: CubeWrite, known: Staged | None, number: int) -> Source:
    if write.terms is not None:
        return Content(number, write.terms, write.vector, write.words)
    if write.like is None:
        return None if known is None else known.source
    if write.like < STAGED:
        return write.like
    rows: tuple[tuple[Any, Source], ...] = () if known is None else known.rows
    return next(source for cube, source in rows if cube.seq == write.like)
