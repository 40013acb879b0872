"""Extractor: has facts extracted from what was written, after it was acknowledged; by rules at once, by a model in a thread of its own.

It goes through the commit log behind a cursor that is committed under its fence. What it has done is told by what is stored: a memory whose
facts stand is not read again, so that a process that is killed at any point loses nothing and stores nothing twice.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from itertools import groupby, islice
from operator import attrgetter
from typing import Any, NamedTuple

from memos.errors import BackendError, MemOSError, QuotaExceeded, Unavailable, VersionConflict
from memos.interface.memory_api.extracting import Extracting
from memos.memcube.change import Fence
from memos.ports.store import StoreParts
from memos.settings import Settings

NAME = "extract"
TELLING = frozenset({"add", "update", "restore", "merge", "review", "examine", "load", "pull"})
"""Calls that bring words to read, or bring them back."""
COMMITS = 100
"""How many commits are looked through at once."""
CHUNK = 64
"""How many memories are read by rules between two commits."""
AHEAD = 256
"""Among how many of the first memories that wait the model is asked for another one, where it fails for one."""
LAG = 1000
"""So many commits that bring nothing are gone through before the cursor is written down by itself."""
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.1, 300.0
"""A model that fails is asked again after a pause that doubles up to this."""
HOPELESS = 3
"""After so many failures in a row `drain` waits for the model no longer."""
Call = Callable[..., Any]
log = logging.getLogger("memos.worker")


class Job(NamedTuple):
    """A memory that is to be read, and the commit that brought it."""

    tenant: str
    id: str
    seq: int


class Extractor:
    """The worker's stage. `step` is called by one thread at a time; a model is asked in another, one memory at a time."""

    def __init__(self, call: Call, parts: StoreParts, settings: Settings, extracting: Extracting) -> None:
        self._call, self._adapter, self._settings, self._extracting = call, parts.adapter, settings, extracting
        self._fence = 0
        self._seen: int | None = None
        """Up to which commit jobs were made."""
        self._kept = 0
        """The cursor that is committed."""
        self._jobs: deque[Job] = deque()
        self._tries: Counter[Job] = Counter()
        """How often the model was asked for a job."""
        self._suspects: set[Job] = set()
        """Jobs at which the model failed, and has not answered for another since."""
        self._stopping = False
        self._asking: threading.Thread | None = None
        self._until, self._failures = 0.0, 0
        self._why: str | None = None

    def lag(self) -> int:
        """How many commits wait to be gone through, counted up to a thousand."""
        return sum(map(_telling, self._adapter.events(self._adapter.cursor(NAME), LAG)))

    def why(self) -> str | None:
        """Why nothing goes on, None while it does."""
        spent = self._extracting.exhausted() if self._settings.extract == "model" else None
        return spent or self._why

    def left(self, tenant: str) -> tuple[str, ...]:
        """Some of the memories of a tenant that wait to be read, here or in the process that has the post."""
        rows = self._adapter.events(self._adapter.cursor(NAME), COMMITS)
        return tuple(cube_id for row in rows if row["tenant"] == tenant and _telling(row) for cube_id, _ in row["writes"])

    def busy(self) -> bool:
        """Whether a model is at work here, so that it is worth to wait for what is left."""
        asked = self._asking is not None or bool(self._jobs)
        return asked and self._failures < HOPELESS and self.why() is None

    def retry(self) -> None:
        """Ask a model that has failed again at once."""
        self._until, self._failures, self._why = 0.0, 0, None

    def step(self) -> bool:
        """Look through some commits, or have one memory read by the model; False when there was nothing to do at once."""
        if self._seen is None:
            self._fence = self._adapter.elect(NAME)
            self._seen = self._kept = self._adapter.cursor(NAME)
        try:
            if self._settings.extract == "rules":
                return self._by_rules()
            return self._by_model()
        except VersionConflict:
            self._begin_anew()
            raise

    def _begin_anew(self) -> None:
        """Another process has the post, or somebody wrote first: what was not committed is looked up again."""
        self._seen = None
        self._jobs.clear()

    def _look(self) -> bool:
        """Make jobs of some commits; whether there were any commits."""
        assert self._seen is not None  # noqa: S101 - `step` has read it
        rows = self._adapter.events(self._seen, COMMITS)
        for row in rows:
            if _telling(row):
                self._jobs.extend(Job(row["tenant"], cube_id, row["seq"]) for cube_id in dict.fromkeys(each for each, _ in row["writes"]))
            self._seen = row["seq"]
        return bool(rows)

    def _by_rules(self) -> bool:
        looked = self._look()
        while self._jobs:
            tenant = self._jobs[0].tenant
            chunk = list(next(groupby(islice(self._jobs, CHUNK), attrgetter("tenant")))[1])
            rest = deque(islice(self._jobs, len(chunk), None))
            done = rest[0].seq - 1 if rest else self._seen or 0
            self._settle(tenant, tuple(dict.fromkeys(job.id for job in chunk)), done)
            self._kept, self._jobs = max(done, self._kept), rest
        self._keep_up()
        return looked

    def _settle(self, tenant: str, ids: tuple[str, ...], done: int) -> None:
        """Have some memories read; where that fails for one of them, all the others still."""
        try:
            self._call(tenant, NAME, ids=ids, by="rules", fence=self._at(done))
        except (Unavailable, VersionConflict):
            raise
        except MemOSError as error:
            if len(ids) == 1:
                log.warning("no facts are extracted from the memory %s (%s)", ids[0], error.code)
                self._extracting.count({"given_up": 1})
                return
            for half in (ids[: len(ids) // 2], ids[len(ids) // 2 :]):
                self._settle(tenant, half, self._kept)

    def _at(self, done: int) -> Fence:
        return Fence(NAME, self._fence, done if done > self._kept else None)

    def _keep_up(self) -> None:
        """Write the cursor down where many commits have brought nothing to read."""
        if not self._jobs and self._seen is not None and self._seen - self._kept >= LAG:
            tenants = self._adapter.tenants()
            if tenants:
                self._call(tenants[0], "use", folds=(), fence=Fence(NAME, self._fence, self._seen))
                self._kept = self._seen

    def _by_model(self) -> bool:
        if self._asking is not None:
            if self._asking.is_alive():
                return False
            self._asking = None
            return True
        looked = self._look() if len(self._jobs) < CHUNK else False
        self._keep_up()
        if self._jobs and self._goes_on():
            self._asking = threading.Thread(target=self._ask_on, name="memos-extract", daemon=True)
            self._asking.start()
        return looked

    def _goes_on(self) -> bool:
        return not self._stopping and time.monotonic() >= self._until and self._extracting.exhausted() is None

    def _ask_on(self) -> None:
        """Ask for one memory after the other, until there is none or the model fails; whatever happens is told by the log and by `why`."""
        try:
            while self._jobs and self._goes_on():
                self._ask(min(islice(self._jobs, AHEAD), key=lambda job: self._tries[job]))
        except VersionConflict:
            self._begin_anew()
        except Exception as error:  # noqa: BLE001 - a thread has nobody to raise to; the message may hold what memories say
            self._pause(type(error).__name__)

    def _ask(self, job: Job) -> None:
        done = self._done_but(job)
        self._tries[job] += 1
        try:
            told = self._call(job.tenant, NAME, ids=(job.id,), by="model", fence=self._at(done))
        except (Unavailable, QuotaExceeded, BackendError) as error:
            self._suspects.add(job)
            self._pause(error.message)
            return
        self._until, self._failures, self._why = 0.0, 0, None
        if not told["failed"]:
            self._over(job)
            self._kept = max(done, self._kept)
        for other in {job, *self._suspects} if told["failed"] else self._suspects - {job}:
            self._weigh(other, told["failed"].get(other.id, "the model fails for it, and answers for others"))
        self._suspects.clear()

    def _done_but(self, job: Job | None) -> int:
        """Up to which commit all is done, once a job is: jobs stand in the order of their commits."""
        other = next((each for each in self._jobs if each != job), None)
        return other.seq - 1 if other is not None else self._seen or 0

    def _pause(self, why: str) -> None:
        """The model fails: it is asked again later, for another memory first."""
        self._failures += 1
        pause = min(FIRST_PAUSE_SECONDS * 2 ** min(self._failures - 1, 16), LONGEST_PAUSE_SECONDS)
        self._until, self._why = time.monotonic() + pause, f"the model fails: {why}"
        level = logging.WARNING if self._failures == 1 else logging.DEBUG
        log.log(level, "no facts are extracted now; the model is asked again in %.1f s", pause)

    def _weigh(self, job: Job, why: str) -> None:
        """The model answers, and nothing usable for this memory: after some attempts it is given up, and counted."""
        if self._tries[job] < self._settings.extract_attempts or job not in self._jobs:
            return
        log.warning("no facts are extracted from the memory %s: %s", job.id, why)
        self._extracting.count({"given_up": 1})
        self._over(job)
        done = self._done_but(None)
        if done > self._kept:
            self._call(job.tenant, "use", folds=(), fence=self._at(done))
            self._kept = done

    def _over(self, job: Job) -> None:
        self._tries.pop(job, None)
        self._jobs.remove(job)

    def stop(self, seconds: float) -> None:
        """Ask for nothing more, and wait a bounded time for what is asked."""
        self._stopping = True
        if self._asking is not None:
            self._asking.join(seconds)


def _telling(row: dict[str, Any]) -> bool:
    """Whether a commit may have brought words to read."""
    return row["operation"] in TELLING and not row["branch"] and bool(row["writes"])
