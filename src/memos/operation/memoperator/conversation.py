"""Conversation: what those who talk show of names: who is spoken to, who is told apart, and what is said to be one and the same."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations, pairwise
from typing import NamedTuple

from memos.operation.memoperator.entities import READ

Pair = tuple[str, str]

_CALLED = re.compile(
    r"\s*\(\s*$|,? (?:whom? )?(?:we|i|they|you|everyone|everybody|people|friends)(?: all| just)? calls? (?:him|her|them|me|it) $"
    r"|,? (?:is |was |being )?(?:short for|a\.?k\.?a\.?|also known as|known as|called|the nickname of|a nickname for|formerly) $",
    re.IGNORECASE,
)
_IS = re.compile(r" (?:is|=) $", re.IGNORECASE)
_BEGINS = re.compile(r"(?:^|[.!?;:,]\s+|\b(?:and|but|so|that|because) )$")
_ENDS = re.compile(r"\s*(?:[.!,;)]|$)")
_ONE = re.compile(r"^(?:'s)? (?:are|is|were) (?:really |actually )?(?:one and the same|the same(?: \w+)?\b|both the same)", re.IGNORECASE)
_TWO = re.compile(
    r"^(?:'s)? (?:are|is|were) (?:two |really |actually )*"
    r"(?:not the same|different|brothers|sisters|siblings|cousins|twins|friends|married)",
    re.IGNORECASE,
)
_CALL_ME = re.compile(r"\b(?:call me|i go by|known as|i am|i'm|my name is|my name's|this is|it's) $", re.IGNORECASE)
_MY_NAME = re.compile(r"^,? is my (?:full|real|middle|first|given|birth|actual|maiden|nick)? ?name", re.IGNORECASE)
_BEFORE_CALL = re.compile(
    r"(?:^|[.!?…,;]\s*|\b(?:hey|hi|hello|thanks|thank you|dear|bye|goodbye|congrats|congratulations|sorry|welcome|morning|night|ok|okay"
    r"|yes|no|you|poor|meet you),?\s)$",
    re.IGNORECASE,
)
_AFTER_CALL = re.compile(r"^\s*(?:[!?.…]|,|$)")
_BETWEEN = 60
"""How much of what stands between two names is read, up to the second."""


class Said(NamedTuple):
    """One memory as resolution reads it: its text, who said it in which session, and the names in it, without the speaker's."""

    text: str
    speaker: str | None
    names: tuple[str, ...]
    session: str | None = None


@dataclass(slots=True)
class Heard:
    """What was heard of pairs of names; each pair is sorted."""

    apart: Counter[Pair] = field(default_factory=Counter)
    """In one text, or one of the other: hardly one entity."""
    one: Counter[Pair] = field(default_factory=Counter)
    """Said to be one."""
    two: set[Pair] = field(default_factory=set)
    """Said to be two."""
    addressed: Counter[Pair] = field(default_factory=Counter)
    """A name by which somebody was spoken to, and who else talks there."""
    talkers: set[Pair] = field(default_factory=set)
    """Both talk in one session."""
    told_of: Counter[Pair] = field(default_factory=Counter)
    """A name that was spoken of, not to, and who else talks there, when only two do."""


class _Place(NamedTuple):
    name: str
    start: int
    end: int


def pair(one: str, other: str) -> Pair:
    """Two names in their order."""
    return (one, other) if one <= other else (other, one)


def heard(said: Sequence[Said]) -> Heard:
    """What some memories tell of the names in them."""
    found, talkers = Heard(), dict[str | None, set[str]]()
    for each in said:
        if each.speaker:
            talkers.setdefault(each.session, set()).add(each.speaker)
    for here in talkers.values():
        found.talkers.update(pair(*two) for two in combinations(sorted(here), 2))
    for each in said:
        places = _places(each)
        others = talkers.get(each.session, set()) - {each.speaker} if each.speaker and each.session is not None else set()
        _pairs(found, each, places)
        _of_speaker(found, each, places, others)
    return found


def _places(said: Said) -> list[_Place]:
    """Where the names stand, the longer first to take its place."""
    text, starts, taken = said.text[:READ], list[int](), list[_Place]()
    for name in sorted(set(said.names), key=lambda each: (-len(each), each)):
        for match in re.finditer(rf"(?<!\w){re.escape(name)}(?!\w)", text):
            at = bisect_right(starts, match.start())
            if (at and taken[at - 1].end > match.start()) or (at < len(taken) and taken[at].start < match.end()):
                continue
            starts.insert(at, match.start())
            taken.insert(at, _Place(name, *match.span()))
    return taken


def _pairs(found: Heard, said: Said, places: Sequence[_Place]) -> None:
    seen: dict[Pair, bool] = {}
    for one, other in _beside(places):
        between, after = said.text[max(one.end, other.start - _BETWEEN) : other.start], said.text[other.end : other.end + 40]
        both = pair(one.name, other.name)
        if (
            _CALLED.search(between)
            or (_IS.fullmatch(between) and _ENDS.match(after) and _BEGINS.search(said.text[: one.start]))
            or (between == " and " and _ONE.match(after))
        ):
            found.one[both] += 1
            seen[both] = True
        elif between == " and " and _TWO.match(after):
            found.two.add(both)
    names = sorted({place.name for place in places})
    for two in combinations(names, 2):
        if two not in seen:
            found.apart[two] += 1


def _beside(places: Sequence[_Place]) -> Iterator[tuple[_Place, _Place]]:
    return ((one, other) for one, other in pairwise(places) if one.name != other.name)


def _of_speaker(found: Heard, said: Said, places: Iterable[_Place], others: set[str]) -> None:
    """What a speaker's text tells of the speaker, and of those who are spoken to."""
    for place in places:
        before, after = said.text[max(0, place.start - 24) : place.start], said.text[place.end : place.end + 32]
        if said.speaker and said.speaker != place.name:
            itself = _CALL_ME.search(before) or _MY_NAME.match(after)
            (found.one if itself else found.apart)[pair(said.speaker, place.name)] += 1
            if itself:
                continue
        called = bool(_BEFORE_CALL.search(before) and _AFTER_CALL.match(after))
        for other in others - {place.name}:
            if called:
                found.addressed[place.name, other] += 1
            elif len(others) == 1:
                found.told_of[place.name, other] += 1
