"""Telling: the periods of time that a fact tells of, counted from when it was said."""

from __future__ import annotations

import re
from datetime import datetime

from memos.interface.memreader.extraction.fact import Kind, Period
from memos.interface.memreader.times import read_times

_RECURRING = re.compile(
    r"\b(?:every|each|daily|weekly|monthly|yearly|usually|always|often|on weekends|(?:mon|tues|wednes|thurs|fri|satur|sun)days)\b",
    re.IGNORECASE,
)
_YEAR = re.compile(r"\b\d{4}\b")


def times_of(text: str, said_at: datetime, kind: Kind) -> tuple[Period, ...]:
    """The periods that a text tells of, in the order of their words; what recurs has none.

    What is planned is to come; of what is said to be so now a period that is over is left out unless its year is named, for the words may
    mean the next.
    """
    if _RECURRING.search(text):
        return ()
    phrases = read_times(f"will {text}" if kind == "plan" else text, now=said_at, told=True).phrases
    told = ((phrase.window, _YEAR.search(phrase.text) is not None) for phrase in phrases)
    return tuple((each.start, each.end) for each, sure in told if kind == "event" or sure or each.end is None or each.end > said_at)
