"""Hours: clock times and parts of a day, before or behind the day that they belong to."""

from __future__ import annotations

import re
from datetime import date, timedelta

from memos.interface.memreader.times.parse import Hit, Parse
from memos.interface.memreader.times.spans import Cycle, Span
from memos.interface.memreader.times.vocabulary import MONTHS, NOT_A_YEAR_BEHIND, NUMBERS, PARTS, WEEKDAYS, words_of

_CLOCK = re.compile(r"([0-9]{1,2})(?:[:.]([0-9]{2})(?::[0-9]{2})?)?\s?([ap]\.?m\.?)?")
_BEFORE_HOUR = words_of("at around before after until till since by from between to and about through - – —")
DAYLIKE = frozenset({"day", "feast"})
Time = tuple[int, int, str]
"""Hour, minute, and what it is: `hour`, `minute`."""


def clock(p: Parse, index: int, *, bare: bool = False) -> tuple[Time, int] | None:
    """Read: 3pm · 15:30 · 3 o'clock · noon · half past three; a bare number only where the words around say that it is an hour."""
    word = p.word(index)
    if p.kind(index) == "clock":
        return _written(p, index)
    if word in {"noon", "midday", "midnight"}:
        return (0 if word == "midnight" else 12, 0, "hour"), index + 1
    if word in {"half", "quarter"} and p.word(index + 1) in {"past", "to"}:
        hour, minutes = _hour(p, index + 2), 30 if word == "half" else 15
        if hour is None:
            return None
        total = _waking(hour) * 60 + (minutes if p.word(index + 1) == "past" else -minutes)
        return (total // 60 % 24, total % 60, "minute"), index + 3
    hour = _hour(p, index)
    if hour is None or hour > 24:
        return None
    if p.word(index + 1) == "o" and p.word(index + 2) in {"'", "’"} and p.word(index + 3) == "clock":
        return (_waking(hour), 0, "hour"), index + 4
    if p.word(index + 1) in {"am", "pm"}:
        return (_half_day(hour, p.word(index + 1)[0]), 0, "hour"), index + 2
    return ((_waking(hour), 0, "hour"), index + 1) if bare else None


def _written(p: Parse, index: int) -> tuple[Time, int] | None:
    """Read: 3pm · 3.30 p.m. · 15:30."""
    match = _CLOCK.fullmatch(p.word(index))
    if match is None:
        return None
    half = (match[3] or "")[:1]
    hour, minute = _half_day(int(match[1]), half), int(match[2] or 0)
    whole = minute == 0
    return ((hour, minute, "hour" if whole else "minute"), index + 1) if hour <= 24 and minute < 60 else None


def _hour(p: Parse, index: int) -> int | None:
    word = p.word(index)
    if p.kind(index) == "num" and len(word) <= 2:
        return int(word)
    number = NUMBERS.get(word)
    return number if number is not None and 1 <= number <= 12 else None


def _half_day(hour: int, half: str) -> int:
    if half and hour > 12:
        return hour
    return hour % 12 + 12 if half == "p" else hour % 12 if half == "a" else hour


def _waking(hour: int) -> int:
    """A bare hour is one of the waking day: 1 to 6 are in the afternoon."""
    return hour + 12 if 1 <= hour <= 6 else hour


def placed(p: Parse, day: date, time: Time) -> Span:
    """A clock time on a day: its hour, or its minute where minutes were said."""
    start = p.calendar.at(day, time[0], time[1])
    return Span(start, p.calendar.later(start, "minute" if time[2] == "minute" else "hour", 1), "clock")


def clock_cycle(p: Parse, time: Time) -> Cycle:
    """A clock time of every day."""
    return Cycle(lambda k: placed(p, p.today + timedelta(days=k), time), lambda when: (when.date() - p.today).days)


def part_cycle(p: Parse, part: str) -> Cycle:
    """A part of every day."""
    return Cycle(lambda k: p.calendar.hours(p.today + timedelta(days=k), *PARTS[part]), lambda when: (when.date() - p.today).days)


def _time_at(p: Parse, index: int, *, bare: bool) -> tuple[Time | str, int] | None:
    """A clock time or a part of a day from an index on, with its small words."""
    at = p.skip(index, "in", "at", "around", "about", "during", "@", "by")
    at = p.skip(at, "around", "about", "the", "early", "late")
    led = at > index and p.word(index) in {"at", "around", "about", "@"}
    if p.word(at) in PARTS and p.word(at) not in {"noon", "midday", "midnight"}:
        if led and p.word(at) != "night":
            return None
        return p.word(at), at + 1
    found = clock(p, at, bare=bare and led)
    if found is None:
        return None
    time, behind = found
    if p.word(behind) in {"in", "at"}:
        part = p.word(p.skip(behind + 1, "the"))
        if part in {"morning", "afternoon", "evening", "night"}:
            hour = time[0] % 12 + (0 if part == "morning" else 12)
            return (hour, time[1], time[2]), p.skip(behind + 1, "the") + 1
    return time, behind


def on_day(p: Parse, hit: Hit) -> Hit:
    """A day with the time that stands behind it: yesterday afternoon, Friday at 3pm, 3 July around noon."""
    span, behind = hit
    if span.grain not in DAYLIKE:
        return _clock_in_part(p, hit)
    at = p.skip(behind, ",") if p.kind(behind + 1) == "clock" else behind
    if p.word(at) in {"before", "after", "until", "from"}:
        return _bounded(p, hit)
    found = _time_at(p, at, bare=True)
    if found is None:
        return hit
    time, after = found
    if isinstance(time, str) and p.word(at) in {"in", "at", "during", "the"} and p.word(at) != "in" and time != "night":
        return hit
    return _timed(p, span, time), after


def _bounded(p: Parse, hit: Hit) -> Hit:
    """Read: yesterday before noon · Friday after 6pm · last night after 10."""
    span, behind = hit
    found = clock(p, behind + 1, bare=span.grain == "part")
    if found is None or p.word(found[1]) in {"to", "until", "till", "-", "–", "and"}:
        return hit
    hour, minute, _ = found[0]
    if span.grain == "part" and span.begins.hour >= 12 and hour < 12:
        hour += 12
    edge = p.calendar.at(span.begins.date(), hour, minute)
    if not span.begins < edge < span.ends:
        return hit
    later = p.word(behind) in {"after", "from"}
    return (Span(edge, span.end, "part") if later else Span(span.start, edge, "part")), found[1]


def _timed(p: Parse, span: Span, time: Time | str) -> Span:
    def at(one: Span) -> Span:
        day = one.begins.date()
        return p.calendar.hours(day, *PARTS[time]) if isinstance(time, str) else placed(p, day, time)

    return at(span)


def _clock_in_part(p: Parse, hit: Hit) -> Hit:
    """Read: tonight at 8 · this morning around 9 · last night at 11."""
    span, behind = hit
    if span.grain == "part" and p.word(behind) in {"before", "after", "until"}:
        return _bounded(p, hit)
    if span.grain != "part" or p.word(behind) not in {"at", "around", "about"}:
        return hit
    found = clock(p, p.skip(behind + 1, "around", "about"), bare=True)
    if found is None:
        return hit
    (hour, minute, grain), after = found
    if span.begins.hour >= 12 and hour < 12:
        hour += 12
    elif span.begins.hour < 12 and hour >= 12 and p.kind(behind + 1) != "clock":
        hour -= 12
    return placed(p, span.begins.date(), (hour, minute, grain)), after


def time_first(p: Parse, index: int) -> Hit | None:
    """Read: 3pm yesterday · noon on Friday · the morning of June 3 · in the morning · the night of 5 May."""
    before = p.word(index - 1)
    at = p.skip(index, "the", "early", "late")
    if p.word(at) in PARTS and p.word(at) not in {"noon", "midday", "midnight", "breakfast"}:
        return _part_first(p, index, at)
    found = clock(p, index, bare=before in {"at", "around", "before", "after", "by", "until", "since"})
    if found is None:
        return None
    time, behind = found
    if p.word(behind) in {"in", "at"}:
        part = p.word(p.skip(behind + 1, "the"))
        if part in {"morning", "afternoon", "evening", "night"}:
            behind = p.skip(behind + 1, "the") + 1
            time = (time[0] % 12 + (0 if part == "morning" else 12), time[1], time[2])
    at = p.skip(behind, "on", "of", ",")
    day = p.period(at)
    if day is not None and day[0].grain in DAYLIKE:
        return _timed(p, day[0], time), day[1]
    if day is not None and day[0].grain == "part":
        return _clock_in_part_of(p, day, time)
    named = p.word(index) in {"noon", "midday", "midnight"} and before in _BEFORE_HOUR
    explicit = named or behind > index + 1 or (p.kind(index) == "clock" and _is_clock(p, index))
    return (p.pick(index, clock_cycle(p, time)), behind) if explicit else None


def _is_clock(p: Parse, index: int) -> bool:
    """Whether 3:16 is a time of day and no verse: John 3:16."""
    before = p.token(index - 1)
    named = before.kind == "word" and before.raw[0].isupper() and before.low not in WEEKDAYS and before.low not in MONTHS
    sure = p.word(index)[-1] in "m." or before.low in _BEFORE_HOUR
    return sure or not (named or before.low in NOT_A_YEAR_BEHIND)


def _clock_in_part_of(p: Parse, day: Hit, time: Time) -> Hit:
    hour = time[0]
    if day[0].begins.hour >= 12 and hour < 12:
        hour += 12
    return placed(p, day[0].begins.date(), (hour, time[1], time[2])), day[1]


def _part_first(p: Parse, index: int, at: int) -> Hit | None:
    part, behind = p.word(at), at + 1
    if p.word(behind) in {"of", "on"} or (p.word(behind) in {"yesterday", "tomorrow", "today"}):
        day = p.period(p.skip(behind, "of", "on"))
        if day is not None and day[0].grain in DAYLIKE:
            return p.calendar.hours(day[0].begins.date(), *PARTS[part]), day[1]
    led = p.word(index - 1) in {"in", "during"} and p.word(index) == "the"
    if led and part != "night" and (p.kind(behind) in {"mark", "stop"} or p.word(behind) in {"i", "we", "did", "when"}):
        return p.pick(index, part_cycle(p, part)), behind
    return None
