"""Ranges: between and from … to, dashes, and the prepositions that open a time at one side."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from memos.interface.memreader.times.hours import DAYLIKE, clock, placed
from memos.interface.memreader.times.named import unit_of
from memos.interface.memreader.times.parse import Hit, Parse
from memos.interface.memreader.times.spans import Span
from memos.interface.memreader.times.vocabulary import MONTHS

_JOINTS = frozenset({"to", "until", "till", "through", "thru", "-", "–", "—", "and", "~", "→"})
_DASHES = frozenset({"-", "–", "—", "~"})
OPENERS = {
    "since": "since", "before": "before", "after": "after", "until": "until", "till": "until", "by": "until", "through": "until",
    "til": "until", "following": "after", "pre": "before", "post": "after",
}  # fmt: skip
_PHRASES = {
    ("as", "of"): "until", ("up", "to"): "until",
    ("on", "or", "after"): "from", ("on", "or", "before"): "until", ("up", "until"): "until", ("up", "till"): "until",
    ("prior", "to"): "before",
    ("as", "late", "as"): "until", ("as", "early", "as"): "since", ("ever", "since"): "since", ("no", "later", "than"): "until",
    ("not", "later", "than"): "until", ("earlier", "than"): "before", ("later", "than"): "after", ("starting", "from"): "since",
    ("starting", "in"): "since", ("starting", "on"): "since", ("beginning", "in"): "since", ("going", "back", "to"): "since",
    ("from", "before"): "before", ("from", "after"): "after", ("older", "than"): "before", ("newer", "than"): "since",
    ("dating", "back", "to"): "since",
}  # fmt: skip
_FIRST_OF_PHRASES = frozenset(words[0] for words in _PHRASES)


def expression(p: Parse, index: int) -> tuple[Span, int, int] | None:
    """The time that stands at an index: its span, the index where its words begin and the one behind them."""
    opened = _opened(p, index)
    if opened is not None:
        return opened
    word = p.word(index)
    if word in {"between", "from", "betwixt"}:
        both = _numbers(p, index + 1) or _joined(p, index + 1, joint={"and", "to", "-", "–"} if word == "between" else _JOINTS - {"and"})
        if both is not None:
            return both[0], index, both[1]
        if word == "from":
            onwards = _onwards(p, index + 1)
            if onwards is not None:
                return onwards[0], index, onwards[1]
        return None
    both = _numbers(p, index) or _joined(p, index, joint=_JOINTS - {"and", "until", "till"}) or _onwards(p, index)
    if both is not None:
        return both[0], index, both[1]
    hit = p.period(index)
    return _listed(p, hit, index) if hit is not None and hit[1] > index else None


def _listed(p: Parse, hit: Hit, index: int) -> tuple[Span, int, int]:
    """Read: April 22 or 23 · May 10, 12 and 15, 2024: from the first of the days to the last."""
    span, behind = hit
    while span.grain in {"day", "days"} and p.word(behind) in {",", "and", "or", "&"}:
        at = p.skip(p.skip(behind + 1, "and", "or"), "the")
        day = p.word(at).rstrip("stndrh")
        ends = p.kind(at + 1) in {"mark", "stop"} or p.word(at + 1) in {"and", "or"}
        if p.kind(at) not in {"num", "ord"} or len(day) > 2 or not ends or p.word(at + 1) in {"%", ":"}:
            break
        tail = _day_tail(p, span, int(day), at + 1)
        if tail is None:
            break
        span, behind = replace(tail[0], cycle=span.cycle), tail[1]
    return span, index, behind


def _opened(p: Parse, index: int) -> tuple[Span, int, int] | None:
    """Read: since Tuesday · before 2020 · until last Friday · up to June · no later than 3 May."""
    word = p.word(index)
    bearing, behind = OPENERS.get(word), index + 1
    if word in _FIRST_OF_PHRASES and p.word(index - 1) != "-" and not (p.told and word in {"starting", "beginning"}):
        for words, meaning in _PHRASES.items():
            if word == words[0] and all(p.word(index + k) == each for k, each in enumerate(words)):
                bearing, behind = meaning, index + len(words)
                break
    if bearing is None:
        return _more_than_ago(p, index)
    behind = p.skip(p.skip(behind, "about", "around", "roughly", "-"), "at", "on", "in", "back")
    if p.word(behind) in {"in", "on", "at"}:
        behind += 1
    both = _joined(p, behind, joint=_JOINTS - {"and", "until", "till", "to"}) if bearing != "since" else None
    hit = both or _aged(p, index, behind) or p.period(behind)
    if hit is None or hit[1] <= behind or (word in {"pre", "post", "following", "through"} and hit[0].grain in {"roll", "part"}):
        return None
    if bearing == "before" and p.word(p.skip(behind, "the")) == "end":
        bearing = "until"
    span = _facing(p, hit[0], bearing)
    made = turn(span, p.now, bearing)
    return (made, index, hit[1]) if made is not None else None


def _aged(p: Parse, index: int, behind: int) -> Hit | None:
    """Read: older than a year · newer than three days."""
    count = p.number(behind) if p.word(index) in {"older", "newer"} else None
    unit = unit_of(p.word(count[1])) if count else None
    if count is None or unit is None or unit == "weekend":
        return None
    then = p.calendar.later(p.now, unit, -count[0])
    return Span(then, then if p.word(index) == "older" else p.now, "clock"), p.skip(count[1] + 1, "old", "ago")


def _more_than_ago(p: Parse, index: int) -> tuple[Span, int, int] | None:
    """Read: more than two years ago · less than a week ago."""
    if p.word(index) not in {"more", "less"} or p.word(index + 1) != "than":
        return None
    hit = p.period(index + 2)
    if hit is None or hit[0].start is None or p.word(hit[1] - 1) != "ago":
        return None
    older = p.word(index) == "more"
    return (Span(None, hit[0].start, "open") if older else Span(hit[0].start, p.now, "open")), index, hit[1]


def _facing(p: Parse, span: Span, bearing: str) -> Span:
    """Since looks back whatever the verb says."""
    if bearing == "since" and span.cycle is not None and span.begins > p.now:
        return span.cycle.latest(p.now)
    return span


def turn(span: Span, now: datetime, bearing: str) -> Span | None:
    """A span opened at one side: since x is [x, now), until x includes x, before and after leave it out; a clock time is a point."""
    point = span.grain in {"clock", "minute"}
    if bearing == "since":
        return Span(span.start, now, "open") if span.start is not None and span.start < now else None
    if bearing == "from":
        return Span(span.start, None, "open")
    if bearing == "before":
        return Span(None, span.start if span.start is not None else span.end, "open")
    if bearing == "after":
        return Span(span.start if point else span.end, None, "open") if span.end is not None else None
    return Span(None, span.start if point else span.end, "open")


def _onwards(p: Parse, index: int) -> Hit | None:
    """Read: from March onwards · from 2020 on."""
    hit = p.period(index)
    if hit is None or hit[0].start is None:
        return None
    span, behind = hit
    behind = p.skip(behind, "and")
    if p.word(behind) in {"onward", "onwards", "forward"} or (p.word(behind) == "on" and p.word(index - 1) == "from"):
        return (Span(span.start, p.now if span.begins < p.now else None, "open"), behind + 1)
    return None


def _joined(p: Parse, index: int, joint: frozenset[str] | set[str]) -> Hit | None:
    """Two times with a joint between them."""
    first = p.period(p.skip(index, "in", "on"))
    if first is None or first[0].start is None:
        return None
    span, behind = first
    word = p.word(behind)
    if word not in joint or (word == "to" and p.word(behind + 1) == "the" and p.kind(behind + 2) == "word" and span.grain == "part"):
        return None
    after = p.skip(behind + 1, "to") if word == "up" else behind + 1
    tail = _tail(p, span, after)
    if tail is not None:
        return tail
    second = p.period(p.skip(after, "in", "on", "late", "the" if p.kind(after + 1) == "num" else "in"))
    if second is None:
        second = _now(p, after)
    if second is None or second[0].start is None:
        return None
    return _between(span, second[0]), second[1]


def _now(p: Parse, index: int) -> Hit | None:
    if p.word(index) in {"now", "present"} or (p.word(index) == "the" and p.word(index + 1) == "present"):
        return Span(p.now, p.now, "clock"), index + (2 if p.word(index) == "the" else 1)
    return None


def _tail(p: Parse, span: Span, index: int) -> Hit | None:
    """Read: June 3-10 · 3 June to 10: the second is a day of the same month; 2019-21: a year of the same century."""
    word, kind = p.word(index), p.kind(index)
    at = p.skip(index, "the")
    if (
        span.grain == "day"
        and p.kind(at) in {"num", "ord"}
        and len(p.word(at)) <= 4
        and p.word(at + 1) not in MONTHS
        and p.word(at + 1) != "of"
    ):
        digits = p.word(at).rstrip("stndrh")
        if digits.isdecimal() and 1 <= int(digits) <= 31:
            return _day_tail(p, span, int(digits), at + 1)
    if span.grain == "year" and kind == "num" and len(word) == 2 and int(word) > span.begins.year % 100:
        return p.calendar.year(span.begins.year, int(word) - span.begins.year % 100 + 1, "years"), index + 1
    return None


def _day_tail(p: Parse, span: Span, day: int, behind: int) -> Hit | None:
    comma = p.skip(behind, ",", "of")
    start = span.begins
    if p.kind(comma) == "num" and len(p.word(comma)) == 4 and span.cycle is not None and 1000 <= int(p.word(comma)) <= 2199:
        made = span.cycle.make(int(p.word(comma)))
        start, behind = (made.begins, comma + 1) if made else (start, behind)
    if day <= start.day:
        return None
    return Span(start, p.calendar.at(start.date().replace(day=day) + timedelta(days=1)), "days"), behind


def _between(first: Span, second: Span) -> Span:
    """From the one to the other; what the words leave open in one follows from the other."""
    if first.cycle is not None and second.cycle is None:
        first = first.cycle.until(second.begins)
    elif second.cycle is not None and (first.cycle is not None or second.begins < first.begins):
        second = second.cycle.from_(first.begins)
    if first.grain in {"clock", "minute"} or second.grain in {"clock", "minute"}:
        return _clocks(first, second)
    if second.begins < first.begins:
        first, second = second, first
    return Span(first.start, second.end, "range")


def _clocks(first: Span, second: Span) -> Span:
    start, end = first.begins, second.begins if second.grain in {"clock", "minute"} else second.ends
    if first.cycle is None and second.cycle is not None:
        end = datetime.combine(start.date(), end.timetz())
    elif second.cycle is None and first.cycle is not None and second.grain != "day":
        start = datetime.combine(end.date(), start.timetz())
    if end <= start:
        end += timedelta(days=1)
    return Span(start, end, "range")


def _numbers(p: Parse, index: int) -> Hit | None:
    """Read: 3-10 June · the 5th to the 10th of May · 2 and 4 pm · 9 to 5 today: the first number has no month or hour of its own."""
    at = p.skip(index, "the")
    if p.kind(at) not in {"num", "ord"} or len(p.word(at)) > 4 or p.word(at + 1) not in _JOINTS:
        return None
    joint = p.word(at + 1)
    second_at = p.skip(at + 2, "the")
    if p.kind(second_at) not in {"num", "ord", "clock"}:
        return None
    second = p.period(at + 2) if p.kind(second_at) != "clock" else p.period(second_at)
    if second is None or second[0].start is None:
        return _hours(p, index, at, second_at)
    if joint == "and" and p.word(index - 1) != "between":
        return None
    digits = int(p.word(at).rstrip("stndrh"))
    if second[0].grain in DAYLIKE and p.kind(second_at) != "clock" and 1 <= digits < second[0].begins.day:
        start = second[0].begins.date().replace(day=digits)
        return Span(p.calendar.at(start), second[0].end, "days"), second[1]
    if second[0].grain == "clock" and digits <= 12:
        end = second[0].begins
        hour = digits % 12 + 12 if end.hour >= 12 and digits % 12 + 12 <= end.hour else digits
        return replace(_clocks(placed(p, end.date(), (hour, 0, "hour")), replace(second[0], cycle=None))), second[1]
    return None


def _hours(p: Parse, index: int, first_at: int, second_at: int) -> Hit | None:
    """Read: between 2 and 4 yesterday · from 9 to 5 on Monday."""
    if p.word(index - 1) not in {"between", "from"}:
        return None
    first, second = clock(p, first_at, bare=True), clock(p, second_at, bare=True)
    if first is None or second is None or p.kind(first_at) != "num":
        return None
    day = p.period(p.skip(second[1], "on"))
    if day is None or day[0].grain not in {*DAYLIKE, "part"}:
        return None
    base = day[0].begins.date()
    start, end = placed(p, base, first[0]).begins, placed(p, base, second[0]).begins
    if day[0].grain == "part" and day[0].begins.hour >= 12:
        start = start if start.hour >= 12 else start + timedelta(hours=12)
        end = end if end.hour >= 12 else end + timedelta(hours=12)
    return (Span(start, end, "range"), day[1]) if start < end else None
