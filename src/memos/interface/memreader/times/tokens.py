"""Tokens: a text cut into words, numbers, dates, clock times and marks, each with its place in the text."""

from __future__ import annotations

import re
from functools import cache
from typing import Literal, NamedTuple

Kind = Literal["word", "num", "ord", "stamp", "date", "month", "week", "clock", "decade", "mix", "mark"]
READ_AT_MOST = 4000
"""So many code points of a text are read; what stands behind them names no time."""
TOKENS_AT_MOST = 900


class Token(NamedTuple):
    """A piece of the text: in lower case, as it is written, where it stands (code points), and what it looks like."""

    low: str
    raw: str
    start: int
    end: int
    kind: str


@cache
def _pattern() -> re.Pattern[str]:
    """Every quantifier is bounded or runs over one class of characters, so that the time is linear in the text."""
    number = r"(?<![\w.,:/+$€£#-])"
    return re.compile(
        rf"""
        (?P<stamp>{number}[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}
            (?:[Tt\ ][0-9]{{2}}:[0-9]{{2}}(?::[0-9]{{2}}(?:[.,][0-9]{{1,9}})?)?(?:[Zz]|[+-][0-9]{{2}}:?[0-9]{{2}})?)?(?![\w-]))
        |(?P<date>{number}(?:[0-9]{{1,2}}|[0-9]{{4}})(?P<s>[/.-])[0-9]{{1,2}}(?P=s)(?:[0-9]{{4}}|[0-9]{{1,2}})(?!\w|[/.-][0-9]))
        |(?P<month>{number}(?:(?:1[5-9]|20|21)[0-9]{{2}}[-/](?:0[1-9]|1[0-2])|(?:0[1-9]|1[0-2])/(?:1[5-9]|20)[0-9]{{2}})(?![\w/-]))
        |(?P<week>{number}[0-9]{{4}}-?[Ww][0-9]{{1,2}}\b)
        |(?P<clock>(?<![\w.,:/+$€£#])[0-9]{{1,2}}(?:[:.][0-9]{{2}})?\ ?(?:[aApP]\.[mM]\.|[aApP][mM]\b)
            |(?<![\w.,:/+$€£#])[0-9]{{1,2}}:[0-9]{{2}}(?::[0-9]{{2}})?(?![\w:]))
        |(?P<decade>(?<![\w.,:/+$€£#])(?:[0-9]{{4}}|['’]?[0-9]{{2}})['’]?s\b)
        |(?P<ord>(?<![\w.,:/+$€£#])[0-9]{{1,4}}(?:st|nd|rd|th)\b)
        |(?P<num>(?<![\w.,:/+$€£#])(?:[0-9]{{1,2}}(?=[-–—][0-9]{{1,2}}(?:\ ?[aApP][mM]\b)?(?![\w-]|:[0-9]))
                |[0-9]{{1,2}}(?=,(?:19|20)[0-9]{{2}}(?!\w))|[0-9]{{4}}(?=[-–—/][0-9]{{2,4}}(?![\w-])))
            |(?<=[0-9],)(?:19|20)[0-9]{{2}}(?!\w|[-.:,/][0-9])
            |(?<=[0-9][-–—/])[0-9]{{1,4}}(?![\w%€$£]|[-.:,/][0-9])
            |(?<![\w.,:/+$€£#-])[0-9]+(?!\w|[-.:,/][0-9]|%|\ ?[€$£]))
        |(?P<mix>[0-9]+(?:[-.,:/][0-9]+)+\w*|\w*[0-9]\w*|\w*_\w*)
        |(?P<word>[^\W\d_]+)
        |(?P<mark>['’]s\b|\S)
        """,
        re.VERBOSE,
    )


def tokens_of(text: str) -> list[Token]:
    """The tokens of a text, in order; of a very long one those of its beginning."""
    found: list[Token] = []
    for match in _pattern().finditer(text[:READ_AT_MOST]):
        raw, kind = match.group(), match.lastgroup or "mark"
        low = raw.lower().replace("’", "'") if kind != "mark" or len(raw) > 1 else raw
        found.append(Token(low, raw, match.start(), match.end(), kind))
        if len(found) >= TOKENS_AT_MOST:
            break
    return found
