"""A reranker reads what a search found first; its word shows in the score, and its failure is a warning."""

import numpy as np
import pytest

from memos import MemOS
from memos.errors import InvalidCall, Unavailable
from memos.memcube.call import MemoryQuery

SPAN = {"start": 16, "end": 20, "label": "PIN", "sensitivity": "restricted"}
TEXTS = [f"The boat number {number} lies in the harbour." for number in range(30)]


class Fond:
    """Prefers texts that hold a word."""

    name = "fond"

    def __init__(self, word="number 17"):
        self.word, self.read, self.views = word, [], []

    def score(self, query, texts):
        self.read.append((query, list(texts)))
        return np.array([float(self.word in text) for text in texts])


def opened(reranker, **options):
    return MemOS.open("memory:", embedder=None, worker="none", reranker=reranker, **options)


def test_what_it_prefers_comes_first():
    with opened(Fond()) as memory:
        alice = memory.as_user("alice")
        alice.add(TEXTS)
        hits = alice.search("boat in the harbour", limit=3).hits
        assert hits[0].cube.text == TEXTS[17]
        assert hits[0].why["rerank"] > 0
        assert all(hit.score == pytest.approx(sum(hit.why.values())) for hit in hits)
        assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
        assert not any("rerank" in hit.why for hit in alice.search("boat in the harbour", rank={"rerank": 0.0}).hits)


def test_it_reads_as_many_as_the_settings_say_and_none_without_words():
    reranker = Fond()
    with opened(reranker, settings={"reranked": 7}) as memory:
        alice = memory.as_user("alice")
        alice.add(TEXTS)
        alice.search("boat in the harbour", limit=2, group="session")
        assert [len(texts) for _, texts in reranker.read] == [7]
        alice.list()
        alice.search("zebra")
        assert len(reranker.read) == 1


def test_it_reads_nothing_that_the_caller_may_not_see():
    reranker = Fond("secret")
    with opened(reranker) as memory:
        alice, bob = memory.as_user("alice"), memory.as_user("bob")
        alice.add(["The secret boat lies in the harbour."])
        bob.add(["A boat in the harbour."])
        assert [hit.cube.text for hit in bob.search("boat").hits] == ["A boat in the harbour."]
        alice.add(["My boat code is 4711 in the harbour."], sensitivity="internal", spans=[SPAN])
        alice.search("boat code harbour")
        assert not any("secret" in text for text in reranker.read[0][1])
        assert not any("4711" in text for _, texts in reranker.read for text in texts)


class Failing(Fond):
    def __init__(self, how):
        super().__init__()
        self.how = how

    def score(self, query, texts):
        if isinstance(self.how, Exception):
            raise self.how
        return self.how


@pytest.mark.parametrize("how", [ZeroDivisionError("inside"), Unavailable("not now"), np.array([1.0]), np.full(30, np.nan)], ids=repr)
def test_its_failure_is_a_warning(how):
    with opened(Failing(how)) as memory:
        alice = memory.as_user("alice")
        alice.add(TEXTS)
        reply = alice.search("boat in the harbour")
        assert len(reply.hits) == 10
        assert "without the reranker" in reply.warnings[0]
        assert "number 17" not in reply.warnings[0]


def test_one_that_prefers_none_changes_nothing():
    with opened(Failing(np.zeros(30))) as memory:
        alice = memory.as_user("alice")
        alice.add(TEXTS)
        assert not any("rerank" in hit.why for hit in alice.search("boat in the harbour").hits)


def test_what_is_none_is_refused():
    with pytest.raises(InvalidCall, match="a reranker has a name"):
        opened(object())


def test_nobody_gives_its_word_from_outside():
    with pytest.raises(Exception, match="reranked"):
        MemoryQuery.model_validate({"text": "boat", "reranked": {"scores": {}}})
