"""Dates: the days, months and years that a question names, and how well the time at which something was said fits them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from memos.memcube.fields import instant, microseconds

_MONTHS = ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"]
_NUMBER = (
    {name: number for number, name in enumerate(_MONTHS, 1)} | {name[:3]: number for number, name in enumerate(_MONTHS, 1)} | {"sept": 9}
)
_SHORT = frozenset(name for name in _NUMBER if name not in _MONTHS)
_AMBIGUOUS = _SHORT | {"march", "april", "may", "june", "august"}
"""Months that are also names, verbs or other words."""
_VERBS = frozenset({"march", "may", "mar"})
_UNITS = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth"]
_TEENS = [
    "tenth",
    "eleventh",
    "twelfth",
    *(f"{name}teenth" for name in ("thir", "four", "fif", "six", "seven", "eigh", "nine")),
    "twentieth",
]
_ORDINALS = {word: number for number, word in enumerate([*_UNITS, *_TEENS], 1)} | {"thirtieth": 30, "thirty-first": 31, "thirty first": 31}
_ORDINALS |= {f"twenty{join}{word}": 20 + number for number, word in enumerate(_UNITS, 1) for join in "- "}
_MONTH = "|".join(sorted(_NUMBER, key=len, reverse=True))
_ORDINAL = "|".join(sorted(_ORDINALS, key=len, reverse=True))
_YEAR = r"(?:19|20)\d{2}"
_DAY_OF_MONTH = rf"(?:(\d{{1,2}})(?:st|nd|rd|th)?|({_ORDINAL}))"
_NAMED = re.compile(rf"\b(?:{_DAY_OF_MONTH}(?: of)? )?({_MONTH})\b\.?(?: (?:the )?{_DAY_OF_MONTH}\b)?,?(?: (?:of )?({_YEAR}))?\b")
_NUMERIC = re.compile(rf"\b({_YEAR})[-/](\d{{1,2}})(?:[-/](\d{{1,2}}))?\b")
_BARE_YEAR = re.compile(rf"\b(?:in|of|during|since|throughout|before|after|until|from|year) ({_YEAR})\b")
_BEFORE_MONTH = re.compile(r"\b(in|during|since|until|till|last|next|early|late|mid|on|of|by|this|every)[\s-]+$")
_LOOSE = frozenset({"on", "of", "by", "this", "every"})
"""Words that stand before a verb as well: "this may be"."""
_DAY = 86_400_000_000
_AFTERWARDS = 21 * _DAY


@dataclass(frozen=True, slots=True)
class Named:
    """A date as a question names it; what it leaves open is None. A year or a month is given, or both; a day only with a month."""

    year: int | None
    month: int | None
    day: int | None

    def span(self, year: int) -> tuple[int, int] | None:
        """The half-open interval in microseconds since 1970 that it means in a year; None for a day that is in no calendar."""
        try:
            start = datetime(year, self.month or 1, self.day or 1, tzinfo=UTC)
        except ValueError:
            return None
        if self.day:
            end = start + timedelta(days=1)
        elif self.month:
            end = datetime(year + self.month // 12, self.month % 12 + 1, 1, tzinfo=UTC)
        else:
            end = datetime(year + 1, 1, 1, tzinfo=UTC)
        return microseconds(start), microseconds(end)


def dates_in(question: str) -> list[Named]:
    """The dates that a question names: "8 May 2023", "the second of May", "May 8", "in May", "2023-05-08", "in 2022".

    A month that may be a name or a verb ("who is April?", "did we march on?") counts with a day, a year, or a word such as "in" before it.
    """
    question = question.replace("İ", "I")  # the one letter that lower() lengthens
    text = question.lower()
    found = [date for match in _NAMED.finditer(text) if (date := _named(match, question))]
    numeric = [Named(int(match[1]), int(match[2]), int(match[3]) if match[3] else None) for match in _NUMERIC.finditer(text)]
    found += [date for date in numeric if date.month in range(1, 13)]
    if not found:
        found = [Named(int(match[1]), None, None) for match in _BARE_YEAR.finditer(text)]
    return found


def _named(match: re.Match[str], question: str) -> Named | None:
    number, word, month, number_after, word_after, year = match.groups()
    digits, spelt = number or number_after, word or word_after
    if not (digits or spelt or year) and month in _AMBIGUOUS and not _is_month(month, match, question):
        return None
    return Named(int(year) if year else None, _NUMBER[month], int(digits) if digits else _ORDINALS[spelt] if spelt else None)


def _is_month(month: str, match: re.Match[str], question: str) -> bool:
    """Whether the words around say that a month is meant."""
    before = _BEFORE_MONTH.search(match.string[: match.start()])
    return before is not None and not (month in _VERBS and before[1] in _LOOSE and question[match.start(3)].islower())


def fit(dates: list[Named], said_at: NDArray[np.int64]) -> NDArray[np.float32]:
    """1 for what was said in the interval or the day before it, falling to 0 over the three weeks after, when people still talk of it."""
    best = np.zeros(len(said_at), np.float32)
    if not len(said_at):
        return best
    years = range(instant(int(said_at.min())).year - 1, instant(int(said_at.max())).year + 1)
    for date in dates:
        spans = [span for year in ([date.year] if date.year else years) if (span := date.span(year))]
        if spans:
            np.maximum(best, _fit_one(spans, said_at), out=best)
    return best


def within(dates: list[Named], said_at: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Where `fit` is more than 0, in less time."""
    found = np.zeros(len(said_at), np.bool_)
    if not len(said_at):
        return found
    years = range(instant(int(said_at.min())).year - 1, instant(int(said_at.max())).year + 1)
    for date in dates:
        for year in [date.year] if date.year else years:
            if span := date.span(year):
                found |= (said_at >= span[0] - _DAY) & (said_at < span[1] + _AFTERWARDS)
    return found


def _fit_one(spans: list[tuple[int, int]], said_at: NDArray[np.int64]) -> NDArray[np.float32]:
    """The fit to the last of some intervals, in ascending order, that had begun."""
    starts = np.array([start - _DAY for start, _ in spans])
    ends = np.array([end for _, end in spans])
    latest = np.searchsorted(starts, said_at, "right") - 1
    late = np.maximum(said_at - ends[latest], 0) / _AFTERWARDS
    return np.where(latest >= 0, np.maximum(0, 1 - late), 0).astype(np.float32)
