"""Reading: the phrases of a text that name times, the window that they together mean, and what names a time that is not known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from memos.errors import InvalidCall
from memos.interface.memreader.language import language_of
from memos.interface.memreader.times.anchors import Anchored, anchors_of
from memos.interface.memreader.times.parse import Parse
from memos.interface.memreader.times.periods import period
from memos.interface.memreader.times.ranges import expression
from memos.interface.memreader.times.schedules import schedule_of
from memos.interface.memreader.times.spans import Calendar, Span
from memos.interface.memreader.times.tokens import READ_AT_MOST, Token, tokens_of
from memos.interface.memreader.times.vague import vague_times
from memos.memcube.reading import Schedule, TimePhrase, Unresolved
from memos.memcube.window import Window

__all__ = ["Anchored", "Times", "read_times", "together"]

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
    parse = Parse(_tokens(text, language), Calendar(now, week_start), (country or "").upper(), told=told, period=period)
    found, unresolved = _found(text, parse)
    phrases = tuple(
        TimePhrase(text=text[start:end], start=start, end=end, window=Window(start=span.start, end=span.end)) for span, start, end in found
    )
    schedule, covered = schedule_of(parse, text)
    anchors = anchors_of(text, parse, [(start, end) for _, start, end in found])
    phrases = tuple(phrase for phrase in phrases if not (covered and covered[0] <= phrase.start and phrase.end <= covered[1]))
    vague = vague_times(text[:READ_AT_MOST], [(start, end) for _, start, end in found], unresolved)
    return Times(phrases, together([phrase.window for phrase in phrases]), (*unresolved, *vague), schedule, anchors)


def _tokens(text: str, language: str | None) -> list[Token]:
    """The tokens that the grammar reads: of a language that it does not know the numbers and dates."""
    tokens = tokens_of(text)
    if (language or language_of(text)) in _NUMBERS_ONLY:
        return [token._replace(low="·") if token.kind == "word" else token for token in tokens]
    return tokens


def _found(text: str, parse: Parse) -> tuple[list[Found], list[Unresolved]]:
    tokens = parse.tokens
    found: list[Found] = []
    unresolved: list[Unresolved] = []
    index = 0
    while index < len(tokens):
        try:
            hit = expression(parse, index)
        except (OverflowError, ValueError, IndexError, StopIteration):
            end = min(index + 4, len(tokens)) - 1
            words = text[tokens[index].start : tokens[end].end]
            unresolved.append(Unresolved(kind="time", text=words, reason="it lies outside the years that a calendar has"))
            index = end + 1
            continue
        if hit is None or not _in_order(hit[0]):
            index += 1
            continue
        span, first, behind = hit
        found.append((span, tokens[first].start, tokens[behind - 1].end))
        index = behind
    return found, unresolved


def _in_order(span: Span) -> bool:
    return (span.start is None or span.end is None or span.start < span.end) and not (span.start is None and span.end is None)


def together(windows: list[Window]) -> Window | None:
    """The window that several mean: where all overlap their intersection, else from the first to the last."""
    if not windows:
        return None
    starts, ends = [w.start for w in windows], [w.end for w in windows]
    late, early = [s for s in starts if s is not None], [e for e in ends if e is not None]
    latest, earliest = max(late, default=None), min(early, default=None)
    if latest is None or earliest is None or latest < earliest:
        return Window(start=latest, end=earliest)
    first = None if None in starts else min(late)
    last = None if None in ends else max(early)
    return Window(start=first, end=last) if first is not None or last is not None else None
