"""Every runtime that MemOS brings keeps the published contract, the fake one too."""

import pytest

from memos.ports.runtime import Capabilities
from memos.testing.runtime import FakeRuntime
from memos.testing.runtime_contract import RuntimeContract
from memos.testing.runtime_contract_blocks import BlocksContract
from memos.testing.runtime_contract_learning import LearningContract


class TestFake(BlocksContract, LearningContract):
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
