"""Numbers of a sentence: each with its unit, and the words it stands among."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from memos.operation.memlifecycle.words import Lexicon

_CLOCK = re.compile(r"([01]?\d|2[0-4])[:.](\d\d)")
_PLAIN = re.compile(r"\d+(?:[.,]\d+)*")
_ORDINAL = re.compile(r"\d+(?:st|nd|rd|th)")
_MONTHS = frozenset(
    ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december")
)
_AFTER_A_TIME = frozenset({"", "on", "every", "in", "this", "sharp", "and", "from", "instead", "then", "now", "each", "tomorrow", "today"})
_CURRENCIES = {"€": "euro", "$": "dollar", "£": "pound"}
_NO_COUNT = frozenset({"half", "once"})
_QUARTERS = {"half": 0.5, "quarter": 0.25}


@dataclass(frozen=True, slots=True)
class Number:
    """A number: what it counts, and the content words of its sentence. Units of their own: time, date, year, code."""

    value: float | str
    unit: str
    also: str
    heads: frozenset[str]


def numbers_of(low: Sequence[str], stems: Sequence[str], heads: frozenset[str], lexicon: Lexicon) -> list[Number]:
    """The numbers of a sentence; `low` are its tokens in lower case, `stems` their stems, empty for marks."""
    found: list[Number] = []
    place = 0
    while place < len(low):
        if not (low[place][0].isdigit() or low[place].partition("-")[0] in lexicon.numbers or low[place] in _QUARTERS):
            place += 1
            continue
        read = _read(low, place, lexicon)
        if read is None:
            place += 1
            continue
        value, unit, length = read
        before = stems[place - 1] if place and low[place - 1] not in lexicon.stop else ""
        found.append(Number(value, unit or _unit(low, stems, place, place + length, lexicon), before, heads))
        place += length
    return found


def _read(low: Sequence[str], place: int, lexicon: Lexicon) -> tuple[float | str, str, int] | None:
    """Value, unit when the form tells it, and how many tokens it takes."""
    token = low[place]
    if token[0].isdigit():
        return _digits(token)
    if token in _QUARTERS and place + 2 < len(low) and low[place + 1] in ("past", "to"):
        hour = _spelt(low[place + 2], lexicon) or (float(low[place + 2]) if low[place + 2].isdecimal() else None)
        if hour is not None:
            return hour + (_QUARTERS[token] if low[place + 1] == "past" else -_QUARTERS[token]), "time", 3
    value = _spelt(token, lexicon)
    if value is None or low[place] in _NO_COUNT or (low[place] == "one" and _is_pronoun(low, place)):
        return None
    if place + 1 < len(low) and low[place + 1] in ("hundred", "thousand"):
        return value * lexicon.numbers[low[place + 1]], "", 2
    return value, "", 1


def _is_pronoun(low: Sequence[str], place: int) -> bool:
    before = low[place - 1] if place else ""
    after = low[place + 1] if place + 1 < len(low) else "."
    return before in ("this", "that", "the", "new", "old", "each", "every", "any", "no") or after in (
        "of",
        "day",
        ".",
        ",",
        "thing",
        "more",
        "is",
    )


def _digits(token: str) -> tuple[float | str, str, int]:
    clock = _CLOCK.fullmatch(token)
    if clock and ":" in token:
        return int(clock[1]) + int(clock[2]) / 60, "time", 1
    if _ORDINAL.fullmatch(token):
        return float(token[:-2]), "date", 1
    if not _PLAIN.fullmatch(token):
        return token, "code", 1
    written = re.sub(r"[.,](?=\d{3}\b)", "", token).replace(",", ".", 1)
    try:
        plain: float | str = float(written)
    except ValueError:
        return token, "code", 1  # a date, a version, an address: not a quantity
    if isinstance(plain, float) and len(token) == 4 and 1900 <= plain <= 2100:
        return plain, "year", 1
    return plain, "", 1


def _spelt(token: str, lexicon: Lexicon) -> float | None:
    if token in lexicon.numbers:
        return float(lexicon.numbers[token])
    tens, dash, ones = token.partition("-")
    if dash and tens in lexicon.numbers and ones in lexicon.numbers:
        return float(lexicon.numbers[tens] + lexicon.numbers[ones])
    return None


def _unit(low: Sequence[str], stems: Sequence[str], start: int, end: int, lexicon: Lexicon) -> str:
    before = low[start - 1] if start else ""
    after = low[end] if end < len(low) else ""
    if before in _CURRENCIES:
        return _CURRENCIES[before]
    if after in lexicon.units:
        return lexicon.units[after]
    if after in _MONTHS or before in _MONTHS:
        return "date"
    if before in ("at", "to", "by", "from", "till", "until", "before", "after") and (after in _AFTER_A_TIME or not stems[end]):
        return "time" if before == "at" else ""
    if after and stems[end] and after not in lexicon.stop:
        return stems[end]
    return ""
