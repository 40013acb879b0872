"""Numeric: dates in figures, ISO 8601 and the orders in which countries write them."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

from memos.interface.memreader.times.dates import century
from memos.interface.memreader.times.parse import Hit, Parse
from memos.interface.memreader.times.spans import Span
from memos.interface.memreader.times.vocabulary import NOT_A_YEAR_BEHIND

MONTH_FIRST = frozenset({"US", "PH", "BZ", "FM", "PW", "MH", ""})
"""Where 03/04 is in March; with no country named, as in English dates of the United States."""


def stamp(p: Parse, index: int) -> Hit | None:
    """Read: 2025-06-30 · 2025-06-30 14:30 · 2025-06 · 2025-W32."""
    word, kind = p.token(index).raw, p.kind(index)
    if kind == "week":
        year, week = int(word[:4]), int(word.lower().partition("w")[2])
        return p.calendar.days(date.fromisocalendar(year, week, 1), 7, "week"), index + 1
    if kind == "month":
        head, tail = re.split("[-/]", word)
        year, number = (int(head), int(tail)) if len(head) == 4 else (int(tail), int(head))
        return p.calendar.months(year, number), index + 1
    day = date.fromisoformat(word[:10])
    if len(word) == 10:
        return p.day(day), index + 1
    when = datetime.fromisoformat(word.replace(",", "."))
    when = when.replace(tzinfo=p.calendar.zone) if when.tzinfo is None else when.astimezone(p.calendar.zone)
    when = when.replace(second=0, microsecond=0)
    return Span(when, when + timedelta(minutes=1), "minute"), index + 1


def numeric(p: Parse, index: int) -> Hit | None:
    """Read: 03/15/2025 · 15.03.2025 · 2025/03/15: the country says which comes first where both are possible."""
    word = p.word(index)
    mark = next(c for c in word if c in "/.-")
    parts = [int(part) for part in word.split(mark)]
    if len(word.split(mark)[0]) == 4:
        year, number, day = parts
    else:
        if len(word.split(mark)[2]) == 4:
            year = parts[2]
        elif mark == "/" and len(word.split(mark)[2]) == 2:
            year = century(parts[2])
        else:
            return None
        month_first = mark != "." and p.country in MONTH_FIRST
        number, day = (parts[0], parts[1]) if month_first else (parts[1], parts[0])
        if number > 12:
            number, day = day, number
    if p.word(index - 1) in NOT_A_YEAR_BEHIND or not 1 <= number <= 12 or not 1 <= day <= 31 or not 1000 <= year <= 2999:
        return None
    return p.day(date(year, number, day)), index + 1
