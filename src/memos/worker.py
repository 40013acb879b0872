"""The worker: computes pending vectors and folds use, in the background or on demand, one worker a directory.

It reads through Views and the journal; what it wants changed goes in as a MemoryCall by the system's own principal.
"""

from __future__ import annotations

import fcntl
import logging
import os
import threading
import time
from collections import defaultdict
from datetime import datetime
from pathlib import Path

from memos.errors import BackendError, MemOSError, VersionConflict
from memos.memcube.call import Caller, MemoryCall, raising
from memos.memcube.change import Fence, UsageFold, VectorFill
from memos.ports.adapter import Pending
from memos.ports.clock import Clock
from memos.ports.door import Door
from memos.ports.models import Embedder, embedding_input
from memos.ports.store import StoreParts
from memos.settings import Settings

NAME = "main"
POST_POLL_SECONDS = 0.05
log = logging.getLogger("memos.worker")


class Post:
    """The one post of worker in a directory, held by `flock`; an in-memory store has only itself."""

    def __init__(self, directory: Path | None) -> None:
        self._path = directory / "worker.lock" if directory else None
        self._file: int | None = None

    def take(self) -> bool:
        """Whether this process now holds the post; False while another does."""
        if self._path is None or self._file is not None:
            return True
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        self._file = file
        return True

    def leave(self) -> None:
        """Give the post up."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


class Worker:
    """The background loop. `step()` does a bounded piece of work and says whether there was any."""

    def __init__(
        self,
        door: Door,
        parts: StoreParts,
        clock: Clock,
        settings: Settings,
    ) -> None:
        self._door, self._adapter, self._journal = door, parts.adapter, parts.journal
        self._embedder, self._clock, self._settings = parts.embedder, clock, settings
        self._post = Post(parts.directory)
        self._fence = 0
        self._next_fold = 0.0
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
        """Finish what is pending within a bound, then end the thread and leave the post."""
        if seconds > 0:
            self.drain(seconds)
        self._stop.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
        with self._busy:
            self._post.leave()

    def drain(self, seconds: float | None = None) -> bool:
        """Work until no vector is pending, here or in the process that holds the post; False when the time is up first."""
        end = None if seconds is None else time.monotonic() + seconds
        self._next_fold = 0.0
        while True:
            worked = self.step()
            if not worked and not self._anything_pending():
                return True
            if end is not None and time.monotonic() >= end:
                return False
            if not worked:
                time.sleep(POST_POLL_SECONDS)

    def step(self) -> bool:
        """One batch of vectors for each tenant, and one fold of use. False when there was nothing, or another process has the post."""
        with self._busy:
            if not self._post.take():
                return False
            if not self._fence:
                self._fence = self._adapter.elect(NAME)
            try:
                return any([self._fill(tenant) for tenant in self._adapter.tenants()] + [self._fold()])
            except VersionConflict:
                self._fence = 0
                return True

    def _loop(self) -> None:
        while not self._stop.is_set():
            try:
                worked = self.step()
            except MemOSError as error:
                log.warning("the worker could not finish a step (%s); it tries again", error.code)
                worked = False
            if not worked:
                self._wake.wait(self._settings.worker_idle_seconds)
                self._wake.clear()

    def _anything_pending(self) -> bool:
        if self._embedder is None:
            return False
        for tenant in self._adapter.tenants():
            with self._adapter.view(tenant) as view:
                if view.pending(1).items:
                    return True
        return False

    def _fill(self, tenant: str) -> bool:
        if self._embedder is None:
            return False
        with self._adapter.view(tenant) as view:
            pending = view.pending(self._settings.embed_batch)
        if not pending.items:
            return False
        fills = self._computed(self._embedder, pending)
        self._call(tenant, "index", fills=fills, fence=Fence(NAME, self._fence))
        return True

    def _computed(self, embedder: Embedder, pending: Pending) -> tuple[VectorFill, ...]:
        """The vectors of a batch; when the batch fails, of each text by itself, and a failure counts as an attempt."""
        texts = [embedding_input(speaker, text) for _, speaker, text in pending.items]
        try:
            rows = embedder.embed(texts)
            return tuple(VectorFill(content, row) for (content, _, _), row in zip(pending.items, rows, strict=True))
        except BackendError:
            return tuple(VectorFill(content, _alone(embedder, text)) for (content, _, _), text in zip(pending.items, texts, strict=True))

    def _fold(self) -> bool:
        """Fold the use that the journal has seen since, for all tenants in one commit with the cursor."""
        if time.monotonic() < self._next_fold:
            return False
        self._next_fold = time.monotonic() + self._settings.fold_seconds
        found = self._journal.uses(self._adapter.cursor(NAME))
        if not found.uses:
            return False
        times: dict[str, list[datetime]] = defaultdict(list)
        for _, cube_id, at in found.uses:
            times[cube_id].append(at)
        folds = tuple(UsageFold(cube_id, len(seen), max(seen), float(len(seen))) for cube_id, seen in times.items())
        self._call(found.uses[0][0], "use", folds=folds, fence=Fence(NAME, self._fence, found.upto))
        return True

    def _call(self, tenant: str, operation: str, **options: object) -> None:
        caller = Caller(user="system", tenant=tenant, kind="system")
        raising(self._door.handle(caller, MemoryCall(id=self._clock.new_id(), operation=operation, options=options)))  # type: ignore[arg-type]


def _alone(embedder: Embedder, text: str):  # type: ignore[no-untyped-def]  # noqa: ANN202 - a float32 row or None
    try:
        return embedder.embed([text])[0]
    except BackendError:
        return None
