"""When what was read is what was labelled: stems of content words, phrases by their heads, windows to the second."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime, tzinfo
from functools import cache
from typing import Any

import Stemmer

from memos.memcube.reading import Slot
from memos.memcube.window import Window

STOP = frozenset(
    re.findall(
        r"\w+",
        """
        a an the this that these those my your his her its our their mine i you he she it we they me him us them myself yourself
        of in on at to for from by with about into over under out up off as than and or but not if so too also please just
        is are was were be been being am do does did have has had will would shall should can could might must
        what which who whom whose when where why how there here s t d ll m re ve
        """,
    )
)
FILLERS = frozenset({"note", "everyth", "anyth", "all", "memori", "one", "thing", "said", "say"})
Span = tuple[datetime | None, datetime | None]


@cache
def _stemmer() -> Stemmer.Stemmer:
    return Stemmer.Stemmer("english")


def stems(text: str) -> tuple[str, ...]:
    """The stems of the content words, in their order; of all words where none is a content word."""
    plain = re.sub(r"(?<=\d),(?=\d{3})", "", text.lower().replace("’", "'"))
    words = re.findall(r"\w+(?:\.\d+)*", re.sub(r"'s\b|s'(?=\s|$)", lambda found: "s" if found[0] == "s'" else "", plain))
    content = [word for word in words if word not in STOP]
    return tuple(_stemmer().stemWords(content or words))


def same_phrase(one: str, other: str) -> bool:
    """Whether two noun phrases mean the same: equal stems, or one holds the other and both end in the same head."""
    left, right = stems(one), stems(other)
    if set(left) == set(right):
        return bool(left)
    return bool(left and right) and left[-1] == right[-1] and (set(left) <= set(right) or set(right) <= set(left))


def same_name(one: str, other: str) -> bool:
    """Whether two names are the same, or one is part of the other."""
    left, right = set(stems(one)), set(stems(other))
    return bool(left and right) and (left <= right or right <= left)


def holds(text: str, phrase: str) -> bool:
    """Whether the text has all content words of the phrase."""
    return set(stems(phrase)) <= set(stems(text))


def right_words(given: str, wanted: str) -> bool:
    """Whether all content words of the label are given, and at most one, or half as many, beside them.

    What stands in parentheses in the label may be given or not. Words that only mean "memories" count neither way.
    """
    needed, free = set(stems(re.sub(r"\(.*?\)", " ", wanted))), set(stems(" ".join(re.findall(r"\((.*?)\)", wanted))))
    label, told = needed - FILLERS or needed, set(stems(given))
    return bool(told) and label <= told and len(told - label - free - FILLERS) <= max(1, len(label) // 2)


def right_slot(wanted: dict[str, Any], given: Sequence[Slot]) -> bool:
    """Whether one of the slots has the labelled value, from the labelled turn or one that is right as well."""
    turns = {wanted["turn"], *wanted.get("also", ())}
    return any(slot.turn in turns and right_words(slot.value, wanted["value"]) for slot in given)


def told_by(given: Slot, label: dict[str, Any], text: str) -> bool:
    """Whether a slot is one that the label has, or says what its rewriting carries over and the utterance itself does not say."""
    slots = label.get("slots", ())
    if any(right_words(given.value, slot["value"]) or right_words(slot["value"], given.value) for slot in slots):
        return True
    carried = set(stems(" ".join((label.get("standalone") or "", *label.get("must", ()), *(slot["value"] for slot in slots)))))
    told = set(stems(given.value)) - FILLERS
    return bool(told) and told <= carried and not told <= set(stems(text))


def counted(wanted: Sequence[str], may: Sequence[str], given: Sequence[str], same: Callable[[str, str], bool]) -> tuple[int, int, int]:
    """How many of the labels were found, how many predictions are wrong, how many labels are missed; `may` counts neither way."""
    left, wrong = list(wanted), 0
    for each in given:
        hit = next((label for label in left if same(each, label)), None)
        if hit is not None:
            left.remove(hit)
        elif not any(same(each, label) for label in (*may, *wanted)):
            wrong += 1
    return len(wanted) - len(left), wrong, len(left)


def span(window: Window | None, zone: tzinfo | None) -> Span:
    """The ends of a window in the asker's zone, without the offset."""
    start, end = (window.start, window.end) if window is not None else (None, None)
    return _local(start, zone), _local(end, zone)


def _local(when: datetime | None, zone: tzinfo | None) -> datetime | None:
    return when.astimezone(zone).replace(tzinfo=None) if when is not None else None


def labelled_span(window: dict[str, str | None] | None) -> Span:
    """The same of a label."""
    start, end = ((window or {}).get(key) for key in ("start", "end"))
    return datetime.fromisoformat(start) if start else None, datetime.fromisoformat(end) if end else None
