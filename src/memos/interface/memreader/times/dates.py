"""Dates: months, days of a month, years, decades and centuries, in the orders and spellings that people use."""

from __future__ import annotations

from datetime import date

from memos.interface.memreader.times.parse import Hit, Parse
from memos.interface.memreader.times.spans import Cycle, Span
from memos.interface.memreader.times.tokens import Token
from memos.interface.memreader.times.vocabulary import (
    COUNTED,
    DECADES,
    EVENTS,
    LEADS,
    MONTHS,
    NAMELIKE,
    NOT_A_YEAR_BEHIND,
    ORDINALS,
    SHORT_WEEKDAYS,
    SURE,
    VERBS,
    WEEKDAYS,
    words_of,
)


def month_cycle(p: Parse, month: int, *, first: int = 0, count: int = 1) -> Cycle:
    """A month of every year; with `first`, days of that month."""

    def make(year: int) -> Span | None:
        try:
            return p.calendar.days(date(year, month, first), count) if first else p.calendar.months(year, month)
        except ValueError:
            return None

    return Cycle(make, lambda when: when.year)


def month_day_cycle(p: Parse, day: int) -> Cycle:
    """A day of every month that has it."""

    def make(index: int) -> Span | None:
        try:
            return p.day(date(index // 12, index % 12 + 1, day))
        except ValueError:
            return None

    return Cycle(make, lambda when: when.year * 12 + when.month - 1)


def year_at(p: Parse, index: int, *, short: bool = False) -> tuple[int, int] | None:
    """A year that stands at an index behind a month or a day: 2024, of 2024, `, 2024`; '24 where that is allowed."""
    at = p.skip(index, ",", "of", "in", ".")
    word = p.word(at)
    if p.kind(at) == "num" and len(word) == 4 and 1000 <= int(word) <= 2199 and p.word(at + 1) not in COUNTED:
        return int(word), at + 1
    at = p.skip(index, "of")
    if short and p.word(at) in {"'", "’"} and p.word(at + 1).isdecimal() and len(p.word(at + 1)) == 2:
        return century(int(p.word(at + 1))), at + 2
    return None


def century(year: int) -> int:
    """A year of two digits: 50..99 are of the twentieth century."""
    return year + (1900 if year >= 50 else 2000)


def within_year(p: Parse, index: int, cycle: Cycle) -> Hit:
    """A time of year with the year that stands behind it, else the one that bare words mean."""
    found = year_at(p, index, short=True)
    if found is not None:
        span = cycle.make(found[0])
        if span is None:
            raise ValueError  # there is no such day in that year
        return span, found[1]
    at = p.skip(index, "of", "in", ",")
    if p.word(at) in {"last", "this", "next", "the", "that"} and p.word(at + 1) in {"year", "same", "past", "previous"}:
        year = p.period(at)
        if year is not None and year[0].grain == "year" and (span := cycle.make(year[0].begins.year)) is not None:
            return span, year[1]
    return p.pick(index - 1, cycle), index


def month(p: Parse, index: int) -> Hit | None:
    """Read: June · June 3 · June 3rd, 2024 · Jun 2024 · June of last year."""
    number = MONTHS.get(p.word(index))
    if number is None:
        return None
    behind = p.skip(index + 1, ".") if len(p.word(index)) <= 4 and p.word(index) != "may" else index + 1
    day = _day_number(p, p.skip(behind, "the") if p.kind(behind + 1) == "ord" or p.word(behind + 1) in ORDINALS else behind)
    if day is not None:
        return within_year(p, day[1], month_cycle(p, number, first=day[0]))
    if year_at(p, behind, short=True) is None and not _of_a_year(p, behind) and not _is_month(p, index):
        return None
    return within_year(p, behind, month_cycle(p, number))


def _of_a_year(p: Parse, index: int) -> bool:
    """Whether "of last year" stands at an index."""
    at = p.skip(index, "of", "in", ",")
    return p.word(at) in {"last", "this", "next"} and p.word(at + 1) == "year"


def _day_number(p: Parse, index: int) -> tuple[int, int] | None:
    word, kind = p.word(index), p.kind(index)
    if kind == "ord" and int(word[:-2]) <= 31:
        return int(word[:-2]), index + 1
    if kind == "num" and len(word) <= 2 and 1 <= int(word) <= 31 and p.word(index + 1) not in COUNTED:
        return int(word), index + 1
    ordinal = p.ordinal(index) if word in ORDINALS or word in {"twenty", "thirty"} else None
    return ordinal if ordinal and ordinal[0] <= 31 else None


def _is_month(p: Parse, index: int) -> bool:
    """Whether a month's name with no number beside it is one: `in may` is, `may sign`, `May Lee`, `march to` are not."""
    token, before, behind = p.token(index), p.word(index - 1), p.token(index + 1)
    low, capital = token.low, token.raw[0].isupper()
    name = capital and _is_name_part(token, behind)
    if behind.low in {"and", "or", "to", "through", "-", "–", "vs", "versus", "with"} and p.word(index + 2) in MONTHS:
        return capital or before in SURE
    if before in SURE or before in _CLOSE or (before == "-" and p.word(index - 2) == "mid"):
        return not (name and before not in {"in", "since", "during", "until", "throughout"})
    if low in SHORT_MONTHS and (not capital or low in NAMELIKE):
        return before in LEADS
    if low not in NAMELIKE:
        return not name or before in LEADS
    if behind.low == "'s" and capital and p.word(index + 2) in EVENTS:
        return True
    if name or _is_verb(behind.low):
        return capital and before in {"to", "of", "through", "-", "–"} and behind.low in {"and", "or", "is", "was"}
    if not capital:
        return before in _PLAIN and low != "may" and behind.low not in {"be", "sign", "have", "on", "the", "with", "to"}
    if before in LEADS and before not in _WEAK:
        return True
    if low == "march" and (behind.low in _AWAY or before in {"the", "a"}):
        return False
    if low in _NAMES and before not in LEADS:
        return behind.low in EVENTS or (index == 0 and behind.kind in {"mark", "stop"}) or (before in {":", ","} and behind.kind != "word")
    return before not in {"with", "about"} or p.word(index - 2) in {"what", "how"}


def _is_name_part(token: Token, behind: Token) -> bool:
    """Whether a capitalised word goes on as a name: May Lee, August Wilson."""
    if behind.kind != "word" or not behind.raw[0].isupper() or behind.low in MONTHS or behind.low in LEADS or behind.low == "i":
        return False
    return not (behind.raw.isupper() and token.raw.isupper())


def _is_verb(word: str) -> bool:
    return word in VERBS or (word.endswith(("ed", "ing")) and len(word) > 4) or word == "'s"


_NAMES = frozenset({"april", "may", "june", "august"})
_CLOSE = frozenset({"last", "next", "this", "early", "late", "mid", "every", "past"})
_PLAIN = frozenset({"of", "from", "to", "by", "through", "every"})
_WEAK = frozenset({"and", "or", "for", "to", "with", "about", "by", "at", "of", "as", "from", "over"})
_AWAY = frozenset({"to", "on", "with", "past", "against", "for", "off", "out", "in", "down"})
SHORT_MONTHS = frozenset(name for name in MONTHS if len(name) == 3) - {"may"}


def day_first(p: Parse, index: int) -> Hit | None:
    """Read: 3 July · 3rd of July 2024 · the 5th of May · the 14th · the 14th of this month."""
    at = p.skip(index, "the")
    day = _day_number(p, at)
    if day is None:
        return None
    behind = p.skip(day[1], "of", "day")
    behind = p.skip(behind, "of")
    behind = p.skip(behind, "-", "/") if p.kind(at) == "num" else behind
    name = p.word(behind)
    number = MONTHS.get(name)
    if number is not None and not (name == "may" and not p.token(behind).raw[0].isupper() and p.kind(at) == "num" and behind == day[1]):
        after = p.skip(behind + 1, ".") if len(name) <= 4 and name != "may" else behind + 1
        after = p.skip(after, "-") if p.word(after) == "-" and p.kind(after + 1) == "num" and len(p.word(after + 1)) == 4 else after
        return within_year(p, after, month_cycle(p, number, first=day[0]))
    if behind > day[1] and p.word(behind) in {"this", "last", "next", "the", "every"}:
        inner = p.period(behind)
        if inner is not None and inner[0].grain == "month":
            return p.day(inner[0].begins.date().replace(day=day[0])), inner[1]
    if p.kind(at) == "ord" and at > index and _stands_alone(p, day[1]) and p.word(index - 1) in LEADS:
        return p.pick(index, month_day_cycle(p, day[0])), day[1]
    return None


_ALONE = words_of("at and i we to until till through in or with about did what he she they my please for")


def _stands_alone(p: Parse, index: int) -> bool:
    """Whether "the 14th" is a day: nothing that it could count stands behind."""
    behind = p.token(index)
    return behind.kind in {"mark", "stop", "clock"} or behind.low in _ALONE


def year(p: Parse, index: int) -> Hit | None:
    """Read: 2022 · the year 2022 · of a school year 2023-24 the whole years."""
    at = p.skip(index, "the", "calendar", "all", "year")
    at = p.skip(p.skip(at, "of", "calendar"), "year", "the")
    at = p.skip(at, "year")
    word = p.word(at)
    if word in {"'", "’"} and p.word(at - 1) in SURE | {"of", "from"} and (short := year_at(p, at, short=True)) is not None:
        return p.calendar.year(short[0]), short[1]
    if p.kind(at) != "num" or len(word) != 4 or not 1500 <= int(word) <= 2199 or word[0] == "0":
        return None
    if p.word(at - 1) != "year" and not _is_year(p, at):
        return None
    return p.calendar.year(int(word)), at + 1


def _is_year(p: Parse, index: int) -> bool:
    """Whether four digits are a year: not a room, a count, a price, nor the end of a name (Blade Runner 2049)."""
    before, behind, number = p.token(index - 1), p.token(index + 1), int(p.word(index))
    joined = behind.low == "-" and behind.end == p.token(index + 2).start and p.kind(index + 2) == "word"
    if behind.low in COUNTED or joined:
        return False
    if before.low in SURE or (before.low == "than" and p.word(index - 2) in {"earlier", "later", "older", "newer"}):
        return True
    if before.low in {"of", "from", "by", "last", "this", "early", "late", "mid", "and", "to", "-", "–", "—", "/"}:
        return not (before.low in {"to", "and", "from", "of", "by"} and number < 1900)
    if not 1900 <= number <= 2099 or before.low in NOT_A_YEAR_BEHIND or before.kind == "num":
        return False
    if before.kind == "word" and before.raw[0].isupper() and index > 1 and before.low not in MONTHS and before.low not in WEEKDAYS:
        return False
    return before.low not in SHORT_WEEKDAYS


def decade(p: Parse, index: int) -> Hit | None:
    """Read: the 1990s · the '90s · the nineties · 1990s."""
    at = p.skip(index, "the")
    word = p.word(at)
    if word in DECADES:
        return (
            (p.calendar.year(1900 + DECADES[word], 10, "decade"), at + 1)
            if p.word(at - 1) in {"the", "-", "early", "late", "mid"}
            else None
        )
    if p.kind(at) != "decade":
        return None
    digits = "".join(c for c in word if c.isdigit())
    if len(digits) == 4:
        size = 100 if digits.endswith("00") and digits != "2000" else 10
        return (p.calendar.year(int(digits), size, "decade" if size == 10 else "century"), at + 1) if digits.endswith("0") else None
    if not digits.endswith("0") or (at == index and p.word(at - 1) not in {"the", "-", "early", "late", "mid", "in"}):
        return None
    if p.word(at - 1) not in {"the", "in"} and p.word(at - 2) in {"his", "her", "their", "my", "your", "our"}:
        return None
    start = 1900 + int(digits) if int(digits) >= 30 else 2000 + int(digits)
    return p.calendar.year(start, 10, "decade"), at + 1


def century_of(p: Parse, index: int) -> Hit | None:
    """Read: the 20th century · the nineteenth century."""
    ordinal = p.ordinal(p.skip(index, "the"))
    if ordinal is None or p.word(ordinal[1]) != "century" or not 1 < ordinal[0] <= 30:
        return None
    return p.calendar.year((ordinal[0] - 1) * 100, 100, "century"), ordinal[1] + 1
