"""Sweeper: what is due in a store, found in bounded steps; each step's change goes in as a call by the system's own principal."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial, reduce
from operator import or_
from typing import Any

from memos.interface.classifier import Classifier
from memos.interface.memory_api.retention import worn_by
from memos.interface.memory_api.voiding import blob_of
from memos.memcube.cube import MemCube
from memos.memcube.fields import microseconds
from memos.memcube.filter import Filter
from memos.memcube.governed import RetentionRule
from memos.memcube.heat import cooled
from memos.memcube.hold import Hold, Holds, standing
from memos.memcube.payload import Parameter
from memos.memcube.state import PRESENT, State
from memos.operation.memlifecycle.transitions import TRANSITIONS, Event
from memos.ports.adapter import View
from memos.ports.clock import Clock
from memos.ports.retaining import Worn
from memos.ports.store import StoreParts
from memos.settings import LifecycleRule, Settings

Call = Callable[..., Any]
"""Makes a call by the system: (tenant, operation, **options) → what the reply's value says."""
Move = tuple[str, State, Event]
HORIZON_STEP = 2000
"""By how many commits the horizon of the past moves in one purge."""
PAGES = 1000
"""How many pages of the file are given back at once, and how many must be free before any are."""
YOUNG = 120.0
"""Seconds within which a blob that was put may not be named yet."""
ANYBODY = Filter.everything()
OVER = Filter.parse({"expires_at": {"lte": "now"}, "state": {"ne": "expired"}})


class Sweeper:
    """Topics, expiry, use, idleness, rules, retention, compression and reclamation. Every step is bounded by `settings.sweep_batch`."""

    def __init__(self, call: Call, parts: StoreParts, clock: Clock, settings: Settings) -> None:
        self._call, self._adapter, self._maintenance = call, parts.adapter, parts.maintenance
        self._blobs = parts.blobs
        self._clock, self._settings = clock, settings
        self._cursors: dict[tuple[str, str], Any] = {}
        self._classifier = Classifier(call, parts, clock, settings.topics_from if settings.structure else None)
        self._kept: dict[str, frozenset[Hold | None]] = {}
        self._ruled_by = tuple((rule, *_read(rule)) for rule in settings.lifecycle_rules)
        self._sweeps: dict[str, Callable[[str], Counter[str]]] = {
            "topics": self._classifier.step,
            "expiry": self._expire,
            "idle": self._archive,
            **{f"rule {rule.name}": partial(self._rule, place) for place, rule in enumerate(settings.lifecycle_rules)},
            "retention": self._retain,
            "forgotten": self._forget_for_good,
            "past": self._shorten_the_past,
            "blobs": self._collect,
            "room": self._economise,
        }

    def step(self, tenant: str) -> Counter[str]:
        """One bounded step of each sweep in one tenant; what it did, in numbers. Empty when nothing was due."""
        return sum((sweep(tenant) for sweep in self._sweeps.values()), Counter[str]())

    def whole(self, tenant: str, end: float | None = None, only: str | None = None) -> Counter[str]:
        """Each sweep, or only one, until it has nothing more to do in one tenant, or until the moment `end`, of `time.monotonic`.

        What would be due but for a hold is counted as `held`.
        """
        done: Counter[str] = Counter() if only else self._held(tenant)
        for name, sweep in self._sweeps.items():
            while only in {None, name} and (end is None or time.monotonic() < end):
                found = +sweep(tenant)  # what counts nothing is nothing
                done += found
                del found["held"]
                if self._cursors.get((tenant, name)) is None and (not found or name.startswith("rule")):
                    break
        return done

    def used(self, tenant: str, ids: Iterable[str]) -> Counter[str]:
        """What the use of some memories moves: often and lately used ones are Activated, archived ones come back."""
        now = self._clock.now()
        with self._adapter.view(tenant) as view:
            cubes = view.get(list(ids), grant=ANYBODY, now=now)
            since = {cube.id: view.time_of(cube.seq) or now for cube in cubes.values() if cube.state is State.ARCHIVED}
        moves = [(cube.id, State.ACTIVATED, Event.USE) for cube in cubes.values() if self._is_in_use(cube, microseconds(now), since)]
        return self._move(tenant, moves)

    def _is_in_use(self, cube: MemCube, now: int, archived: Mapping[str, datetime]) -> bool:
        usage = cube.usage
        if cube.frozen or usage.last_used_at is None or _is_trained(cube):
            return False
        if cube.state is State.ARCHIVED:
            return usage.last_used_at > archived[cube.id]
        often, least = usage.count >= self._settings.activate_uses, self._settings.activate_uses / 2
        return cube.state is State.GENERATED and often and cooled((microseconds(usage.last_used_at), usage.heat), now) >= least

    def _expire(self, tenant: str) -> Counter[str]:
        with self._adapter.view(tenant) as view:
            ids = view.due(self._clock.now(), self._settings.sweep_batch, self._holds(view))
        return self._move(tenant, [(each, State.EXPIRED, Event.EXPIRY) for each in ids])

    def _holds(self, view: View) -> Holds:
        now = self._clock.now()
        return standing(view.ruled("hold"), now) if view.rules("hold") else Holds(now)

    def _held(self, tenant: str) -> Counter[str]:
        """How many memories are over, and stand because a hold keeps them."""
        with self._adapter.view(tenant) as view:
            kept = [each.filter for each in self._holds(view).each]
            count = view.count(OVER & reduce(or_, kept), grant=ANYBODY, now=self._clock.now()) if kept else 0
        return Counter(held=count) if count else Counter()

    def _retain(self, tenant: str) -> Counter[str]:
        """What the confirmed rules of retention say, a page of each."""
        with self._adapter.view(tenant) as view:
            rules = {name: RetentionRule.model_validate(body) for name, body in view.rules("retention").items()}
            holds = self._holds(view)
            worn = {name: worn_by(rule, holds.now, holds) for name, rule in rules.items() if rule.confirmed is not None}
            due = {name: view.worn(each, holds.now, limit=self._settings.sweep_batch).ids for name, each in worn.items()}
        return sum((self._retain_by(tenant, name, rules[name], ids) for name, ids in due.items() if ids), Counter[str]())

    def _retain_by(self, tenant: str, name: str, rule: RetentionRule, ids: tuple[str, ...]) -> Counter[str]:
        state = State.ARCHIVED if rule.action == "archive" else State.EXPIRED
        trigger = f"retention:{name}"
        done = self._move(tenant, [(each, state, Event.RETENTION) for each in ids], trigger=trigger)
        if rule.action != "purge":
            return done
        self._call(tenant, "purge", cubes=ids, trigger=trigger)
        return Counter(purged=len(ids))

    def _archive(self, tenant: str) -> Counter[str]:
        """The next idle memories, where the sweep left off."""
        days, now, key = self._settings.archive_after_days, self._clock.now(), (tenant, "idle")
        if days is None:
            return Counter()
        with self._adapter.view(tenant) as view:
            idle = Worn(ANYBODY, PRESENT, idle=timedelta(days=days), spare=self._holds(view))
            found = view.worn(idle, now, after=self._cursors.get(key) or 0, limit=self._settings.sweep_batch)
        self._cursors[key] = found.more
        return self._move(tenant, [(each, State.ARCHIVED, Event.IDLENESS) for each in found.ids])

    def _rule(self, place: int, tenant: str) -> Counter[str]:
        """The next memories that a rule moves: it goes through the tenant page by page, one page a step."""
        rule, to, wanted = self._ruled_by[place]
        now, key = self._clock.now(), (tenant, f"rule {rule.name}")
        with self._adapter.view(tenant) as view:
            page = view.find(wanted, grant=ANYBODY, now=now, limit=self._settings.sweep_batch, cursor=self._cursors.get(key))
            since = {cube.id: max(view.time_of(cube.seq) or now, last_touched(cube)) for cube in page.cubes}
        self._cursors[key] = page.cursor
        oldest = now - timedelta(days=rule.after_days)
        due = [cube for cube in page.cubes if since[cube.id] <= oldest and cube.usage.count >= rule.uses]
        moves = [(cube.id, to, Event.RULE) for cube in due if rule.after_days or cube.provenance.origin != Event.RULE]
        return self._move(tenant, moves)

    def _move(self, tenant: str, moves: list[Move], *, trigger: str | None = None) -> Counter[str]:
        """Have memories moved, as far as they are due still and no hold keeps them; how many were moved, and how many were kept."""
        if not moves:
            return Counter()
        told = self._call(tenant, "transition", moves=tuple(moves), trigger=trigger or str(moves[0][2]))
        return +Counter({str(moves[0][1]): told["moved"], "held": told["held"]})

    def _forget_for_good(self, tenant: str) -> Counter[str]:
        days = self._settings.forgotten_days
        if days is None:
            return Counter()
        with self._adapter.view(tenant) as view:
            upto = view.moment(self._clock.now() - timedelta(days=days))
            ids = view.forgotten(upto, self._settings.sweep_batch, self._holds(view))
        if ids:
            self._call(tenant, "purge", cubes=ids)
        return Counter(purged=len(ids))

    def _shorten_the_past(self, tenant: str) -> Counter[str]:
        """Purge the past, but for what is held; that is gone through again only when a hold has been released since."""
        with self._adapter.view(tenant) as view:
            holds = self._holds(view)
            gone_through = self._kept.get(tenant, frozenset({None})) <= frozenset(holds.each)
            above = view.horizon if gone_through else 0
            horizon, left = self._next_horizon(view, above), view.left_behind(holds)
        if horizon is not None or left:
            self._call(tenant, "purge", horizon=horizon, branches=left, above=above)
        self._kept[tenant] = frozenset(holds.each)
        return Counter(history=1) if horizon is not None or left else Counter()

    def _next_horizon(self, view: View, above: int) -> int | None:
        """Where the horizon goes next, None when nothing would leave."""
        if self._settings.history_days is None:
            return None
        wanted, needed = view.moment(self._clock.now() - timedelta(days=self._settings.history_days)), view.needed()
        limit = min([wanted, view.horizon + HORIZON_STEP, *([] if needed is None else [needed])])
        return limit if limit >= view.horizon and view.purgeable(limit, above) else None

    def _collect(self, tenant: str) -> Counter[str]:
        """Remove the blobs that nothing names which stands, as after a crash; void what names one that is not there, as after a restore."""
        with self._adapter.view(tenant) as view:
            made = view.get(list(view.derived()), grant=ANYBODY, now=self._clock.now()) if view.derives() else {}
        there, named = frozenset(self._blobs.names(tenant)), {each: blob_of(cube) for each, cube in made.items()}
        lost = [(each, State.EXPIRED, Event.VOID) for each, name in named.items() if name and name not in there]
        removed = self._blobs.collect(tenant, there.intersection(named.values()), YOUNG) if there else 0
        return self._move(tenant, lost[: self._settings.sweep_batch]) + +Counter(blobs=removed)

    def _economise(self, tenant: str) -> Counter[str]:
        free, key, batch = self._maintenance.free_pages(), (tenant, "room"), self._settings.sweep_batch
        with self._adapter.view(tenant) as view:
            texts = view.packable(self._settings.compress_bytes, self._cursors.get(key) or 0, batch)
        self._cursors[key] = texts[-1] if len(texts) == batch else None
        if not texts and free < PAGES:
            return Counter()
        pages = PAGES if free >= PAGES else 0
        self._call(tenant, "reclaim", texts=texts, pages=pages)
        return Counter(compressed=len(texts), reclaimed=pages)


def _read(rule: LifecycleRule) -> tuple[State, Filter]:
    """The state that a rule leads to, and which memories it may move there."""
    to = State(rule.to)
    before = [str(state) for state, after in TRANSITIONS.items() if to in after and state is not State.EXPIRED]
    return to, Filter.parse({"and": [rule.filter, {"state": {"in": before}}, {"frozen": False}]})


def last_touched(cube: MemCube) -> datetime:
    """When a memory was last written or used."""
    return max(cube.updated_at, cube.created_at, *([cube.usage.last_used_at] if cube.usage.last_used_at else []))


def _is_trained(cube: MemCube) -> bool:
    """Whether it is an adapter that is not done: it goes live by its examination alone, not by being looked at."""
    return isinstance(cube.payload, Parameter) and cube.payload.done < 1.0
