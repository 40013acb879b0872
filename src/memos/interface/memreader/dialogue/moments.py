"""Moments: the words in a text that name a time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from memos.interface.memreader.times import read_times


class Span(NamedTuple):
    """Words that name a time: with the preposition before them, and without."""

    text: str
    start: int
    end: int
    bare: str


_MONTH = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?"
)
_DAY = "(?:mon|tues|wednes|thurs|fri|satur|sun)days?"
_UNIT = "day|week|weekend|month|quarter|year|decade|hour|morning|afternoon|evening|night|spring|summer|autumn|fall|winter|semester|term"
_NUMBER = r"\d+|a|an|one|two|three|four|five|six|seven|eight|nine|ten|a few|a couple of|several"
_YEAR = r"(?:19|20)\d\d"
_CORE = rf"""
    (?:the\s+)?(?:early|late|mid|beginning\s+of|start\s+of|end\s+of|middle\s+of)[\s-](?:{_MONTH}|{_YEAR}|(?:this|last|next)\s+(?:{_UNIT}))(?:,?\s+{_YEAR})?
  | \d{{4}}-\d\d(?:-\d\d)? | \d{{1,2}}[./]\d{{1,2}}[./]\d{{2,4}}
  | (?:the\s+)?\d{{1,2}}(?:st|nd|rd|th)?(?:\s+of)?\s+(?:{_MONTH})(?:,?\s+{_YEAR})?
  | (?:{_MONTH})\s+\d{{1,2}}(?:st|nd|rd|th)?(?:,?\s+{_YEAR})?(?!\d)
  | (?:last|next|this|that\ same)\s+(?:{_MONTH}|{_DAY}|christmas|easter)
  | (?:{_MONTH})(?:,?\s+(?:of\s+)?(?:{_YEAR}|last\s+year|this\s+year))?(?!\s+(?:i|we|you|he|she|they|not|be|have|asked|said)\b)
  | (?:{_DAY})(?:\s+(?:morning|afternoon|evening|night))?
  | (?:the\s+)?(?:day\s+before\s+yesterday|day\s+after\s+tomorrow|week\s+before\s+last|month\s+before\s+last|year\s+before\s+last)
  | (?:yesterday|today|tonight|tomorrow)(?:\s+(?:morning|afternoon|evening|night))? | last\s+night | recently | these\s+days
  | (?:the\s+)?(?:last|past|next|previous|coming|following|this)\s+(?:(?:{_NUMBER})\s+)?(?:{_UNIT})s?
  | (?:the\s+)?other\s+day
  | (?:{_NUMBER})\s+(?:{_UNIT}|minute)s?\s+(?:ago|earlier|later|from\s+now)
  | (?:q[1-4]|(?:first|second|third|fourth)\s+quarter)(?:\s+(?:of\s+)?{_YEAR})?
  | (?:spring|summer|autumn|winter)(?:\s+(?:of\s+)?{_YEAR})?
  | (?:christmas|easter|thanksgiving|halloween|new\s+year's(?:\s+eve)?)(?:\s+{_YEAR})?
  | (?:the\s+)?(?:19|20)?\d0s | {_YEAR} | \d{{1,2}}(?::\d\d)?\s*(?:am|pm|o'clock)
  | (?<=at\ )(?:noon|midnight|\d{{1,2}}(?::\d\d)?(?![\w%]))
"""
_PREPOSITION = "in|on|at|during|since|before|after|until|till|by|from|over|around|about|for|of|through|within|between"
_TIME = re.compile(
    rf"(?<![\w'-])(?:(?P<before>{_PREPOSITION})\s+)?(?P<core>(?:{_CORE})(?:\s*(?:to|until|-|–|and)\s*(?:{_CORE}))?)(?![\w'])",
    re.IGNORECASE | re.VERBOSE,
)
_VERB_MAY = re.compile(r"\bmay$")


_TIMELY = re.compile(
    rf"\d|\b(?:{_MONTH}|{_DAY}|(?:{_UNIT})s?|ago|last|next|this|past|since|today|tonight|tomorrow|yesterday|lately|noon|midnight|christmas|easter"
    r"|thanksgiving|halloween|ramadan|diwali|holidays?|fortnight|century|recently)\b|[^\x00-\u024f]",
    re.IGNORECASE,
)
"""What a text has that names a time; the others need not be read for one."""
_WORDS = re.compile(
    rf"\b(?:{_MONTH}|{_DAY}|(?:{_UNIT})s?|ago|last|next|past|since|today|tonight|tomorrow|yesterday|lately|noon|midnight|christmas|easter"
    r"|thanksgiving|halloween|ramadan|diwali|holidays?|fortnight|century|recently|(?:19|20)\d\d)\b|\d\d?[:./]\d\d|\d(?:am|pm|st|nd|rd|th)\b|[^\x00-\u024f]",
    re.IGNORECASE,
)
_ANY_TIME = datetime(2025, 1, 15, 12, tzinfo=UTC)
_LEADING = re.compile(rf"^(?:{_PREPOSITION})\s+", re.IGNORECASE)
_BEFORE = re.compile(
    r"(?<!\w)(?:in|on|at|during|since|before|after|until|till|by|from|over|around|through|within|between)\s+$", re.IGNORECASE
)


@lru_cache(maxsize=4096)
def moments(text: str) -> tuple[Span, ...]:
    """The words of a text that name a time, in order."""
    if not _TIMELY.search(text):
        return ()
    plain = list(_plain(text))
    found = [_span(text, each.start, each.end) for each in read_times(text, now=_ANY_TIME).phrases] if _says_more(text, plain) else []
    found += [each for each in plain if not any(one.start < each.end and each.start < one.end for one in found)]
    merged = list[Span]()
    for each in sorted(found, key=lambda each: each.start):
        if merged and not text[merged[-1].end : each.start].strip(" ,"):
            last = merged.pop()
            each = Span(text[last.start : each.end], last.start, each.end, text[last.end - len(last.bare) : each.end])
        merged.append(each)
    return tuple(merged)


def _says_more(text: str, plain: list[Span]) -> bool:
    """Whether a text may name a time that the pattern does not see, so that the grammar of times has to read it: that costs a while."""
    for each in reversed(plain):
        if _JOINED.match(text[each.end :]) or _OPEN.search(text[: each.start]):
            return True
        text = text[: each.start] + "." + text[each.end :]
    return bool(_WORDS.search(text))


_JOINED = re.compile(r"\s*(?:to|until|till|-|–|and|of|at|,|before|after|ago|last|this)\s*(?:\d|the\s|[A-Z])", re.IGNORECASE)
_OPEN = re.compile(
    r"(?:\d|\b(?:last|next|this|past|end|start|beginning|middle|early|late|mid|half|first|second|third|day|week|weekend|month|year|every|each|to|of|and))[\s,-]+(?:(?:of|the|to|in|on)\s+)*$",
    re.IGNORECASE,
)


def _span(text: str, start: int, end: int) -> Span:
    """Words that name a time, with the preposition before them told from them."""
    end -= len(text[start:end]) - len(text[start:end].rstrip(" .,"))
    inner = _LEADING.match(text[start:end])
    bare = start + (inner.end() if inner else 0)
    if inner is None and (outer := _BEFORE.search(text[:start])):
        start = outer.start()
    return Span(text[start:end], start, end, text[bare:end])


def _plain(text: str) -> Iterator[Span]:
    """What a pattern finds where a whole sentence would be needed to be sure: "what about May?"."""
    for each in _TIME.finditer(text):
        core = each["core"]
        if core == "may" or (core.lower() in {"may", "march"} and core.islower()):
            continue
        prep = each["before"]
        start = each.start() if prep and prep.lower() not in {"about", "of", "for"} else each.start("core")
        yield Span(text[start : each.end()], start, each.end(), core)
