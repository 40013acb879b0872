"""Derived: the KV blocks and adapters that were made of memories, as a View shows them: which stand, and whether they may be used."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from memos.memcube.call import Grant
from memos.memcube.cube import MemCube
from memos.memcube.derivation import DERIVED, is_derived
from memos.memcube.filter import Filter
from memos.memcube.state import PRESENT, State
from memos.ports.adapter import View

ANYBODY = Filter.everything()
KINDS = Filter.parse({"type": {"in": ["activation", "parameter"]}, "state": {"in": [str(state) for state in PRESENT]}})
MOST = 1000
"""So many derived memories of one caller are looked at, the latest made."""


def sources_of(cube: MemCube) -> tuple[tuple[str, int], ...]:
    """The memories, in their versions, that a derived one was made of."""
    return tuple((parent.id, parent.version) for parent in cube.provenance.parents if parent.relation == DERIVED)


def forms_of(
    view: View, ids: Sequence[str], now: datetime, *, grant: Filter = ANYBODY, states: Collection[State] = PRESENT
) -> dict[str, list[MemCube]]:
    """The derived memories that stand of each of some memories: those that a grant shows, without one whoever may use them."""
    wanted, found = set(ids), defaultdict[str, list[MemCube]](list)
    edges = view.neighbours(list(ids), (DERIVED,), 1) if ids else ()
    of: dict[str, set[str]] = defaultdict(set)
    for edge in edges:
        if edge.target in wanted:
            of[edge.source].add(edge.target)
    for cube in view.get(sorted(of), grant=grant, now=now).values() if of else ():
        if is_derived(cube) and cube.state in states:
            for source in sorted(of[cube.id]):
                found[source].append(cube)
    return found


def usable(view: View, cubes: Iterable[MemCube], grant: Filter, now: datetime) -> tuple[list[MemCube], dict[str, MemCube]]:
    """Those of some derived memories whose every source the grant shows in the version that they were made of, and these sources."""
    given = [cube for cube in cubes if sources_of(cube)]
    ids = sorted({source for cube in given for source, _ in sources_of(cube)})
    seen: Mapping[str, MemCube] = view.get(ids, grant=grant, now=now) if ids else {}

    def stands(cube: MemCube) -> bool:
        return all(source in seen and seen[source].version == version for source, version in sources_of(cube))

    fit = [cube for cube in given if stands(cube)]
    return fit, {source: seen[source] for cube in fit for source, _ in sources_of(cube)}


def within_reach(view: View, places: Sequence[str], grant: Grant, now: datetime) -> list[MemCube]:
    """The derived memories that stand below some namespaces, the latest made first."""
    if not places:
        return []
    where = Filter.parse({"or": [{"namespace": {"under": place}} for place in places]})
    page = view.find(KINDS & where, grant=grant.filter, now=now, order="created_at", descending=True, limit=MOST)
    return list(page.cubes)


def every(view: View, now: datetime, kinds: Filter = KINDS) -> Iterator[MemCube]:
    """All that is derived in a tenant, whoever may use it, the latest made first."""
    cursor: str | None = None
    while True:
        page = view.find(kinds, grant=ANYBODY, now=now, order="created_at", descending=True, limit=MOST, cursor=cursor)
        yield from page.cubes
        cursor = page.cursor
        if cursor is None:
            return
