"""Sources: of each source a search gives no more hits than the setting `per_source` allows, so that nobody fills the answers of others."""

from __future__ import annotations

from collections import Counter

from memos.interface.memory_api.desk import Work
from memos.memcube.call import MemoryQuery
from memos.memcube.cube import MemCube
from memos.memcube.filter import Filter
from memos.memcube.hit import Hit
from memos.memcube.value import trusted

WIDER = 4
"""So many times as many hits are looked at when one source has taken too many places."""
MOST = 1000
"""So many hits are looked at before the owners that have had their share are left out of the search itself."""
_ALONE = {"also": (), "group": None, "reached": None}
"""What a hit says of others, before it is arranged among them."""
Source = tuple[str, str | None]


def source_of(cube: MemCube) -> Source:
    """Who vouches for a memory: its owner, and the agent that wrote it."""
    return cube.policy.owner, cube.provenance.context.agent


def spread(work: Work, query: MemoryQuery) -> tuple[tuple[Hit, ...], int]:
    """The best hits for a query, of each source no more than the setting allows, and how many memories have no vector yet.

    Where a source has more, the next best of others take the places, as long as there are any that the caller may see. The caller's own
    are not counted.
    """
    cap, asked = work.desk.settings.per_source, query.limit
    if cap is None:
        return _found(work, query)
    while True:
        hits, pending = _found(work, query.model_copy(update={"limit": asked}))
        shares = _Shares(work, cap)
        kept = [hit for hit in hits if shares.take(hit.cube)][: query.limit]
        if len(kept) == query.limit or len(hits) < asked:
            return tuple(kept), pending
        if asked >= MOST:
            return (*kept, *_others(work, query, kept, shares)), pending
        asked = min(MOST, asked * WIDER)


def _found(work: Work, query: MemoryQuery) -> tuple[tuple[Hit, ...], int]:
    found = work.desk.operator.retrieve(query, work.view, work.grant, work.now, work.moment)
    cubes = work.view.load([scored.row for scored in found.hits])
    pairs = zip(cubes, found.hits, strict=True)
    return tuple(trusted(Hit, {"cube": cube, "score": one.score, "why": one.why, **_ALONE}) for cube, one in pairs), found.pending


class _Shares:
    """How many hits each source has had."""

    def __init__(self, work: Work, cap: int) -> None:
        self._caller, self._cap = work.caller, cap
        self._counts: Counter[Source] = Counter()

    def take(self, cube: MemCube) -> bool:
        """Whether one more of its source may be shown."""
        source = source_of(cube)
        self._counts[source] += source != (self._caller.user, self._caller.agent)
        return self._counts[source] <= self._cap

    def used_up(self) -> tuple[str, ...]:
        """The owners other than the caller of whom a source has had its share."""
        owners = {owner for (owner, _), count in self._counts.items() if count >= self._cap and owner != self._caller.user}
        return tuple(sorted(owners))


def _others(work: Work, query: MemoryQuery, kept: list[Hit], shares: _Shares) -> list[Hit]:
    """What comes after more hits than are looked at one by one: the best of other owners, scored so that they come last."""
    owners = shares.used_up()
    if not owners:
        return []
    others = ~Filter.test("owner", "in", owners)
    narrowed = query.model_copy(update={"filter": others if query.filter is None else query.filter & others, "limit": MOST})
    known = {hit.cube.id for hit in kept}
    found = [hit for hit in _found(work, narrowed)[0] if hit.cube.id not in known and shares.take(hit.cube)]
    last, first = kept[-1].score if kept else 0.0, found[0].score if found else 0.0
    scale = last / first if first > last > 0 else 1.0
    return [_scaled(hit, scale) for hit in found[: query.limit - len(kept)]]


def _scaled(hit: Hit, scale: float) -> Hit:
    return hit.model_copy(update={"score": hit.score * scale, "why": {name: value * scale for name, value in hit.why.items()}})
