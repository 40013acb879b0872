"""Naming: runs of capitalised words that may be one name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from memos.operation.memoperator.gazetteer import Gazetteer

_CAPITAL = re.compile(
    r"(?<![\w@#/.])(?:(?:[A-Z]\.){2,}"  # U.S., J.R.R.
    r"|[ei][A-Z][a-z]\w+"  # iPhone, eBay
    r"|(?![a-z0-9_])[^\W\d_](?:\w|['\-&](?=\w))*)"  # a word with a capital, O'Brien, Jean-Luc, AT&T
)
_STARTS = re.compile(r"(?:^|[.!?…:;\n\"“”*(\[>|]|- |– |— )[\s\"“'(\[*>#-]*$")
_ABBREVIATED = re.compile(r"\b(?:Dr|Mr|Mrs|Ms|St|Prof|Sr|Jr|Mt|Lt|Sgt|Capt|Gen|Sen|Rep|Rev|Fr|Hon|No|vs|[A-Z])\.\s$")
_JOINT = re.compile(
    r" (?:(of|de|da|do|dos|das|del|della|di|du|la|le|van|von|der|den|ten|ter|bin|ibn|al|el|y|e)(?: (the|la|las|los|der|den))?|&|and the) ?$"
)
_LONGEST = 6
"""How many capitalised words a name has at most."""


@dataclass(frozen=True, slots=True)
class Run:
    """Capitalised words side by side: the text that is the name, where it stands, its words in lower case.

    `first` says that it begins a sentence; `stripped` what common word stood before it; `owns` that it is a possessive.
    """

    name: str
    start: int
    end: int
    parts: tuple[str, ...]
    first: bool
    owns: bool
    shouted: bool


@dataclass(slots=True)
class _Piece:
    word: str
    start: int
    end: int
    first: bool

    @property
    def low(self) -> str:
        return bare(self.word).lower()


def bare(name: str) -> str:
    """A name without its possessive."""
    if name.endswith(("'s", "'S")):
        return name[:-2]
    return name[:-1] if name.endswith("s'") else name


def runs(words: Gazetteer, text: str) -> Iterator[Run]:
    """The runs of capitalised words of a text, without the common words at their ends, in order."""
    shouting = _shouts(text)
    group: list[_Piece] = []
    for found in _CAPITAL.finditer(text):
        word = found[0]
        if not word[0].isupper() and not word[:2].istitle() and not word[1:2].isupper():
            continue
        piece = _Piece(word, found.start(), found.end(), _starts(text, found.start()))
        if group and not (len(group) < _LONGEST and _joined(words, text, group, piece)):
            yield from _settled(words, text, group, shouting=shouting)
            group = []
        group.append(piece)
    if group:
        yield from _settled(words, text, group, shouting=shouting)


def _shouts(text: str) -> bool:
    """Whether a text is written in capitals."""
    letters = sum(map(str.isalpha, text))
    return letters > 8 and sum(map(str.isupper, text)) > letters * 0.6


def _starts(text: str, place: int) -> bool:
    if not place:
        return True
    before = text[max(0, place - 8) : place]
    return bool(_STARTS.search(before)) and not _ABBREVIATED.search(before)


def _joined(words: Gazetteer, text: str, group: list[_Piece], piece: _Piece) -> bool:
    """Whether a word goes on with the name before it."""
    last, gap = group[-1], text[group[-1].end : piece.start]
    low = last.low
    if piece.low in words.times or low in words.times or low in ("i", "i'm", "i've", "i'll", "i'd"):
        return False
    if last.word.endswith("'s"):
        cue = text[max(0, group[0].start - 12) : group[0].start].split()[-1:]
        return gap == " " and (piece.low in words.org_words | words.place_words or not words.works.isdisjoint(cue))
    if gap == " ":
        return True
    if gap == ". ":
        return len(last.word) == 1 or (low in words.honorifics and len(low) <= 4)
    if gap == " & ":
        return True
    joint = _JOINT.fullmatch(gap)
    if joint is None or joint[1] is None:
        return False
    if joint[1] == "of":
        return low in words.of_heads and not (group[0].first and len(group) == 1 and low in words.common - words.org_words)
    return low not in words.common and low not in words.places


def _settled(words: Gazetteer, text: str, group: list[_Piece], *, shouting: bool) -> Iterator[Run]:
    """The name in a group of words, without what is common at its ends; none when nothing is left."""
    while group and _no_part(words, group):
        group = group[1:]
    while len(group) > 1 and group[-1].low in words.times:
        group = group[:-1]
    if not group:
        return
    start, end = group[0].start, group[-1].end
    name = bare(text[start:end])
    shouted = shouting or (len(group) > 2 and name.isupper())
    yield Run(name, start, end, tuple(each.low for each in group), group[0].first, group[-1].word.endswith(("'s", "s'")), shouted)


def _no_part(words: Gazetteer, group: list[_Piece]) -> bool:
    """Whether the first word of a group is none of the name."""
    head = group[0]
    low, whole = head.low, head.word.lower()
    if low in words.times or whole in ("i", "i'm", "i've", "i'll", "i'd", "a"):
        return len(group) > 1 or low not in words.given
    if len(group) == 1:
        return False
    if low in words.honorifics or low in words.place_first or head.word.isupper():
        return False
    following = group[1].low
    if low in words.given and following not in words.given:
        return False
    return (low in words.common or low in words.vocative or low in words.kin) and (head.first or whole in _BEFORE)


_BEFORE = frozenset(["my", "our", "your", "his", "her", "their", "hey", "hi", "hello", "dear", "thanks"])
