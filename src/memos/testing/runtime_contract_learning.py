# ruff: noqa: S101, D102 -- a suite of tests asserts, and a test is documented by its name
"""What a runtime that trains adapters must do beside, as a pytest class."""

from __future__ import annotations

from typing import ClassVar, cast

import pytest

from memos.errors import BackendError, InvalidCall
from memos.memcube.prompt import Sampling
from memos.ports.runtime import (
    About,
    ActivationRuntime,
    Adapter,
    Attached,
    Course,
    LearningRuntime,
    Lesson,
    ModelRuntime,
    Progress,
    Trained,
)
from memos.testing.runtime_contract import RuntimeContract
from memos.testing.runtime_prompts import answer, asked, prompt_of, spoilt, text_of

ABOUT = About("a" * 32, (("memory-1", 3),))
QUESTION = asked("What is the name of Ana's boat?")


class LearningContract(RuntimeContract):
    """Override `runtime`. `course` is what is trained: one lesson, so that a real model has soon done."""

    can: ClassVar[frozenset[str]] = RuntimeContract.can | {"learning"}

    course: ClassVar[Course] = Course(
        (Lesson("memory-1", "Ana's boat is called Estrela.", asked=(("What is the name of Ana's boat?", "Estrela."),)),)
    )

    @pytest.fixture
    def pupil(self, runtime: ModelRuntime) -> LearningRuntime:
        """The runtime, which trains adapters."""
        assert isinstance(runtime, LearningRuntime)
        return runtime

    @pytest.fixture(scope="class")
    @classmethod
    def lessons(cls) -> dict[int, tuple[Trained, tuple[Progress, ...]]]:
        """What was trained before, by the runtime that did."""
        return {}

    @pytest.fixture
    def trained(
        self, pupil: LearningRuntime, lessons: dict[int, tuple[Trained, tuple[Progress, ...]]]
    ) -> tuple[Trained, tuple[Progress, ...]]:
        """The adapter of the course, trained once."""
        if id(pupil) not in lessons:
            heard: list[Progress] = []

            def hear(progress: Progress) -> bool:
                heard.append(progress)
                return True

            body = pupil.train(self.course, ABOUT, told=hear)
            assert body is not None
            lessons[id(pupil)] = (body, tuple(heard))
        return lessons[id(pupil)]

    @pytest.fixture
    def adapter(self, pupil: LearningRuntime, trained: tuple[Trained, tuple[Progress, ...]]) -> Adapter:
        return pupil.adapter("ana", trained[0].body, ABOUT)

    def test_training_tells_how_far_it_is(self, trained: tuple[Trained, tuple[Progress, ...]]) -> None:
        found, heard = trained
        done = [progress.done for progress in heard]
        assert done == sorted(done)
        assert done[0] >= 0
        assert done[-1] <= 1
        assert [progress.steps for progress in heard] == sorted(progress.steps for progress in heard)
        assert all(progress.seconds <= self.course.seconds for progress in heard)
        assert found.steps >= heard[-1].steps
        assert found.report.asked > 0
        assert isinstance(found.report.passed, bool)

    def test_training_stops_and_resumes(self, pupil: LearningRuntime) -> None:
        heard: list[Progress] = []

        def until_saved(progress: Progress) -> bool:
            heard.append(progress)
            return progress.state is None

        def until_further(progress: Progress) -> bool:
            heard.append(progress)
            return progress.steps <= steps

        assert pupil.train(self.course, ABOUT, told=until_saved) is None
        state = heard[-1].state
        assert state is not None
        steps = heard[-1].steps
        assert pupil.train(self.course, ABOUT, state=state, told=until_further) is None
        assert heard[-1].steps > steps
        other = Course((Lesson("memory-9", "Rui's boat is called Maré."),))
        for wrong in ((other, state), (self.course, state[:-1]), (self.course, b""), (self.course, b"\x80\x04.")):
            with pytest.raises(BackendError):
                pupil.train(wrong[0], ABOUT, state=wrong[1], told=lambda _: False)

    def test_a_course_out_of_bounds_is_refused(self, pupil: LearningRuntime) -> None:
        for wrong in (Course(()), Course(self.course.lessons, memory_bytes=1), Course(self.course.lessons, seconds=0.0)):
            with pytest.raises(InvalidCall):
                pupil.train(wrong, ABOUT, told=lambda _: True)

    def test_without_its_adapter_a_model_is_what_it_was(self, pupil: LearningRuntime, adapter: Adapter) -> None:
        before = answer(pupil, QUESTION)
        learned = answer(pupil, QUESTION, Attached(adapter=adapter))
        assert learned == answer(pupil, QUESTION, Attached(adapter=adapter))
        assert learned != before
        assert answer(pupil, QUESTION) == before

    def test_an_adapter_of_something_else_is_refused(self, pupil: LearningRuntime, trained: tuple[Trained, tuple[Progress, ...]]) -> None:
        for wrong in (About("b" * 32, ABOUT.sources), About(ABOUT.tenant, (("memory-1", 4),))):
            with pytest.raises(BackendError):
                pupil.adapter("ana", trained[0].body, wrong)
        for name, body in spoilt(trained[0].body):
            with pytest.raises(BackendError):
                pytest.fail(f"{name} was read: {pupil.adapter('ana', body, ABOUT)}")
        with pytest.raises(InvalidCall):
            text_of(pupil.generate(QUESTION, Sampling(max_tokens=1), attached=Attached(adapter=Adapter("ana", "another model", None))))

    def test_a_block_belongs_to_the_adapter_it_was_read_under(self, pupil: LearningRuntime, adapter: Adapter) -> None:
        if not pupil.capabilities.activation:
            return
        kv, prompt = cast("ActivationRuntime", pupil), prompt_of("What is the name of Ana's boat?")
        first = kv.tokens(prompt)[0]
        plain, under = kv.encode(first), kv.encode(first, adapter=adapter)
        assert (plain.adapter, under.adapter) == (None, "ana")
        assert answer(kv, prompt, Attached((under,), adapter)) == answer(kv, prompt, Attached(adapter=adapter))
        for wrong in (Attached((plain,), adapter), Attached((under,))):
            with pytest.raises(InvalidCall):
                text_of(kv.generate(prompt, Sampling(max_tokens=1), attached=wrong))
