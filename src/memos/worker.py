"""The worker: computes pending vectors and folds use, in the background or on demand, one worker a directory.

It reads through Views and the journal; what it wants changed goes in as a MemoryCall by the system's own principal.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

from memos.consolidator import Consolidator
from memos.converter import Converter
from memos.eraser import Eraser
from memos.errors import MemOSError, Unavailable, VersionConflict
from memos.examiner import Examine, Examiner
from memos.extractor import Extractor
from memos.folder import NAME, Folder
from memos.interface.filling import Filling, Item
from memos.interface.memory_api.engine import Engine
from memos.interface.memory_api.extracting import Extracting, ExtractionStatus
from memos.memcube.call import Caller, CubeRef, MemoryCall, raising
from memos.memcube.change import Fence
from memos.ports.clock import Clock
from memos.ports.door import Door
from memos.ports.store import StoreParts
from memos.post import Post
from memos.refresher import Refresher
from memos.settings import Settings
from memos.stages import run
from memos.sweeper import Sweeper
from memos.trainer import Trainer, TrainingStatus

POST_POLL_SECONDS = 0.05
ENDING_SECONDS = 2.0
"""How long `stop` waits for the thread to end: a model that never answers must not keep a store open."""
LONGEST_PAUSE_SECONDS = 10.0
"""A step that fails is tried again after a pause that doubles from `worker_idle_seconds` up to this."""
TRIES, FAILING_SECONDS = 4, 2.0
"""How often in a row, and for how long, an embedder fails before `drain` waits for it no longer."""
OTHERS_SECONDS = 30.0
"""How long `drain` waits for another process that has the post and computes nothing."""
log = logging.getLogger("memos.worker")


class Worker:
    """The background loop. `step()` does a bounded piece of work and says whether there was any."""

    def __init__(
        self,
        door: Door,
        parts: StoreParts,
        clock: Clock,
        settings: Settings,
        *,
        trusted: Callable[[Caller], Caller],
        examine: Examine,
        extracting: Extracting,
        engine: Engine,
        eraser: Eraser | None = None,
        refresher: Refresher | None = None,
    ) -> None:
        self._door, self._trusted, self._adapter = door, trusted, parts.adapter
        self._eraser, self._refresher = eraser, refresher
        self._filling = Filling(parts.embedder) if parts.embedder is not None else None
        self._clock, self._settings = clock, settings
        self._sweeper = Sweeper(self._call, parts, clock, settings)
        self._examiner = Examiner(self._call, parts.adapter, clock, examine)
        self._consolidator = Consolidator(self._call, parts) if settings.consolidate else None
        self._folder = Folder(self._call, parts, settings, self._used)
        self._extracting = extracting
        self._extractor = Extractor(self._call, parts, settings, extracting) if settings.extract != "none" else None
        self._trainer = Trainer(self._call, parts, clock, settings, engine)
        self._converter = Converter(self._call, parts, clock, settings, engine)
        self._next_sweep = 0.0
        self._post = Post(parts.directory)
        self._fence = 0
        self._busy = threading.Lock()
        self._wake, self._stop = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Run in a thread of its own until `stop`."""
        self._thread = threading.Thread(target=self._loop, name="memos-worker", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """There is something to do."""
        self._wake.set()

    def stop(self, seconds: float) -> None:
        """Let the thread finish what is pending within a bound, then end it and leave the post. Raises nothing, never waits for long."""
        end = time.monotonic() + seconds
        running = self._thread is not None and self._thread.is_alive()
        try:
            self._wake.set()
            while running and time.monotonic() < end and self._anything_due():
                time.sleep(POST_POLL_SECONDS)
            if running and self._left(None):
                log.warning("the store is closed with %d vectors pending; who opens it next does what is left", self._pending_vectors())
        except MemOSError as error:
            log.warning("the store is closed with vectors pending (%s)", error.code)
        self._stop.set()
        self._wake.set()
        if self._extractor is not None:
            self._extractor.stop(ENDING_SECONDS)
        self._trainer.stop(ENDING_SECONDS)
        if running and self._thread is not None:
            self._thread.join(ENDING_SECONDS)
        elif self._busy.acquire(timeout=ENDING_SECONDS):
            self._post.leave()
            self._busy.release()

    def drain(self, seconds: float | None = None, tenant: str | None = None) -> bool:
        """Work until no vector is pending and new memories are settled with the old, here or in the process that holds the post.

        False when some are pending still: the time is up, or sooner, the embedder refuses what is left or has failed several times.
        """
        end = None if seconds is None else time.monotonic() + seconds
        self._folder.due_now()
        if self._filling is not None:
            self._filling.retry()
        if self._extractor is not None:
            self._extractor.retry()
        self._trainer.retry()
        left, since = self._left(tenant), time.monotonic()
        try:
            while True:
                worked = self.step(end)
                before, left = left, self._left(tenant)
                if not worked and not left:
                    return True
                if worked or left != before:
                    since = time.monotonic()
                if (end is not None and time.monotonic() >= end) or (not worked and self._hopeless(since)):
                    return not left
                if not worked:
                    time.sleep(POST_POLL_SECONDS)
        finally:
            if self._thread is None:  # nobody goes on working here: let other processes have the post
                with self._busy:
                    self._post.leave()

    def _hopeless(self, since: float) -> bool:
        """Whether what is pending will not be computed soon: here, or by another process that has got nowhere for a while."""
        waited = time.monotonic() - since
        others = not self._post.held and waited <= OTHERS_SECONDS
        if self._trainer.busy() or (self._extractor is not None and (self._extractor.busy() or others)):
            return False
        if self._filling is None or (self._filling.failures >= TRIES and waited >= FAILING_SECONDS):
            return True
        if not self._post.held:
            return waited > OTHERS_SECONDS
        return not self._filling.failures and not self._anything_due()

    def step(self, end: float | None = None) -> bool:
        """One fold of use, one batch of vectors for each tenant, one look at what new memories end, and what of the sweeps is due.

        False when there was nothing, when another process has the post, or when another thread works here until the moment `end`.
        """
        if not self._busy.acquire(timeout=-1 if end is None else max(0.0, end - time.monotonic())):
            return False
        try:
            if not self._post.take():
                return False
            if not self._fence:
                self._fence = self._adapter.elect(NAME)
            fills: list[Callable[[], bool]] = [partial(self._fill, tenant) for tenant in self._adapter.tenants()]
            examinations = [partial(self._examiner.step, tenant, Fence(NAME, self._fence)) for tenant in self._adapter.tenants()]
            later = [stage.step for stage in (self._consolidator, self._extractor, self._trainer, self._converter) if stage is not None]
            ending = [self._sweep, *([self._eraser.step] if self._eraser is not None else [])]
            return run([partial(self._folder.step, self._fence), *examinations, *fills, *later, *ending])
        except VersionConflict:
            self._fence = 0
            self._folder.due_now()  # what it had read was not folded
            return True
        finally:
            self._busy.release()

    def _used(self, tenant: str, ids: list[str]) -> None:
        self._sweeper.used(tenant, ids)
        self._converter.used(tenant, ids)

    def sweep(self, seconds: float | None = None, only: str | None = None, tenant: str | None = None) -> dict[str, int]:
        """Fold use, then sweep until nothing is due, for at most so long; what was done. Unavailable when another has the post.

        With `only` just the sweep of that name, with `tenant` just there.
        """
        end = None if seconds is None else time.monotonic() + seconds
        with self._busy:
            if not self._post.take():
                raise Unavailable("another process is the worker of this store, and sweeps it")
            self._fence = self._fence or self._adapter.elect(NAME)
            self._folder.due_now()
            self._folder.step(self._fence)
            if self._eraser is not None:
                self._eraser.step(at_once=True)
            tenants = self._adapter.tenants() if tenant is None else (tenant,)
            done = sum((self._sweeper.whole(each, end, only) for each in tenants), Counter[str]())
            done += Counter(converted=sum(self._converter.whole(each) for each in tenants if only is None))
        return dict(done)

    def extraction(self) -> ExtractionStatus:
        """What extraction has done, and what waits for it."""
        waiting, why = (0, None) if self._extractor is None else (self._extractor.lag(), self._extractor.why())
        return self._extracting.status(waiting, why)

    def training(self) -> TrainingStatus:
        """What is trained, and what waits for it."""
        return self._trainer.status()

    def _sweep(self) -> bool:
        """One bounded step of the sweeps, at their interval."""
        if time.monotonic() < self._next_sweep:
            return False
        self._next_sweep = time.monotonic() + self._settings.sweep_seconds
        done = [self._sweeper.step(tenant) for tenant in self._adapter.tenants()]
        return any(done)

    def _loop(self) -> None:
        pause = idle = self._settings.worker_idle_seconds
        while not self._stop.is_set():
            try:
                worked, pause = self.step(), idle
                worked |= self._refresher is not None and self._refresher.step()
            except MemOSError as error:
                log.warning("the worker could not finish a step (%s); it tries again", error.code)
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
                self._stop.wait(pause)
                continue
            if not worked:
                self._wake.wait(idle)
                self._wake.clear()
        self._folder.due_now()
        with self._busy:
            if self._fence and self._post.take():
                self._folder.last(self._fence)
            self._post.leave()

    def _left(self, tenant: str | None) -> frozenset[tuple[str, int | str]]:
        """Some of what is pending, of one tenant or of all: contents without a vector, memories that are not examined."""
        found: set[tuple[str, int | str]] = set()
        for name in self._adapter.tenants() if tenant is None else (tenant,):
            found |= {(name, cube_id) for cube_id in self._examiner.left(name)}
            found |= {(name, f"extract {cube_id}") for cube_id in (self._extractor.left(name) if self._extractor is not None else ())}
            found |= {(name, f"train {cube_id}") for cube_id in self._trainer.left(name)}
            if self._filling is None:
                continue
            with self._adapter.view(name) as view:
                found |= {(name, content) for content, _, _ in view.pending(self._settings.embed_batch).items}
        return frozenset(found)

    def _anything_due(self) -> bool:
        return any(self._due(tenant, 1) or self._examiner.left(tenant) for tenant in self._adapter.tenants())

    def _due(self, tenant: str, limit: int) -> tuple[Item, ...]:
        if self._filling is None:
            return ()
        with self._adapter.view(tenant) as view:
            return self._filling.due(view, limit)

    def _pending_vectors(self) -> int:
        count = 0
        for tenant in self._adapter.tenants() if self._filling is not None else ():
            with self._adapter.view(tenant) as view:
                count += sum(space.pending_vectors for space in view.namespaces(""))
        return count

    def _fill(self, tenant: str) -> bool:
        items = self._due(tenant, self._settings.embed_batch)
        if self._filling is None or not items:
            return False
        fills = self._filling.compute(tenant, items)
        if fills:
            self._call(tenant, "index", fills=fills, fence=Fence(NAME, self._fence))
        return bool(fills)

    def _call(self, tenant: str, operation: str, **options: object) -> Any:
        caller = self._trusted(Caller(user="system", tenant=tenant, kind="system"))
        cubes = tuple(CubeRef(id=str(each)) for each in options.pop("memories", ()))  # type: ignore[attr-defined]
        call = MemoryCall(id=self._clock.new_id(), operation=operation, cubes=cubes, options=options)  # type: ignore[arg-type]
        return raising(self._door.handle(caller, call)).value
