"""Parse: one text being read: its tokens, the calendar, and which way its sentences look."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from itertools import pairwise

from memos.interface.memreader.times.spans import Calendar, Cycle, Span, cyclic
from memos.interface.memreader.times.tokens import Token
from memos.interface.memreader.times.told import chosen, way_of
from memos.interface.memreader.times.vocabulary import (
    ASKS,
    BACKWARD,
    EVENTS,
    FORWARD,
    NUMBERS,
    ORDINALS,
    PROGRESSIVE,
    TENS,
    VAGUE_NUMBERS,
)

Hit = tuple[Span, int]
"""What was read, and the index of the token behind it."""
OUTSIDE = (OverflowError, ValueError, IndexError, StopIteration)
"""What the arithmetic raises for a time that no calendar has."""
_STOP = Token("", "", 0, 0, "stop")
_ENDS = frozenset(".!?;\n")
_FORWARD_WORDS = re.compile(
    r"\b(?:going to|have to|looking forward|am i|do (?:i|we) (?:have|need|do)|when (?:is|are)"
    r"|what (?:is|are|'s) (?:on|there|happening|next))\b"
)


class Parse:
    """The tokens of a text and what the rules need to read them; rules take it and an index and return a Hit or None."""

    def __init__(
        self, tokens: list[Token], calendar: Calendar, country: str, *, told: bool, period: Callable[[Parse, int], Hit | None]
    ) -> None:
        self.tokens, self.calendar, self.country, self.told = tokens, calendar, country, told
        self.now, self.today = calendar.now, calendar.now.date()
        self._period, self._depth = period, 0
        self._seen: dict[int, Hit | None] = {}
        self.taken: list[tuple[int, int]] = []
        """Where the times stand that were read, once all are."""
        self.outside: set[int] = set()
        """Where times stand that no calendar has: 999999999 years ago."""
        self._ways: dict[tuple[int, int], bool] = {}

    def token(self, index: int) -> Token:
        """The token at an index, an empty one outside."""
        return self.tokens[index] if 0 <= index < len(self.tokens) else _STOP

    def word(self, index: int) -> str:
        """The token at an index in lower case, "" outside."""
        return self.tokens[index].low if 0 <= index < len(self.tokens) else ""

    def kind(self, index: int) -> str:
        """What the token at an index looks like."""
        return self.token(index).kind

    def skip(self, index: int, *words: str) -> int:
        """The index behind one of some words, or the same index."""
        return index + 1 if self.word(index) in words else index

    def period(self, index: int) -> Hit | None:
        """The time that is named from an index on; read once, nested at most six deep."""
        if self.word(index) in {"in", "on"} and self.token(index + 1).start == self.token(index).start:
            index += 1  # a translation gives the preposition that makes a word a time
        if index in self._seen:
            return self._seen[index]
        if self._depth >= 6 or index >= len(self.tokens):
            return None
        self._depth += 1
        try:
            found = self._period(self, index)
        except OUTSIDE:
            found = None
            self.outside.add(index)
        finally:
            self._depth -= 1
        if self._depth < 4:
            self._seen[index] = found
        return found

    def pick(self, index: int, cycle: Cycle) -> Span:
        """The occurrence that a bare word at an index means."""
        return chosen(self, index, cycle) if self.told else cyclic(cycle, self.now, future=self.future(index))

    def number(self, index: int) -> tuple[float, int] | None:
        """A count from an index on: 3, three, twenty-one, a, a couple of, half a, two and a half."""
        word, kind = self.word(index), self.kind(index)
        if kind == "num" and len(word) <= 12:
            return self._and_half(float(word), index + 1)
        if kind == "mix" and len(word) <= 8 and word.replace(".", "", 1).isdigit() and word.isascii():
            return float(word), index + 1
        if word == "half" and self.word(index + 1) in {"a", "an"}:
            return 0.5, index + 2
        if [self.word(index + k) for k in range(4)] == ["a", "quarter", "of", "an"]:
            return 0.25, index + 4
        if word in {"a", "an", "the"} and self.word(index + 1) in VAGUE_NUMBERS:
            index, word = index + 1, self.word(index + 1)
        if word in VAGUE_NUMBERS:
            return float(VAGUE_NUMBERS[word]), self.skip(index + 1, "of", "more")
        if word in {"a", "an"}:
            return self._and_half(1.0, index + 1) if self.word(index + 1) != "half" else None
        if word in TENS:
            behind = self.skip(index + 1, "-")
            return (
                (TENS[word] + NUMBERS[self.word(behind)], behind + 1)
                if 0 < NUMBERS.get(self.word(behind), 0) < 10
                else (TENS[word], index + 1)
            )
        if word in NUMBERS:
            scale = {"hundred": 100, "thousand": 1000}.get(self.word(index + 1))
            return (float(NUMBERS[word] * scale), index + 2) if scale else self._and_half(float(NUMBERS[word]), index + 1)
        return None

    def _and_half(self, count: float, behind: int) -> tuple[float, int]:
        half = self.word(behind) == "and" and self.word(behind + 1) == "a" and self.word(behind + 2) == "half"
        return (count + 0.5, behind + 3) if half else (count, behind)

    def ordinal(self, index: int) -> tuple[int, int] | None:
        """An ordinal from an index on: 3rd, third, twenty-first; -1 for last."""
        word = self.word(index)
        if self.kind(index) == "ord":
            return int(word[:-2]), index + 1
        if word in TENS and self.word(self.skip(index + 1, "-")) in ORDINALS:
            behind = self.skip(index + 1, "-")
            return TENS[word] + ORDINALS[self.word(behind)], behind + 1
        if word in ORDINALS:
            return ORDINALS[word], index + 1
        if word in {"last", "final"}:
            return -1, index + 1
        return None

    def future(self, index: int) -> bool:
        """Whether the sentence at an index looks forward: will, planned, due, remind me on."""
        if self.told:
            return way_of(self, index) not in {"once", "past"}
        if self.word(index - 1) == "from":
            return False
        first, last = self.sentence(index)
        if (first, last) not in self._ways:
            self._ways[first, last] = self._looks_forward([self.word(k) for k in range(first, last)])
        return self._ways[first, last]

    def past(self, index: int) -> bool:
        """Whether the sentence at an index is in the past tense."""
        if self.told:
            return way_of(self, index) in {"once", "past"}
        return any(self.word(k) in BACKWARD for k in range(*self.sentence(index)))

    def sentence(self, index: int) -> tuple[int, int]:
        """Where the sentence at an index begins and ends."""
        first = last = min(index, len(self.tokens) - 1)
        while first > 0 and self.word(first - 1) not in _ENDS and index - first < 40:
            first -= 1
        while last < len(self.tokens) and self.word(last) not in _ENDS and last - index < 40:
            last += 1
        return first, last

    def _looks_forward(self, words: list[str]) -> bool:
        if "remind" in words:
            at = words.index("remind")
            recall = (
                words[at + 2 : at + 3]
                and words[at + 2] in ASKS
                and not (words[at + 2] == "about" and any(d in words for d in ("on", "at")))
            )
            return not recall
        if any(w in BACKWARD for w in words) and "will" not in words and "going" not in words:
            return False
        if any(w in FORWARD for w in words):
            return True
        if _FORWARD_WORDS.search(" ".join(words)):
            return True
        return any(
            a in PROGRESSIVE and b.endswith("ing") and len(b) > 4 and (b not in EVENTS or a not in {"'s", "is"}) for a, b in pairwise(words)
        )

    def day(self, day: date) -> Span:
        """A local day."""
        return self.calendar.days(day)
