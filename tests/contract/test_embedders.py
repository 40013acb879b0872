"""Every embedder that MemOS brings keeps the published contract."""

import pytest

from memos.backends.embedding_cache import CachedEmbedder
from memos.backends.hashing import HashingEmbedder
from memos.backends.onnx import MiniLM
from memos.backends.openai_compatible import OpenAIEmbedder
from memos.testing.embedder_contract import EmbedderContract, MultiVectorContract
from tests.embedding_server import EmbeddingServer


@pytest.fixture(scope="module")
def loaded():
    """Two of the real model, loaded once for all tests."""
    return MiniLM(), MiniLM(threads=2)


@pytest.fixture(scope="module")
def server():
    with EmbeddingServer() as server:
        yield server


class TestMiniLM(MultiVectorContract):
    @pytest.fixture
    def embedder(self, loaded):
        return loaded[0]

    @pytest.fixture
    def twin(self, loaded):
        return loaded[1]


class TestHashing(EmbedderContract):
    wordless_is_zero = True

    @pytest.fixture
    def embedder(self):
        return HashingEmbedder(dimensions=384)

    @pytest.fixture
    def twin(self):
        return HashingEmbedder()


class TestOpenAICompatible(EmbedderContract):
    @pytest.fixture
    def embedder(self, server):
        return OpenAIEmbedder(server.url, "m")

    @pytest.fixture
    def twin(self, server):
        return OpenAIEmbedder(server.url, "m")


class TestCached(EmbedderContract):
    """So small that most texts are forgotten between two calls, some in the middle of one."""

    wordless_is_zero = True

    @pytest.fixture
    def embedder(self):
        return CachedEmbedder(HashingEmbedder(), capacity=5)

    @pytest.fixture
    def twin(self):
        return CachedEmbedder(HashingEmbedder(), capacity=1000)


class TestCachedWords(MultiVectorContract):
    @pytest.fixture
    def embedder(self, loaded):
        return CachedEmbedder(loaded[0], capacity=5)

    @pytest.fixture
    def twin(self, loaded):
        return CachedEmbedder(loaded[1], capacity=1000).apart(("acme", "alice"))


BROKEN = {
    "Batchwise": (
        "rows = super().embed(texts); return np.roll(rows, 1, axis=0) if len(texts) > 3 else rows",
        "test_a_vector_does_not_depend_on_its_batch",
    ),
    "Long": ("return super().embed(texts) * 2", "test_gives_one_unit_row_a_text"),
    "Wide": ("return super().embed(texts).astype(float)", "test_gives_one_unit_row_a_text"),
    "Forgetful": (
        "self.calls = getattr(self, 'calls', 0) + 1; return np.roll(super().embed(texts), self.calls, axis=1)",
        "test_a_text_has_one_vector_for_ever",
    ),
    "Constant": ("return np.tile(super().embed(['x']), (len(texts), 1))", "test_different_texts_have_different_vectors"),
    "Lenient": ("return super().embed(list(map(str, texts)))", "test_refuses_what_is_no_list_of_texts"),
    "Frozen": ("rows = super().embed(texts); rows.flags.writeable = False; return rows", "test_a_caller_may_write_into_what_it_got"),
    "Greedy": (
        "rows = super().embed(texts); texts and hasattr(texts, 'clear') and texts.clear(); return rows",
        "test_leaves_its_input_alone",
    ),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_the_contract_finds_a_broken_embedder(pytester, fault):
    body, test = BROKEN[fault]
    pytester.makepyfile(
        f"""
        import numpy as np, pytest
        from memos.backends.hashing import HashingEmbedder
        from memos.testing.embedder_contract import EmbedderContract

        class Broken(HashingEmbedder):
            def embed(self, texts):
                {body}

        class TestBroken(EmbedderContract):
            wordless_is_zero = True

            @pytest.fixture
            def embedder(self):
                return Broken()

            @pytest.fixture
            def twin(self):
                return Broken()
        """
    )
    _, _, failed = pytester.inline_run("-p", "no:cacheprovider").listoutcomes()
    assert test in {report.nodeid.rpartition("::")[2].partition("[")[0] for report in failed}


def test_the_contract_asks_for_its_fixtures(pytester):
    pytester.makepyfile("from memos.testing.embedder_contract import EmbedderContract\nclass TestNothing(EmbedderContract): pass")
    done = pytester.runpytest_inprocess("-p", "no:cacheprovider")
    assert "passed" not in done.parseoutcomes()
    done.stdout.fnmatch_lines(["*override the fixture `embedder`*"])
