"""Every runtime that MemOS brings keeps the published contract, the fake one too."""

from contextlib import closing
from textwrap import indent

import pytest

from memos.plugins import load_runtime
from memos.ports.runtime import Capabilities
from memos.testing.runtime import FakeRuntime
from memos.testing.runtime_contract import RuntimeContract
from memos.testing.runtime_contract_blocks import BlocksContract
from memos.testing.runtime_contract_learning import LearningContract
from memos.testing.runtime_contract_marking import MarkingContract
from tests.llama import MODEL, Llama, weights
from tests.smollm import smollm, tiny


@pytest.fixture(scope="module")
def llama():
    with Llama() as llama:
        yield llama


@pytest.fixture(scope="module")
def started_llama():
    with closing(load_runtime(f"llama://{weights()}?ctx=2048&threads=1&slots=2")) as runtime:
        yield runtime


class TestFake(BlocksContract, LearningContract, MarkingContract):
    @pytest.fixture(scope="class")
    @classmethod
    def runtime(cls):
        return FakeRuntime()

    @pytest.fixture(scope="class")
    @classmethod
    def twin(cls):
        return FakeRuntime()


class TestFakeThatCannot(RuntimeContract):
    @pytest.fixture(scope="class")
    @classmethod
    def runtime(cls):
        return FakeRuntime(capabilities=Capabilities())


class TestFakeEngine(RuntimeContract):
    @pytest.fixture(scope="class")
    @classmethod
    def runtime(cls):
        return FakeRuntime(capabilities=Capabilities(keeps=True, tells=True))


class TestFakeThatOnlyHandsOutBlocks(BlocksContract):
    @pytest.fixture(scope="class")
    @classmethod
    def runtime(cls):
        return FakeRuntime(capabilities=Capabilities(activation=True, tells=True))


class TestTiny(BlocksContract, LearningContract):
    """A model of this process with random weights."""

    specials = ("<|im_start|>", "<|im_end|>")

    @pytest.fixture(scope="class")
    @classmethod
    def runtime(cls):
        return tiny()

    @pytest.fixture(scope="class")
    @classmethod
    def twin(cls):
        return tiny()


class TestSmolLM2(BlocksContract):
    """A model of this process that was trained."""

    specials = ("<|im_start|>", "<|im_end|>")
    can = ("learning",)  # that is asked of the tiny model, whose trainings take a second, and by tests/unit/test_lora_smollm.py

    @pytest.fixture(scope="class")
    @classmethod
    def runtime(cls):
        return smollm()


class TestLlamaServer(RuntimeContract):
    """A server that is started for it."""

    batches = True
    specials = ("<|im_start|>", "<|im_end|>")

    @pytest.fixture(scope="class")
    @classmethod
    def runtime(cls, started_llama):
        return started_llama


class TestOpenAIEngine(RuntimeContract):
    """The same server by its OpenAI-compatible side."""

    specials = ("<|im_start|>", "<|im_end|>")
    batches = True

    @pytest.fixture(scope="class")
    @classmethod
    def runtime(cls, llama):
        return load_runtime(f"openai+{llama.url}?model={MODEL}&retries=0")


BROKEN = {
    "reads blocks of anything": (
        "def _attached(self, tokens, given, adapter):\n    return tuple(given)",
        "test_blocks_of_something_else_are_refused",
    ),
    "answers without its blocks' numbers": (
        "def _start(self, lesson):\n    return bytes([len(lesson)]) * (16 - self.counted.requests % 2)",
        "test_the_likeliest_answer_is_the_same_each_time",
    ),
    "counts nothing": ("def count(self, texts):\n    return [0 for _ in texts]", "test_counting_never_tells_less_than_a_third"),
    "takes any prompt": ("window = 64", "test_a_prompt_that_does_not_fit_is_refused"),
    "knows no stop": (
        "def generate(self, *prompt, **more):\n    return super().generate(prompt[0], Sampling(max_tokens=16), **more)",
        "test_an_answer_ends_before_what_stops_it",
    ),
    "reads any file": (
        "def unpack(self, blob, about):\n    return self.encode(self.tokens(PROMPT)[0])",
        "test_what_is_no_block_is_refused",
    ),
    "reads any tenant's": (
        "def unpack(self, blob, about):\n    return super().unpack(blob, ABOUT)",
        "test_whose_file_it_is_not_is_refused",
    ),
    "tells of more than it read": (
        "def _usage(self, prompt, cached):\n    return super()._usage(prompt, cached).model_copy(update={'cached': cached + 1})",
        "test_usage_adds_up",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", BROKEN)
def test_the_suite_finds_a_broken_runtime(pytester, fault):
    body, test = BROKEN[fault]
    pytester.makepyfile(
        f"""
import pytest
from memos.memcube.prompt import Sampling
from memos.testing.runtime import FakeRuntime
from memos.testing.runtime_contract_blocks import ABOUT, PROMPT, BlocksContract
from memos.testing.runtime_contract_learning import LearningContract
from memos.testing.runtime_contract_marking import MarkingContract

class Broken(FakeRuntime):
{indent(body, "    ")}

class TestBroken(BlocksContract, LearningContract, MarkingContract):
    @pytest.fixture
    def runtime(self):
        return Broken()
"""
    )
    _, _, failed = pytester.inline_run("-p", "no:cacheprovider", "-k", test).listoutcomes()
    assert test in {report.nodeid.rpartition("::")[2].partition("[")[0] for report in failed}
