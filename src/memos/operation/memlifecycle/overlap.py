"""Overlap: whether two texts say the same so nearly that one may stand for both. Strict on purpose: what is merged by mistake is missed.

The words must be the same in the same order; only what no meaning hangs on may differ: case, marks, articles, contractions, British and
American spelling, and the two sides of "is". Prepositions, numbers, names, tenses and negations all count.
"""

from __future__ import annotations

import re

from memos.memcube.normal import normalised

_WORD = re.compile(r"[^\W_]+(?:['’.,:/\-][^\W_]+)*|[^\w\s.,;:!'\"“”’‘()\[\]…–—]")
"""Words, and each sign that may mean something: of money, of arithmetic, a percent sign, a question mark."""
_ARTICLES = re.compile(r"\b(?:a|an|the)\s|^(?:A|An|The)\s")
_LOUD = re.compile(r"\b[A-Z]{2,}\b")
"""What stands in capitals is no common word: US is not us."""
_CONTRACTED = (
    (re.compile(r"\bcan't\b"), "can not"),
    (re.compile(r"\bcannot\b"), "can not"),
    (re.compile(r"\bwon't\b"), "will not"),
    (re.compile(r"n't\b"), " not"),
    (re.compile(r"\b(i)'m\b"), r"\1 am"),
    (re.compile(r"\b(you|we|they)'re\b"), r"\1 are"),
    (re.compile(r"\b(he|she|it|that|there|what|who)'s\b"), r"\1 is"),
    (re.compile(r"\b(i|you|we|they)'ve\b"), r"\1 have"),
    (re.compile(r"\b(i|you|he|she|it|we|they)'ll\b"), r"\1 will"),
)
_SPELLING = (
    (re.compile(r"^(col|fav|hon|lab|neighb|flav|harb|hum|rum|behavi)our"), r"\1or"),
    (re.compile(r"^(cent|theat|lit|met)re(s?)$"), r"\1er\2"),
    (re.compile(r"(?<=[a-z]{3})is(e|ed|es|ing|ation)$"), r"iz\1"),
    (re.compile(r"^grey"), "gray"),
)
_IS = frozenset({"is", "are", "was", "were"})


def same(one: str, other: str) -> bool:
    """Whether two texts say the same."""
    mine, theirs = _told(one), _told(other)
    return bool(mine) and (mine == theirs or _turned(mine) == theirs)


def _told(text: str) -> tuple[str, ...]:
    plain = _ARTICLES.sub("", normalised("NFC", text).replace("’", "'").strip())
    folded = _LOUD.sub(lambda found: f"^{found[0]}", plain).casefold()
    for pattern, written in _CONTRACTED:
        folded = pattern.sub(written, folded)
    return tuple(_spelled(word) for word in _WORD.findall(folded))


def _spelled(word: str) -> str:
    for pattern, written in _SPELLING:
        word = pattern.sub(written, word)
    return word


def _turned(words: tuple[str, ...]) -> tuple[str, ...] | None:
    """The two sides of a single "is" in the other order, when nothing else may hang on it."""
    places = [place for place, word in enumerate(words) if word in _IS]
    if len(places) != 1 or "not" in words or not 0 < places[0] < len(words) - 1:
        return None
    at = places[0]
    return (*words[at + 1 :], words[at], *words[:at])
