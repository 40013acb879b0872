"""Titles: names of films, songs and books that look like times (Friday Night Lights, Groundhog Day the movie, 1984 by Orwell)."""

from __future__ import annotations

from memos.interface.memreader.times.parse import Parse
from memos.interface.memreader.times.vocabulary import LEADS, MONTHS, WEEKDAYS, words_of

_WORKS = words_of("movie film song novel album musical sitcom soundtrack comic anime videogame")
_RELATIVE = words_of("last this next yesterday today tomorrow tonight since before after until in on during past")


def is_title(p: Parse, first: int, behind: int) -> bool:
    """Whether the words from an index to another are a name and no time."""
    token = p.token(behind)
    if p.word(p.skip(behind, "the", ",")) in _WORKS and p.word(first) not in _RELATIVE:
        return True
    if behind == first + 1 and p.kind(first) == "num" and first == 0:
        named = p.word(behind) == "by" and p.token(behind + 1).raw[:1].isupper()
        return named or (p.word(behind) == ":" and p.word(behind + 1) in {"a", "the"})
    if not (token.kind == "word" and token.raw[0].isupper()) or token.low in LEADS or token.low == "i" or token.raw.isupper():
        return False
    return any(
        p.kind(k) == "word" and p.token(k).raw[0].isupper() and p.word(k) not in MONTHS and p.word(k) not in WEEKDAYS
        for k in range(first + 1, behind)
    )
