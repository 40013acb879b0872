"""Many byte strings searched for at once: each is found wherever it stands, in one piece or across two."""

import random

import pytest

from memos.backends.sqlite.bytesearch import pieces_of, search
from memos.backends.sqlite.erase import DISTINCT, LEAST, WINDOW, pieces, telling


@pytest.mark.parametrize("seed", range(20))
def test_what_is_found_is_what_python_finds(seed):
    chance = random.Random(seed)
    body = bytes(chance.choices(b"abc\0\xff", k=3000))
    wanted = [body[start : start + chance.randint(8, 40)] for start in chance.sample(range(2900), 20)]
    wanted += [bytes(chance.choices(b"abc\0\xff", k=chance.randint(8, 12))) for _ in range(50)]
    cuts = sorted(chance.sample(range(3000), 10))
    stream = [body[start:end] for start, end in zip([0, *cuts], [*cuts, 3000], strict=True)]
    assert search(stream, wanted) == {each for each in wanted if each in body}


def test_nothing_is_found_in_nothing(tmp_path):
    assert search([], [b"12345678"]) == search([b"", b"1234567"], [b"12345678"]) == search([b"12345678"], []) == frozenset()
    (tmp_path / "empty").touch()
    assert list(pieces_of(tmp_path / "empty")) == []


def test_pieces_are_long_enough_and_tell_something():
    assert pieces(b"short") == pieces(b"\0" * 100) == pieces(b"aaaaaaaaaaaaaaaaaaaa") == ()
    assert pieces(b"twelve bytes") == (b"twelve bytes",)
    assert len(b"twelve bytes") == LEAST
    long = bytes(range(256))
    assert pieces(long) == (long[:WINDOW], long[104 : 104 + WINDOW], long[-WINDOW:])
    assert telling(b"\0" * WINDOW + long) == (long[:WINDOW],)
    assert telling(b"\0" * 1000) == ()
    assert all(len(set(each[:8])) >= DISTINCT for each in pieces(long))
