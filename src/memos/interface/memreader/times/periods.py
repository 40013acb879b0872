"""Periods: which rule reads the time that begins at a token; the longest reading wins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from memos.interface.memreader.times import beside, dates, hours, named, numeric, parts, relative, seasons
from memos.interface.memreader.times.feasts import first_words
from memos.interface.memreader.times.parse import Hit, Parse
from memos.interface.memreader.times.spans import Span
from memos.interface.memreader.times.vocabulary import (
    DECADES,
    EDGES,
    LAST,
    MONTHS,
    NEXT,
    NUMBERS,
    ORDINALS,
    SEASONS,
    SHORT_WEEKDAYS,
    TENS,
    VAGUE_NUMBERS,
    WEEKDAYS,
)

Rule = Callable[[Parse, int], Hit | None]
_COUNTS: tuple[Rule, ...] = (relative.ago, hours.time_first)
_BY_KIND: dict[str, tuple[Rule, ...]] = {
    "num": (dates.day_first, dates.year, seasons.quarter, *_COUNTS),
    "ord": (dates.day_first, parts.nth, seasons.quarter, dates.century_of),
    "stamp": (numeric.stamp,),
    "month": (numeric.stamp,),
    "week": (numeric.stamp,),
    "date": (numeric.numeric,),
    "clock": (hours.time_first,),
    "decade": (dates.decade,),
    "mix": (seasons.quarter, seasons.week_number, relative.ago),
}
_THE: tuple[Rule, ...] = (
    relative.day_word, relative.before_last, beside.beside, beside.counted, beside.unit_with, beside.same, beside.the_weekend,
    relative.modified,
    parts.edge, parts.nth, parts.sofar,
    dates.day_first, seasons.quarter,
    seasons.season, seasons.holidays, dates.year, dates.decade, dates.century_of, hours.time_first, relative.ago,
)  # fmt: skip


def _rules() -> dict[str, tuple[Rule, ...]]:
    found: dict[str, list[Rule]] = {}

    def add(words: object, *rules: Rule) -> None:
        for word in words:  # type: ignore[attr-defined]
            found.setdefault(word, []).extend(rules)

    add(("the",), *_THE)
    add(("yesterday", "today", "tomorrow", "tmrw", "tomorow", "yday", "tonight"), relative.day_word)
    add((*LAST, *NEXT, "this", "current", "that"), relative.modified, beside.same)
    add(("day", "night"), relative.day_word)
    add((*WEEKDAYS, *SHORT_WEEKDAYS), named.weekday, relative.before_last, beside.beside)
    add(MONTHS, dates.month, relative.before_last)
    add(("week", "month", "year", "quarter", "weekend", "day"), relative.before_last, beside.beside, beside.unit_with, parts.sofar)
    add(("week", "calendar", "iso"), seasons.week_number)
    add(SEASONS, seasons.season)
    add(EDGES, parts.edge)
    add((*ORDINALS, "last", "final"), parts.nth, seasons.quarter, dates.century_of, dates.day_first)
    add(("in", "about", "around", "roughly", "approximately", "exactly", "almost", "just", "over", "nearly", "some"), relative.ago)
    add((*NUMBERS, *TENS, *VAGUE_NUMBERS, "a", "an"), *_COUNTS)
    add(TENS, parts.nth, dates.century_of)
    add(("half", "quarter"), *_COUNTS)
    add(("noon", "midday", "midnight", "morning", "afternoon", "evening", "night", "early", "lunchtime"), hours.time_first)
    add(("earlier", "later", "rest", "remainder", "so"), parts.sofar)
    add(("year", "all", "'", "’"), dates.year)
    add(DECADES, dates.decade)
    return {word: tuple(dict.fromkeys(rules)) for word, rules in found.items()}


_BY_WORD = _rules()


def period(p: Parse, index: int) -> Hit | None:
    """The longest time that is named from a token on, with the hour that stands behind its day."""
    token = p.token(index)
    rules = _BY_KIND.get(token.kind, ()) + _BY_WORD.get(token.low, ())
    if token.low in first_words(p.country):
        rules = (*rules, seasons.feast)
    if token.kind == "word" and token.low[-1:] == "s" and token.low in WEEKDAYS:
        return None
    best: Hit | None = None
    for rule in rules:
        hit = rule(p, index)
        if hit is not None and (best is None or hit[1] > best[1]):
            best = hit
    return None if best is None else _behind(p, best)


def _behind(p: Parse, hit: Hit) -> Hit:
    """What may stand behind any time: an hour, a part of the day, the week or year that it is of, `so far`."""
    hit = hours.on_day(p, beside.narrowed(p, hit))
    span, behind = hit
    at = p.skip(behind, ",")
    yearly = span.cycle is not None and span.grain in {"month", "day", "feast", "quarter", "season", "half"}
    if span.cycle is not None and yearly and p.word(at) in {"last", "this", "next"} and p.word(at + 1) == "year":
        year = p.period(at)
        made = span.cycle.make(year[0].begins.year) if year else None
        if year and made is not None:
            return replace(made, cycle=None), year[1]
    if p.word(behind) == "so" and p.word(behind + 1) == "far" and span.start and span.end and span.start <= p.now < span.end:
        return Span(span.start, p.now, "roll"), behind + 2
    if span.grain == "day" and p.word(at) == "at" and p.word(at + 1) == "the" and p.word(at + 2) == "latest":
        return span, at + 3
    if span.grain in {"day", "week", "month"} and p.word(behind) in {"last", "next", "this"} and p.word(behind + 1) == "year":
        year = p.period(behind)
        if year is not None:
            return _years_away(p, span, year)
    return hit


def _years_away(p: Parse, span: Span, year: Hit) -> Hit:
    """Read: today last year: the same day of another year."""
    count = year[0].begins.year - span.begins.year
    start = p.calendar.later(span.begins, "year", count)
    return p.calendar.days(start.date(), max(1, (span.ends - span.begins).days), span.grain), year[1]
