"""Relative: yesterday, last week, two months ago, the Friday before last, in three days, next summer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from memos.interface.memreader.times.named import named_cycle, unit_of, weekday_cycle, weekend_cycle
from memos.interface.memreader.times.parse import Hit, Parse
from memos.interface.memreader.times.seasons import season_cycle
from memos.interface.memreader.times.spans import CALENDAR_UNITS, SECONDS_OF, Span
from memos.interface.memreader.times.vocabulary import LAST, NEXT, PARTS, PLURAL_WEEKDAYS, SEASONS, WEEKDAYS

_DAYS = {"yesterday": -1, "today": 0, "tomorrow": 1, "tmrw": 1, "tomorow": 1, "yday": -1, "tonight": 0}


def day_word(p: Parse, index: int) -> Hit | None:
    """Read: yesterday · today · tomorrow · tonight · the day before yesterday · the day after tomorrow · last night."""
    word = p.word(index)
    if word == "tonight":
        return p.calendar.hours(p.today, 18, 24), index + 1
    if word in _DAYS:
        return p.day(p.today + timedelta(days=_DAYS[word])), index + 1
    at = p.skip(index, "the")
    if p.word(at) == "day" and p.word(at + 1) in {"before", "after"} and p.word(at + 2) in _DAYS:
        step = -1 if p.word(at + 1) == "before" else 1
        return p.day(p.today + timedelta(days=_DAYS[p.word(at + 2)] + step)), at + 3
    if p.word(at) == "night" and p.word(at + 1) == "before" and p.word(at + 2) == "last":
        return p.calendar.hours(p.today - timedelta(days=2), 18, 24), at + 3
    return None


def before_last(p: Parse, index: int) -> Hit | None:
    """Read: the week before last · the Friday before last · the month after next."""
    at = p.skip(index, "the")
    unit, named = unit_of(p.word(at)), named_cycle(p, at)
    behind = named[1] if named else at + 1
    way = (p.word(behind), p.word(behind + 1))
    if way not in {("before", "last"), ("after", "next")}:
        return None
    sign = -1 if way[0] == "before" else 1
    if named:
        return (named[0].ended(p.now, 1) if sign < 0 else named[0].coming(p.now, 1)), behind + 2
    if unit in CALENDAR_UNITS and not (p.word(behind + 2) and unit_of(p.word(behind + 2))):
        return p.calendar.unit(unit, 2 * sign), behind + 2
    return None


def modified(p: Parse, index: int) -> Hit | None:
    """Read: last week · the past three days · next Friday · this month · this past weekend · the last couple of months."""
    article = p.word(index) == "the"
    at = index + 1 if article else index
    word = p.word(at)
    if word == "this" and p.word(at + 1) in {"past", "last", "coming", "next", "upcoming"}:
        at, word, article = at + 1, p.word(at + 1), True
    if word not in LAST and word not in NEXT and word not in {"this", "current", "that"}:
        return None
    sign = -1 if word in LAST else 1 if word in NEXT else 0
    if p.word(at + 1) in {"full", "whole", "complete", "calendar"} and unit_of(p.word(at + 2)):
        return _unit(p, at + 2, sign, rolling=False)
    rolling = article or word == "past" or (sign < 0 and p.word(index - 1) == "these")
    return (
        _counted(p, at + 1, sign)
        or _unit(p, at + 1, sign, rolling=rolling and word not in {"previous", "prior", "coming", "upcoming"})
        or _named(p, at + 1, sign)
    )


def _counted(p: Parse, index: int, sign: int) -> Hit | None:
    """Read: three days · couple of weeks · six months, back from now or on from it."""
    count = (0.5, index + 1) if p.word(index) == "half" and unit_of(p.word(index + 1)) else p.number(index)
    if count is None or sign == 0:
        return None
    behind = p.skip(count[1], "full", "whole", "business", "working", "calendar")
    unit = unit_of(p.word(behind))
    if unit is None or p.word(behind + 1) == "of":
        return None
    if unit == "weekend":
        weekends = weekend_cycle(p)
        many = min(8, max(1, round(count[0]))) - 1
        first = weekends.ended(p.now, many) if sign < 0 else weekends.coming(p.now)
        last = weekends.ended(p.now) if sign < 0 else weekends.coming(p.now, many)
        return Span(first.start, last.end, "roll"), behind + 1
    return p.calendar.rolling(unit, sign * count[0]), behind + 1


def _unit(p: Parse, index: int, sign: int, *, rolling: bool) -> Hit | None:
    """Read: week · month · weekend · night, next to last, next or this."""
    word = p.word(index)
    unit = unit_of(word)
    if word == "night" and sign <= 0:
        return p.calendar.hours(p.today + timedelta(days=sign), 18, 24), index + 1
    if word in PARTS and sign == 0:
        return p.calendar.hours(p.today, *PARTS[word]), index + 1
    if word in {"evening", "afternoon", "morning"} and sign < 0:
        return p.calendar.hours(p.today - timedelta(days=1), *PARTS[word]), index + 1
    if unit is None or word.endswith("s") or word in {"season", "sec", "min", "night", "second", "minute"}:
        return None
    if p.word(index + 1) == "of" and (rolling or sign < 0):
        return None
    behind = p.token(index + 1)
    if unit in SECONDS_OF:
        return (p.calendar.rolling(unit, sign), index + 1) if sign else (p.calendar.unit(unit), index + 1)
    if rolling and unit != "weekend" and sign and behind.low != "before" and not (unit == "day" and sign > 0):
        return p.calendar.rolling(unit, sign), index + 1
    if unit == "day":
        return (p.day(p.today + timedelta(days=sign)), index + 1) if sign else None
    if unit == "weekend" and (sign < 0 or (sign == 0 and p.past(index) and p.calendar.unit("weekend").begins > p.now)):
        return weekend_cycle(p).ended(p.now), index + 1
    if unit == "weekend" and sign > 0 and p.word(index - 1) in {"coming", "upcoming"}:
        return weekend_cycle(p).coming(p.now), index + 1
    return (p.calendar.unit(unit, sign), index + 1) if unit in CALENDAR_UNITS else None


def _named(p: Parse, index: int, sign: int) -> Hit | None:
    """Read: Friday · March · summer · Christmas, next to last, next or this."""
    named = named_cycle(p, index)
    if named is None or (p.word(index) == "may" and not p.token(index).raw[0].isupper() and sign == 0):
        return None
    cycle, behind = named
    if p.word(index) in SEASONS and p.word(behind) in {"dresses", "break", "roll", "rolls"} and sign == 0:
        return None
    choose: Callable[..., Span] = cycle.ended if sign < 0 else cycle.coming if sign > 0 else cycle.this
    return choose(p.now), behind


def ago(p: Parse, index: int) -> Hit | None:
    """Read: two weeks ago · half an hour ago · in three days · a week from now · a year ago today · two Fridays ago."""
    at = p.skip(index, "about", "around", "roughly", "approximately", "exactly", "almost", "over", "just", "nearly", "some")
    within = p.word(at) == "in"
    at = at + 1 if within else at
    count = p.number(at)
    if count is None:
        return None
    behind = p.skip(count[1], "short", "long", "full", "whole", "more", "business", "working", "good", "calendar", "odd")
    word = p.word(behind)
    unit = unit_of(word)
    if unit is None and word.endswith("s") and count[0] >= 1 and p.word(behind + 1) == "ago":
        named = (weekday_cycle(p, PLURAL_WEEKDAYS[word]), 0) if word in PLURAL_WEEKDAYS else None
        named = named or ((season_cycle(p, SEASONS[word[:-1]]), 0) if word[:-1] in SEASONS else None)
        return (named[0].ended(p.now, int(count[0]) - 1), behind + 2) if named and count[0] <= 9 else None
    if unit is None:
        return None
    return _moved(p, behind + 1, unit, _half_more(p, behind + 1, count[0]), within=within)


def _half_more(p: Parse, index: int, count: float) -> float:
    return count + 0.5 if [p.word(index + k) for k in range(3)] == ["and", "a", "half"] else count


def _moved(p: Parse, index: int, unit: str, count: float, *, within: bool) -> Hit | None:
    at = index + 3 if [p.word(index + k) for k in range(3)] == ["and", "a", "half"] else index
    word, after = p.word(at), p.word(at + 1)
    if word in {"ago", "earlier", "back"} and not (word == "back" and after in {"to", "in"}):
        return _ago(p, at + 1, unit, -count)
    if (word, after) in {("before", "now"), ("before", "today")}:
        return p.calendar.moment(unit, -count), at + 2
    if (word, after) in {("from", "now"), ("from", "today")}:
        return p.calendar.moment(unit, count), at + 2
    if word == "hence":
        return p.calendar.moment(unit, count), at + 1
    if within and p.word(0) == "how" and count == 1:
        return None
    if within and not p.word(at).startswith("of"):
        if p.word(at) in {"'", "'s"} and after == "time":
            return p.calendar.moment(unit, count), at + 2
        if _not_since(p, at):
            return p.calendar.rolling(unit, -count), at
        return (p.calendar.moment(unit, count), at) if p.future(at) or p.kind(at) in {"stop", "mark"} else None
    if word in {"before", "after", "from"} and unit not in SECONDS_OF:
        other = p.period(at + 1)
        if other is not None and other[0].start is not None and other[0].grain not in {"roll", "open"}:
            sign = -1 if word == "before" else 1
            return p.calendar.moment(unit, sign * count, other[0].begins), other[1]
    return None


def _not_since(p: Parse, index: int) -> bool:
    """Whether "in a few days" looks back: I have not talked to her in a few days."""
    return any(
        p.word(k) in {"haven", "hasn", "hadn"} or (p.word(k) in {"not", "never"} and p.word(k - 1) in {"have", "has"}) for k in range(index)
    )


def _ago(p: Parse, index: int, unit: str, count: float) -> Hit | None:
    """What lies so far back: that day; with `today`, `Monday`, `last Friday` behind it, from there."""
    if p.word(index) in {"today", "yesterday", "tomorrow"} or p.word(index) in WEEKDAYS:
        base = p.period(index)
        if base is not None and unit not in SECONDS_OF and base[0].grain == "day":
            return p.calendar.moment(unit, count, base[0].begins), base[1]
    if unit == "weekend":
        return p.calendar.unit("weekend", int(count)), index
    if p.word(index) == "on" and p.word(index + 1) in WEEKDAYS and unit == "week":
        week = p.calendar.week_of(p.today + timedelta(days=round(7 * count)))
        return p.day(week + timedelta(days=(WEEKDAYS[p.word(index + 1)] - p.calendar.week_start) % 7)), index + 2
    return p.calendar.moment(unit, count), index
