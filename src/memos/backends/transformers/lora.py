"""Parameter memory: training LoRA adapters of memories, loading them, and putting one into force for a request."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from time import process_time
from typing import TYPE_CHECKING, Any, Protocol

from memos.backends.transformers.extras import require_local
from memos.errors import InvalidCall
from memos.ports.blobs import Blob
from memos.ports.runtime import USUAL, About, Adapter, Course, Exam, Progress, Report, Trained

if TYPE_CHECKING:
    from memos.backends.transformers.engine import Engine
    from memos.backends.transformers.layout import Layout
    from memos.backends.transformers.lora_course import Lecture
    from memos.backends.transformers.lora_training import Method

_SAVED = 5.0
"""After how many seconds of CPU time the state of a training is given again."""
_TOLD = 1.5
"""After how many seconds of CPU time its progress is told at the latest."""
MOST_RANK = 64


class Learner(Protocol):
    """What of a runtime is needed here."""

    engine: Engine
    layout: Layout
    tokenizer: Any
    weights: str
    stops: frozenset[int]

    @property
    def name(self) -> str: ...  # noqa: D102


class Learning:
    """The part of a runtime that trains and attaches adapters; see `LearningRuntime`."""

    def train(
        self: Learner, course: Course, about: About, *, exam: Exam = USUAL, state: bytes | None = None, told: Callable[[Progress], bool]
    ) -> Trained | None:
        """Train an adapter and examine it; None when `told` ended it. It computes beside what is answered meanwhile."""
        return train(self, course, about, exam=exam, state=state, told=told)

    def adapter(self: Learner, name: str, blob: Blob, about: About) -> Adapter:
        """Load an adapter: a copy of the model's modules that shares its weights. BackendError, with the reason, as `unpack`."""
        return attach(self, name, blob, about)


def able(model: Any) -> bool:
    """Whether adapters of this model can be trained and attached, and what that needs is installed."""
    from importlib.util import find_spec

    from memos.backends.transformers import lora_model

    return model is not None and find_spec("peft") is not None and lora_model.refusal(model) is None


class Stopped(Exception):
    """The training was ended by whom it tells."""


def train(
    runtime: Learner,
    course: Course,
    about: About,
    *,
    exam: Exam = USUAL,
    state: bytes | None = None,
    told: Callable[[Progress], bool],
    method: Method | None = None,
) -> Trained | None:
    """Train and examine an adapter; see `LearningRuntime.train`."""
    require_local("peft")
    from memos.backends.transformers import lora_model
    from memos.backends.transformers.lora_course import Lecture
    from memos.backends.transformers.lora_training import USUAL as MEASURED

    lora_model.require_known(runtime.engine.model)
    if not 1 <= course.rank <= MOST_RANK:
        raise InvalidCall(f"the rank of an adapter is from 1 to {MOST_RANK}, not {course.rank}")
    if not course.seconds > 0:
        raise InvalidCall("a training takes CPU seconds: give it more than 0")
    lecture = Lecture(runtime, course, about, method or MEASURED)
    teller = _Teller(course, told)
    if state is not None:
        teller.spent = lecture.resume(state)
    try:
        return _taught(lecture, teller, exam)
    except Stopped:
        return None


class _Teller:
    """Tells of the progress, and stops where told to. `spent` are the CPU seconds of earlier resumptions."""

    def __init__(self, course: Course, told: Callable[[Progress], bool]) -> None:
        self.course, self.told = course, told
        self.spent, self._began, self._last, self._saved = 0.0, process_time(), process_time(), 0.0
        self._done = 0.0

    @property
    def seconds(self) -> float:
        """The CPU seconds in all; those of this process since the training began here."""
        return self.spent + process_time() - self._began

    def tell(self, done: float, steps: int, loss: float, state: Callable[[float], bytes] | None = None) -> None:
        """Tell, with the state where it is time for that; Stopped where the answer is False."""
        now = process_time()
        saved = None
        if state is not None and (not self._saved or now - self._saved > _SAVED):
            saved, self._saved = state(self.seconds), now
        self._last, self._done = now, max(self._done, min(1.0, done))
        if not self.told(Progress(self._done, steps, min(self.seconds, self.course.seconds), loss, saved)):
            raise Stopped

    def maybe(self, done: float, steps: int, loss: float) -> None:
        """Tell where nothing was told for a while."""
        if process_time() - self._last > _TOLD:
            self.tell(done, steps, loss)


def _taught(lecture: Lecture, teller: _Teller, exam: Exam) -> Trained:
    """Prepare, train, examine."""
    training, bound = lecture.training, teller.course.seconds
    for _ in lecture.prepare():
        teller.maybe(0.1, training.steps, training.loss)
        if teller.seconds > bound:
            raise InvalidCall(f"this course cannot be taught within {bound:g} CPU seconds: preparing it took longer")
    reserve = lecture.exam_costs()
    if training.steps == 0 and teller.seconds + reserve > bound:
        needed = teller.seconds + reserve
        raise InvalidCall(f"this course cannot be taught within {bound:g} CPU seconds: to read and examine it takes {needed:.0f}")
    while not training.over:
        began = process_time()
        training.step()
        teller.tell(0.1 + 0.8 * training.steps / training.all_steps, training.steps, training.loss, lecture.state)
        if teller.seconds + reserve + (process_time() - began) > bound:
            break
    report = _ended(lecture.examined(exam), lambda: teller.maybe(0.9, training.steps, training.loss))
    return Trained(lecture.body(), report, training.steps, teller.seconds)


def _ended(examining: Generator[None, None, Report], meanwhile: Callable[[], None]) -> Report:
    """What an exam finds in the end."""
    while True:
        try:
            next(examining)
        except StopIteration as ended:
            report: Report = ended.value
            return report
        meanwhile()


def attach(runtime: Learner, name: str, blob: Blob, about: About) -> Adapter:
    """Load an adapter; see `LearningRuntime.adapter`."""
    require_local("peft")
    from memos.backends.transformers import lora_files, lora_model
    from memos.backends.transformers.header import refused

    model = runtime.engine.model
    lora_model.require_known(model)
    file = lora_files.read(blob, about, runtime.weights, lora_files.ADAPTER)
    count = len(model.model.layers)
    rank, first = lora_files.number(file, "rank", 1, MOST_RANK), lora_files.number(file, "first", 0, count - 1)
    targets = tuple(file.metadata.get("targets", "").split())
    if not targets or not set(targets) <= set(lora_model.TARGETS) or len(set(targets)) != len(targets):
        raise refused("it changes what is no part of this model")
    tensors = lora_files.tensors_of(file, lora_model.shapes(model, rank, range(first, count), targets))
    with runtime.engine.lock:
        made = lora_model.adapted(model, rank, range(first, count), targets)
    lora_model.fill(made, tensors)
    return Adapter(name, runtime.name, made)


@contextmanager
def in_force(runtime: Learner, adapter: Adapter) -> Iterator[None]:
    """Let one forward pass run through the adapter's copy of the model; the model itself is not touched. Called under the engine's lock."""
    from torch import nn

    if adapter.model != runtime.name or not isinstance(adapter.body, nn.Module):
        raise InvalidCall(f"the adapter {adapter.name!r} is of another model than {runtime.name}")
    runtime.engine.running = adapter.body
    try:
        yield
    finally:
        runtime.engine.running = runtime.engine.model


def course_hash(course: Course, about: About, model: str, method: Any) -> str:
    """What a state must be of to go on with a course: all that its steps depend on."""
    told = [asdict(course) | {"seconds": 0, "memory_bytes": 0}, asdict(about), model, asdict(method)]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
