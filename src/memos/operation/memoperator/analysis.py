"""Analysis: the terms by which a text is found, and the bits that tell what kind of utterance it is."""

from __future__ import annotations

import re
import threading
from collections import Counter
from functools import lru_cache

from memos.memcube.change import Terms
from memos.memcube.normal import normalised

ASKS, TIMEY, NUMBER, ASSISTANT = 1, 2, 4, 8
"""Flags: ends in a question mark, speaks of a time, holds a number, was said by an assistant."""
DISTINCT_SHIFT, DISTINCT_MOST = 4, 15
"""Four bits of the flags hold how many different terms a text has, its speaker's name not among them, at most 15."""

ASSISTANTS = frozenset({"assistant", "ai", "bot", "chatbot", "agent", "gpt", "chatgpt", "model", "system", "tool"})
GENERIC = ASSISTANTS | {"user", "human"}
"""Names that say which side spoke and not who: they are no terms and nobody is called by them."""

_EMOJI = "\u231a-\u23ff\u25fb-\u27bf\u2b05-\u2b55\U0001f000-\U0001f1e5\U0001f200-\U0001f3fa\U0001f400-\U0001faff"
_ABUGIDAS = "\u0900-\u0963\u0966-\u0e3a\u0e40-\u0e4e\u0e50-\u0eff\u1000-\u1049\u1780-\u17d3"
"""Scripts of South and South East Asia, whose vowels are marks."""
_WORD = re.compile(rf"[\w{_ABUGIDAS}]+|[\U0001f1e6-\U0001f1ff]{{2}}|[{_EMOJI}]")
_POINTS = "\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670"
"""What Hebrew and Arabic may write above and below their letters, and mostly do not."""
_SIGNED = re.compile(rf"(?<=[a-z\u0250-\u02af\u0370-\u03ff])[\u0300-\u036f]+|[{_POINTS}]+")
_SIGN = re.compile(rf"[\u0300-\u036f{_POINTS}]")
_LETTERS = {"ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "ł": "l", "ŧ": "t", "æ": "ae", "œ": "oe", "þ": "th"}
"""Latin letters that are not made of another and a mark, and what they are written as where they are wanting."""
_LETTER = re.compile(f"[{''.join(_LETTERS)}]")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+")
_ASCII = {code: chr(code).lower() if chr(code).isalnum() else " " for code in range(128)}
"""What becomes of each ASCII character: the words are what stands between the spaces; six times as fast as the pattern."""
_LONGEST = 64
_CACHED = 200_000
_COUNTED = 0xFFFF  # a store keeps a term's count in 16 bits

_STOP_WORDS = """
a about after again all also am an and any are as at be because been before being between both but by can could did do does doing don down
during each few for from further had has have having he her here hers him his how i if in into is it its itself just me more most my
myself no nor not now of off on once only or other our ours out over own same she should so some such than that the their theirs them then
there these they this those through to too under until up us very was we were what when where which while who whom why will with would you
your yours s t re ve ll m d
"""
STOP = frozenset(_STOP_WORDS.split())
_TIME_WORDS = """
yesterday today tonight tomorrow ago last next weekend week month year recently just since summer winter spring fall monday tuesday
wednesday thursday friday saturday sunday january february march april june july august september october november december jan feb mar
apr jun jul aug sep sept oct nov dec
"""
_TIMES = frozenset(_TIME_WORDS.split())
_NUMBER_WORDS = """
one two three four five six seven eight nine ten once twice couple few dozen
"""
_NUMBERS = frozenset(_NUMBER_WORDS.split())


class _Stems(dict[str, str]):
    """Word → stem, the empty string for a stop word. Emptied when it has grown large: what it holds comes from memories."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()  # the stemmer keeps state between calls

    def __missing__(self, word: str) -> str:
        stem = "" if word in STOP else self._stem(word)
        if len(self) >= _CACHED:
            self.clear()
        if len(word) <= _LONGEST:
            self[word] = stem
        return stem

    def _stem(self, word: str) -> str:
        with self._lock:
            if not hasattr(self, "_stemmer"):
                import Stemmer

                self._stemmer = Stemmer.Stemmer("english")
            return str(self._stemmer.stemWord(word))


_stems = _Stems()


def words(text: str) -> list[str]:
    """The words of a text, folded; an emoji is one, whatever its skin; of Han and Kana, which write no spaces, pairs of characters."""
    if text.isascii():
        return text.translate(_ASCII).split()
    folded = fold(text)
    found = _WORD.findall(folded)
    if not _CJK.search(folded):
        return found
    return [part for word in found for part in (_pairs(word) if _CJK.search(word) else (word,))]


def fold(text: str) -> str:
    """A text in lower case, compatibility characters unified, without the marks of Latin and Greek letters: Tomás is tomas.

    Hebrew and Arabic lose their points. Where a mark makes another letter, as in Cyrillic й, Kana が and the vowels of Hindi, it stays.
    """
    apart = normalised("NFKD", text).casefold().replace("_", " ")
    whole = normalised("NFKC", _SIGNED.sub("", apart) if _SIGN.search(apart) else apart)
    return _LETTER.sub(lambda letter: _LETTERS[letter[0]], whole)


def _pairs(word: str) -> list[str]:
    runs = [run for run in re.split(f"({_CJK.pattern})", word) if run]
    return [part for run in runs for part in ([run[i : i + 2] for i in range(max(1, len(run) - 1))] if _CJK.match(run) else [run])]


def stems(found: list[str]) -> list[str]:
    """The terms of words: Snowball English stems (Porter 2001), stop words dropped, in order."""
    return list(filter(None, map(_stems.__getitem__, found)))


def query_terms(text: str) -> list[str]:
    """The different terms of a question, in order; empty when it has nothing but stop words."""
    return list(dict.fromkeys(stems(words(text))))


@lru_cache(maxsize=4096)
def _speaker(speaker: str | None) -> tuple[tuple[str, ...], tuple[str, ...], bool]:
    """The words of a personal name, its terms, and whether the name is one that assistants go by."""
    found = words(speaker) if speaker else []
    name = () if GENERIC.issuperset(found) else tuple(found)
    return name, tuple(stems(list(name))), not name and not ASSISTANTS.isdisjoint(found)


def personal_name(speaker: str | None) -> tuple[str, ...]:
    """The words of a speaker's name, none for a name such as "user" that only says which side spoke."""
    return _speaker(speaker)[0]


def by_assistant(speaker: str | None, role: str | None) -> bool:
    """Whether a machine said it. A personal name outweighs the role: people are often filed under the role `assistant`."""
    return _speaker(speaker)[2] or (not speaker and role in ASSISTANTS)


def analyse(text: str, speaker: str | None = None, role: str | None = None) -> Terms:
    """The terms of a text with its speaker's name, how many they are, and its flags."""
    found = words(text)
    terms = stems(found)
    name = _speaker(speaker)[1]
    counts: dict[str, int] = Counter(terms)
    flags = _flags(text, found, len(counts)) | (ASSISTANT if by_assistant(speaker, role) else 0)
    for term in name:
        counts[term] = counts.get(term, 0) + 1
    if len(terms) > _COUNTED:
        counts = {term: min(count, _COUNTED) for term, count in counts.items()}
    return Terms(counts=counts, length=len(terms) + len(name), flags=flags)


def _flags(text: str, found: list[str], distinct: int) -> int:
    flags = min(distinct, DISTINCT_MOST) << DISTINCT_SHIFT
    if text[-64:].rstrip().endswith(("?", "？")):
        flags |= ASKS
    digits = list(filter(str.isdecimal, found))
    if not _TIMES.isdisjoint(found) or any(len(number) == 4 for number in digits):
        flags |= TIMEY
    if digits or not _NUMBERS.isdisjoint(found):
        flags |= NUMBER
    return flags


def forget() -> None:
    """Forget the words that were met."""
    _speaker.cache_clear()
    _stems.clear()
