"""Parts: the beginning, middle and end of a time, its n-th week or day, and what is left or over of it."""

from __future__ import annotations

from datetime import date, timedelta

from memos.interface.memreader.times.named import unit_of
from memos.interface.memreader.times.parse import Hit, Parse
from memos.interface.memreader.times.spans import DAYS_OF, MONTHS_OF, Span
from memos.interface.memreader.times.vocabulary import EDGES, WEEKDAYS, words_of

_ONE_MONTH = frozenset({"year", "half", "quarter", "season"})
_STATES = words_of("was were is am are be been being too so very stayed stays running ran came arrived got home up")
_LONG = frozenset({"decade", "century"})


def edge(p: Parse, index: int) -> Hit | None:
    """Read: the beginning of June · end of last year · early 2024 · mid-July · late last month · the early 1990s."""
    at = p.skip(p.skip(index, "the"), "very")
    which = EDGES.get(p.word(at))
    if which is None or (p.word(at) in {"early", "late"} and p.word(at - 1) in _STATES):
        return None  # she was late last month
    adjective = p.word(at) in {"early", "late", "mid"}
    behind = at + 1
    if p.word(behind) in {"-", "to"} and adjective:
        behind = behind + 1 if p.word(behind) == "-" else behind + 3 if p.word(behind + 2) == "-" else behind
    if not adjective and p.word(behind) != "of":
        return None
    behind = p.skip(behind, "of", "in")
    if p.word(behind) in {"the", "this", "our"} and unit_of(p.word(behind + 1)) in {
        "day",
        "week",
        "month",
        "quarter",
        "year",
        "decade",
        "century",
    }:
        unit = unit_of(p.word(behind + 1))
        whole: Hit | None = (p.calendar.unit(unit or "day"), behind + 2) if p.word(behind) == "the" else p.period(behind)
        if p.word(behind) == "the" and p.word(behind + 2) in {"before", "after"}:
            whole = p.period(behind)
    else:
        whole = p.period(behind)
    if whole is None or whole[0].start is None or whole[0].grain in {"roll", "clock", "minute"}:
        return None
    span, after = whole
    if span.cycle is not None and span.cycle.make(0) is None:
        return part_of(p, span, which), after
    return part_of(p, span, which, early=p.word(at) in {"early", "late"}), after


def part_of(p: Parse, span: Span, which: str, *, early: bool = False) -> Span:
    """The first, middle or last part: of a month ten days, of a year a month (early and late: a quarter), of a decade a third."""
    first, last = span.begins.date(), span.ends.date()
    if span.grain == "month":
        cuts = (first + timedelta(days=10), first + timedelta(days=20))
    elif span.grain in _ONE_MONTH:
        size = 3 if early and span.grain == "year" else 1
        months = (last.year - first.year) * 12 + last.month - first.month
        if which == "middle":
            third = max(1, months // 3)
            return _months(p, span, third, third)
        return _months(p, span, 0 if which == "begin" else months - size, size)
    elif span.grain in _LONG:
        years = last.year - first.year
        cuts = (date(first.year + round(years * 0.4), 1, 1), date(first.year + round(years * 0.7), 1, 1))
        if years > 10:
            cuts = (date(first.year + years // 3, 1, 1), date(first.year + years * 2 // 3 + 1, 1, 1))
    elif span.grain == "week":
        cuts = (first + timedelta(days=2), first + timedelta(days=4))
    else:
        return _of_day(span, which)
    edges = {"begin": (first, cuts[0]), "middle": cuts, "end": (cuts[1], last)}[which]
    return Span(p.calendar.at(edges[0]), p.calendar.at(edges[1]), "edge")


def _months(p: Parse, span: Span, skip: int, count: int) -> Span:
    first = span.begins.date()
    return p.calendar.months(first.year, first.month + skip, count, "edge")


def _of_day(span: Span, which: str) -> Span:
    """A third of a day or of a part of it."""
    length = (span.ends - span.begins) / 3
    bounds = {"begin": (0, 1), "middle": (1, 2), "end": (2, 3)}[which]
    return Span(span.begins + length * bounds[0], span.begins + length * bounds[1], "part")


def nth(p: Parse, index: int) -> Hit | None:
    """Read: the first week of May · the last three days of June · the second Friday of July · the last day of the year."""
    ordinal = p.ordinal(p.skip(index, "the"))
    if ordinal is None:
        return None
    place, at = ordinal
    counted = p.number(at) if p.word(at) not in {"a", "an", "half"} else None
    count, at = (round(counted[0]), counted[1]) if counted else (1, at)
    unit, weekday = unit_of(p.word(at)), WEEKDAYS.get(p.word(at))
    if p.word(at + 1) not in {"of", "in"} or (unit is None and weekday is None):
        return None
    whole = _whole(p, at + 2, bare=p.word(at + 1) == "of")
    if whole is None or whole[0].start is None or whole[0].end is None or whole[0].grain in {"roll", "clock", "minute"}:
        return None
    span, behind = whole
    found = _weekday(p, span, weekday, place) if weekday is not None else _units(p, span, unit or "", place, count)
    inside = found is not None and span.begins <= found.begins < span.ends and (found.grain == "weekend" or found.ends <= span.ends)
    return (found, behind) if found is not None and inside else None


def _whole(p: Parse, index: int, *, bare: bool) -> Hit | None:
    """What the part is of: `the year`, `the month`, or any other time."""
    unit = unit_of(p.word(index + 1))
    if (
        bare
        and p.word(index) in {"the", "a"}
        and unit in {"week", "month", "quarter", "year", "decade", "century"}
        and p.word(index + 2) != "before"
    ):
        return p.calendar.unit(unit), index + 2
    return p.period(index)


def _weekday(p: Parse, span: Span, weekday: int, place: int) -> Span:
    if place > 0:
        first = span.begins.date()
        return p.day(first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (place - 1)))
    last = span.ends.date() - timedelta(days=1)
    return p.day(last - timedelta(days=(last.weekday() - weekday) % 7))


def _units(p: Parse, span: Span, unit: str, place: int, count: int) -> Span | None:
    first, last = span.begins.date(), span.ends.date()
    if unit == "weekend":
        saturday = first + timedelta(days=(5 - first.weekday()) % 7 + 7 * (place - 1))
        end = last - timedelta(days=1)
        return p.calendar.days(saturday if place > 0 else end - timedelta(days=(end.weekday() - 5) % 7), 2, "weekend")
    if unit in DAYS_OF:
        size = DAYS_OF[unit] * count
        start = first + timedelta(days=size * (place - 1)) if place > 0 else last - timedelta(days=size)
        return p.calendar.days(start, size, unit if count == 1 else "days")
    if unit in MONTHS_OF:
        size = MONTHS_OF[unit] * count
        base = first if place > 0 else last
        return p.calendar.months(
            base.year, base.month + (size * (place - 1) if place > 0 else -size), size, unit if count == 1 else "months"
        )
    return None


def sofar(p: Parse, index: int) -> Hit | None:
    """Read: earlier today · later this week · so far this year · the rest of the month · year to date · this month so far."""
    at = p.skip(index, "the")
    word = p.word(at)
    if unit_of(word) and [p.word(at + 1 + k) for k in range(2)] == ["to", "date"]:
        return Span(p.calendar.unit(unit_of(word) or "year").start, p.now, "roll"), at + 3
    if [p.word(at + k) for k in range(5)] == ["year", "-", "to", "-", "date"]:
        return Span(p.calendar.unit("year").start, p.now, "roll"), at + 5
    way, behind = {"earlier": -1, "later": 1, "remainder": 2, "rest": 2, "so": -2}.get(word, 0), at + 1
    if way == 0 or (way == -2 and p.word(behind) != "far") or (way == 2 and p.word(behind) != "of"):
        return None
    behind = p.skip(behind, "far", "of", "in", "on")
    behind = p.skip(behind, "in")
    whole = _whole(p, behind, bare=True)
    if whole is None or whole[0].start is None or whole[0].end is None:
        return None
    span = whole[0]
    if span.begins <= p.now < span.ends:
        return Span(p.now, span.end, "roll") if way > 0 else Span(span.start, p.now, "roll"), whole[1]
    return span, whole[1]
