"""Quotation: which memories hold most of a piece of text, counted and weighted over what the reader may see alone."""

import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.retrieval.memory_view import Book
from memos.memcube.call import Grant, MemoryQuery
from memos.memcube.filter import Filter
from memos.operation.memoperator.operator import MemOperator
from memos.operation.memoperator.quotation import RAREST

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ANYONE = Grant(filter=Filter.everything(), policies=())
ALICE = Grant(filter=Filter.parse({"owner": "alice"}), policies=())
HERE, THERE = "user/alice", "shared/team"
FRUIT = ("apple", "pear", "plum", "fig", "lime", "kiwi")
TEXTS = st.lists(st.tuples(st.lists(st.sampled_from(FRUIT), max_size=6), st.sampled_from(["alice", "bob"])), min_size=1, max_size=20)


def asked(book, pieces, *, grant=ANYONE, each=5, operator=None, **query):
    wanted = MemoryQuery(namespaces=query.pop("namespaces", (HERE,)), **query)
    return (operator or MemOperator()).quoted(pieces, wanted, book.view(), grant, NOW, each=each)


def book_of(*texts, **more):
    book = Book()
    for text in texts:
        book.add(text, **more)
    return book


def test_the_row_that_holds_most_comes_first():
    book = book_of("apple pear", "apple pear plum fig", "lime kiwi", "apple")
    found = asked(book, ["the apple, the pear and the plum"])
    assert [one.row for one in found] == [2, 1, 4]
    assert found[0].share == pytest.approx(1)
    assert found[0].length == 4


@given(TEXTS, st.lists(st.sampled_from(FRUIT), min_size=1, max_size=6, unique=True), st.sampled_from([ANYONE, ALICE]))
def test_shares_are_those_of_the_definition(texts, piece, grant):
    """idf after Lucene over the rows that the grant allows, summed over the piece's words that a row holds, over that of all of them."""
    book = Book()
    for words, owner in texts:
        book.add(" ".join(words), owner=owner)
    seen = {row: set(words) for row, (words, owner) in enumerate(texts, 1) if grant is ANYONE or owner == "alice"}
    holders = {word: sum(word in words for words in seen.values()) for word in piece}
    idf = {word: math.log(1 + (len(seen) - count + 0.5) / (count + 0.5)) for word, count in holders.items()}
    wanted = {row: sum(idf[word] for word in piece if word in words) / sum(idf.values()) for row, words in seen.items()}
    found = asked(book, [" ".join(piece)], grant=grant, each=len(texts))
    assert {one.row: pytest.approx(one.share, rel=1e-5) for one in found} == {row: share for row, share in wanted.items() if share}


def test_each_piece_has_its_best_and_no_row_comes_twice():
    book = book_of("apple pear", "apple pear plum", "lime kiwi", "kiwi")
    found = asked(book, ["apple pear", "pear plum", "lime kiwi"], each=1)
    assert sorted(one.row for one in found) == [1, 2, 3]
    assert [one.share for one in found] == sorted((one.share for one in found), reverse=True)


def test_the_rarest_words_are_looked_up():
    words = [f"word{number}" for number in range(RAREST + 4)]
    book = book_of(*(" ".join(words[: count + 4]) for count in range(RAREST)), " ".join(words))
    (first, *_) = asked(book, [" ".join(words)], each=1)
    assert first.row == RAREST + 1
    assert first.share < 1


def test_filters_and_namespaces_hold():
    book = book_of("apple pear", tags=("hidden",))
    book.add("apple pear", namespace=THERE)
    book.add("apple")
    untagged = Filter.parse({"tags": {"none": ["hidden"]}})
    assert [one.row for one in asked(book, ["apple pear"], filter=untagged)] == [3]
    assert [one.row for one in asked(book, ["apple pear"], namespaces=(THERE,))] == [2]
    assert sorted(one.row for one in asked(book, ["apple pear"], namespaces=(HERE, THERE))) == [1, 2, 3]


@pytest.mark.parametrize("pieces", [[], [""], ["the of and"], ["zebra"]])
def test_nothing_to_look_up_finds_nothing(pieces):
    assert asked(book_of("apple pear"), pieces) == []
    assert asked(Book(), pieces) == []
    assert asked(Book(), ["apple"]) == []
