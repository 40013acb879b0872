# ruff: noqa: S101, D102 -- a suite of tests asserts, and a test is documented by its name
"""What every ModelRuntime must do, as a pytest class: inherit it, override a fixture or two, and run pytest.

```python
class TestMyRuntime(RuntimeContract):
    specials = ("<|im_start|>", "<|im_end|>")  # what the template of its model is made of

    @pytest.fixture(scope="class")
    @classmethod
    def runtime(cls):
        return MyRuntime()
```

What follows from the runtime's `capabilities` is asked; what it cannot must be refused with InvalidCall. One that hands out blocks inherits
`BlocksContract` of memos.testing.runtime_contract_blocks, one that trains adapters `LearningContract` of
memos.testing.runtime_contract_learning, one that marks `MarkingContract` of memos.testing.runtime_contract_marking, one that does several
inherits several. Prompts and answers are short, so that a small model on one core
is done in half a minute.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any, ClassVar, cast

import pytest

from memos.errors import InvalidCall
from memos.memcube.prompt import Part, Prompt, Sampling, TokenUsage
from memos.ports.runtime import Adapter, Attached, Generated, ModelRuntime
from memos.testing.runtime_prompts import ODD, TEXTS, answer, asked, finished, long_prompt, prompt_of, text_of


class RuntimeContract:
    """Override `runtime`."""

    can: ClassVar[frozenset[str]] = frozenset()
    """The capabilities that have suites of their own, of those that this one inherits."""

    specials: ClassVar[tuple[str, ...]] = ()
    """The special tokens of its template, as texts: each must stay text in what a user writes, more tokens than one."""
    repeatable: ClassVar[bool] = True
    """Whether a prompt has one greedy answer, once the runtime's own cache has it."""
    batches: ClassVar[bool] = False
    """Whether requests that come together are computed together, where rounding may turn an answer: not all must be the same then."""

    @pytest.fixture
    def runtime(self) -> ModelRuntime:
        """The runtime under test; may be shared between tests."""
        raise NotImplementedError("override the fixture `runtime`")

    def settled(self, runtime: ModelRuntime, prompt: Prompt, **sampling: Any) -> str:
        """The answer to a prompt that is in the runtime's own cache, if it has one: what was read in other batches rounds otherwise."""
        if runtime.capabilities.keeps:
            answer(runtime, prompt, max_tokens=1)
        return answer(runtime, prompt, **sampling)

    def assert_same(self, one: str, other: str) -> None:
        assert not self.repeatable or one == other

    def prompt_tokens(self, runtime: ModelRuntime, text: str) -> int:
        return finished(runtime.generate(asked(text), Sampling(max_tokens=1))).prompt

    def test_it_is_a_runtime_with_a_name_and_a_window(self, runtime: ModelRuntime) -> None:
        assert isinstance(runtime, ModelRuntime)
        assert runtime.name
        assert runtime.name == runtime.name.strip()
        assert runtime.window > 0
        assert 0.0 <= runtime.load() <= 1.0

    def test_what_it_can_is_asked_of_it(self, runtime: ModelRuntime) -> None:
        suites = {"activation", "learning", "watermark"}
        asked_for = frozenset(base for each in type(self).__mro__ for base in vars(each).get("can", ()))
        assert {name for name in suites if getattr(runtime.capabilities, name)} == asked_for

    def test_counting_never_tells_less_than_a_third(self, runtime: ModelRuntime) -> None:
        counts = runtime.count(TEXTS)
        assert len(counts) == len(TEXTS)
        assert runtime.count([]) == []
        assert runtime.count([""])[0] <= 1
        before = self.prompt_tokens(runtime, "")
        for text, count in zip(TEXTS, counts, strict=True):
            assert 3 * count >= self.prompt_tokens(runtime, text) - before

    def test_a_prompt_stands_in_its_order_and_ends_with_a_question(self, runtime: ModelRuntime) -> None:
        query, system = asked("Where do I live?")[0], Part(kind="system", role="system", text="Be short.")
        said = Part(kind="session", role="assistant", text="You live in Lisbon.")
        for wrong in ((), (query, system), (system, said), (system,)):
            with pytest.raises(InvalidCall):
                text_of(runtime.generate(wrong, Sampling(max_tokens=1)))

    def test_it_answers_a_whole_prompt_in_pieces(self, runtime: ModelRuntime) -> None:
        pieces = list(runtime.generate(prompt_of("Where do I live?"), Sampling(max_tokens=12)))
        *before, last = pieces
        assert all(piece.usage is None and piece.ended is None and piece.kept is None for piece in before)
        assert last.usage is not None
        assert last.ended in {"stop", "length"}
        assert "".join(piece.text for piece in pieces)
        assert len(before) > 1
        told = sum(len(piece.tokens) for piece in pieces)
        assert told <= last.usage.completion
        assert 0 < last.usage.completion <= 12

    def test_the_likeliest_answer_is_the_same_each_time(self, runtime: ModelRuntime) -> None:
        prompt = prompt_of("Where do I live?")
        self.assert_same(self.settled(runtime, prompt), self.settled(runtime, prompt))

    def test_usage_adds_up(self, runtime: ModelRuntime) -> None:
        for prompt in (asked("Hello."), prompt_of("Where do I live?"), prompt_of("Where do I live?")):
            usage = finished(runtime.generate(prompt, Sampling(max_tokens=4)))
            self.assert_adds_up(runtime, usage)

    def assert_adds_up(self, runtime: ModelRuntime, usage: TokenUsage) -> None:
        assert usage.prompt > 0
        assert (usage.cached is None) == (usage.computed is None)
        if runtime.capabilities.tells:
            assert usage.cached is not None
        if usage.cached is not None and usage.computed is not None:
            assert usage.cached + usage.computed == usage.prompt
            assert usage.computed > 0

    def test_a_prompt_that_does_not_fit_is_refused(self, runtime: ModelRuntime) -> None:
        with pytest.raises(InvalidCall):
            text_of(runtime.generate(asked(" harbour and boats" * runtime.window), Sampling(max_tokens=1)))

    def test_an_answer_ends_at_its_limit(self, runtime: ModelRuntime) -> None:
        *_, last = runtime.generate(long_prompt(), Sampling(max_tokens=3))
        assert last.usage is not None
        assert (last.usage.completion, last.ended) == (3, "length")

    def test_an_answer_ends_before_what_stops_it(self, runtime: ModelRuntime) -> None:
        whole = self.settled(runtime, long_prompt(), max_tokens=16)
        middle = len(whole) // 2
        stop = whole[middle : middle + 4]
        pieces = list(runtime.generate(long_prompt(), Sampling(max_tokens=16, stop=("never in it", stop))))
        assert stop not in "".join(piece.text for piece in pieces)
        self.assert_same("".join(piece.text for piece in pieces), whole[: whole.index(stop)])
        assert pieces[-1].ended == "stop"

    def test_a_seed_repeats_what_chance_has_said(self, runtime: ModelRuntime) -> None:
        def drawn(seed: int) -> str:
            return self.settled(runtime, long_prompt(), max_tokens=8, temperature=1.5, seed=seed)

        self.assert_same(drawn(7), drawn(7))
        assert len({drawn(seed) for seed in range(1, 4)}) > 1

    def test_stopping_early_ends_the_work(self, runtime: ModelRuntime) -> None:
        before = runtime.load()
        with closing(cast("Any", runtime.generate(long_prompt(), Sampling(max_tokens=2000)))) as pieces:
            assert isinstance(next(pieces), Generated)
        end = time.monotonic() + 60
        while runtime.load() > before:
            assert time.monotonic() < end
            time.sleep(0.02)
        self.assert_same(self.settled(runtime, asked("Say hello.")), self.settled(runtime, asked("Say hello.")))

    def test_requests_at_once_are_answered_as_alone(self, runtime: ModelRuntime) -> None:
        prompts = [prompt_of(f"What is said about {what}?") for what in ("Lisbon", "the harbour", "rain")]
        alone = [answer(runtime, prompt) for prompt in prompts]
        with ThreadPoolExecutor(3) as pool:
            together = list(pool.map(lambda prompt: answer(runtime, prompt), prompts))
        same = sum(one == other for one, other in zip(together, alone, strict=True))
        assert all(together)
        assert same == len(prompts) or not self.repeatable or (self.batches and same > 0)

    def test_the_tokens_of_a_template_stay_text_where_a_user_writes_them(self, runtime: ModelRuntime) -> None:
        before = self.prompt_tokens(runtime, "")
        for special in self.specials:
            assert self.prompt_tokens(runtime, f" {special}" * 8) - before >= 16, special

    @pytest.mark.parametrize("case", ODD)
    def test_it_takes_any_text(self, runtime: ModelRuntime, case: str) -> None:
        said = answer(runtime, asked(ODD[case]), max_tokens=2)
        said.encode()

    def test_what_it_cannot_do_is_refused(self, runtime: ModelRuntime) -> None:
        can, prompt = runtime.capabilities, asked("Hello.")
        few = Sampling(max_tokens=1)
        refused: list[dict[str, Any]] = []
        if not can.activation:
            refused += [{"keep": True}, {"attached": Attached(blocks=(cast("Any", object()),))}]
        if not can.adapters:
            refused.append({"attached": Attached(adapter=Adapter("a", runtime.name, None))})
        if not can.watermark:
            refused.append({"sampling": few.model_copy(update={"watermark": True})})
        for options in refused:
            with pytest.raises(InvalidCall):
                text_of(runtime.generate(prompt, **{"sampling": few, **options}))
        assert text_of(runtime.generate(prompt, few, attached=Attached())) is not None

    def test_a_cache_of_its_own_is_hit_by_what_a_prompt_begins_with(self, runtime: ModelRuntime) -> None:
        if not (runtime.capabilities.keeps and runtime.capabilities.tells):
            return
        grown = self.conversation()
        stable = 0
        for prompt in grown:
            usage = finished(runtime.generate(prompt, Sampling(max_tokens=2)))
            assert usage.cached is not None
            assert usage.cached >= 0.8 * stable
            stable = usage.prompt

    def conversation(self) -> Sequence[Prompt]:
        """The prompts of a conversation that grows by one turn each time."""
        system = Part(kind="system", role="system", text="You help with the harbour. " * 8)
        turns: list[Part] = []
        prompts = []
        for turn in range(3):
            question = f"Turn {turn}: which boats came in this morning, and who counted them?"
            prompts.append((system, *turns, Part(kind="query", role="user", text=question)))
            turns += [
                Part(kind="session", role="user", text=question),
                Part(kind="session", role="assistant", text=f"On morning {turn} three boats came in; Ana counted them."),
            ]
        return prompts
