"""Lineage: a walk along derivations over edges that are read ahead and kept for as long as nobody writes any.

A statement a step would take a chain of 10,000 memories 60 ms, one recursive statement for all takes a graph of that size 30 ms and
more, most of it in SQLite's temporary trees. So the edges of a tenant are kept as they are read, by memory, and the walk itself is a
loop in memory; who may see what is asked of the store in every call, for many memories at once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from sys import intern
from typing import Any

from pydantic_core import to_json

from memos.backends.sqlite.named import statements
from memos.backends.sqlite.rows import id_bytes, id_text
from memos.backends.sqlite.sight import Sight
from memos.memcube.lineage import Derivation, Lineage

SQL = statements("view")
GRAPHS = 8
"""How many graphs (of a tenant, a direction and a set of relations) are kept, those used last."""
MEMORIES = 50_000
"""A graph that holds the edges of more memories than this is begun anew at its next use."""
COMMITS, MOST_WRITES = 64, 16
"""Of how many commits, with how many memories in each, it is looked up whose edges they wrote; after more all are read anew."""
FIRST_LOOK, GROWTH = 64, 16
"""On how many memories the store decides at once: few at first, then so many times as many."""
READ_AHEAD = 256
"""The edges of how many memories are read at once."""

Steps = tuple[tuple[int, ...], tuple[Derivation, ...]]
"""The memories that the edges of one lead to, and what each edge says."""
Key = tuple[int, bool, tuple[str, ...] | None]
"""A tenant, whether ancestors are looked for, and the relations."""
EdgeRow = tuple[int, bytes, int | None, bytes | None, str | None]
"""A memory with its id, and one of those that its edges lead to with its id and the relation; None where it has none."""


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """Edges as far as they were read. They hold for every View of the present from the commit `since` on, until others are written."""

    since: int
    steps: dict[int, Steps] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)

    def without(self, memories: set[int], since: int) -> Graph:
        """The same graph, but for the edges of some memories. Who still reads at an earlier commit keeps this one."""
        steps = dict(self.steps)  # in one go: other threads add to it
        for memory in memories:
            steps.pop(memory, None)
        return Graph(since, steps, self.names)


Written = tuple[int, set[int] | None]
"""The last commit that wrote edges, and the memories whose edges these are; None when they cannot be told."""


class Graphs:
    """The graphs of one store. Safe among threads, and right whoever writes: the commit log tells when edges were written.

    What closes or takes away edges that the present shows must therefore count them in its commit, as `edges` or as `purged`.
    """

    def __init__(self) -> None:
        self._kept: dict[Key, tuple[Graph, int]] = {}
        """With each graph the commit up to which it is known to hold, those used last at the end."""
        self._guard = threading.Lock()

    def graph(self, key: Key, head: int, written: Callable[[int, int], Written | None]) -> Graph:
        """The graph for a View of the present at `head`; `written` tells of the edges written in (after, upto], None when none were."""
        with self._guard:
            kept, checked = self._kept.pop(key, (Graph(head), head))
            if head < kept.since:
                self._kept[key] = kept, checked
                return Graph(head)
            if len(kept.steps) > MEMORIES:
                kept, checked = Graph(head), head
            if head > checked and (found := written(checked, head)) is not None:
                since, memories = found
                kept = Graph(since) if memories is None else kept.without(memories, since)
            self._kept[key] = kept, max(head, checked)
            while len(self._kept) > GRAPHS:
                del self._kept[next(iter(self._kept))]
            return kept


@dataclass(frozen=True, slots=True)
class Asked:
    """The questions that a walk puts to a View. Without `graphs` nothing is kept: those tell of the present."""

    run: Callable[[str, Sequence[Any]], Iterable[Any]]
    tid: int
    sight: Sight
    graphs: Graphs | None
    head: int

    def lineage(
        self, id: str, relations: Sequence[str] | None, *, ancestors: bool, depth: int | None, limit: int, grant: tuple[str, list[Any]]
    ) -> Lineage:
        """See `View.lineage`; `grant` is compiled."""
        start = next(iter(self.run(SQL["uid"], (id_bytes(id), self.tid))), None)
        if start is None:
            return Lineage()
        wanted = None if relations is None else tuple(sorted(set(relations)))
        written = partial(self._written, ancestors=ancestors)
        graph = self.graphs.graph((self.tid, ancestors, wanted), self.head, written) if self.graphs else Graph(self.head)
        condition, parameters = grant
        among = SQL["hidden_among"].format(visible=self.sight.versions, head=self.sight.head, grant=condition)
        ends = {"near": "source", "far": "target"} if ancestors else {"near": "target", "far": "source"}
        ahead = SQL["edges_ahead"].format(visible=self.sight.edges, **ends)
        followed = None if wanted is None else to_json(wanted).decode()

        def read(memories: Sequence[int], at_most: int) -> Iterable[EdgeRow]:
            return self.run(ahead, (to_json(memories).decode(), at_most, followed))

        def hidden(memories: Sequence[int]) -> Sequence[int]:
            return [memory for (memory,) in self.run(among, (to_json(memories).decode(), *parameters))]

        return Walk(graph, ancestors=ancestors, read=read, hidden=hidden).run(start[0], id, depth, limit)

    def _written(self, after: int, upto: int, *, ancestors: bool) -> Written | None:
        """Whose edges were written. A commit names the memories that it wrote; where all its edges are theirs, no others need be read."""
        rows = list(self.run(SQL["edges_written"], (self.tid, after, upto, COMMITS + 1)))
        if not rows:
            return None
        memories: set[int] = set()
        for seq, writes, count in rows:
            ids = [writes[start : start + 16] for start in range(0, len(writes), 20)]
            found = [edge for each in ids[:MOST_WRITES] for edge in self.run(SQL["edges_from"], (each, self.tid, seq))]
            if len(found) != count or len(rows) > COMMITS:
                return upto, None
            memories.update(source if ancestors else target for source, target in found)
        return rows[-1][0], memories


class Walk:
    """One walk. A memory that is not shown ends it there, as if nothing stood at the other end of the edge.

    `read(memories, at_most)` gives the edges of the memories and of what they lead to, of so many at most; `hidden(memories)` those
    among them that are not to be seen. To ask that of many at once, the walk goes ahead as if all were shown, and is walked again
    where one was not.
    """

    def __init__(
        self, graph: Graph, *, ancestors: bool, read: Callable[[Sequence[int], int], Iterable[EdgeRow]],
        hidden: Callable[[Sequence[int]], Sequence[int]],
    ) -> None:  # fmt: skip
        self._steps, self._names = graph.steps, graph.names
        self._far = 1 if ancestors else 0
        self._read, self._hidden = read, hidden
        self._decided: set[int] = set()
        self._left_out: set[int] = set()
        self._look = FIRST_LOOK

    def run(self, start: int, name: str, depth: int | None, limit: int) -> Lineage:
        """What is shown from `start`, whose id is `name`: at most `limit` memories, at most `depth` steps away."""
        self._names[start] = name
        while True:
            nodes, edges, undecided = self._attempt(start, depth, limit)
            whole = len(undecided) < self._look
            if self._all_shown(undecided) and whole:
                break
        truncated = len(nodes) > limit
        names = tuple([self._names[memory] for memory in nodes[:limit]])
        if truncated or self._left_out:
            known = set(names)
            edges = [edge for edge in edges if edge.parent in known and edge.child in known]
        return Lineage(names, tuple(edges), truncated)

    def _attempt(self, start: int, depth: int | None, limit: int) -> tuple[list[int], list[Derivation], list[int]]:
        """The memories shown, one more than the limit at most, and their edges, until there are enough to decide on: those undecided."""
        order, met, level, level_ends = [start], {start}, 0, -1 if depth is None else 1
        nodes, edges, undecided = list[int](), list[Derivation](), list[int]()
        decided, left_out = self._decided, self._left_out
        for place, memory in enumerate(order):  # which grows meanwhile
            if place == level_ends:
                level, level_ends = level + 1, len(order)
            if memory not in decided:
                undecided.append(memory)
                if len(undecided) == self._look:
                    break
            elif memory in left_out:
                continue
            nodes.append(memory)
            if len(nodes) > limit:
                break
            if level == depth:
                continue
            steps = self._steps.get(memory)
            ends, derivations = self._learn(memory, order, place) if steps is None else steps
            edges += derivations
            for end in ends:
                if end not in met:
                    met.add(end)
                    order.append(end)
        return nodes, edges, undecided

    def _all_shown(self, undecided: list[int]) -> bool:
        """Decide on some memories; whether all of them are shown."""
        self._look *= GROWTH
        undecided.sort()  # neighbours in the file, which makes the question twice as fast
        hidden = self._hidden(undecided) if undecided else ()
        self._decided.update(undecided)
        self._left_out.update(hidden)
        return not hidden

    def _learn(self, memory: int, order: list[int], place: int) -> Steps:
        """Read the edges of a memory, and with them those of others that come next."""
        missing = [each for each in order[place : place + READ_AHEAD] if each not in self._steps]
        names, far_end = self._names, self._far
        fresh: dict[int, list[tuple[int, Derivation]]] = {}
        for near, identity, far, other, relation in self._read(missing, max(READ_AHEAD, len(missing))):
            if near in self._steps:
                continue
            names[near] = names.get(near) or id_text(identity)
            steps = fresh.setdefault(near, [])
            if far is not None and other is not None and relation is not None:
                names[far] = names.get(far) or id_text(other)
                ends = (near, far) if far_end else (far, near)
                steps.append((far, Derivation(names[ends[0]], names[ends[1]], intern(relation))))
        for near, steps in fresh.items():
            steps.sort(key=lambda step: (step[1][far_end], step[1].relation))
            self._steps[near] = tuple([far for far, _ in steps]), tuple([derivation for _, derivation in steps])
        return self._steps[memory]
