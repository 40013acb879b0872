# ruff: noqa: S101, D102 -- a suite of tests asserts, and a test is documented by its name
"""What a runtime that marks what it generates must do beside, as a pytest class."""

from __future__ import annotations

from typing import ClassVar

import pytest

from memos.errors import InvalidCall
from memos.memcube.prompt import Sampling
from memos.ports.marking import MarkingRuntime
from memos.ports.runtime import ModelRuntime
from memos.testing.runtime_contract import RuntimeContract
from memos.testing.runtime_prompts import asked, long_prompt, text_of

MARKED = Sampling(max_tokens=100, temperature=1.0, watermark=True)
ONE, OTHER = b"the key of one tenant, a secret", b"the key of another, also secret"


class MarkingContract(RuntimeContract):
    """Override `runtime`, which has a key."""

    can: ClassVar[frozenset[str]] = RuntimeContract.can | {"watermark"}

    @pytest.fixture
    def marking(self, runtime: ModelRuntime) -> MarkingRuntime:
        """The runtime, with a key of its own."""
        assert isinstance(runtime, MarkingRuntime)
        return runtime.marking(ONE)

    def said(self, runtime: ModelRuntime, sampling: Sampling) -> list[str]:
        """Four long answers."""
        return [text_of(runtime.generate(long_prompt(), sampling.model_copy(update={"seed": seed}))) for seed in range(4)]

    def test_with_a_key_it_can_mark(self, runtime: ModelRuntime, marking: MarkingRuntime) -> None:
        assert marking.capabilities.watermark
        assert marking.name == runtime.name

    def test_its_key_finds_the_mark_and_another_does_not(self, marking: MarkingRuntime) -> None:
        texts, other = self.said(marking, MARKED), marking.marking(OTHER)
        assert sum(marking.detect(text).marked for text in texts) >= 3
        assert not any(other.detect(text, rate=0.001).marked for text in texts)

    def test_what_asks_for_no_mark_has_none(self, runtime: ModelRuntime, marking: MarkingRuntime) -> None:
        plain = MARKED.model_copy(update={"watermark": False})
        texts = self.said(marking, plain)
        assert texts == self.said(runtime, plain)
        assert not any(marking.detect(text, rate=0.001).marked for text in texts)

    @pytest.mark.parametrize("greedy", [{"temperature": 0.0}, {"temperature": 1.0, "top_k": 1}])
    def test_a_greedy_answer_is_not_marked(self, marking: MarkingRuntime, greedy: dict[str, float]) -> None:
        with pytest.raises(InvalidCall):
            text_of(marking.generate(asked("Hello."), Sampling.model_validate({"watermark": True, **greedy})))

    def test_short_keys_and_impossible_rates_are_refused(self, marking: MarkingRuntime) -> None:
        with pytest.raises(InvalidCall):
            marking.marking(b"short")
        for rate in (0.0, 1.0, -0.5):
            with pytest.raises(InvalidCall):
                marking.detect("some text", rate=rate)
        empty = marking.detect("")
        assert (empty.marked, empty.p_value, empty.tokens) == (False, 1.0, 0)
