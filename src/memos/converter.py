"""Converter: the worker's stage by which memories change their form, as MemScheduler decides; each move is one call by the system.

What it looks at are the memories used since the process began, and those that have another form than text.
"""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from memos.beginnings import Beginnings, place_of
from memos.errors import MemOSError, VersionConflict
from memos.interface.memory_api.converting import opening_of
from memos.interface.memory_api.derived import every, sources_of
from memos.interface.memory_api.engine import Engine
from memos.interface.memory_api.outdating import in_force, standing
from memos.interface.memory_api.talking import staying
from memos.memcube.cube import MemCube
from memos.memcube.derivation import DERIVED
from memos.memcube.fields import microseconds
from memos.memcube.filter import Filter
from memos.memcube.heat import cooled
from memos.memcube.payload import Activation, Parameter
from memos.memcube.plan import Move
from memos.memcube.state import MemoryType, State
from memos.operation.memscheduler.conversion import Placed, Subject
from memos.operation.memscheduler.layout import line
from memos.operation.memscheduler.outdated import outdated
from memos.operation.memscheduler.placement import moves
from memos.operation.memscheduler.signals import Signals
from memos.ports.adapter import View
from memos.ports.clock import Clock
from memos.ports.store import StoreParts
from memos.settings import Settings, names_its_model

ANYBODY = Filter.everything()
TEXT, BLOCK, ADAPTER = MemoryType.PLAINTEXT, MemoryType.ACTIVATION, MemoryType.PARAMETER
AGAIN = timedelta(days=30)
"""How long a memory is not tried again whose adapter was refused."""
MOST = 1000
"""So many memories that were used are looked at in one step, and all those that have another form."""
Sources = frozenset[tuple[str, int]]
"""Memories in their versions, of which one adapter was to be made."""
log = logging.getLogger("memos.worker")


@dataclass(slots=True)
class Forms:
    """What stands of the memories of a tenant in other forms than text."""

    blocks: dict[str, MemCube] = field(default_factory=dict)
    """By source, the blocks of one memory each."""
    prefixes: list[MemCube] = field(default_factory=list)
    """The blocks of several, and those under an adapter."""
    adapters: list[MemCube] = field(default_factory=list)
    """Those of memories of one owner and namespace, their own: what somebody made of others' too is no placement of these."""
    training: set[str] = field(default_factory=set)
    """The sources of adapters that are not done."""

    def adapter_of(self, cube_id: str) -> MemCube | None:
        """The adapter that has learnt a memory."""
        return next((each for each in self.adapters if any(source == cube_id for source, _ in sources_of(each))), None)


@dataclass(frozen=True, slots=True)
class Looked:
    """A memory as it is placed, and of what adapters of it were refused lately."""

    subject: Subject
    placed: Placed
    refused: frozenset[Sources]


class Converter:
    """`step` is called by one thread at a time."""

    def __init__(self, call: Callable[..., Any], parts: StoreParts, clock: Clock, settings: Settings, engine: Engine) -> None:
        self._call, self._adapter, self._clock, self._settings, self._engine = call, parts.adapter, clock, settings, engine
        self._own = names_its_model(parts.directory, settings)
        self._used: dict[str, set[str]] = defaultdict(set)
        self._next = 0.0
        self._beginnings = Beginnings(self._convert, parts, clock, engine)

    def used(self, tenant: str, ids: Iterable[str]) -> None:
        """These memories were used."""
        self._used[tenant].update(ids)

    def step(self) -> bool:
        """Look at every tenant, at the interval of the settings; whether something moved."""
        every = self._settings.convert_seconds
        if every is None or time.monotonic() < self._next:
            return False
        self._next = time.monotonic() + every
        return sum(self.whole(tenant) for tenant in self._adapter.tenants()) > 0

    def whole(self, tenant: str) -> int:
        """Make the moves that are due in one tenant; how many there were."""
        able, gone = self._engine.capabilities, self._outdated(tenant)
        if not (able.activation or able.learning) or self._settings.convert_seconds is None:
            return gone
        with self._adapter.view(tenant) as view:
            forms, cubes = self._forms(view), dict[str, MemCube]()
            used = sorted(self._used[tenant])[:MOST]
            wanted = [*used, *forms.blocks, *(each for one in forms.adapters for each, _ in sources_of(one))]
            cubes = view.get(list(dict.fromkeys(wanted)), grant=ANYBODY, now=self._clock.now())
            kept = staying(view, cubes.values(), self._clock.now())
            given = [cube for cube in cubes.values() if cube.text and cube.id not in forms.training]
            looked = [self._looked(view, cube, forms, kept.get(cube.id)) for cube in given]
        now = self._clock.now()
        observed = self._engine.observed
        signals = Signals(
            now=now, capabilities=able, load=self._engine.load(), hit_rate=observed.hit_rate, given=observed.costs()
        )  # fmt: skip
        refused = {each.subject.cube for each in looked if each.refused}
        placed = {each.subject.cube: each.placed for each in looked}
        found = moves([each.subject for each in looked], placed, signals, self._engine.policy)
        due = [move for move in found if move.after is not ADAPTER or move.cube not in refused]
        self._used[tenant] -= set(wanted)
        vain = frozenset[Sources]().union(*(each.refused for each in looked))
        must = {each.subject.cube for each in looked if each.subject.protected is not None}
        done = self._blocks(tenant, due) + self._text(tenant, due, forms)
        for place, its in _places(due, forms, cubes).items():
            mine = replace(forms, adapters=[each for each in forms.adapters if place_of(each) == place])
            done += self._learn(tenant, its, mine, cubes=cubes, vain=vain, must=must)
        hot = cubes.values() if done else [cubes[each] for each in used if each in cubes]
        return gone + done + self._prefixes(tenant, hot)

    def _outdated(self, tenant: str) -> int:
        """Let go of what was made for another model, or for prompts that begin otherwise; how much that was."""
        if self._engine.model is None or self._settings.convert_seconds is None:
            return 0
        now, force = self._clock.now(), in_force(tenant, self._engine, self._settings.system, own=self._own)
        with self._adapter.view(tenant) as view:
            due = outdated(standing(view, now), force, now, self._engine.policy.placement)
        return sum(self._convert(tenant, TEXT, [each], back) for each, back in due.items())

    def _forms(self, view: View) -> Forms:
        forms, now, opening = Forms(), self._clock.now(), None
        for cube in every(view, now):
            payload, sources = cube.payload, sources_of(cube)
            if isinstance(payload, Activation) and payload.fingerprint == self._engine.fingerprint:
                opening = opening or opening_of(view.tenant, self._engine, self._settings.system)
                if payload.opening != opening:
                    continue
                if len(sources) == 1 and payload.adapter is None:
                    forms.blocks.setdefault(sources[0][0], cube)
                else:
                    forms.prefixes.append(cube)
            elif isinstance(payload, Parameter) and payload.model == self._engine.model:
                if payload.passed:
                    forms.adapters.append(cube)
                else:
                    forms.training |= {source for source, _ in sources}
        seen = view.get(sorted({source for each in forms.adapters for source, _ in sources_of(each)}), grant=ANYBODY, now=now)
        forms.adapters = [each for each in forms.adapters if _places_of(each, seen) <= {place_of(each)}]
        return forms

    def _looked(self, view: View, cube: MemCube, forms: Forms, why: str | None) -> Looked:
        """A memory as it is placed; `why` it stays text."""
        now, usage = self._clock.now(), cube.usage
        block, adapter = forms.blocks.get(cube.id), forms.adapter_of(cube.id)
        gone, refused = self._gone(view, cube.id)
        placed = Placed(since=gone)
        if adapter is not None:
            placed = Placed(ADAPTER, "ram", adapter.updated_at)
        elif block is not None and isinstance(block.payload, Activation):
            placed = Placed(BLOCK, "int8" if block.payload.form == "int8" else "mapped", block.updated_at)
        last = usage.last_used_at
        heat = 0.0 if last is None else cooled((microseconds(last), usage.heat), microseconds(now))
        kind = next((tag.value for tag in cube.tags if tag.name == "kind"), None)
        subject = Subject(
            cube=cube.id, version=cube.version, tokens=self._engine.count([line(cube, own=True)])[0], heat=heat, count=usage.count,
            first_used_at=cube.created_at, last_used_at=last, kind=kind, protected=why,
        )  # fmt: skip
        return Looked(subject, placed, refused)

    def _gone(self, view: View, cube_id: str) -> tuple[datetime | None, frozenset[Sources]]:
        """When a memory last lost a form, and of what adapters of it were refused lately."""
        ids = [edge.source for edge in view.neighbours([cube_id], (DERIVED,), 1) if edge.target == cube_id]
        found = view.get(ids, grant=ANYBODY, now=self._clock.now()).values() if ids else ()
        ended = [cube for cube in found if cube.state is State.EXPIRED]
        own = (cube for cube in ended if isinstance(cube.payload, Parameter) or len(sources_of(cube)) == 1)
        moved = [cube.updated_at for cube in own if "decisions" in cube.metadata]
        since = self._clock.now() - AGAIN
        failed = (cube for cube in ended if "refused" in cube.metadata and cube.updated_at > since)
        return max(moved, default=None), frozenset(frozenset(sources_of(cube)) for cube in failed)

    def _convert(self, tenant: str, to: MemoryType, ids: Sequence[str], due: Sequence[Move], **options: Any) -> bool:
        """One call to convert; what fails is told by the log, and comes again at the next look."""
        decisions = {move.cube: move.model_dump(mode="json") for move in due}
        try:
            made = self._call(tenant, "convert", memories=tuple(ids), to=str(to), decisions=decisions, **options)
        except VersionConflict:
            return False
        except MemOSError as error:
            log.warning("%d memories are not converted to %s now (%s)", len(ids), to, error.code)
            return False
        return bool(made)

    def _blocks(self, tenant: str, due: Sequence[Move]) -> int:
        wanted = [move for move in due if move.after is BLOCK]
        return sum(self._convert(tenant, BLOCK, [move.cube], [move], width="int8" if move.tier == "int8" else "float16") for move in wanted)

    def _text(self, tenant: str, due: Sequence[Move], forms: Forms) -> int:
        """Blocks that are let go. What an adapter has learnt is let go with it, or by one that has learnt the others alone."""
        wanted = [move for move in due if move.after is TEXT and forms.adapter_of(move.cube) is None]
        return sum(self._convert(tenant, TEXT, [move.cube], [move], only="activation") for move in wanted)

    def _learn(
        self,
        tenant: str,
        its: Sequence[Move],
        forms: Forms,
        *,
        cubes: dict[str, MemCube],
        vain: frozenset[Sources],
        must: set[str],
    ) -> int:
        """One adapter of an owner and namespace: with what is to be learnt, without what is to be let go.

        One that was refused lately is not taught again: what may stay stays as it is until then, and what `must` go takes all with it.
        """
        learnt = {source for each in forms.adapters for source, _ in sources_of(each)}
        leaving = {move.cube for move in its if move.after is TEXT}
        ids = sorted((learnt | {move.cube for move in its}) - leaving)[-self._settings.train_most :]
        waiting = not forms.training.isdisjoint(ids)  # what comes of that is to be seen first
        if ids and not waiting and frozenset((each, cubes[each].version) for each in ids if each in cubes) not in vain:
            return self._convert(tenant, ADAPTER, ids, its)
        going = sorted(leaving & must if ids else leaving)
        return self._convert(tenant, TEXT, going, its, only="parameter") if going else 0

    def _prefixes(self, tenant: str, used: Iterable[MemCube]) -> int:
        """The blocks with which prompts begin, as things stand after the moves."""
        with self._adapter.view(tenant) as view:
            forms = self._forms(view)
        taken = sum(block.payload.bytes for block in forms.blocks.values() if isinstance(block.payload, Activation))
        return self._beginnings.whole(tenant, {place_of(cube) for cube in used}, forms.prefixes, forms.adapters, taken)


def _places_of(adapter: MemCube, seen: Mapping[str, MemCube]) -> set[tuple[str, str]]:
    """Where the memories stand, and whose they are, that an adapter has learnt."""
    return {place_of(seen[source]) for source, _ in sources_of(adapter) if source in seen}


def _places(due: Sequence[Move], forms: Forms, cubes: dict[str, MemCube]) -> dict[tuple[str, str], list[Move]]:
    """The moves that make or change adapters, by namespace and owner."""
    found: dict[tuple[str, str], list[Move]] = defaultdict(list)
    for move in due:
        if move.after is ADAPTER or (move.after is TEXT and forms.adapter_of(move.cube) is not None):
            found[place_of(cubes[move.cube])].append(move)
    return found
