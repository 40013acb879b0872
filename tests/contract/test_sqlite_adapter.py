"""The embedded store keeps the published contract, on disk and in memory."""

from uuid import uuid4

import pytest

from memos.backends.sqlite.adapter import SqliteAdapter
from memos.testing.adapter_contract import AdapterContract
from memos.testing.comparison import Comparison
from memos.testing.memory import in_memory
from memos.testing.walk import DIMENSIONS


class TestSqlite(AdapterContract):
    @pytest.fixture
    def open_adapter(self, tmp_path):
        def opened(dimensions):
            return SqliteAdapter(tmp_path / uuid4().hex, durability="process", embedder=dimensions and ("test", dimensions))

        return opened


class TestInMemory(AdapterContract):
    walks = 1

    @pytest.fixture
    def open_adapter(self):
        return in_memory


@pytest.mark.proof(capability="adapter-contract", small=250, full=2000)
def test_agrees_with_the_plain_model_step_by_step(trials, record_proof):
    """One store, one long walk: times, branches, access lists, transfers, conflicts."""
    adapter = in_memory(DIMENSIONS)
    try:
        figures = Comparison(adapter, 2026, DIMENSIONS).run(trials)
    finally:
        adapter.close()
    record_proof(**figures)
    assert figures["steps"] >= trials
    assert min(figures[name] for name in ("branches", "transfers", "past", "version_conflict", "invalid_call", "not_found")) > 0
