"""Words: tokens, stems, and the word lists by which a text is read, each phrase found by its first word."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

Tag = tuple[str, ...]
Phrases = dict[str, tuple[tuple[tuple[str, ...], Tag], ...]]

_LONGEST = 64
_CACHED = 100_000
_TOKEN = re.compile(
    r"[\w.+-]+@(?:[\w.-]*\w)?"  # an address
    r"|\d+(?:st|nd|rd|th)\b|\d(?:[\d.,:/-]*\d)?"  # an ordinal, a number, a time, a telephone number
    r"|[^\W\d_]+(?:['’.-][^\W\d_]+)*\+*"  # a word, with its apostrophes and hyphens
    r"|[.!?;:,\n()\"“”…—–€$£%]"
)


class _Stems(dict[str, str]):
    """Word → stem, irregular forms by table. Emptied when it has grown large: what it holds comes from memories."""

    def __init__(self, irregular: Mapping[str, str]) -> None:
        super().__init__()
        self._irregular = irregular
        self._lock = threading.Lock()  # the stemmer keeps state between calls

    def __missing__(self, word: str) -> str:
        stem = self._stem(self._irregular.get(word, word)) if len(word) <= _LONGEST else word
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


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The word lists of `lexicon.json`: phrases found by their first word as written, or by its stem."""

    stems: _Stems
    written: Phrases
    stemmed: Phrases
    stop: frozenset[str]
    weak: frozenset[str]
    known: frozenset[str]
    units: Mapping[str, str]
    numbers: Mapping[str, float]
    loose: frozenset[str]
    kin: Mapping[str, str]
    past: frozenset[str]
    present: frozenset[str]
    anchored: frozenset[str]
    authorities: frozenset[str]
    countries: frozenset[str]
    broad: frozenset[str]
    measures: frozenset[str]
    circumstances: frozenset[str]
    """Stems of times, colours, sizes and the like, which very different things have in common."""

    def weight(self, stems: Collection[str]) -> float:
        """How much different stems tell: those that everybody uses count a quarter."""
        return len(stems) - 0.75 * len(self.weak.intersection(stems))


def tokens(text: str) -> list[str]:
    """Words, numbers, addresses and the marks that part a text, in order."""
    return _TOKEN.findall(text)


def _entries(data: Mapping[str, Any]) -> Iterator[tuple[str, Tag, bool]]:
    """Every phrase of the word lists with its tag, and whether it is matched by stems."""
    for family, members in data["states"].items():
        for member, phrases in members.items():
            yield from ((phrase, ("state", family, member), family in data["inflected"]) for phrase in phrases.split(", "))
    for kind, members in data["contrasts"].items():
        for group in members.split(", "):
            yield from ((word, ("contrast", kind, group.split()[0]), True) for word in group.split())
    for topic, phrases in data["topics"].items():
        yield from ((phrase, ("topic", topic), True) for phrase in phrases.split(", "))
    for kind in ("cues", "modes", "asides"):
        for name, phrases in data[kind].items():
            yield from ((phrase.rstrip("~"), (kind[:-1], name), phrase.endswith("~")) for phrase in phrases.split(", "))


def _phrases(entries: Sequence[tuple[tuple[str, ...], Tag]]) -> Phrases:
    found: dict[str, dict[tuple[tuple[str, ...], Tag], None]] = {}
    for words, tag in entries:
        found.setdefault(words[0], {})[words[1:], tag] = None
    return {first: tuple(rest) for first, rest in found.items()}


@lru_cache(maxsize=1)
def lexicon() -> Lexicon:
    """The word lists, read once."""
    data = json.loads(files(__package__).joinpath("lexicon.json").read_text(encoding="utf-8"))
    stems = _Stems(data["irregular"])
    stop = frozenset(data["stop"].split())
    entries = [(tuple(phrase.split()), tag, by_stem) for phrase, tag, by_stem in _entries(data)]
    known = {word for words, _, _ in entries for word in words if len(words) == 1} | stop
    return Lexicon(
        stems=stems,
        written=_phrases([(words, tag) for words, tag, by_stem in entries if not by_stem]),
        stemmed=_phrases([(tuple(map(stems.__getitem__, words)), tag) for words, tag, by_stem in entries if by_stem]),
        stop=stop,
        weak=frozenset(map(stems.__getitem__, data["weak"].split())),
        known=frozenset(known | set(data["starters"].split()) | set(data["weak"].split())),
        units=data["units"],
        numbers=data["numbers"],
        loose=frozenset(data["loose"]),
        kin={
            word: group.split()[0]
            for group in data["contrasts"]["kin"].split(", ")
            for word in group.split()
            if group.split()[0] not in data["households"].split()
        },
        past=frozenset(data["past_forms"].split()),
        present=frozenset(data["present_forms"].split()),
        anchored=frozenset(data["anchored"]),
        authorities=frozenset(data["authorities"].split()),
        measures=frozenset(map(stems.__getitem__, {*data["units"], *data["units"].values()})),
        circumstances=frozenset(
            stems[word]
            for family in ("weekday", "part of day", "month", "colour", "size")
            for phrases in data["states"][family].values()
            for word in phrases.replace(",", "").split()
        )
        | frozenset(map(stems.__getitem__, data["numbers"])),
        broad=frozenset(data["broad"]),
        countries=frozenset(data["countries"].split()),
    )


def forget() -> None:
    """Forget the words that were met."""
    lexicon.cache_clear()
