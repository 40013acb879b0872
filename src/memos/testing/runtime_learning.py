"""How FakeRuntime learns: steps that are counted, a gate that measures what a test says, adapters whose numbers are those of the course."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict

import numpy as np

from memos.errors import BackendError, InvalidCall
from memos.ports.blobs import Blob
from memos.ports.runtime import About, Adapter, Course, Exam, Progress, Report, Trained
from memos.testing.runtime_blocks import opened, require_same, sealed, told
from memos.testing.runtime_knobs import Teaching


def taught(
    model: str,
    course: Course,
    about: About,
    *,
    exam: Exam,
    state: bytes | None,
    hear: Callable[[Progress], bool],
    teaching: Teaching,
) -> Trained | None:
    """An adapter of a course, from where a state says; None when it was stopped."""
    steps = len(course.lessons) * teaching.steps_a_lesson
    if not steps:
        raise InvalidCall("a course without lessons teaches nothing: give one at least")
    if steps * teaching.seconds_a_step > course.seconds or teaching.memory_bytes > course.memory_bytes:
        raise InvalidCall(
            f"{len(course.lessons)} lessons cannot be taught in {course.seconds:g} s and {course.memory_bytes} bytes: give more"
        )
    mark = hashlib.sha256(json.dumps([model, asdict(course), asdict(about)], sort_keys=True).encode()).hexdigest()
    for step in range(_resumed(state, mark) + 1, steps + 1):
        saved = _saved(mark, step) if step % teaching.saves_every == 0 else None
        if not hear(Progress(step / steps, step, step * teaching.seconds_a_step, 4.0 / step, saved)):
            return None
    rows = np.frombuffer(hashlib.shake_256(mark.encode()).digest(course.rank * 8), dtype=np.int8).reshape(course.rank, 8)
    body = sealed({"lora": rows}, {"kind": "adapter", "model": model} | told(about))
    return Trained(body, _examined(course, exam, teaching), steps, steps * teaching.seconds_a_step)


def adapter_of(name: str, blob: Blob, model: str, about: About) -> Adapter:
    """An adapter from its file; BackendError, with the reason, for anything else. Its body is the hash of its numbers."""
    tensors, said = opened(blob)
    require_same(said, {"kind": "adapter", "model": model, **told(about)}, free=("sum",))
    if set(tensors) != {"lora"} or tensors["lora"].dtype != np.int8 or tensors["lora"].ndim != 2 or not tensors["lora"].size:
        raise BackendError("this file has not the tensors of an adapter, in their types and shapes")
    return Adapter(name, model, hashlib.sha256(tensors["lora"].tobytes()).hexdigest())


def _examined(course: Course, exam: Exam, teaching: Teaching) -> Report:
    """What the gate says of the figures that were set."""
    failed = (
        (teaching.recall < exam.recall, f"recall {teaching.recall:g} is below {exam.recall:g}"),
        (teaching.perplexity > exam.perplexity, f"perplexity grew by {teaching.perplexity:g}, more than {exam.perplexity:g}"),
        (
            teaching.neighbours < exam.neighbours,
            f"{teaching.neighbours:g} of the neighbours kept their answers, less than {exam.neighbours:g}",
        ),
    )
    asked = sum(len(lesson.held) or 1 for lesson in course.lessons)
    return Report(teaching.recall, teaching.perplexity, teaching.neighbours, asked, tuple(why for is_so, why in failed if is_so))


def _saved(mark: str, step: int) -> bytes:
    return sealed({"step": np.array([step], dtype=np.int64)}, {"kind": "training", "course": mark})


def _resumed(state: bytes | None, mark: str) -> int:
    """The steps that a state has behind it; BackendError for one of another course."""
    if state is None:
        return 0
    tensors, said = opened(state)
    require_same(said, {"kind": "training", "course": mark}, free=("sum",))
    step = tensors.get("step")
    if step is None or step.dtype != np.int64 or step.shape != (1,) or step[0] < 1:
        raise BackendError("this state has not the step of a training")
    return int(step[0])
