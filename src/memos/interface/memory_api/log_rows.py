"""The rows of both logs as one stream in the order of time, each with what this caller may be told of it.

A caller is told of its own calls whole, and of others' only the memories that it may see now; an auditor of every call. What is not told is
not counted either: pages, aggregates and filters all read this stream.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from typing import Any, NamedTuple

from memos.interface.memory_api.desk import Work
from memos.memcube.log import FIRST, LAST, LogFilter, LogQuery, Place
from memos.memcube.namespace import within

COMMIT, ACCESS = 0, 1
SOURCES = ("commit", "access")
CHUNK = 1000
"""How many rows of a log are read at a time."""
REMEMBERED = 100_000
"""Of how many memories it is remembered whether they are seen, or where they stood."""
Row = Mapping[str, Any]
Memories = tuple[tuple[Any, ...], ...]
Read = Callable[..., Sequence[Row]]


class Ends(NamedTuple):
    """The last number of each log that a listing knows: what comes later is no part of it, whatever its page."""

    commit: int
    access: int


class Spot(NamedTuple):
    """Where a row stands among those of both logs."""

    at: Any
    source: int
    number: int


class Entry(NamedTuple):
    """One row as this caller is told of it. `own` says that it is told whole."""

    spot: Spot
    row: Row
    memories: Memories
    matched: Memories
    """Those that pass the query's types, namespaces and cubes."""
    own: bool


class Reading:
    """One question to the logs, as one caller may ask it."""

    def __init__(self, work: Work, query: LogQuery) -> None:
        self.work, self.query = work, query
        governance, pseudonym = work.desk.governance, work.view.pseudonym
        self.auditor = governance.may_audit(work.caller)
        self.mine = pseudonym(work.caller)
        self.system = pseudonym(governance.system_of(work.caller.tenant))
        self._callers = self._asked()
        self._cubes = None if query.cubes is None else frozenset(query.cubes)
        self._placed = query.types is not None or query.namespaces is not None
        self._seen: dict[str, bool] = {}
        self._stood: dict[tuple[str, int], frozenset[tuple[str, str]]] = {}

    def _asked(self) -> tuple[str, ...] | None:
        """The pseudonyms whose rows are read; None for all."""
        work, name = self.work, self.query.caller
        writers = work.desk.governance.log_writers(work.caller, work.warrant)
        readable = None if writers is None else tuple(map(work.view.pseudonym, writers))
        if name is None:
            return readable
        named = [work.view.pseudonym(work.caller.model_copy(update={"user": name, "kind": "user"}))]
        named += [self.system] if name == "system" else []
        allowed = named if self.auditor else [each for each in named if each in {self.mine, self.system}]
        return tuple(allowed) if readable is None else tuple(each for each in allowed if each in readable)

    @cached_property
    def prefix(self) -> str:
        """How the names of the caller's branches begin."""
        return self.work.desk.governance.branch_key(self.work.caller, "")

    @cached_property
    def branches(self) -> dict[str, str]:
        """The caller's branches, of all times, by the marks under which reads in them are recorded."""
        view, names = self.work.view, self.work.view.branch_names(self.prefix)
        own = [name.removeprefix(self.prefix) for name in names]
        return {view.branch_mark(self.work.caller, name): name for name in own}

    def ends(self) -> Ends:
        """Where both logs end now."""
        return Ends(self.work.view.seq, self.work.desk.log.last())

    def entries(self, ends: Ends, after: Spot | None = None) -> Iterator[Entry]:
        """The rows that were asked for and may be told, in order, those after a spot."""
        if self._callers == ():
            return iter(())
        reads: tuple[Read, Read] = (self.work.view.log, partial(self.work.desk.log.log, self.work.caller.tenant))
        streams = [self._stream(source, reads[source], ends[source], after) for source in (COMMIT, ACCESS)]
        return heapq.merge(*streams, key=lambda entry: entry.spot, reverse=self.query.descending)

    def _stream(self, source: int, read: Read, upto: int, after: Spot | None) -> Iterator[Entry]:
        query, number = self.query, ("seq", "aseq")[source]
        wanted = LogFilter(
            since=query.since, until=query.until, callers=self._callers, whole=None if self.auditor else self.mine,
            operations=query.operations, statuses=query.statuses, cubes=query.cubes, calls=query.calls, upto=upto,
        )  # fmt: skip
        place = _place(after, source)
        size = min(query.limit + 1, CHUNK) if query.aggregate is None else CHUNK
        while True:
            rows = read(wanted, descending=query.descending, after=place, limit=size)
            yield from self._told(source, rows, number)
            if len(rows) < size:
                return
            place, size = Place(rows[-1]["at"], rows[-1][number]), CHUNK

    def _told(self, source: int, rows: Sequence[Row], number: str) -> Iterator[Entry]:
        named: list[Memories] = [row["writes" if source == COMMIT else "hits"] for row in rows]
        owned = [self.auditor or row["caller"] == self.mine for row in rows]
        self._learn_seen({memory[0] for memories, own in zip(named, owned, strict=True) if not own for memory in memories})
        shown = [
            memories if own else tuple(memory for memory in memories if self._seen[memory[0]])
            for memories, own in zip(named, owned, strict=True)
        ]
        narrow = self._placed or self._cubes is not None
        if self._placed:
            self._learn_stood({memory[:2] for memories in shown for memory in memories})
        for row, memories, own in zip(rows, shown, owned, strict=True):
            matched = self._matched(memories) if narrow else memories
            if (own or memories) and (matched or not narrow):
                yield Entry(Spot(row["at"], source, row[number]), row, memories, matched, own)

    def _matched(self, memories: Memories) -> Memories:
        return tuple(memory for memory in memories if self._passes(memory[0], memory[1]))

    def _passes(self, cube_id: str, version: int) -> bool:
        if self._cubes is not None and cube_id not in self._cubes:
            return False
        return not self._placed or any(self._fits(*place) for place in self._stood.get((cube_id, version), ()))

    def _fits(self, path: str, kind: str) -> bool:
        types, prefixes = self.query.types, self.query.namespaces
        return (types is None or kind in types) and (prefixes is None or any(within(path, prefix) for prefix in prefixes))

    def _learn_seen(self, ids: set[str]) -> None:
        if len(self._seen) > REMEMBERED:
            self._seen.clear()
        if unknown := sorted(ids - self._seen.keys()):
            seen = self.seen(unknown)
            self._seen |= {cube_id: cube_id in seen for cube_id in unknown}

    def _learn_stood(self, versions: set[tuple[Any, ...]]) -> None:
        if len(self._stood) > REMEMBERED:
            self._stood.clear()
        if unknown := sorted((cube_id, version) for cube_id, version in versions - self._stood.keys()):
            self._stood |= dict.fromkeys(unknown, frozenset()) | self.work.view.stood(unknown)

    def seen(self, ids: Sequence[str]) -> frozenset[str]:
        """Those of the memories that the caller may see now, and blocks and adapters that are gone whose every source it may see."""
        view, work = self.work.view, self.work
        made = view.derived(ids, gone=True) if view.derives() else {}
        found = view.allowed([*ids, *{each for sources in made.values() for each in sources}], grant=work.grant.filter, now=work.now)
        return found.intersection(ids) | {each for each, sources in made.items() if sources and sources <= found}


def _place(after: Spot | None, source: int) -> Place | None:
    """The place in one log after which a spot in both lies: rows of one time stand in the order of their sources."""
    if after is None:
        return None
    return Place(after.at, after.number if source == after.source else LAST if source < after.source else FIRST)
