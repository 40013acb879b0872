"""Reading: the phrases of a text that name times, the window that they together mean, and what names a time that is not known."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from memos.errors import InvalidCall
from memos.interface.memreader.language import language_of
from memos.interface.memreader.times import chinese, spanish
from memos.interface.memreader.times.anchors import Anchored, anchors_of
from memos.interface.memreader.times.gate import promising
from memos.interface.memreader.times.parse import OUTSIDE, Parse
from memos.interface.memreader.times.periods import period
from memos.interface.memreader.times.ranges import expression
from memos.interface.memreader.times.schedules import orders, schedule_of
from memos.interface.memreader.times.spans import Calendar, Span
from memos.interface.memreader.times.titles import is_title
from memos.interface.memreader.times.tokens import READ_AT_MOST, Token, tokens_of
from memos.interface.memreader.times.vague import vague_times
from memos.memcube.reading import Schedule, TimePhrase, Unresolved
from memos.memcube.window import Window

__all__ = ["Anchored", "Times", "read_times", "together"]

_YEAR = re.compile(r"(?<![0-9])(?:1[5-9]|20|21)[0-9]{2}(?![0-9])")
_JOINED = re.compile(r"\W*(?:and|or|vs\.?|versus|to|with|than|but not|[,;/&–-])\W*(?:in|on|from|to)?\W*", re.IGNORECASE)
_NUMBERS_ONLY = frozenset({"de", "fr", "it", "pt"})

Found = tuple[Span, int, int]
"""A span, and where its words begin and end in the text."""


@dataclass(frozen=True, slots=True)
class Times:
    """What a text says of time."""

    phrases: tuple[TimePhrase, ...] = ()
    window: Window | None = None
    """The one that the phrases together mean: their overlap where one narrows another, else from the first to the last."""
    unresolved: tuple[Unresolved, ...] = ()
    schedule: Schedule | None = None
    anchors: tuple[Anchored, ...] = ()


def read_times(
    text: str, *, now: datetime, week_start: int = 0, country: str | None = None, language: str | None = None, told: bool = False
) -> Times:
    """The times that a text names, relative to an aware `now`, whose zone is the asker's: English in full, numbers and ISO 8601 elsewhere.

    `week_start` is 0 for Monday to 6 for Sunday; `country` (ISO 3166-1 alpha-2) says which of day and month comes first in 03/04/2025 and
    when its feasts are; `language` (ISO 639-1) is found where it is not given; `told` reads a statement: past tense means the last such
    time, future tense the next. A naive `now`, a `week_start` outside 0..6 is InvalidCall. Whatever the text holds, nothing else is raised;
    of a long one the first 4,000 code points are read.
    """
    if now.tzinfo is None or now.utcoffset() is None:
        raise InvalidCall("now: give an aware datetime, such as datetime.now(ZoneInfo('Europe/Lisbon')); its zone is the asker's")
    if not 0 <= week_start <= 6:
        raise InvalidCall(f"week_start: {week_start} is no day of the week; give 0 (Monday) to 6 (Sunday)")
    tongue = language or language_of(text)
    told = told and tongue not in {"es", "zh"}  # their verbs are not known: a bare day or month is the last
    parse = Parse(_tokens(text, tongue), Calendar(now, week_start), (country or "").upper(), told=told, period=period)
    found, unresolved = _found(text, parse)
    found = _agreed(text, found, parse)
    phrases = tuple(
        TimePhrase(text=text[start:end], start=start, end=end, window=Window(start=span.start, end=span.end)) for span, start, end in found
    )
    schedule, covered = schedule_of(parse, text)
    anchors = anchors_of(text, parse, [(start, end) for _, start, end in found])
    phrases = tuple(phrase for phrase in phrases if not (covered and covered[0] <= phrase.start and phrase.end <= covered[1]))
    window = _meant(text, phrases)
    if schedule is None and window is not None and window.start is not None and window.start > now and orders(parse):
        schedule = Schedule(once=window)
    vague = vague_times(text[:READ_AT_MOST], [(start, end) for _, start, end in found], unresolved)
    return Times(phrases, window, (*unresolved, *vague), schedule, anchors)


def _tokens(text: str, tongue: str) -> list[Token]:
    """The tokens that the grammar reads: of a language that it does not know the numbers and dates."""
    if tongue == "es":
        return spanish.translator().tokens(text)
    if tongue == "zh":
        return chinese.tokens_of_chinese(text)
    tokens = tokens_of(text)
    if tongue in _NUMBERS_ONLY:
        return [token._replace(low="·") if token.kind == "word" else token for token in tokens]
    return tokens


def _found(text: str, parse: Parse) -> tuple[list[Found], list[Unresolved]]:
    tokens = parse.tokens
    found: list[Found] = []
    unresolved: list[Unresolved] = []
    index, near = 0, promising([token.low for token in tokens])
    while index < len(tokens):
        if not near[index]:
            index += 1
            continue
        hit = _expression(parse, index)
        if hit is not None and hit[0].unsure:
            start, end = tokens[hit[1]].start, tokens[hit[2] - 1].end
            unresolved.append(Unresolved(kind="time", text=text[start:end], reason="it may be the last or the next one"))
            index = hit[2]
        elif hit is not None and is_title(parse, hit[1], hit[2]):
            index = hit[2]
        elif hit is not None:
            span, first, behind = hit
            found.append((span, tokens[first].start, tokens[behind - 1].end))
            index = behind
        elif index in parse.outside:
            end = min(index + 4, len(tokens)) - 1
            words = text[tokens[index].start : tokens[end].end]
            unresolved.append(Unresolved(kind="time", text=words, reason="it lies outside the years that a calendar has"))
            index = end + 1
        else:
            index += 1
    return found, unresolved


def _expression(parse: Parse, index: int) -> tuple[Span, int, int] | None:
    try:
        hit = expression(parse, index)
        if hit is None or not _in_order(hit[0]):
            return None
        Window(start=hit[0].start, end=hit[0].end)
    except (*OUTSIDE, InvalidCall):
        parse.outside.add(index)
        return None
    return hit


def _agreed(text: str, found: list[Found], parse: Parse) -> list[Found]:
    """Times that are joined share what one of them leaves open: in Q1 and Q2 2024, on Monday and Wednesday."""
    agreed = list(found)
    for at, (one, two) in enumerate(pairwise(found)):
        first, second = agreed[at][0], two[0]
        if not _JOINED.fullmatch(text[one[2] : two[1]]) or first.start is None or second.start is None:
            continue
        if first.cycle is not None and second.cycle is None and first.grain == second.grain:
            agreed[at] = (first.cycle.until(second.start), *one[1:])
        elif second.cycle is not None and first.grain == second.grain:
            later = second.cycle.from_(first.start)
            agreed[at + 1] = (later, *two[1:]) if first.cycle is None or later.begins <= parse.now else two
    return agreed


def _in_order(span: Span) -> bool:
    return (span.start is None or span.end is None or span.start < span.end) and not (span.start is None and span.end is None)


def _meant(text: str, phrases: tuple[TimePhrase, ...]) -> Window | None:
    """The window of all phrases; a date with its year outweighs "last Friday", which is told from that date, not from now."""
    dated = [phrase for phrase in phrases if _YEAR.search(phrase.text)]
    if len(phrases) > 1 and 0 < len(dated) < len(phrases):
        between = [text[one.end : two.start] for one, two in pairwise(phrases)]
        windows = [phrase.window for phrase in phrases]
        if not any(_JOINED.fullmatch(each) for each in between) and not _overlap(windows):
            return together([phrase.window for phrase in dated])
    return together([phrase.window for phrase in phrases])


def _overlap(windows: list[Window]) -> bool:
    late, early = [w.start for w in windows if w.start], [w.end for w in windows if w.end]
    return not late or not early or max(late) < min(early)


def together(windows: list[Window]) -> Window | None:
    """The window that several mean: where all overlap their intersection, else from the first to the last."""
    if not windows:
        return None
    late, early = [w.start for w in windows if w.start], [w.end for w in windows if w.end]
    if _overlap(windows):
        return Window(start=max(late, default=None), end=min(early, default=None))
    first = min(late) if len(late) == len(windows) else None
    last = max(early) if len(early) == len(windows) else None
    return Window(start=first, end=last) if first is not None or last is not None else None
