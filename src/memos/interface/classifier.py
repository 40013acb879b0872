"""Classifier: finds the topics of namespaces that have grown; what it finds goes in as calls by the system, in bounded batches.

A name is made of words of several memories, and stands on others: only memories of one owner that the same people may read are looked at
together, and none in a tenant whose own policies may open one of them and not another.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from memos.interface.memory_api.structure import audience
from memos.memcube.cube import MemCube
from memos.memcube.filter import Filter
from memos.memcube.spans import indexed
from memos.memcube.state import PRESENT
from memos.operation.memoperator.tagging import TOPIC
from memos.ports.adapter import NamespaceInfo, View
from memos.ports.clock import Clock
from memos.ports.store import StoreParts

NEWEST = 20_000
"""Of a larger namespace so many memories, the newest, are looked at; the others keep the topics that they have."""
PAGE, BATCH = 1000, 500
"""How many memories are read at once, and written at once."""
GROWTH = 1.5
"""By which factor a namespace has grown, or shrunk, when its topics are found anew."""
STYLE = frozenset({"kind", "sentiment", "credibility"})
ANYBODY = Filter.everything()

Call = Callable[..., Any]
"""Makes a call by the system: (tenant, operation, **options) → what the reply's value says."""
Found = tuple[str, int, str | None, str | None, str | None, float]
"""A memory's id and the seq of the row that was read, its topic, its concept, its own words, and how sure the topic is."""


class Known(NamedTuple):
    """How many memories a namespace had when its topics were found, and the last commit that had taken some away for good."""

    memories: int
    purge: int


class Classifier:
    """Goes through one namespace a step. What it looked at last is known in this process; in another the topics that stand tell it.

    `_few` has the last purge of those in which there are no topics, `_shrunk` those where some memories are gone, and the rest stands.
    """

    def __init__(self, call: Call, parts: StoreParts, clock: Clock, least: int | None) -> None:
        self._call, self._adapter, self._clock, self._least = call, parts.adapter, clock, least
        self._vectors = parts.embedder is not None
        self._known: dict[tuple[str, str], Known] = {}
        self._few: dict[tuple[str, str], int] = {}
        self._shrunk: set[tuple[str, str]] = set()

    def step(self, tenant: str) -> Counter[str]:
        """Find the topics of one namespace of a tenant that is due; how many memories were moved. Empty when none is due."""
        if self._least is None or not self._vectors:
            return Counter()
        with self._adapter.view(tenant) as view:
            ruled = bool(view.rules("policy"))
            due = next((space for space in view.namespaces("") if self._is_due(view, space, ruled=ruled)), None)
            if due is None:
                return Counter()
            found = list(self._found(view, due.path, ruled=ruled, grown=(tenant, due.path) not in self._shrunk))
            self._shrunk.discard((tenant, due.path))
        moved = 0
        for start in range(0, len(found), BATCH):
            moved += self._call(tenant, "classify", found=tuple(found[start : start + BATCH]))
        return Counter(topics=moved) if moved else Counter()

    def _is_due(self, view: View, space: NamespaceInfo, *, ruled: bool) -> bool:
        """Whether topics are to be found anew there, or taken away where there are to be none any more. It is known from then on."""
        key, purge = (view.tenant, space.path), view.last_purge(space.path)
        if ruled or space.memories < (self._least or 0):
            self._known.pop(key, None)
            if self._few.get(key) == purge:
                return False
            self._few[key] = purge
            return self._tagged(view, space) > 0
        if space.pending_vectors * 10 > space.memories:
            return False
        if due := self._has_changed(view, space, purge):
            self._known[key] = Known(space.memories, purge)
        self._few.pop(key, None)
        return due

    def _tagged(self, view: View, space: NamespaceInfo) -> int:
        tagged = Filter.parse({"and": [{"namespace": space.path}, {"tags": {"any": [TOPIC]}}]})
        return view.count(tagged, grant=ANYBODY, now=self._clock.now())

    def _has_changed(self, view: View, space: NamespaceInfo, purge: int) -> bool:
        known = self._known.get((view.tenant, space.path))
        if known is None:
            if self._tagged(view, space) * 2 < space.memories:
                return True
            known = self._known[view.tenant, space.path] = Known(space.memories, purge)
        changed = max(space.memories, known.memories) >= GROWTH * max(1, min(space.memories, known.memories))
        if purge > known.purge and not changed:
            self._shrunk.add((view.tenant, space.path))
        return changed or purge > known.purge

    def _found(self, view: View, namespace: str, *, ruled: bool, grown: bool) -> Iterable[Found]:
        groups: dict[Any, list[MemCube]] = defaultdict(list)
        for cube in self._newest(view, namespace):
            groups[audience(cube)].append(cube)
        for cubes in groups.values():
            if ruled or len(cubes) < (self._least or 0):
                yield from ((cube.id, cube.seq, None, None, None, 0.0) for cube in cubes if _topic(cube) is not None)
            elif not grown:
                yield from unheld(cubes)
            else:
                yield from placed(cubes, view.vectors_of([cube.id for cube in cubes]))

    def _newest(self, view: View, namespace: str) -> list[MemCube]:
        states = [str(state) for state in PRESENT]
        wanted = Filter.parse({"and": [{"namespace": namespace}, {"state": {"in": states}}, {"type": "plaintext"}, {"frozen": False}]})
        found: list[MemCube] = []
        cursor: str | None = None
        while len(found) < NEWEST:
            page = view.find(wanted, grant=ANYBODY, now=self._clock.now(), descending=True, limit=PAGE, cursor=cursor)
            found += page.cubes
            cursor = page.cursor
            if cursor is None:
                break
        return found


def placed(cubes: list[MemCube], vectors: Mapping[str, Any]) -> Iterable[Found]:
    """The places of some memories that the same people may read."""
    import numpy as np

    from memos.operation.memoperator.topics import Note, topics

    if not vectors:
        return
    width = len(next(iter(vectors.values())))
    matrix = np.zeros((len(cubes), width), np.float32)
    for row, cube in enumerate(cubes):
        if cube.id in vectors and not _is_talk(cube):
            matrix[row] = vectors[cube.id]
    notes = [
        Note(indexed(cube.text, cube.policy), _style(cube), _topic(cube), cube.path.concept if cube.path is not None else None)
        for cube in cubes
    ]
    for cube, place in zip(cubes, topics(notes, matrix), strict=True):
        if place is not None:
            yield cube.id, cube.seq, place.topic, place.concept, place.fact, place.confidence
        elif _topic(cube) is not None:
            yield cube.id, cube.seq, None, None, None, 0.0


def unheld(cubes: list[MemCube]) -> Iterable[Found]:
    """Those of some memories whose topic or concept has a word that not enough of them hold any more, without it; the rest stays."""
    from memos.operation.memoperator.topics import Vocabulary

    vocabulary = Vocabulary(indexed(cube.text, cube.policy) for cube in cubes)
    for cube in cubes:
        topic, path = next((tag for tag in cube.predicted_tags if tag.name == TOPIC), None), cube.path
        if topic is None or path is None or path.topic is None:
            continue
        if not vocabulary.shared(path.topic):
            yield cube.id, cube.seq, None, None, None, 0.0
        elif path.concept is not None and not vocabulary.shared(path.concept):
            yield cube.id, cube.seq, path.topic, None, path.fact, topic.confidence


def _style(cube: MemCube) -> tuple[str, ...]:
    spoken = (f"speaker={cube.speaker}",) if cube.speaker and not cube.policy.veiled else ()
    return (*(tag.key for tag in cube.predicted_tags if tag.name in STYLE), *spoken)


def _is_talk(cube: MemCube) -> bool:
    return any(tag.key == "kind=chat" for tag in cube.predicted_tags)


def _topic(cube: MemCube) -> str | None:
    return next((tag.value for tag in cube.predicted_tags if tag.name == TOPIC), None)
