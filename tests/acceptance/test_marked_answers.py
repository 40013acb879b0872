"""Answers that are marked by the store: by a key of its own for each tenant, found by it alone."""

import pytest

from memos import MemOS
from memos.errors import InvalidCall
from memos.ports.runtime import Capabilities
from memos.testing.runtime import FakeRuntime

LONG = {"temperature": 0.8, "max_tokens": 200, "store": False, "watermark": True}


def test_a_marked_answer_is_found_by_its_store_and_tenant_alone(tmp_path):
    runtime = FakeRuntime()
    with MemOS.open(tmp_path / "one", runtime=runtime, worker="none") as memory, MemOS.open(tmp_path / "two", runtime=runtime) as other:
        said = memory.as_user("alice", tenant="acme").chat("Tell me of the harbour.", seed=3, **LONG).value.text
        plain = memory.as_user("alice", tenant="acme").chat("Tell me of the harbour.", seed=3, **LONG | {"watermark": False}).value.text
        assert memory.detect(said, tenant="acme").marked
        assert not memory.detect(said, tenant="zenith", rate=1e-6).marked
        assert not other.detect(said, tenant="acme", rate=1e-6).marked
        assert not memory.detect(plain, tenant="acme", rate=1e-6).marked


def test_what_leaves_no_choice_is_not_marked(tmp_path):
    with MemOS.open(tmp_path / "one", runtime=FakeRuntime(), worker="none") as memory, pytest.raises(InvalidCall, match="temperature"):
        memory.as_user("alice").chat("Tell me of the harbour.", **LONG | {"temperature": 0.0})


def test_a_runtime_that_marks_nothing_says_so(tmp_path):
    class Plain:
        """A runtime that answers, and nothing else."""

        name, capabilities, window = "plain", Capabilities(), 1000

        def count(self, texts):
            return [len(text.split()) for text in texts]

        def generate(self, prompt, sampling=None, *, attached=None, keep=False):
            raise AssertionError("it is not asked")

        def load(self):
            return 0.0

        def close(self):
            pass

    with MemOS.open(tmp_path / "one", runtime=Plain(), worker="none") as memory:
        with pytest.raises(InvalidCall, match="marks nothing"):
            memory.as_user("alice").chat("Tell me of the harbour.", **LONG)
        with pytest.raises(InvalidCall, match="marks nothing"):
            memory.detect("some text")
