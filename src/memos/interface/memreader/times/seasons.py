"""Seasons: quarters, halves, seasons, weeks by number and feasts: the times that every year has."""

from __future__ import annotations

import re
from datetime import date, timedelta

from memos.interface.memreader.times.dates import within_year, year_at
from memos.interface.memreader.times.feasts import HOLIDAYS, Days, Rule, feasts, first_words, many_days
from memos.interface.memreader.times.parse import Hit, Parse
from memos.interface.memreader.times.spans import Cycle, Span
from memos.interface.memreader.times.vocabulary import LAST, NEXT, PARTS, SEASONS, words_of

_QUARTER = re.compile(r"[qh][1-4]")
_COMPOUNDS = words_of(
    """
    deals deal sale sales discount discounts leftovers
    tree trees card cards present presents gift gifts song songs carol carols egg eggs bunny costume costumes cake lights market
    jumper sweater movie movies island candy decorations list pudding wreath basket pumpkin cookies recipe recipes music stocking
    playlist resolution resolutions
    """
)
_BEFORE_FEAST = words_of(
    """
    on at over for during since last this next before after until till by past around in of from to between and previous coming
    upcoming every through each
    """
) | {""}

_SPENT = words_of("spend spent spending celebrate celebrated celebrating had have having host hosted hosting hosts for")


def quarter(p: Parse, index: int) -> Hit | None:
    """Read: Q3 2024 · 2024 Q3 · Q3 of last year · H1 2024 · the third quarter of 2024 · the first half of last year."""
    at = p.skip(index, "the")
    number = p.ordinal(at)
    if _QUARTER.fullmatch(p.word(at)):
        if p.word(at - 1) in {"<", "/"} or (p.token(at).raw[0] == "h" and year_at(p, at + 1) is None):
            return None  # a heading of HTML
        size, nth, behind = (3 if p.word(at)[0] == "q" else 6), int(p.word(at)[1]), at + 1
    elif number and p.word(number[1]) in {"quarter", "half"}:
        size, nth, behind = (3 if p.word(number[1]) == "quarter" else 6), number[0], number[1] + 1
        if p.word(behind) == "of" and (inner := p.period(behind + 1)) is not None and inner[0].grain != "year":
            return _half(p, inner, nth) if size == 6 else None
        if size == 6 and year_at(p, behind) is None and p.word(behind) not in {"of", "last", "this", "next"}:
            return None
        if size == 3 and nth == -1 and p.word(behind) != "of":
            return None
    else:
        return None
    nth = 12 // size if nth == -1 else nth
    if not 1 <= nth <= 12 // size:
        return None
    grain = "quarter" if size == 3 else "half"
    cycle = Cycle(lambda year: p.calendar.months(year, (nth - 1) * size + 1, size, grain), lambda when: when.year)
    if p.kind(behind) == "num" and len(p.word(behind)) == 2 and p.word(behind - 1)[:1] in "qh":
        return cycle.make(2000 + int(p.word(behind))) or p.pick(index, cycle), behind + 1
    return within_year(p, behind, cycle)


def _half(p: Parse, inner: Hit, nth: int) -> Hit | None:
    """A half of a month, a week, a decade."""
    span, behind = inner
    first, last = span.begins.date(), span.ends.date()
    if span.grain == "month":
        middle = first + timedelta(days=15)
    elif span.grain in {"decade", "century"}:
        middle = date((first.year + last.year) // 2, 1, 1)
    elif span.grain in {"quarter", "half", "season", "year", "week"}:
        middle = first + (last - first) / 2
    else:
        return None
    parts = {1: (first, middle), 2: (middle, last), -1: (middle, last)}
    return (Span(p.calendar.at(parts[nth][0]), p.calendar.at(parts[nth][1]), "half"), behind) if nth in parts else None


def season_cycle(p: Parse, first: int) -> Cycle:
    """A season of every year; winter has the year of its December."""
    return Cycle(lambda year: p.calendar.months(year, first, 3, "season"), lambda when: when.year)


def season(p: Parse, index: int) -> Hit | None:
    """Read: the summer of 2023 · summer 2023 · in summer · over the winter."""
    at = p.skip(index, "the")
    first = SEASONS.get(p.word(at))
    if first is None:
        return None
    cycle = season_cycle(p, first)
    dated = year_at(p, at + 1, short=True)
    if dated is not None:
        behind = dated[1]
        if p.word(behind) in {"/", "-", "–"} and p.kind(behind + 1) == "num" and first == 12:
            behind += 2
        return cycle.make(dated[0]) or p.pick(index, cycle), behind
    if p.word(at + 1) in {"of", "last", "this", "in"} and p.word(at + 2) in {"last", "this", "next", "year"}:
        return within_year(p, at + 1, cycle)
    before, behind_word = p.word(index - 1), p.token(at + 1)
    known = before in {
        "in",
        "during",
        "over",
        "since",
        "until",
        "throughout",
        "before",
        "after",
        "by",
        "of",
        "all",
        "this",
        "every",
        "till",
        "for",
    }
    alone = behind_word.kind in {"mark", "stop"} or behind_word.low in {
        "i", "we", "and", "when", "did", "he", "she", "they", "what", "with", "at", "to", "or", "was", "is", "you", "do", "my", "months",
    }  # fmt: skip
    if before in {"between", "from", "to", "early", "late", "mid"}:
        known = alone = True
    return (p.pick(index, cycle), at + 1) if known and alone and not (before == "of" and at == index) else None


def week_number(p: Parse, index: int) -> Hit | None:
    """Read: week 32 · week 32 of 2024 · W32 2024 · calendar week 5 · CW5."""
    at = p.skip(index, "calendar", "iso")
    word = p.word(at)
    if word == "week":
        at = p.skip(at + 1, "number", "no", "nr", "#")
        number, behind = (int(p.word(at)), at + 1) if p.kind(at) == "num" and len(p.word(at)) <= 2 else (0, at)
    elif re.fullmatch(r"(?:w|cw|kw|wk)[0-9]{1,2}", word):
        number, behind = int(word.lstrip("cwk")), at + 1
    else:
        return None
    if not 1 <= number <= 53:
        return None

    def make(year: int) -> Span | None:
        try:
            return p.calendar.days(date.fromisocalendar(year, number, 1), 7, "week")
        except ValueError:
            return None

    return within_year(p, behind, Cycle(make, lambda when: when.year))


def feast_name(p: Parse, index: int) -> tuple[Cycle, int] | None:
    """The feast whose name stands at an index, as a cycle, and the index behind its name."""
    longest = first_words(p.country).get(p.word(index))
    if longest is None:
        return None
    known = feasts(p.country)
    for size in range(longest, 0, -1):
        rule = known.get(tuple(p.word(index + k) for k in range(size)))
        if rule is not None:
            return stretch(p, index, index + size) or _feast_cycle(p, rule), index + size
    return None


_ONE_DAY = words_of("on before after since by until till of from between and to")
_NOT_WHOLE = PARTS.keys() | {"weekend", "day", "time", "season", "holiday", "holidays", "break"}


def stretch(p: Parse, index: int, behind: int) -> Cycle | None:
    """All days of a feast that has several, where a statement tells of it or the word before is `over`: Good Friday to Easter Monday."""
    before = p.word(index - 1)
    days = many_days(p.country).get(p.word(index)) if behind == index + 1 and p.word(behind) not in _NOT_WHOLE else None
    if days is None or before in _ONE_DAY or not (p.told or before == "over"):
        return None
    return days_cycle(p, days)


def days_cycle(p: Parse, days: Days) -> Cycle:
    """The days of a feast, of every year."""

    def make(year: int) -> Span | None:
        first = days[0](year)
        return p.calendar.days(first, days[1], "feast") if first is not None else None

    return Cycle(make, lambda when: when.year)


def holidays(p: Parse, index: int) -> Hit | None:
    """Read: over the holidays: from Christmas Eve to New Year's Day."""
    if (p.word(index - 1), p.word(index), p.word(index + 1)) != ("over", "the", "holidays") or p.word(index + 2) in {"of", "in"}:
        return None
    return within_year(p, index + 2, days_cycle(p, HOLIDAYS))


def _feast_cycle(p: Parse, rule: Rule) -> Cycle:
    def make(year: int) -> Span | None:
        day = rule(year)
        return p.calendar.days(day, 1, "feast") if day is not None else None

    return Cycle(make, lambda when: when.year)


def _weekend_of(p: Parse, cycle: Cycle) -> Cycle:
    """The weekend of a feast, made longer by a feast on Friday or Monday."""

    def make(year: int) -> Span | None:
        span = cycle.make(year)
        if span is None:
            return None
        day = span.begins.date()
        saturday = day - timedelta(days=2) if day.weekday() == 0 else p.calendar.weekend_of(day)
        first = min(day, saturday) if day.weekday() == 4 else saturday
        return p.calendar.days(first, (saturday - first).days + (3 if day.weekday() == 0 else 2), "weekend")

    return Cycle(make, cycle.near)


def feast(p: Parse, index: int) -> Hit | None:
    """Read: Christmas 2024 · on New Year's Eve · over Easter · Thanksgiving last year."""
    named = feast_name(p, index)
    if named is None:
        return None
    cycle, behind = named
    if p.word(behind) == "weekend":
        return within_year(p, behind + 1, _weekend_of(p, cycle))
    if p.word(behind) in {"day", "time", "season", "holiday", "holidays", "break", "morning's"} and p.word(index) in {
        "christmas",
        "easter",
    }:
        return None if p.word(behind) != "day" else within_year(p, behind + 1, cycle)
    span, after = within_year(p, behind, cycle)
    if after > behind:
        return span, after
    led = p.word(index - 1) in _BEFORE_FEAST | LAST | NEXT or (p.told and p.word(index - 1) in _SPENT)
    if p.word(behind) in _COMPOUNDS or (not led and p.kind(behind) not in {"mark", "stop"}):
        return None
    return span, behind
