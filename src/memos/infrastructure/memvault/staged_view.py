"""StagedView: a View of a store in which what is staged stands already, read by read as the commit will show it.

What is staged is told as if the last commit had written it. Reads that nothing staged can change go straight to the View underneath: a
test holds every member of the port to be of the one or of the other kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from memos.infrastructure.memvault.staged_relations import StagedRelations
from memos.infrastructure.memvault.staged_rows import COLD, Told, stacked, told
from memos.infrastructure.memvault.staging import BEYOND, Content, Shown, Staged
from memos.memcube.cube import MemCube
from memos.memcube.filter import Filter
from memos.memcube.gate import gate_entry
from memos.memcube.hold import Holds
from memos.memcube.matching import acl_entries
from memos.memcube.namespace import within
from memos.memcube.staged import STAGED
from memos.memcube.state import State
from memos.ports.adapter import Page, View
from memos.ports.feed import Feed, FeedRow
from memos.ports.paging import Ordering

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

UNTOUCHED = frozenset(
    {"tenant", "seq", "head", "branch", "base", "horizon", "dimensions", "last_seq", "last_purge", "last_erasure", "last_fill"}
    | {"moment", "time_of", "snapshots", "branches", "needed", "left_behind", "packable", "purgeable", "changed", "due", "forgotten"}
    | {"unexamined", "namespaces", "hash_terms", "pending", "replay", "log", "stood", "seal", "unseal", "policy_epoch", "rules", "rule"}
    | {"ruled", "inherited", "worn", "tally", "hottest", "erased", "extent", "pseudonym", "branch_mark", "branch_names", "derives"}
)
"""What a View tells that nothing staged changes, or that nothing which may be staged asks for."""

NEVER = datetime(1970, 1, 1, tzinfo=UTC)
"""What "now" means where no filter asks."""


class StagedView(StagedRelations):
    """Implements `memos.ports.adapter.View`. Open as long as the View under it is."""

    def __init__(self, view: View, shown: Shown, present: Callable[[], AbstractContextManager[View]]) -> None:
        self._view, self._shown, self._present = view, shown, present
        self._mine = shown.memories
        self._inherited: dict[str, tuple[str, ...]] = {}
        self._replaced = tuple(cube_id for cube_id, each in self._mine.items() if each.uid is None)

    @property
    def under(self) -> View:
        """The View of the store."""
        return self._view

    def __getattr__(self, name: str) -> Any:
        """What nothing staged changes."""
        if name not in UNTOUCHED:
            raise AttributeError(name)
        return getattr(self._view, name)

    # --- what stands underneath

    @cached_property
    def _standing(self) -> dict[str, MemCube]:
        """The rows in the store of memories that are staged anew."""
        return self._view.get(self._replaced, grant=Filter.everything(), now=NEVER) if self._replaced else {}

    @cached_property
    def _under(self) -> Told:
        """The same as a feed tells them, with rows whose content is used again."""
        likes = [(cube_id, each.source) for cube_id, each in self._mine.items() if isinstance(each.source, int)]
        return self._view.rows([*((cube_id, None) for cube_id in self._replaced), *likes])

    @cached_property
    def touched(self) -> frozenset[str]:
        """The namespaces in which something is staged, or out of which something is moved."""
        return frozenset(each.cube.namespace for each in self._mine.values()) | {cube.namespace for cube in self._standing.values()}

    @cached_property
    def _contents(self) -> dict[int, Content]:
        sources = (source for each in self._mine.values() for _, source in each.rows)
        return {source.number: source for source in sources if isinstance(source, Content)}

    @cached_property
    def _numbered(self) -> dict[int, Staged]:
        return {each.number: each for each in self._mine.values()}

    def _rest(self, filter: Filter) -> Filter:
        """A filter for the View underneath: without what is staged anew."""
        return filter & ~Filter.test("id", "in", list(self._replaced)) if self._replaced else filter

    # --- who may see what

    def _granted(self, ids: Sequence[str], grant: Filter, now: datetime) -> frozenset[str]:
        """Those of some staged memories that a grant allows: on a branch it reads the canonical row where there is one."""
        mine = [each for each in dict.fromkeys(ids) if each in self._mine]
        found: frozenset[str] = frozenset()
        if mine and self._view.branch:
            with self._present() as present:
                known = present.allowed(mine, grant=Filter.everything(), now=now)
                found = present.allowed(sorted(known), grant=grant, now=now) if known else frozenset()
            mine = [each for each in mine if each not in known]
        return found.union(each for each in mine if self._passes(self._mine[each].cube, grant, now))

    def _passes(self, cube: MemCube, filter: Filter, now: datetime) -> bool:
        if cube.namespace not in self._inherited:
            self._inherited[cube.namespace] = self._view.inherited(cube.namespace)
        return filter.matches(cube, now=now, inherited=self._inherited[cube.namespace])

    def _selected(self, filter: Filter, grant: Filter, now: datetime) -> list[Staged]:
        """The staged memories that pass both."""
        passing = [cube_id for cube_id, each in self._mine.items() if self._passes(each.cube, filter, now)]
        granted = self._granted(passing, grant, now)
        return [self._mine[cube_id] for cube_id in passing if cube_id in granted]

    # --- memories

    def get(self, ids: Sequence[str], *, grant: Filter, now: datetime) -> dict[str, MemCube]:
        """See the port."""
        found = self._view.get([each for each in ids if each not in self._mine], grant=grant, now=now)
        found |= {each: self._mine[each].cube for each in self._granted(ids, grant, now)}
        return {each: found[each] for each in dict.fromkeys(ids) if each in found}

    def allowed(self, ids: Sequence[str], *, grant: Filter, now: datetime) -> frozenset[str]:
        """See the port."""
        others = [each for each in ids if each not in self._mine]
        return self._view.allowed(others, grant=grant, now=now) | self._granted(ids, grant, now)

    def find(
        self, filter: Filter, *, grant: Filter, now: datetime, order: str = "created_at", descending: bool = False, limit: int = 100,
        cursor: str | None = None,
    ) -> Page:  # fmt: skip
        """See the port."""
        ordering = Ordering(order, descending)
        after = ordering.read(cursor)
        page = self._view.find(
            self._rest(filter), grant=grant, now=now, order=order, descending=descending, limit=limit, cursor=cursor
        )  # fmt: skip
        mine = [each.cube for each in self._selected(filter, grant, now)]
        if after is not None:
            mine = [cube for cube in mine if (ordering.place(cube) < after if descending else ordering.place(cube) > after)]
        cubes = sorted((*page.cubes, *mine), key=ordering.place, reverse=descending)
        more = page.cursor is not None or len(cubes) > limit
        return Page(tuple(cubes[:limit]), ordering.write(ordering.place(cubes[limit - 1])) if more else None)

    def count(self, filter: Filter, *, grant: Filter, now: datetime) -> int:
        """See the port."""
        return self._view.count(self._rest(filter), grant=grant, now=now) + len(self._selected(filter, grant, now))

    def versions(self, id: str, *, grant: Filter, now: datetime) -> tuple[MemCube, ...]:
        """See the port."""
        if id not in self._mine:
            return self._view.versions(id, grant=grant, now=now)
        if not self._granted([id], grant, now):
            return ()
        return *self._view.versions(id, grant=Filter.everything(), now=now), *(cube for cube, _ in self._mine[id].rows)

    def overlaid(self) -> tuple[str, ...]:
        """See the port."""
        return tuple(dict.fromkeys((*self._view.overlaid(), *self._mine))) if self._view.branch else ()

    def facts(self, namespace: str, facts: Sequence[str], owner: str) -> dict[str, str]:
        """See the port."""
        found = {fact: each for fact, each in self._view.facts(namespace, facts, owner).items() if each not in self._mine}
        for cube_id, each in self._mine.items():
            if each.fact in facts and (each.cube.namespace, each.cube.policy.owner) == (namespace, owner):
                found.setdefault(str(each.fact), cube_id)
        return found

    def turns(self, namespace: str, session: str, ordinals: Sequence[int]) -> dict[int, str]:
        """See the port."""
        found = {ordinal: each for ordinal, each in self._view.turns(namespace, session, ordinals).items() if each not in self._mine}
        for cube_id, each in self._mine.items():
            cube = each.cube
            there = (cube.namespace, cube.session) == (namespace, session) and cube.state is not State.EXPIRED
            if there and cube.ordinal is not None and cube.ordinal in ordinals:
                found.setdefault(cube.ordinal, cube_id)
        return found

    def next_ordinal(self, namespace: str, session: str) -> int:
        """See the port."""
        rows = (cube for each in self._mine.values() for cube, _ in each.rows)
        mine = (cube.ordinal + 1 for cube in rows if (cube.namespace, cube.session) == (namespace, session) and cube.ordinal is not None)
        return max(self._view.next_ordinal(namespace, session), *mine, 0)

    def held(self, ids: Sequence[str], holds: Holds) -> dict[str, str]:
        """See the port."""
        found = self._view.held([each for each in ids if each not in self._mine], holds)
        for hold in holds.each:
            mine = [each for each in ids if each in self._mine and each not in found]
            kept = self._view.held(mine, Holds(holds.now, (hold,))) if mine else {}
            staged = {each for each in mine if any(self._passes(cube, hold.filter, holds.now) for cube, _ in self._mine[each].rows)}
            found |= dict.fromkeys(staged.union(kept), hold.name)
        return found

    # --- places

    def paths(self, prefix: str) -> tuple[str, ...]:
        """See the port."""
        mine = {cube.namespace for each in self._mine.values() for cube, _ in each.rows}
        return tuple(sorted({path for path in mine if not prefix or within(path, prefix)}.union(self._view.paths(prefix))))

    def opened(self, entries: Sequence[str]) -> tuple[str, ...]:
        """See the port."""
        rows = [cube for each in self._mine.values() for cube, _ in each.rows]
        mine = {cube.namespace for cube in rows if not acl_entries(cube).isdisjoint(entries)}
        return tuple(sorted(mine.union(self._view.opened(entries))))

    def shared(self) -> bool:
        """See the port."""
        return self._view.shared() or any(acl_entries(cube) for each in self._mine.values() for cube, _ in each.rows)

    def gates(self) -> tuple[str, ...]:
        """See the port."""
        conditions = [cube.policy.conditions for each in self._mine.values() for cube, _ in each.rows]
        return tuple(sorted({gate_entry(each) for each in conditions if each is not None}.union(self._view.gates())))

    # --- what search reads

    def rows(self, wanted: Sequence[tuple[str, int | None]]) -> Told:
        """See the port; of what is staged the last row of each memory."""
        mine = [key for key in wanted if key[0] in self._mine and (key[1] is None or key[1] >= STAGED)]
        found = self._view.rows([key for key in wanted if key not in mine])
        return found | {key: self._row(self._mine[key[0]]) for key in mine}

    def _row(self, each: Staged) -> FeedRow:
        return told(each, self._view, self._under)

    def feed(self, namespace: str, after: int, *, cold: bool = False) -> Iterator[Feed]:
        """See the port: what the store tells, and in the last chunk what is staged."""
        chunks = self._view.feed(namespace, after, cold=cold)
        if namespace not in self.touched:
            yield from chunks
            return
        last = next(chunks)
        for chunk in chunks:
            yield last
            last = chunk
        mine = [each for each in self._mine.values() if each.cube.namespace == namespace and (each.cube.state in COLD) is cold]
        rows = tuple(self._row(each) for each in sorted(mine, key=lambda each: each.number))
        contents, vectors = self.vectors([row.content for row in rows])
        yield replace(
            last,
            rows=last.rows + rows,
            ended=(*last.ended, *((row, self._view.head) for row in self._left(namespace, cold=cold))),
            contents=stacked(last.contents, contents),
            vectors=stacked(last.vectors, vectors),
            inherited=self._view.inherited(namespace),
        )

    def _left(self, namespace: str, *, cold: bool) -> list[int]:
        """The rows of the store, in a namespace, in whose place others are staged."""
        here = [each for each, cube in self._standing.items() if cube.namespace == namespace and (cube.state in COLD) is cold]
        rows = [self._under[cube_id, None] for cube_id in here]
        return [row.row for row in rows if row.branch == self._view.branch]

    def load(self, rows: Sequence[int]) -> list[MemCube]:
        """See the port."""
        others = iter(self._view.load([row for row in rows if row < BEYOND]))
        return [self._numbered[row].cube if row >= BEYOND else next(others) for row in map(int, rows)]

    def vectors(self, contents: Sequence[int]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """See the port."""
        numbers, vectors = self._view.vectors([each for each in contents if each < BEYOND])
        mine = [(each, self._contents[each].vector) for each in dict.fromkeys(map(int, contents)) if each >= BEYOND]
        have = [(number, vector) for number, vector in mine if vector is not None]
        return stacked(numbers, [number for number, _ in have]), stacked(vectors, [vector for _, vector in have])

    def words(self, contents: Sequence[int]) -> dict[int, bytes]:
        """See the port."""
        found = self._view.words([each for each in contents if each < BEYOND])
        mine = (self._contents[each] for each in map(int, contents) if each >= BEYOND)
        return found | {each.number: each.words for each in mine if each.vector is not None}

    def vectors_of(self, ids: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """See the port."""
        found = self._view.vectors_of([each for each in ids if each not in self._mine])
        of = {self._row(self._mine[each]).content: each for each in ids if each in self._mine}
        numbers, vectors = self.vectors(list(of))
        return found | {of[int(number)]: vector for number, vector in zip(numbers, vectors, strict=True)}
