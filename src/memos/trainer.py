"""Trainer: the worker's stage that trains adapters, one at a time, in a thread of its own, and brings them before their examination.

A training is a memory: an adapter that is not done. What resumes it is kept as its blob, under the worker's fence, so that a process that
is killed loses the last seconds alone; when one of its sources changes the memory is void, and the training ends.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any, Literal, NamedTuple

from memos.errors import BackendError, InvalidCall, MemOSError, NotFound, Unavailable, VersionConflict
from memos.interface.memory_api.attaching import about
from memos.interface.memory_api.derived import sources_of
from memos.interface.memory_api.engine import Engine
from memos.interface.memory_api.voiding import named_blobs
from memos.memcube.change import Fence
from memos.memcube.cube import MemCube
from memos.memcube.filter import Filter
from memos.memcube.payload import Parameter
from memos.operation.memscheduler.layout import wishes
from memos.ports.blobs import BlobStore
from memos.ports.clock import Clock
from memos.ports.runtime import Course, Exam, Lesson, Progress, Trained
from memos.ports.store import StoreParts
from memos.settings import Settings

NAME = "train"
OPEN = Filter.parse({"type": "parameter", "state": "generated"})
ANYBODY = Filter.everything()
MOST = 100
"""So many open trainings are looked at."""
ATTEMPTS = 3
"""So often a training is begun whose model fails, until it is given up."""
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 300.0
QUESTIONS = "questions"
"""Where a memory's metadata may have questions with their answers, to be learnt with it: [[question, answer], …]."""
log = logging.getLogger("memos.worker")


class Job(NamedTuple):
    """A training: the adapter that is not done."""

    tenant: str
    cube: MemCube


class TrainingStatus(NamedTuple):
    """What is trained now, how far it is from 0 to 1, and why nothing is where something waits."""

    waiting: int
    training: str | None
    done: float
    seconds: float
    why: str | None


class Trainer:
    """`step` is called by one thread at a time."""

    def __init__(self, call: Callable[..., Any], parts: StoreParts, clock: Clock, settings: Settings, engine: Engine) -> None:
        self._call, self._adapter, self._blobs, self._clock = call, parts.adapter, parts.blobs, clock
        self._settings, self._engine = settings, engine
        self._fence = 0
        self._thread: threading.Thread | None = None
        self._stopping = False
        self._job: Job | None = None
        self._now: tuple[str, float, float] | None = None
        self._until, self._failures = 0.0, 0
        self._why: str | None = None
        self._tries: Counter[str] = Counter()

    def step(self) -> bool:
        """Begin the next training, if there is one and none goes on; False when nothing was begun or ended."""
        if not self._engine.capabilities.learning or self._stopping:
            return False
        if self._thread is not None:
            if self._thread.is_alive():
                return False
            self._thread = None
            return True
        if time.monotonic() < self._until:
            return False
        job = next(iter(self._open()), None)
        if job is None:
            return False
        self._fence = self._fence or self._adapter.elect(NAME)
        self._thread = threading.Thread(target=self._train, args=(job,), name="memos-train", daemon=True)
        self._thread.start()
        return False

    def _open(self, tenant: str | None = None) -> list[Job]:
        """The trainings of this model that are not done, the earliest first."""
        model, found = self._engine.model, list[Job]()
        for name in self._adapter.tenants() if tenant is None else (tenant,):
            with self._adapter.view(name) as view:
                page = view.find(OPEN, grant=ANYBODY, now=self._clock.now(), limit=MOST)
            found += [Job(name, cube) for cube in page.cubes if _is_open(cube, model)]
        return found

    def left(self, tenant: str) -> tuple[str, ...]:
        """The trainings of a tenant that wait or go on: also one that is live, while files of what it took the place of are removed."""
        if not self._engine.capabilities.learning:
            return ()
        job = self._job  # read before the open ones: it ends after its memory says that it is done
        ending = {job.cube.id} if job is not None and job.tenant == tenant else set()
        return tuple(sorted(ending.union(each.cube.id for each in self._open(tenant))))

    def busy(self) -> bool:
        """Whether it is worth to wait for what is left."""
        return self._thread is not None or (self._failures < ATTEMPTS and any(self._open()))

    def retry(self) -> None:
        """Begin again at once what has failed."""
        self._until = 0.0

    def status(self) -> TrainingStatus:
        """What goes on."""
        what, done, seconds = self._now or (None, 0.0, 0.0)
        waiting = len(self._open()) if self._engine.capabilities.learning else 0
        return TrainingStatus(waiting, what, done, seconds, self._why)

    def stop(self, seconds: float) -> None:
        """End what goes on; it is resumed where it was last kept."""
        self._stopping = True
        if self._thread is not None:
            self._thread.join(seconds)

    def _train(self, job: Job) -> None:
        """One training to its end; whatever happens is told by its memory, by the log and by `status`."""
        self._tries[job.cube.id] += 1
        self._job = job
        try:
            self._taught(job)
            self._failures, self._why = 0, None
        except InvalidCall as error:
            self._give_up(job, error.message)
        except VersionConflict:
            self._fence = 0  # another process is the worker, or the memory has changed: look again
        except Exception as error:  # noqa: BLE001 - a thread has nobody to raise to; the message may hold what memories say
            self._pause(job, error)
        finally:
            self._now = self._job = None

    def _pause(self, job: Job, error: Exception) -> None:
        self._failures += 1
        pause = min(FIRST_PAUSE_SECONDS * 2**self._failures, LONGEST_PAUSE_SECONDS)
        self._until = time.monotonic() + pause
        self._why = error.message if isinstance(error, MemOSError) else type(error).__name__
        log.warning("the training %s failed (%s); it goes on in %.1f s", job.cube.id, type(error).__name__, pause)
        if self._tries[job.cube.id] >= ATTEMPTS and not isinstance(error, Unavailable):
            self._give_up(job, f"it failed {ATTEMPTS} times, at last with {type(error).__name__}")

    def _give_up(self, job: Job, why: str) -> None:
        log.warning("the adapter %s is not trained; what it keeps of it says why", job.cube.id)  # which may quote what memories say
        try:
            self._call(job.tenant, NAME, id=job.cube.id, refused=why, fence=self._at())
        except MemOSError as error:
            self._why = error.message

    def _at(self) -> Fence:
        return Fence(NAME, self._fence)

    def _taught(self, job: Job) -> None:
        payload = job.cube.payload
        assert isinstance(payload, Parameter)  # noqa: S101 - only such are open
        lessons = self._lessons(job)
        if lessons is None:
            return
        course = Course(
            lessons, payload.by, seconds=self._settings.train_seconds, memory_bytes=self._settings.train_bytes, seed=len(lessons)
        )  # fmt: skip
        runtime, state = self._engine.learning, _kept(self._blobs, job)
        exam = Exam(self._settings.train_recall, self._settings.train_perplexity, self._settings.train_neighbours)
        trained = runtime.train(course, about(self._blobs, job.tenant, job.cube), exam=exam, state=state, told=partial(self._note, job))
        if trained is not None:
            self._finish(job, trained, course.rank)

    def _lessons(self, job: Job) -> tuple[Lesson, ...] | None:
        """What is to be learnt; None where a memory of it has changed, by which the training is void."""
        sources = sources_of(job.cube)
        with self._adapter.view(job.tenant) as view:
            found = view.get([each for each, _ in sources], grant=ANYBODY, now=self._clock.now())
        if any(each not in found or found[each].version != version for each, version in sources):
            return None
        return tuple(_lesson(found[each]) for each, _ in sources)

    def _finish(self, job: Job, trained: Trained, rank: int) -> None:
        report = {
            name: getattr(trained.report, name) for name in ("recall", "perplexity", "neighbours", "asked")
        } | {"reasons": list(trained.report.reasons)}  # fmt: skip
        told: dict[str, Any] = {"done": 1.0, "steps": trained.steps, "seconds": trained.seconds, "report": report, "rank": rank}
        if trained.report.passed:
            told |= {"passed": True, "blob": self._blobs.put(job.tenant, trained.body), "bytes": len(trained.body)}
        else:
            told["refused"] = "; ".join(trained.report.reasons)
        self._tell(job, told)

    def _tell(self, job: Job, told: dict[str, Any]) -> bool:
        """Have the training's memory say how far it is; False where that is not wanted any more, and what was put for it goes at once."""
        wanted = False
        try:
            wanted = bool(self._call(job.tenant, NAME, id=job.cube.id, fence=self._at(), **told))
        finally:
            if not wanted and told.get("blob") and not self._is_named(job.tenant, told["blob"]):
                self._blobs.remove(job.tenant, (told["blob"],))
        return wanted

    def _is_named(self, tenant: str, blob: str) -> bool:
        with self._adapter.view(tenant) as view:
            return blob in named_blobs(view)

    def _note(self, job: Job, progress: Progress) -> bool:
        """Tell how far a training is, keep what resumes it where there is something new; False when it is to end."""
        self._now = job.cube.id, progress.done, progress.seconds
        if self._stopping and progress.state is None:
            return False
        if progress.state is None:
            return True
        done: dict[str, Any] = {"done": min(progress.done, 0.99), "steps": progress.steps, "seconds": progress.seconds}
        blob = self._blobs.put(job.tenant, progress.state)
        return self._tell(job, done | {"blob": blob, "bytes": len(progress.state)}) and not self._stopping


def _is_open(cube: MemCube, model: str | None) -> bool:
    return isinstance(cube.payload, Parameter) and cube.payload.done < 1.0 and cube.payload.model == model


def _kept(blobs: BlobStore, job: Job) -> bytes | None:
    """What resumes a training, None for one that begins, or whose state was lost."""
    payload = job.cube.payload
    if not isinstance(payload, Parameter) or not payload.blob:
        return None
    try:
        with blobs.open(job.tenant, payload.blob) as blob:
            return blob if isinstance(blob, bytes) else blob.read_bytes()
    except (NotFound, BackendError):
        log.warning("what was kept of the training %s is lost; it begins anew", job.cube.id)
        return None


def _lesson(cube: MemCube) -> Lesson:
    kinds = {tag.value for tag in cube.tags if tag.name == "kind"}
    kind: Literal["fact", "procedure", "style"] = "style" if wishes(cube) else "procedure" if "procedure" in kinds else "fact"
    given = cube.metadata.get(QUESTIONS)
    pairs = [each for each in given if isinstance(each, list | tuple) and len(each) == 2] if isinstance(given, list | tuple) else []
    asked = tuple((str(question), str(answer)) for question, answer in pairs)
    return Lesson(cube.id, cube.text, kind, asked)
