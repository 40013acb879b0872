"""Rewording: where a new value goes in a memory: "change the asking price to 4.7 million" changes the price, and nothing else.

What a value takes the place of is found when it is of one kind and there is one such: a number in the sentence that names it, a time, or
the very words to be replaced. A memory about nothing else is written anew; to one that says more it is added, and nothing is lost.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Literal, NamedTuple

from memos.interface.memory_api.subject import subject
from memos.operation.memoperator.analysis import words
from memos.operation.memoperator.digest import sentences

WHOLE = 14
"""A memory of one sentence and so many words at most, which names what is changed, is about that alone."""
_UNITS = (
    "mg|ml|g|kg|lb|lbs|oz|km|m|cm|mm|miles?|million|billion|thousand|k|percent|%|euros?|dollars?|pounds?|kronor|sek|nok|dkk|eur|usd|gbp|chf"
    "|hours?|minutes?|seconds?|days?|weeks?|months?|years?|times|people|guests|pieces|tablets?|units?|steps"
)
_QUANTITY = re.compile(rf"(?<![\w.])[€$£]?\s?\d+(?:[.,:]\d+)*(?:\s?(?:{_UNITS})\b|\s?%)?(?:\s?[€$£])?(?!\w)", re.IGNORECASE)
_REPLACE = re.compile(r"\b(?:replace|swap|substitute|exchange)\b", re.IGNORECASE)


class Reworded(NamedTuple):
    """The new text of a memory, or what is to be added to it."""

    text: str
    mode: Literal["overwrite", "append"]
    note: str = ""


def reworded(text: str, phrase: str, value: str, *, said: str, said_at: datetime, now: datetime) -> Reworded:
    """A memory's text in which what a phrase names has a new value. `said` is the request in its words."""
    phrase = phrase.strip()
    if _REPLACE.search(said) and (place := _only(re.compile(rf"(?<!\w){re.escape(phrase)}(?!\w)", re.IGNORECASE), text)):
        return Reworded(text[: place[0]] + value + text[place[1] :], "overwrite")
    about = subject(phrase)
    told = [(start, end) for start, end in sentences(text) if about <= subject(text[start:end])]
    if len(told) == 1 and (place := _slot(text, told[0], phrase=phrase, value=value, said_at=said_at, now=now)):
        return Reworded(text[: place[0]] + value.strip().rstrip(".") + text[place[1] :], "overwrite")
    whole = value if not about.isdisjoint(subject(value)) else f"{phrase[:1].upper()}{phrase[1:]}: {value}"
    if len(sentences(text)) <= 1 and len(words(text)) <= WHOLE:
        return Reworded(whole, "overwrite")
    return Reworded(whole, "append", "the memory says more than that: the new words were added to it, and the old ones stand")


def _only(pattern: re.Pattern[str], text: str) -> tuple[int, int] | None:
    found = [match.span() for match in pattern.finditer(text)]
    return found[0] if len(found) == 1 else None


def _slot(
    text: str, sentence: tuple[int, int], *, phrase: str, value: str, said_at: datetime, now: datetime
) -> tuple[int, int] | None:  # fmt: skip
    """The one place in a sentence of what is of the same kind as a value: a time for a time, a number for a number."""
    from memos.interface.memreader.times import read_times

    start, end = sentence
    times = [(start + each.start, start + each.end) for each in read_times(text[start:end], now=said_at, told=True).phrases]
    wanted = value.strip().rstrip(".")
    new = read_times(wanted, now=now).phrases
    if new and sum(each.end - each.start for each in new) >= 0.8 * len(wanted):
        return times[0] if len(times) == 1 else None
    if not _QUANTITY.fullmatch(wanted):
        return None
    named = [match.group().strip() for match in _QUANTITY.finditer(phrase)]
    places = [
        (start + match.start() + len(match.group()) - len(match.group().lstrip()), start + match.end())
        for match in _QUANTITY.finditer(text[start:end])
    ]
    free = [
        place
        for place in places
        if text[place[0] : place[1]] not in named and not any(one[0] < place[1] and place[0] < one[1] for one in times)
    ]
    return free[0] if len(free) == 1 else None
