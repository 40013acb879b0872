"""Dating: times in words that stay true later, and times beside another: "the week before that"."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from dateutil.relativedelta import relativedelta

from memos.interface.memreader.times import read_times
from memos.memcube.window import Window

UNITS = {
    "day": relativedelta(days=1),
    "week": relativedelta(weeks=1),
    "weekend": relativedelta(weeks=1),
    "month": relativedelta(months=1),
    "quarter": relativedelta(months=3),
    "year": relativedelta(years=1),
}
_RELATIVE = re.compile(
    r"\b(?:yesterday|today|tonight|tomorrow|now|ago|last|next|this|past|previous|coming|lately|recently|earlier|later)\b", re.IGNORECASE
)
_DAY_OF_WEEK = re.compile(r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b", re.IGNORECASE)


def window_of(words: str, now: datetime) -> Window | None:
    """The window that words mean by themselves, if both of its ends are told."""
    window = read_times(words, now=now).window
    return window if window and window.start and window.end else None


def beside(unit: str, side: str, words: str, now: datetime) -> str | None:
    """The day, week, month or year before or after the time that words name, in words of its own."""
    window = window_of(words, now)
    step = UNITS.get(unit)
    if window is None or window.start is None or window.end is None or step is None:
        return None
    first, last = window.start.astimezone(now.tzinfo), window.end.astimezone(now.tzinfo)
    if unit == "month" and last - first > timedelta(days=1):
        first = first.replace(day=1)
        last = (last - timedelta(seconds=1)).replace(day=1, hour=0, minute=0, second=0, microsecond=0) + step
    if unit == "year" and timedelta(days=1) < last - first < timedelta(days=300):
        return spoken(first - step, last - step) if side == "before" else spoken(first + step, last + step)
    start, end = (first - step, first) if side == "before" else (last, last + step)
    if unit == "weekend" or (unit == "week" and timedelta(days=1) < last - first <= timedelta(days=3)):
        start, end = (first - step, last - step) if side == "before" else (first + step, last + step)
    return spoken(start, end)


def spoken(start: datetime, end: datetime) -> str:
    """A window of whole days in words: in January 2025, on 5 March 2025, from 17 February 2025 to 23 February 2025."""
    last = end - timedelta(microseconds=1)
    if start.day == 1 and end.day == 1 and end == start + relativedelta(months=1):
        return f"in {start:%B %Y}"
    if (start.month, start.day) == (1, 1) and end == start + relativedelta(years=1):
        return f"in {start:%Y}"
    if start.date() == last.date():
        return f"on {_day(start)}"
    return f"from {_day(start)} to {_day(last)}"


def _day(moment: datetime) -> str:
    return f"{moment.day} {moment:%B %Y}"


def lasting(text: str, at: datetime, now: datetime) -> str:
    """A text said at another day, with the times in it that only held then said so that they hold now."""
    if at.date() == now.date():
        return text
    for phrase in reversed(read_times(text, now=at).phrases):
        start, end = phrase.window.start, phrase.window.end
        if start is None or end is None or not (_RELATIVE.search(phrase.text) or _DAY_OF_WEEK.search(phrase.text)):
            continue
        said = spoken(start.astimezone(at.tzinfo), end.astimezone(at.tzinfo))
        before = re.search(r"\b(in|on|since|from|before|after|until|during|by|over|for)\s+$", text[: phrase.start], re.IGNORECASE)
        plain = said.split(" ", 1)[1] if before and not said.startswith("from ") else said
        cut = before.start() if before and said.startswith("from ") else phrase.start
        text = text[:cut] + plain + text[phrase.end :]
    return text
