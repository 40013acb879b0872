"""Beginnings: keeps the blocks with which prompts can begin, of several memories of one owner and namespace each, as MemScheduler decides.

A part of the worker's stage `converter`. It looks at the places of memories that were used, and twice a day at those that have blocks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta

from memos.interface.memory_api.derived import sources_of
from memos.interface.memory_api.engine import Engine
from memos.interface.memory_api.talking import staying
from memos.memcube.cube import MemCube
from memos.memcube.fields import microseconds
from memos.memcube.filter import Filter
from memos.memcube.heat import cooled
from memos.memcube.payload import Activation
from memos.memcube.plan import Move
from memos.memcube.state import PRESENT, MemoryType
from memos.operation.memscheduler.conversion import Subject
from memos.operation.memscheduler.layout import line
from memos.operation.memscheduler.pinning import Page, pages, within
from memos.operation.memscheduler.signals import LOCAL
from memos.ports.adapter import View
from memos.ports.clock import Clock
from memos.ports.store import StoreParts

ANYBODY = Filter.everything()
MOST = 1000
"""So many memories of a place are looked at, the latest."""
AGAIN = timedelta(hours=12)
"""After so long a place is looked at again in which nothing was used, since its blocks cool."""
Place = tuple[str, str]
"""A namespace and an owner."""
Wanted = tuple[frozenset[str], str | None]
"""Of what a block is, and the name of the adapter under which it was read."""


class Beginnings:
    """`whole` is called by one thread at a time."""

    def __init__(self, convert: Callable[..., bool], parts: StoreParts, clock: Clock, engine: Engine) -> None:
        self._convert, self._adapter, self._clock, self._engine = convert, parts.adapter, clock, engine
        self._looked: dict[tuple[str, Place], datetime] = {}

    def whole(self, tenant: str, used: Collection[Place], standing: Sequence[MemCube], adapters: Sequence[MemCube], taken: int) -> int:
        """Make what pays and let go of what does not, in one tenant; how many changes there were.

        `standing` are the blocks of several memories and those under an adapter, `adapters` those that are live, `taken` the bytes of all
        other blocks.
        """
        there = defaultdict[Place, list[MemCube]](list)
        for cube in standing:
            there[place_of(cube)].append(cube)
        now, engine = self._clock.now(), self._engine
        due = {place for place in {*used, *there} if place in used or now - self._looked.get((tenant, place), now - AGAIN) >= AGAIN}
        if not due:
            return 0
        learnt = {source for adapter in adapters for source, _ in sources_of(adapter)}
        found = dict[Place, list[Page]]()
        with self._adapter.view(tenant) as view:
            for place in sorted(due):
                blocks = [_of(cube)[0] for cube in there[place] if _of(cube)[1] is None]
                found[place] = pages(self._subjects(view, place, learnt), blocks, now, engine.policy, engine.window)
                self._looked[tenant, place] = now
        taken += sum(_bytes(cube) for place in set(there) - due for cube in there[place])
        room = max(0, engine.policy.placement.bytes - taken) // (engine.observed.costs() or LOCAL).bytes["mapped"]
        kept = within([page for each in found.values() for page in each], room, engine.policy)
        wanted = self._wanted(found, kept, adapters)
        stale = [cube.id for place in due for cube in there[place] if _of(cube) not in wanted]
        stands = {_of(cube) for place in due for cube in there[place]}
        done = sum(self._convert(tenant, MemoryType.PLAINTEXT, [each], []) for each in stale)
        for what, (under, moves) in wanted.items():
            if what not in stands:
                done += self._convert(tenant, MemoryType.ACTIVATION, sorted(what[0]), moves, together=True, under=under)
        return done

    def _wanted(
        self, found: dict[Place, list[Page]], kept: Sequence[Page], adapters: Sequence[MemCube]
    ) -> dict[Wanted, tuple[str | None, list[Move]]]:
        """The blocks that are to stand, each with the adapter under which the model reads it; under an adapter the hottest of its place."""
        now, policy = self._clock.now(), self._engine.policy
        wanted: dict[Wanted, tuple[str | None, list[Move]]] = {
            (frozenset(each.cubes), None): (None, [each.move(now, policy)]) for each in kept
        }
        for adapter in adapters:
            mine = [each for each in found.get(place_of(adapter), ()) if each in kept]
            if mine:
                hottest = max(mine, key=lambda each: (each.heat, each.cubes))
                wanted[frozenset(hottest.cubes), getattr(adapter.payload, "blob", None)] = (adapter.id, [])
        return wanted

    def _subjects(self, view: View, place: Place, learnt: Collection[str]) -> list[Subject]:
        """The memories of a place, the latest of them, but for those that an adapter has learnt."""
        namespace, owner = place
        here = {"namespace": namespace, "owner": owner, "type": "plaintext", "state": {"in": [str(state) for state in PRESENT]}}
        now = self._clock.now()
        page = view.find(Filter.parse(here), grant=ANYBODY, now=now, order="created_at", descending=True, limit=MOST)
        cubes = [cube for cube in page.cubes if cube.text and cube.id not in learnt]
        kept, counts = staying(view, cubes, now), self._engine.count([line(cube, own=True) for cube in cubes])
        return [_subject(cube, tokens, now, kept.get(cube.id)) for cube, tokens in zip(cubes, counts, strict=True)]


def place_of(cube: MemCube) -> Place:
    """Where a memory stands, and whose it is."""
    return cube.namespace, cube.policy.owner


def _subject(cube: MemCube, tokens: int, now: datetime, why: str | None) -> Subject:
    usage, last = cube.usage, cube.usage.last_used_at
    heat = 0.0 if last is None else cooled((microseconds(last), usage.heat), microseconds(now))
    return Subject(cube.id, cube.version, tokens, heat, usage.count, cube.created_at, last, protected=why)


def _of(block: MemCube) -> Wanted:
    adapter = block.payload.adapter if isinstance(block.payload, Activation) else None
    return frozenset(source for source, _ in sources_of(block)), adapter


def _bytes(cube: MemCube) -> int:
    return cube.payload.bytes if isinstance(cube.payload, Activation) else 0
