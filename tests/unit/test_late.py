"""Late interaction: words meet words, turns help the turns around them, and nothing is read that is hidden or was read before."""

from datetime import UTC, datetime

import numpy as np
import pytest
from pydantic import ValidationError

from evals.retrieval.data import SHIPPED, embedded
from evals.retrieval.fitting import book_of
from evals.retrieval.memory_view import Book
from memos.backends.embedding_cache import CachedEmbedder
from memos.backends.hashing import HashingEmbedder
from memos.errors import BackendError, InvalidCall, Unavailable
from memos.memcube.call import Grant, MemoryQuery
from memos.memcube.filter import Filter
from memos.memcube.vector import Words
from memos.operation.memoperator import late, ranking
from memos.operation.memoperator.late import WordCodes, asked, best, packed
from memos.operation.memoperator.retrieval import Retrieval
from memos.ports import models
from memos.testing.retrieval_eval import load

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ANYONE = Grant(filter=Filter.everything(), policies=())
HERE = ("user/alice",)
MEANINGS = {"boat": 0, "ship": 0, "harbour": 1, "port": 1, "cake": 2, "bread": 2, "old": 3, "blue": 4}
WIDTH = 8


def words_of(text):
    """Words of one meaning have one vector."""
    spans, rows, place = [], [], 0
    for word in text.split():
        start = text.index(word, place)
        place = start + len(word)
        row = np.zeros(WIDTH, np.float32)
        row[MEANINGS.get(word, 5)] = 1
        spans.append((start, place))
        rows.append(row)
    return Words(tuple(spans), np.array(rows, np.float32).reshape(-1, WIDTH))


def add(book, text, **columns):
    return book.add(text, vector=np.ones(4) / 2, words=packed(text, words_of(text)), **columns)


def query(text, **fields):
    return MemoryQuery(text=text, vector=np.ones(4) / 2, words=words_of(text), namespaces=HERE, **fields)


@pytest.fixture(scope="module")
def harbour():
    """The shipped conversation as a View, and its questions."""
    (conversation,) = load(SHIPPED[0])[:1]
    known = embedded([conversation], None)
    texts = [row["q"] for row in conversation["qa"]]
    asked_for = [MemoryQuery(text=text, vector=known[text][0], words=known[text][1], namespaces=HERE) for text in texts]
    return book_of(conversation, known).view(), asked_for


def why(book, text, grant=ANYONE, **fields):
    """The contributions to each row's score."""
    found = Retrieval().retrieve(query(text, **fields), book.view(), grant, NOW)
    for hit in found.hits:
        assert hit.score == pytest.approx(sum(hit.why.values()))
    return {hit.row: hit.why for hit in found.hits}


class TestWords:
    def test_only_words_that_say_something_are_kept(self):
        text = "the boat is in the harbour"
        assert len(packed(text, words_of(text))) == 2 * WIDTH
        assert packed("the is in", words_of("the is in")) == b""
        assert packed(text, None) == b""

    def test_a_question_asks_with_those_alone(self):
        found = asked("where is the boat", words_of("where is the boat"))
        assert found.terms == (("boat",),)
        assert found.rows.shape == (1, WIDTH)
        assert asked("where is it", words_of("where is it")) is None

    def test_they_are_no_part_of_what_is_written_down(self):
        asking = query("boat")
        assert "words" not in asking.model_dump()
        assert "words" not in asking.model_dump_json()

    def test_nobody_gives_them_from_outside(self):
        for given in ([[0, 1]], {"spans": [], "rows": []}, "boat"):
            with pytest.raises((InvalidCall, ValidationError)):
                MemoryQuery.model_validate({"text": "boat", "words": given})


class TestScores:
    def test_a_word_of_like_meaning_is_met(self):
        book = Book(dimensions=4)
        near, far = add(book, "a ship came", session="a", ordinal=0), add(book, "we ate bread", session="b", ordinal=0)
        found = why(book, "boat")
        assert found[near.row]["late"] > 0
        assert "late" not in found[far.row] or found[far.row]["late"] < found[near.row]["late"]

    def test_turns_answer_together(self):
        """One speaks of the boat, the next of the harbour: each is met by both words."""
        book = Book(dimensions=4)
        pair = [add(book, text, session="a", ordinal=place) for place, text in enumerate(("an old ship", "in the port"))]
        alone = add(book, "a blue ship", session="b", ordinal=0)
        found = why(book, "boat harbour")
        assert min(found[row.row]["late_near"] for row in pair) > found[alone.row]["late_near"]

    def test_two_turns_away_at_most_and_within_a_session(self):
        book = Book(dimensions=4)
        texts = ("an old ship", "old", "old", "old")
        rows = [add(book, text, session="a", ordinal=place) for place, text in enumerate(texts)]
        other = add(book, "old", session="b", ordinal=0)
        found = why(book, "boat")
        reached = [found[row.row].get("late_near", 0) for row in (*rows, other)]
        assert reached[0] == pytest.approx(reached[1]) == pytest.approx(reached[2])
        assert reached[3] == reached[4] < reached[2]

    def test_a_turn_that_the_grant_hides_helps_none(self):
        def shown(hidden):
            book = Book(dimensions=4)
            add(book, hidden, session="a", ordinal=0, owner="bob")
            row = add(book, "an old port", session="a", ordinal=1)
            add(book, "cake", session="b", ordinal=0)
            return why(book, "boat", Grant(filter=Filter.parse({"owner": "alice"}), policies=()))[row.row]

        assert shown("a ship") == shown("bread")

    def test_rarer_words_count_for_more(self):
        book = Book(dimensions=4)
        for place in range(20):
            add(book, "cake", session=f"s{place}", ordinal=0)
        common, rare = add(book, "bread", session="x", ordinal=0), add(book, "ship", session="y", ordinal=0)
        add(book, "boat", session="z", ordinal=0)
        found = why(book, "boat cake", limit=30)
        assert found[rare.row]["late"] > found[common.row]["late"]

    def test_what_has_no_words_takes_the_usual(self):
        book = Book(dimensions=4)
        met, unmet = add(book, "ship", session="a", ordinal=0), add(book, "bread", session="b", ordinal=0)
        bare = book.add("given by vector", vector=np.ones(4) / 2, session="c", ordinal=0)
        found = why(book, "boat")
        assert found[unmet.row].get("late", 0) < found[bare.row]["late"] < found[met.row]["late"]

    def test_a_store_without_words_is_searched_as_before(self):
        book = Book(dimensions=4)
        for text in ("ship", "boat", "cake"):
            book.add(text, vector=np.ones(4) / 2)
        found = Retrieval().retrieve(MemoryQuery(text="boat", vector=np.ones(4) / 2, namespaces=HERE), book.view(), ANYONE, NOW)
        assert found.hits
        assert not any(name.startswith("late") for hit in found.hits for name in hit.why)

    @pytest.mark.parametrize("filter", [None, Filter.parse({"speaker": "Ines"})], ids=["all", "some"])
    def test_candidates_give_nearly_what_full_scoring_gives(self, monkeypatch, harbour, filter):
        """Of the shipped conversation half is read word by word: the best ten hardly change."""
        view, questions = harbour

        def top():
            found = [Retrieval().retrieve(one.model_copy(update={"filter": filter}), view, ANYONE, NOW).hits for one in questions]
            return [{hit.row for hit in hits} for hits in found]

        monkeypatch.setattr(ranking, "CANDIDATES", 10**9)
        whole = top()
        monkeypatch.setattr(ranking, "CANDIDATES", 144)
        kept = [len(one & other) / len(one) for one, other in zip(whole, top(), strict=True)]
        assert np.mean(kept) > 0.93


class Watched:
    """A View that counts what is read."""

    def __init__(self, words):
        self.known, self.read = words, []

    def words(self, contents):
        self.read += contents
        return {content: self.known[content] for content in contents if content in self.known}


class TestWordCodes:
    def test_a_text_is_read_once(self):
        view, codes = Watched({7: bytes(range(8)), 9: bytes(16)}), WordCodes()
        slots, contents = np.array([2, 0]), np.array([7, 9])
        for _ in range(3):
            held = codes.held(view, slots, contents, 8)
            assert held.counts.tolist() == [1, 2]
            assert held.codes.tolist() == [list(range(8)), [0] * 8, [0] * 8]
        assert view.read == [7, 9]

    def test_what_a_view_does_not_have_yet_is_asked_for_again(self):
        """A View may be behind the lane: the vector has come since, and the next reader has it."""
        codes, slots, contents = WordCodes(), np.array([0, 1]), np.array([7, 9])
        assert codes.held(Watched({7: bytes(8)}), slots, contents, 8).counts.tolist() == [1, 0]
        later = Watched({7: bytes(8), 9: bytes(16)})
        assert codes.held(later, slots, contents, 8).counts.tolist() == [1, 2]
        assert later.read == [9]

    def test_what_does_not_divide_into_words_is_none(self):
        held = WordCodes().held(Watched({1: bytes(9)}), np.array([0]), np.array([1]), 8)
        assert held.counts.tolist() == [0]
        assert np.isnan(best(np.ones((1, 8), np.float32), held)).all()

    def test_it_lets_go_when_it_holds_too_much(self, monkeypatch):
        monkeypatch.setattr(late, "MOST_BYTES", 4000)
        view, codes = Watched({content: bytes(8 * 50) for content in range(40)}), WordCodes()
        before = codes.held(view, np.array([0]), np.array([0]), 8)
        for content in range(40):
            assert codes.held(view, np.array([content]), np.array([content]), 8).counts.tolist() == [50]
        assert codes.nbytes < 8000
        assert before.counts.tolist() == [50]
        codes.held(view, np.array([0]), np.array([0]), 8)
        assert view.read.count(0) == 2

    def test_nothing_asked_reads_nothing(self):
        view = Watched({})
        assert len(WordCodes().held(view, np.empty(0, np.int64), np.empty(0, np.int64), 8).codes) == 0
        assert view.read == []


class Telling(HashingEmbedder):
    """Tells of words, whatever it is made to tell."""

    word_dimensions = WIDTH

    def __init__(self, told=None):
        super().__init__(dimensions=16)
        self.told, self.times = told, 0

    def embed_words(self, texts):
        self.times += 1
        if isinstance(self.told, Exception):
            raise self.told
        return self.embed(texts), [words_of(text) for text in texts] if self.told is None else self.told


class TestReading:
    def test_gives_rows_and_words(self):
        rows, words = models.read(Telling(), ["an old boat", "cake"])
        assert rows.shape == (2, 16)
        assert [len(each.spans) for each in words] == [3, 1]

    def test_an_embedder_that_tells_of_none_is_asked_for_rows_alone(self):
        rows, words = models.read(HashingEmbedder(dimensions=16), ["boat"])
        assert rows.shape == (1, 16)
        assert words == [None]
        assert models.word_dimensions(CachedEmbedder(HashingEmbedder())) == 0

    @pytest.mark.parametrize(
        "told",
        [
            [],
            [Words(((0, 1),), np.ones((1, 3), np.float32))],
            [Words((), np.ones((1, WIDTH), np.float32))],
            [Words(((0, 1),), np.full((1, WIDTH), np.nan, np.float32))],
            ZeroDivisionError("inside"),
        ],
        ids=["none", "narrow", "unplaced", "not finite", "raises"],
    )
    def test_what_is_wrong_is_an_error_that_names_the_model(self, told):
        with pytest.raises(BackendError, match="check the model") as caught:
            models.read(Telling(told), ["boat"])
        assert "boat" not in str(caught.value)

    def test_an_endpoint_that_does_not_answer_says_so(self):
        with pytest.raises(Unavailable):
            models.read(Telling(Unavailable("not now")), ["boat"])

    def test_the_cache_remembers_words_when_they_were_asked_for(self):
        inner = Telling()
        cached = CachedEmbedder(inner)
        cached.embed(["boat"])
        cached.embed_words(["boat"])
        cached.embed_words(["boat"])
        assert inner.times == 1
        assert np.array_equal(cached.embed(["boat"]), inner.embed(["boat"]))

    def test_one_caller_does_not_feel_what_another_asked(self):
        inner = Telling()
        cached = CachedEmbedder(inner)
        cached.apart(("acme", "alice")).embed_words(["boat"])
        cached.apart(("acme", "bob")).embed_words(["boat"])
        assert inner.times == 2

    def test_a_cache_before_what_tells_of_none_says_so(self):
        with pytest.raises(InvalidCall, match="tells of no words"):
            CachedEmbedder(HashingEmbedder()).embed_words(["boat"])
