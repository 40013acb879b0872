"""Every runtime that MemOS brings keeps the published contract, the fake one too."""

from contextlib import closing

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


class TestTiny(BlocksContract):
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
