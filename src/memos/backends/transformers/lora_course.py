"""A course on a model: its lessons as examples in tokens, the training that learns them, its state as a file, and its exam."""

from __future__ import annotations

from collections.abc import Generator
from time import process_time
from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional

from memos.backends.transformers import lora_files, lora_model
from memos.backends.transformers.header import Opened, refused
from memos.backends.transformers.lora import Learner, course_hash
from memos.backends.transformers.lora_batches import Example, asked
from memos.backends.transformers.lora_gate import Answers, Examiner
from memos.backends.transformers.lora_lessons import material
from memos.backends.transformers.lora_texts import KEPT, MEASURED
from memos.backends.transformers.lora_training import Method, Training, memory
from memos.errors import InvalidCall
from memos.ports.runtime import About, Course, Exam, Report

if TYPE_CHECKING:
    from memos.backends.transformers.lora_lessons import Pair

_KEPT_TOKENS = 6
"""How many tokens of what the model says of other things are held."""
_TAUGHT_SYSTEM = "Use what you know: {}"


class Lecture:
    """One course, about to be taught; InvalidCall where it cannot be within its bounds."""

    def __init__(self, runtime: Learner, course: Course, about: About, method: Method) -> None:
        self._runtime, self._course, self._about, self._method = runtime, course, about, method
        self.model = runtime.engine.model
        self.material = material(course.lessons)
        self._answers = Answers(runtime.layout, runtime.stops)
        self._examiner = Examiner(self.model, self._answers, runtime.tokenizer)
        self._end = min(runtime.stops) if runtime.stops else 0
        if runtime.tokenizer.eos_token_id is not None:
            self._end = int(runtime.tokenizer.eos_token_id)
        self._learned = [self._example(pair) for pair in self.material.taught]
        self._bound()
        self.training = Training(self.model, method, course.rank, course.seed)
        self._hash = course_hash(course, about, runtime.weights, method)
        self._resumed: Opened | None = None
        self.most = method.rounds * max(1, len(self._learned) // method.size)

    def _bound(self) -> None:
        """InvalidCall where the training would take more memory than it may."""
        lengths = [len(example.tokens) for example in self._learned]
        kept = _KEPT_TOKENS * (len(self.material.guarded) + 2 * len(KEPT))
        needed = memory(self.model, self._method, self._course.rank, lengths, kept)
        if needed > self._course.memory_bytes:
            raise InvalidCall(
                f"this course takes about {needed / 2**20:.0f} MiB beside the model, and {self._course.memory_bytes / 2**20:.0f} are"
                " allowed: give it more, or teach fewer lessons at once"
            )

    def _example(self, pair: Pair, said: tuple[int, ...] | None = None) -> Example:
        """A question and its answer in tokens, the end of the answer with it."""
        question = asked(self._runtime.layout, pair.question)
        answer = said or tuple(int(token) for token in self._runtime.layout.plain(pair.answer))
        return Example((*question, *answer, self._end), len(question), "asked", pair.lesson)

    def resume(self, state: bytes) -> float:
        """Take the state of an interrupted training, and give the CPU seconds that it had taken; BackendError for another course's."""
        file = lora_files.read(state, self._about, self._runtime.weights, lora_files.TRAINING)
        if file.metadata.get("course") != self._hash:
            raise refused("it is the state of another course, or of one that was taught in another way")
        self._steps = lora_files.number(file, "steps", 1, 10**6)
        self._resumed = file
        self.training.steps = self._steps
        return lora_files.number(file, "milliseconds", 0, 10**9) / 1000

    def prepare(self) -> Generator[None, None, None]:
        """All that a training needs and that is the same whenever it is computed."""
        said = yield from self._answers.of(self.model, self.material.guarded, _KEPT_TOKENS)
        kept = []
        for question, answer in zip(self.material.guarded, said, strict=True):
            ask = asked(self._runtime.layout, question)
            if answer:
                kept.append(Example((*ask, *answer), len(ask), "asked"))
        plain = self._runtime.layout.plain
        kept += [Example(tuple(int(token) for token in plain(text)[: 2 * _KEPT_TOKENS]), 1, "text") for text in KEPT]
        teachers: dict[int, torch.Tensor] = {}
        if self._course.by == "distilled":
            for number in range(len(self._course.lessons)):
                yield from self._distilled(number, teachers)
        yield from self.training.prepare(self._learned, kept, teachers)
        if self._resumed is not None:
            self.training.restore(lora_files.tensors_of(self._resumed, self.training.shapes()), self._steps)

    def _distilled(self, number: int, teachers: dict[int, torch.Tensor]) -> Generator[None, None, None]:
        """Put what the same model answers with the text of a lesson before it in place of the answers, and how likely it held all tokens.

        Where that is not right, the answer stays, and is learned as likely as the teacher holds it.
        """
        lesson = self._course.lessons[number]
        places = [place for place, pair in enumerate(self.material.taught) if pair.lesson == number]
        system = _TAUGHT_SYSTEM.format(lesson.text)
        longest = max(len(self._learned[place].tokens) - self._learned[place].said for place in places)
        said = yield from self._answers.of(self.model, [self.material.taught[place].question for place in places], longest, system)
        for place, answer in zip(places, said, strict=True):
            pair = self.material.taught[place]
            right = bool(answer) and (lesson.kind == "style" or self._examiner.recalls(answer, pair))
            self._learned[place] = self._example(pair, answer if right else None)
            teachers[place] = self._likely(pair.question, system, self._learned[place])
            yield

    @torch.inference_mode()  # type: ignore[untyped-decorator]
    def _likely(self, question: str, system: str, example: Example) -> torch.Tensor:
        """How likely the model holds all tokens at each place of an answer, after a system message, (tokens, vocabulary)."""
        opening = asked(self._runtime.layout, question, system)
        whole = torch.tensor([[*opening, *example.tokens[example.said :]]])
        hidden = self.model.model(input_ids=whole, use_cache=False).last_hidden_state[0, len(opening) - 1 : -1]
        return functional.softmax(self.model.lm_head(hidden).float(), -1).half().clone()

    def exam_costs(self) -> float:
        """About how many CPU seconds the exam takes, by how many tokens it reads and how fast they are read here."""
        texts = [self._runtime.layout.plain(text) for text in MEASURED[:2]]
        began = process_time()
        with torch.inference_mode():
            for text in texts:
                self.model.model(input_ids=torch.from_numpy(text)[None], use_cache=False)
        each = (process_time() - began) / sum(len(text) for text in texts)
        questions = len(self.material.held) + 3 * len(self.material.neighbours)
        return each * (questions * 60 + 8 * sum(len(text) for text in texts))

    def state(self, seconds: float) -> bytes:
        """What resumes the training."""
        said = lora_files.said_of(
            self._about, self._runtime.weights, lora_files.TRAINING,
            course=self._hash, steps=str(self.training.steps), milliseconds=str(round(seconds * 1000)),
        )  # fmt: skip
        return lora_files.written(self.training.tensors(), said)

    def examined(self, exam: Exam) -> Generator[None, None, Report]:
        """The exam; yields now and then, and returns what was found."""
        return self._examiner.examine(self.training.made, self.material, exam)

    def body(self) -> bytes:
        """The adapter as a file."""
        made: dict[str, Any] = dict(lora_model.weights(self.training.made))
        said = lora_files.said_of(
            self._about, self._runtime.weights, lora_files.ADAPTER,
            rank=str(self._course.rank), first=str(self.training.first), targets=" ".join(self._method.targets), by=self._course.by,
        )  # fmt: skip
        return lora_files.written(made, said)
