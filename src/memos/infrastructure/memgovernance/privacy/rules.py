"""Rules: patterns on RE2, which reads every text in linear time, and checks on what they find and on the words beside it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from memos.infrastructure.memgovernance.privacy.plain import Plain

BESIDE = 48
"""How many characters before and after a find are looked at for words that tell what it is."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """What a pattern found, and where."""

    plain: Plain
    start: int
    end: int

    @property
    def value(self) -> str:
        """The characters found."""
        return self.plain.text[self.start : self.end]

    @property
    def before(self) -> str:
        """The characters before, in lower case."""
        return self.plain.lower[max(0, self.start - BESIDE) : self.start]

    @property
    def after(self) -> str:
        """The characters after, in lower case."""
        return self.plain.lower[self.end : self.end + BESIDE]

    @property
    def previous(self) -> str:
        """The character before, "" at the beginning."""
        return self.plain.text[self.start - 1] if self.start else ""

    @property
    def following(self) -> str:
        """The character after, "" at the end."""
        return self.plain.text[self.end : self.end + 1]

    def cut(self, start: int, end: int) -> Candidate:
        """A part of it, by places within it."""
        return Candidate(self.plain, self.start + start, self.start + end)

    @property
    def digits(self) -> str:
        """Its digits alone."""
        return "".join(filter(str.isdigit, self.value))

    def alone(self, beside: str = "") -> bool:
        """Whether no letter, digit, underscore, nor any of some characters touches it."""
        return not any(each and (each.isalnum() or each == "_" or each in beside) for each in (self.previous, self.following))


Check = Callable[[Candidate], Iterable[Candidate]]


def whole(candidate: Candidate) -> Iterable[Candidate]:
    """The find as it is."""
    return (candidate,)


def when(holds: Callable[[Candidate], bool]) -> Check:
    """The find as it is where something holds of it."""
    return lambda candidate: (candidate,) if holds(candidate) else ()


@dataclass(frozen=True, slots=True)
class Rule:
    """A pattern for one kind, and a check on what it finds. Its group `v`, if it has one, is what is sensitive."""

    label: str
    pattern: str
    check: Check = whole
    fold: bool = False

    def find(self, plain: Plain) -> Iterator[Candidate]:
        """What the pattern finds and the check lets stand."""
        regexp, group = compiled(self.pattern, fold=self.fold)
        for match in regexp.finditer(plain.text):
            start, end = match.span(group)
            if 0 <= start < end:
                yield from self.check(Candidate(plain, start, end))


@cache
def compiled(pattern: str, *, fold: bool) -> tuple[Any, int]:
    """A pattern on RE2 and its group `v`, 0 where it has none."""
    import re2

    made = re2.compile(f"(?i:{pattern})" if fold else pattern, options(32))
    return made, made.groupindex.get("v", 0)


def options(megabytes: int) -> Any:
    """How RE2 compiles: with so much memory for its automata, and silently."""
    import re2

    chosen = re2.Options()
    chosen.max_mem = megabytes << 20
    chosen.log_errors = False
    return chosen


class Sieve:
    """All rules as one automaton: which of them may find anything in a text, in one pass over it."""

    MEGABYTES = 64

    def __init__(self, rules: Sequence[Rule]) -> None:
        import re2

        self.rules = rules
        self._set = re2.Set.SearchSet(options(self.MEGABYTES))
        for rule in rules:
            self._set.Add(f"(?i:{rule.pattern})" if rule.fold else rule.pattern)
        self._set.Add("")  # matches every text: RE2 tells of no match where it has run out of memory, and then nothing is sieved
        self._set.Compile()

    def pass_on(self, plain: Plain) -> list[Rule]:
        """The rules whose patterns match."""
        found = self._set.Match(plain.text)
        if not found or len(self.rules) not in found:
            return list(self.rules)
        return [self.rules[place] for place in found if place < len(self.rules)]


def ends_with(words: str) -> Callable[[str], bool]:
    """Whether a text ends with one of some words (a pattern), but for a few that join it to what follows."""
    joining = (
        r"[\s:=#.,\-\"'(]*(?:(?:no|nr|number|num|id|is|are|was|the|of|to|for|from|at|on|code|my|her|his|it|its|"
        r"this|and|or)\b[\s:=#.,\-\"'(]*){0,4}$"
    )
    tail = re.compile(rf"(?:^|[^a-z])(?:{words}){joining}")
    return lambda text: tail.search(text) is not None


def holds(words: str) -> Callable[[str], bool]:
    """Whether a text holds one of some words (a pattern)."""
    inside = re.compile(rf"(?:^|[^a-z])(?:{words})(?:[^a-z]|$)")
    return lambda text: inside.search(text) is not None
