"""Very large scopes: lists of near vectors, and excerpts that answer as the whole does."""

from datetime import UTC, datetime

import numpy as np
import pytest

from evals.retrieval.memory_view import Book
from memos.memcube.call import Grant, MemoryQuery
from memos.memcube.filter import Filter
from memos.operation.memoperator import coarse, excerpt
from memos.operation.memoperator.lanes import Lane
from memos.operation.memoperator.retrieval import Retrieval
from memos.operation.memoperator.vectors import encode

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ALL = Filter.everything()
ANYONE = Grant(filter=ALL, policies=())
ALICE = Grant(filter=Filter.parse({"owner": "alice"}), policies=())
WORDS = [f"word{number}" for number in range(400)]
WIDTH = 16


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """What is meant for hundreds of thousands, from a thousand on."""
    for name, value in {"CROSSOVER": 1000, "READ": 400, "UNSORTED": 100}.items():
        monkeypatch.setattr(coarse, name, value)
    for name, value in {"FEW": 60, "POSTINGS": 300, "EACH": 128}.items():
        monkeypatch.setattr(excerpt, name, value)


def clustered(count, seed=0):
    random = np.random.default_rng(seed)
    centres = random.normal(size=(40, WIDTH))
    rows = centres[random.integers(0, 40, count)] + random.normal(size=(count, WIDTH)) * 0.3
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def talk(book, count=3000, *, seed=1, hidden=0.0):
    """Sessions of turns, some of another owner."""
    random, rows = np.random.default_rng(seed), clustered(count, seed)
    for place, row in enumerate(rows):
        text = " ".join(random.choice(WORDS, 6, p=np.arange(400, 0, -1) / np.arange(401).sum()))
        owner = "bob" if random.random() < hidden else "alice"
        tags = ("rare",) if place % 100 == 3 else ()
        at = 1_600_000_000_000_000 + place * 3_600_000_000
        book.add(text, vector=row, session=f"s{place // 15}", ordinal=place, owner=owner, tags=tags, said_at=at, speaker=f"P{place % 7}")
    return rows


def ask(number, rows, **fields):
    random = np.random.default_rng(number)
    text = " ".join(random.choice(WORDS[50:], 2))
    return MemoryQuery(text=text, vector=rows[number * 37], namespaces=("user/alice",), **fields)


def best(retrieval, query, book, grant=ANYONE):
    found = retrieval.retrieve(query, book.view(), grant, NOW)
    for hit in found.hits:
        assert hit.score == pytest.approx(sum(hit.why.values()), abs=1e-4)
    return [hit.row for hit in found.hits]


class TestLists:
    def test_there_are_none_of_few(self):
        codes, scales = encode(clustered(999))
        assert coarse.extended(None, codes, scales) is None

    def test_the_same_vectors_give_the_same_lists(self):
        codes, scales = encode(clustered(2000))
        one, other = (coarse.extended(None, codes, scales) for _ in range(2))
        assert np.array_equal(one.lists, other.lists)
        assert np.array_equal(one.leaves, other.leaves)

    def test_the_nearest_are_mostly_among_those_read(self):
        rows = clustered(4000)
        lists = coarse.extended(None, *encode(rows))
        kept = []
        for query in rows[::100]:
            nearest = np.argsort(-(rows @ query))[:10]
            read = lists.near(query)
            assert coarse.READ <= len(read) < 2000
            assert (np.diff(read) > 0).all()
            kept.append(np.isin(nearest, read).mean())
        assert np.mean(kept) > 0.95

    def test_what_comes_later_is_in_a_list_at_once(self):
        rows = clustered(2000)
        lists = coarse.extended(None, *encode(rows[:1950]))
        grown = coarse.extended(lists, *encode(rows))
        assert len(grown.lists) == 2000
        assert len(grown.order) == 1950
        for slot in range(1950, 2000):
            assert slot in grown.near(rows[slot])
        assert len(coarse.extended(lists, *encode(clustered(2100))).order) == 2100
        assert coarse.extended(grown, *encode(rows)) is grown

    def test_they_are_made_anew_when_there_are_many_more(self):
        lists = coarse.extended(None, *encode(clustered(1000)))
        assert coarse.extended(lists, *encode(clustered(5000))).trained == 5000

    def test_a_lane_of_which_something_is_hidden_has_none(self):
        """Where a list ends depends on all that stands in it: a reader who may not see all of it is answered from every vector."""
        book = Book(dimensions=WIDTH)
        talk(book, 1200, hidden=0.1)
        lane = Lane("user/alice")
        assert lane.read(book.view(), ALL, ALL, NOW).coarse is not None
        assert lane.read(book.view(), ALL, ALICE.filter, NOW).coarse is None


class TestExcerpts:
    def agree(self, book, queries, monkeypatch, grant=ANYONE):
        some = [best(Retrieval(), query, book, grant) for query in queries]
        monkeypatch.setattr(coarse, "CROSSOVER", 10**9)
        whole = [best(Retrieval(), query, book, grant) for query in queries]
        return np.mean([len(set(one) & set(other)) / max(1, len(other)) for one, other in zip(some, whole, strict=True)])

    def test_they_answer_as_the_whole_does(self, monkeypatch):
        book = Book(dimensions=WIDTH)
        rows = talk(book)
        assert self.agree(book, [ask(number, rows) for number in range(30)], monkeypatch) > 0.9

    def test_under_a_filter_that_few_pass(self, monkeypatch):
        book = Book(dimensions=WIDTH)
        rows = talk(book)
        wanted = Filter.parse({"tags": {"any": ["rare"]}})
        queries = [ask(number, rows, filter=wanted) for number in range(20)]
        assert all(row % 100 == 4 for query in queries for row in best(Retrieval(), query, book))
        assert self.agree(book, queries, monkeypatch) > 0.9

    def test_one_filter_after_another_in_the_same_scope(self):
        book, retrieval = Book(dimensions=WIDTH), Retrieval()
        rows = talk(book)
        rare = Filter.parse({"tags": {"any": ["rare"]}})
        for number in range(12):
            best(retrieval, ask(number, rows), book)
            filtered = best(retrieval, ask(number, rows, filter=rare), book)
            assert len(filtered) == 10
            assert filtered == best(Retrieval(), ask(number, rows, filter=rare), book)
            assert best(retrieval, ask(number, rows), book) == best(Retrieval(), ask(number, rows), book)

    def test_a_day_that_the_question_names_brings_its_memories(self):
        book = Book(dimensions=WIDTH)
        rows = talk(book)
        query = MemoryQuery(text="what was on 14 November 2020", vector=rows[5], namespaces=("user/alice",))
        found = Retrieval().retrieve(query, book.view(), ANYONE, NOW).hits
        assert any(hit.why.get("date", 0) > 0 for hit in found)

    def test_what_is_hidden_changes_nothing(self):
        """The same memories with and without others' between them, in sessions of their own."""
        plain, mixed = Book(dimensions=WIDTH), Book(dimensions=WIDTH)
        rows = talk(plain, 1500)
        others, random = clustered(800, 9), np.random.default_rng(9)
        talk(mixed, 1500)
        for row in others:
            mixed.add(" ".join(random.choice(WORDS, 6)), vector=row, owner="bob", session="theirs")
        for number in range(15):
            one, other = (Retrieval().retrieve(ask(number, rows), book.view(), ALICE, NOW).hits for book in (plain, mixed))
            assert [(hit.row, hit.why) for hit in one] == [(hit.row, hit.why) for hit in other]

    def test_words_alone_find_too(self):
        book = Book(dimensions=None)
        for number in range(1500):
            book.add(f"{WORDS[number % 400]} {WORDS[number % 7]}", session=f"s{number // 10}", ordinal=number)
        query = MemoryQuery(text="word377", namespaces=("user/alice",))
        found = best(Retrieval(), query, book)
        assert {row % 400 for row in found[:3]} == {378}

    def test_several_namespaces_are_one_scope(self, monkeypatch):
        book = Book(dimensions=WIDTH)
        rows, random = clustered(2400, 4), np.random.default_rng(4)
        for place, row in enumerate(rows):
            book.add(
                " ".join(random.choice(WORDS, 6)), vector=row, namespace=f"user/alice/{place % 2}", session=f"s{place // 20}", ordinal=place
            )
        queries = [ask(number, rows) for number in range(20)]
        assert self.agree(book, queries, monkeypatch) > 0.9

    def test_those_without_a_vector_are_counted(self):
        book = Book(dimensions=WIDTH)
        rows = talk(book, 1200)
        for _ in range(7):
            book.add("word1 pending")
        assert Retrieval().retrieve(ask(3, rows), book.view(), ANYONE, NOW).pending == 7

    def test_a_question_about_nothing_here_finds_by_its_vector(self):
        book = Book(dimensions=WIDTH)
        rows = talk(book, 1200)
        query = MemoryQuery(text="zebra", vector=rows[77], namespaces=("user/alice",))
        assert 78 in best(Retrieval(), query, book)
