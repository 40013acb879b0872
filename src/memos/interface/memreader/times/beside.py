"""Beside: times told from another time: the week before it, the week of it, the same day of last year, the weekend."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from memos.interface.memreader.times.named import unit_of, weekday_cycle, weekend_cycle
from memos.interface.memreader.times.parse import Hit, Parse
from memos.interface.memreader.times.seasons import season_cycle
from memos.interface.memreader.times.spans import CALENDAR_UNITS, Span
from memos.interface.memreader.times.vocabulary import SEASONS, WEEKDAYS

_WITHIN = {
    "year": frozenset({"month", "day", "feast", "quarter", "half", "season"}),
    "week": frozenset({"day"}),
    "month": frozenset({"day"}),
}
_AT_THE_WEEKEND = frozenset(
    {"on", "over", "at", "during", "for", "all", "since", "until", "before", "after", "by", "through", "throughout"}
)


def beside(p: Parse, index: int) -> Hit | None:
    """Read: the week before 16 November · the day after Christmas · the Sunday before last Easter · the year before 2020."""
    at = p.skip(index, "the")
    weekday, unit = WEEKDAYS.get(p.word(at)), unit_of(p.word(at))
    way = p.word(at + 1)
    if way not in {"before", "after", "preceding", "following"} or (weekday is None and unit not in CALENDAR_UNITS):
        return None
    other = p.period(at + 2)
    if other is None or other[0].start is None or other[0].end is None or other[0].grain in {"roll", "clock", "minute"}:
        return None
    span, behind = other
    later = way in {"after", "following"}
    if weekday is not None or unit == "weekend":
        cycle = weekday_cycle(p, weekday) if weekday is not None else weekend_cycle(p)
        return (cycle.from_(span.ends) if later else cycle.ended(span.begins)), behind
    edge = span.ends if later else span.begins
    small = span.grain in {"day", "feast", "part", "weekend", "days"} and unit != "day"
    if unit is None or small or unit == "day":
        moved = p.calendar.later(edge, unit or "day", 1 if later else -1)
        return (Span(edge, moved, unit or "day") if later else Span(moved, edge, unit or "day")), behind
    base = (span.ends - timedelta(seconds=1)).date() if later else span.begins.date()
    return p.calendar.unit(unit, 1 if later else -1, base), behind


def counted(p: Parse, index: int) -> Hit | None:
    """Read: the three months before June · the 5 days after Christmas: the stretch, not the day at its other end."""
    count = p.number(index + 1) if p.word(index) == "the" else None
    unit = unit_of(p.word(count[1])) if count else None
    if count is None or unit is None or unit == "weekend" or p.word(count[1] + 1) not in {"before", "after", "preceding", "following"}:
        return None
    other = p.period(count[1] + 2)
    if other is None or other[0].start is None or other[0].end is None or other[0].grain == "roll":
        return None
    later = p.word(count[1] + 1) in {"after", "following"}
    edge = other[0].end if later else other[0].start
    moved = p.calendar.later(edge, unit, count[0] if later else -count[0])
    return (Span(edge, moved, "range") if later else Span(moved, edge, "range")), other[1]


def unit_with(p: Parse, index: int) -> Hit | None:
    """Read: the week of 9 June · the weekend of July 5 · the month of June · the day of the 5th."""
    at = p.skip(index, "the")
    unit = unit_of(p.word(at))
    if unit == "week" and p.word(at + 1) in {"commencing", "beginning", "starting", "ending"}:
        return _week_from(p, at + 1)
    if unit not in CALENDAR_UNITS or p.word(at + 1) != "of" or p.word(at).endswith(("s", "t")):
        return None
    other = p.period(at + 2)
    if other is None or other[0].start is None or other[0].end is None or other[0].grain in {"roll", "clock", "minute"}:
        return None
    span, behind = other
    if unit == "weekend" and span.grain in {"day", "feast", "weekend", "days"}:
        day = span.begins.date()
        return p.calendar.unit("weekend", 0, day if day.weekday() < 5 else p.calendar.weekend_of(day)), behind
    if unit == "week" and span.grain in {"day", "feast"}:
        return p.calendar.unit("week", 0, span.begins.date()), behind
    return other if span.grain == unit else None


def _week_from(p: Parse, index: int) -> Hit | None:
    """Read: week commencing 5 June · the week ending on Sunday."""
    day = p.period(p.skip(index + 1, "on"))
    if day is None or day[0].grain not in {"day", "feast"}:
        return None
    first = day[0].begins.date() - timedelta(days=6 if p.word(index) == "ending" else 0)
    return p.calendar.days(first, 7, "week"), day[1]


def same(p: Parse, index: int) -> Hit | None:
    """Read: this time last year · the same day last week · this month last year."""
    at = p.skip(index, "the", "around", "about")
    if p.word(at) not in {"this", "same", "that"} or p.word(at + 1) not in {"time", "day", "week", "month", "quarter", "date"}:
        return None
    way, unit = p.word(at + 2), unit_of(p.word(at + 3))
    if way not in {"last", "next", "the"} or unit not in {"week", "month", "year"}:
        return None
    base = p.calendar.later(p.now, unit, 1 if way == "next" else -1).date()
    named = unit_of(p.word(at + 1)) or "day"
    return p.calendar.unit(named, 0, base), at + 4


def the_weekend(p: Parse, index: int) -> Hit | None:
    """Read: at the weekend · over the weekend: the last one, or the next where the words look forward."""
    at = p.skip(index, "the")
    if p.word(at) != "weekend" or at == index or p.word(index - 1) not in _AT_THE_WEEKEND:
        return None
    return replace(p.pick(index, weekend_cycle(p)), cycle=None), at + 1


def narrowed(p: Parse, hit: Hit) -> Hit:
    """Read: last year in June · last week on Tuesday · last year's summer · last month on the 5th."""
    span, behind = hit
    finer = _WITHIN.get(span.grain)
    if finer is None or span.cycle is not None or p.word(behind) not in {"in", "on", "'s", "during", ","}:
        return hit
    season = SEASONS.get(p.word(behind + 1)) if p.word(behind) == "'s" else None
    inner = (Span(None, None, "season", season_cycle(p, season)), behind + 2) if season else p.period(behind + 1)
    if inner is None or inner[0].cycle is None or inner[0].grain not in finer:
        return hit
    found = inner[0].cycle.from_(span.begins)
    return (found, inner[1]) if found.begins < span.ends else hit
