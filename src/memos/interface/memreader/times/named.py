"""Named: weekdays, and all that comes back under a name: a weekday, a month, a season, a feast."""

from __future__ import annotations

from datetime import timedelta

from memos.interface.memreader.times.dates import month_cycle
from memos.interface.memreader.times.parse import Hit, Parse
from memos.interface.memreader.times.seasons import feast_name, season_cycle
from memos.interface.memreader.times.spans import UNITS, Cycle
from memos.interface.memreader.times.vocabulary import EVENTS, FOLLOWS, LEADS, MONTHS, PARTS, SEASONS, SHORT_WEEKDAYS, VERBS, WEEKDAYS


def unit_of(word: str) -> str | None:
    """The unit that a word names, in the singular or the plural."""
    if word in UNITS:
        return UNITS[word]
    if word.endswith("s") and word[:-1] in UNITS:
        return UNITS[word[:-1]]
    return "century" if word == "centuries" else None


def weekday_cycle(p: Parse, weekday: int) -> Cycle:
    """A weekday of every week; of the k-th one after the week of now."""
    first = p.calendar.week_of(p.today)
    shift = (weekday - p.calendar.week_start) % 7
    return Cycle(
        lambda k: p.day(first + timedelta(days=7 * k + shift)),
        lambda when: (p.calendar.week_of(when.date()) - first).days // 7,
        strict=True,
    )


def weekend_cycle(p: Parse) -> Cycle:
    """Every weekend; the k-th one after that of the present week."""
    return Cycle(lambda k: p.calendar.unit("weekend", k), lambda when: (when.date() - p.calendar.weekend_of(p.today)).days // 7)


def named_cycle(p: Parse, index: int) -> tuple[Cycle, int] | None:
    """What comes back and has a name: a weekday, month, season or feast."""
    word = p.word(index)
    if word in WEEKDAYS or word in SHORT_WEEKDAYS:
        number = WEEKDAYS.get(word, SHORT_WEEKDAYS.get(word, 0))
        return weekday_cycle(p, number), p.skip(index + 1, ".") if word in SHORT_WEEKDAYS else index + 1
    feast = feast_name(p, index)
    if feast is not None:
        return feast
    if word in MONTHS:
        day = int(p.word(index + 1)) if p.kind(index + 1) == "num" and len(p.word(index + 1)) <= 2 else 0
        day = int(p.word(index + 1)[:-2]) if p.kind(index + 1) == "ord" else day
        return month_cycle(p, MONTHS[word], first=day), index + 2 if day else index + 1
    if word in SEASONS:
        return season_cycle(p, SEASONS[word]), index + 1
    return None


def weekday(p: Parse, index: int) -> Hit | None:
    """Read: Friday · on Fri. · Friday the 13th · Monday of last week · Friday last week."""
    word, token = p.word(index), p.token(index)
    short = word not in WEEKDAYS
    if short and word not in SHORT_WEEKDAYS:
        return None
    behind = p.skip(index + 1, ".") if short else index + 1
    at = p.skip(p.skip(behind, ","), "the")
    if p.kind(at) in {"ord", "num", "date", "stamp"} or p.word(at) in MONTHS:
        dated = p.period(behind if p.word(behind) == "the" else at)
        if dated is not None and dated[0].grain == "day":
            return _on_weekday(p, index, dated)
    at = p.skip(p.skip(behind, ",", "of", "in"), "of")
    if p.word(at) in {"last", "this", "next", "the"} or p.word(at).startswith("week"):
        inner = p.period(at)
        if inner is not None and inner[0].grain == "week":
            days = ((WEEKDAYS | SHORT_WEEKDAYS)[word] - inner[0].begins.weekday()) % 7
            return p.day(inner[0].begins.date() + timedelta(days=days)), inner[1]
    number = p.number(behind)
    if number is not None and unit_of(p.word(number[1])) == "week" and p.word(number[1] + 1) == "ago" and number[0] < 5000:
        week = p.calendar.week_of(p.today - timedelta(days=round(7 * number[0])))
        return p.day(week + timedelta(days=((WEEKDAYS | SHORT_WEEKDAYS)[word] - p.calendar.week_start) % 7)), number[1] + 2
    if not _is_weekday(p, index, behind, token.raw, short=short):
        return None
    return p.pick(index, weekday_cycle(p, (WEEKDAYS | SHORT_WEEKDAYS)[word])), behind


def _on_weekday(p: Parse, index: int, dated: Hit) -> Hit:
    """Friday the 13th: the day of a month that falls on that weekday."""
    wanted = (WEEKDAYS | SHORT_WEEKDAYS)[p.word(index)]
    span, behind = dated
    if span.cycle is None or span.begins.weekday() == wanted:
        return span, behind
    fits = [s for s in span.cycle.around(p.now) if s.begins.weekday() == wanted]
    if p.told and fits:
        return min(fits, key=lambda s: abs(s.begins - p.now)), behind
    before = [s for s in fits if s.begins <= p.now]
    return (before[-1] if before else fits[0] if fits else span), behind


def _is_weekday(p: Parse, index: int, behind: int, raw: str, *, short: bool) -> bool:
    before, after = p.word(index - 1), p.token(behind)
    if short and not (raw[0].isupper() or before in {"on", "last", "next", "since", "until", "by", "this"}):
        return False
    if short and after.kind == "word" and before not in LEADS:
        return False
    if after.low == "'s":
        return p.word(behind + 1) not in VERBS
    lead = before in LEADS and before not in {"as", "about", "with", "the", "a", "at", "of", "("}
    if lead and after.low == "the" and p.token(behind + 1).kind == "word":
        return False
    if lead and before in {"for", "to", "and", "or", "from", "by"}:
        lead = not (after.kind == "word" and after.raw[0].isupper() and after.low not in FOLLOWS | MONTHS.keys())
    if lead and before in {"for", "to"} and after.kind == "word" and after.low not in FOLLOWS | EVENTS | PARTS.keys():
        return False
    return lead or after.kind in {"stop", "mark", "num", "clock"} or after.low in FOLLOWS or after.low in EVENTS
