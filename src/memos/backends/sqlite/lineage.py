"""Lineage: a walk along derivations over edges that are read ahead and kept for as long as nobody writes any.

A statement a step would take a chain of 10,000 memories 60 ms, one recursive statement for all takes a graph of that size 30 ms and
more, most of it in SQLite's temporary trees. So the edges of a tenant are kept as they are read, by memory, and the walk itself is a
loop in memory; who may see what is asked of the store in every call, for many memories at once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from sys import intern

from memos.backends.sqlite.rows import id_text
from memos.memcube.lineage import Derivation, Lineage

GRAPHS = 8
"""How many graphs (of a tenant, a direction and a set of relations) are kept, those used last."""
MEMORIES = 50_000
"""A graph that holds the edges of more memories than this is begun anew at its next use."""
FIRST_LOOK, LONGEST_LOOK = 64, 16_384
"""How many memories are looked at ahead of a walk: few at first, then four times as many each time."""

Step = tuple[int, Derivation]
"""The memory that an edge leads to, and what it says."""
Key = tuple[int, bool, tuple[str, ...] | None]
"""A tenant, whether ancestors are looked for, and the relations."""
EdgeRow = tuple[int, bytes, int | None, bytes | None, str | None]
"""A memory with its id, and one of those that its edges lead to with its id and the relation; None where it has none."""


@dataclass(slots=True, eq=False)
class Graph:
    """Edges as far as they were read. They hold for every View of the present from the commit `since` to `checked`."""

    since: int
    checked: int
    steps: dict[int, tuple[Step, ...]] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)


class Graphs:
    """The graphs of one store. Safe among threads, and right whoever writes: the commit log tells when edges were written.

    What closes or removes edges must therefore count them among its commit's edges, as what adds them does.
    """

    def __init__(self) -> None:
        self._kept: dict[Key, Graph] = {}
        self._guard = threading.Lock()

    def graph(self, key: Key, head: int, last_written: Callable[[int, int], int | None]) -> Graph:
        """The graph for a View of the present at `head`; `last_written` is the last commit in (after, upto] that wrote edges."""
        with self._guard:
            kept = self._kept.pop(key, None)
            if kept is not None and head < kept.since:
                self._kept[key] = kept
                return Graph(head, head)
            if kept is None or len(kept.steps) > MEMORIES:
                kept = Graph(head, head)
            elif head > kept.checked:
                written = last_written(kept.checked, head)
                kept = kept if written is None else Graph(written, head)
                kept.checked = head
            self._kept[key] = kept
            while len(self._kept) > GRAPHS:
                del self._kept[next(iter(self._kept))]
            return kept


class Walk:
    """One walk. A memory that is not shown ends it there, as if nothing stood at the other end of the edge.

    `read(memories, at_most)` gives the edges of the memories and of what they lead to, of so many at most; `shown(memories)` those
    among them that may be seen.
    """

    def __init__(
        self, graph: Graph, *, ancestors: bool, read: Callable[[Sequence[int], int], Iterable[EdgeRow]],
        shown: Callable[[Sequence[int]], Iterable[int]],
    ) -> None:  # fmt: skip
        self._steps, self._names = graph.steps, graph.names
        self._far = 1 if ancestors else 0
        self._read, self._shown = read, shown
        self._visible: dict[int, bool] = {}
        self._look = FIRST_LOOK

    def run(self, start: int, depth: int | None, limit: int) -> Lineage:
        """What is shown from `start`, at most `limit` memories at most `depth` steps away."""
        order, met, level, level_ends = [start], {start}, 0, 1
        nodes: list[int] = []
        walked: list[Step] = []
        truncated = False
        for place, memory in enumerate(order):  # which grows meanwhile
            if place == level_ends:
                level, level_ends = level + 1, len(order)
            if memory not in self._visible:
                self._look_ahead(order, place)
            if not self._visible[memory]:
                continue
            if truncated := len(nodes) == limit:
                break
            nodes.append(memory)
            if level == depth:
                continue
            steps = self._steps_of(memory, order, place)
            walked += steps
            for end, _ in steps:
                if end not in met:
                    met.add(end)
                    order.append(end)
        shown, names = set(nodes), self._names
        edges = tuple([derivation for end, derivation in walked if end in shown])
        return Lineage(tuple([names[memory] for memory in nodes]), edges, truncated)

    def _look_ahead(self, order: list[int], place: int) -> None:
        """Decide on the next memories of the walk, at least on the one at `place`, as if all that come are shown."""
        wanted, self._look = self._look, min(4 * self._look, LONGEST_LOOK)
        queue, visible = order[place:], self._visible
        met, undecided = set(queue), []
        for position, memory in enumerate(queue):
            if memory not in visible:
                undecided.append(memory)
                if len(undecided) == wanted:
                    break
            elif not visible[memory]:
                continue
            for end, _ in self._steps_of(memory, queue, position):
                if end not in met:
                    met.add(end)
                    queue.append(end)
        undecided.sort()  # neighbours in the file, which makes the question three times as fast
        visible.update(dict.fromkeys(undecided, False))
        visible.update(dict.fromkeys(self._shown(undecided), True))

    def _steps_of(self, memory: int, queue: list[int], position: int) -> tuple[Step, ...]:
        found = self._steps.get(memory)
        if found is None:
            missing = [each for each in queue[position : position + self._look] if each not in self._steps]
            self._keep(self._read(missing, self._look + len(missing)))
            found = self._steps[memory]
        return found

    def _keep(self, rows: Iterable[EdgeRow]) -> None:
        names, fresh = self._names, dict[int, list[Step]]()
        for memory, identity, end, other, relation in rows:
            near = names.get(memory) or names.setdefault(memory, id_text(identity))
            steps = fresh.setdefault(memory, [])
            if end is None or other is None or relation is None:
                continue
            far = names.get(end) or names.setdefault(end, id_text(other))
            ends = (near, far) if self._far else (far, near)
            steps.append((end, Derivation(*ends, intern(relation))))
        far_end = self._far
        for memory, steps in fresh.items():
            steps.sort(key=lambda step: (step[1][far_end], step[1].relation))
            self._steps[memory] = tuple(steps)
