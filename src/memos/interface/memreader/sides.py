"""Sides: the two things that a comparison is about, each with its own words and time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from memos.interface.memreader.chunks import Span
from memos.interface.memreader.targets import described
from memos.memcube.reading import TimePhrase
from memos.memcube.window import Window

_LEAD = re.compile(
    r"^(?:(?:compare|contrast|the)\s+)?(?:what(?:'s|\s+is|\s+are|\s+were)\s+)?(?:the\s+)?(?:(?:differences?|comparison)\s+)?"
    r"(?:(?:between|of|in)\s+)?"
    r"(?=\S)",
    re.IGNORECASE,
)
_HOW = re.compile(
    r"^how\s+(?:does|do|did|is|are|was|were|has|have)\s+(?P<one>.+?)\s+(?:compared?|differ|different|stack\s+up|measure\s+up)\s*(?:to"
    r"|with|from|than|against)?\s*(?P<two>.*)$",
    re.IGNORECASE,
)
_BETWEEN = re.compile(r"\s+(?:with|to|versus|vs\.?|against|compared\s+(?:to|with)|from|than)\s+", re.IGNORECASE)
_JOINTS = tuple(
    re.compile(rf"\s+(?:{each})\s+", re.IGNORECASE) for each in (r"versus|vs\.?|against|than|compared\s+(?:to|with)", "with", "to", "and")
)
_PAIR = re.compile(
    r"^(?P<ahead>(?:what|how|when|where|why)?\s*(?:did\s+)?)(?P<one>[A-Z][\w.-]+)\s+and\s+(?P<two>[A-Z][\w.-]+)\s+(?P<rest>.+)$"
)
_KINDS = re.compile(
    r"^(?P<one>(?:old|new|first|second|last|previous|current|earlier|later|original|final|summer|winter|morning"
    r"|evening)\b)\s+and\s+(?:the\s+)?(?P<two>\w+)\s+(?P<rest>.+)$",
    re.IGNORECASE,
)
_HEADLESS = re.compile(r"^(?:the\s+)?(?:one|ones|that|those)\s+(?P<rest>(?:from|for|of|by|in|about|on|with|at)\b.+)$", re.IGNORECASE)


class Side(NamedTuple):
    """One side of a comparison."""

    text: str
    window: Window | None = None


def sides(question: str, times: Sequence[TimePhrase]) -> tuple[Side, Side | None]:
    """The two sides of a comparison, the second None where the words name only what both have in common."""
    places = [(place, place + len(each.text)) for each in times if (place := question.find(each.text)) >= 0]
    windows = list(dict.fromkeys(each.window for each in times))
    whole = _without_lead(question)
    common = described("compare", _without_lead(_dry(question, places)))
    if len(windows) > 1:
        return Side(common or whole, windows[0]), Side(common or whole, windows[1])
    window = windows[0] if windows else None
    one, two = _parted(_without_lead(described("compare", question)) if window is None else common)
    if two is None:
        return (Side(one), Side(one, window)) if window is not None and _BETWEEN.search(question) else (Side(one, window), None)
    return Side(described("compare", one), window), Side(described("compare", two), window)


def _dry(question: str, places: Sequence[Span]) -> str:
    for start, end in sorted(places, reverse=True):
        before = re.sub(
            r"\s*\b(?:(?:in|on|from|of|during|for|with|to|and|than|versus|vs\.?|between|since|against|at|over|the|my|our)\s*)+$",
            " ",
            question[:start],
            flags=re.IGNORECASE,
        )
        question = before + re.sub(r"^['’]s?\s+", " ", question[end:])
    return re.sub(r"\s{2,}", " ", question).strip(" ?.,")


def _without_lead(question: str) -> str:
    return _LEAD.sub("", question, count=1).strip(" ?.,")


def _parted(text: str) -> tuple[str, str | None]:
    if (found := _HOW.match(text)) is not None and found["two"].strip():
        return found["one"], _headed(found["one"], found["two"])
    if (found := _PAIR.match(text)) is not None:
        return f"{found['ahead']}{found['one']} {found['rest']}".strip(), f"{found['ahead']}{found['two']} {found['rest']}".strip()
    if (found := _KINDS.match(text)) is not None:
        return f"{found['one']} {found['rest']}", f"{found['two']} {found['rest']}"
    for pattern in _JOINTS:
        place = pattern.search(text)
        if place is not None and text[: place.start()].strip():
            return text[: place.start()], _headed(text[: place.start()], text[place.end() :])
    return text, None


def _headed(one: str, two: str) -> str:
    """The second side with the noun that "the one for …" leaves to the first."""
    found = _HEADLESS.match(two.strip())
    if found is None:
        return two
    head = re.split(r"\s+(?:from|for|of|by|in|about|on|with|at)\s+", one.strip())[0].split()[-1:]
    return f"{head[0]} {found['rest']}" if head else found["rest"]
