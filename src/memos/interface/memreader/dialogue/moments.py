"""Moments: the words in a text that name a time."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple


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
  | \d{{4}}-\d\d(?:-\d\d)? | \d{{1,2}}[./]\d{{1,2}}(?:[./]\d{{2,4}})?
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


@lru_cache(maxsize=2048)
def moments(text: str) -> tuple[Span, ...]:
    """The words of a text that name a time, in order."""
    found = list[Span]()
    for each in _TIME.finditer(text):
        core = each["core"]
        if core == "may" or (core.lower() in {"may", "march"} and core.islower()):
            continue
        prep = each["before"]
        start = each.start() if prep and prep.lower() not in {"about", "of", "for"} else each.start("core")
        if found and not text[found[-1].end : start].strip(" ,"):
            last = found.pop()
            bare = text[last.end - len(last.bare) : each.end()]
            found.append(Span(text[last.start : each.end()], last.start, each.end(), bare))
            continue
        found.append(Span(text[start : each.end()], start, each.end(), core))
    return tuple(found)
