"""Timing: the times that a call asked in words means: its window, and the periods of what it names by an event ("during the conference").

A memory is of a time when it was said then, or tells of then: "I moved in May", said in July, is of May. Anchors are looked up by an
ordinary search under the caller's grant; the reply names the memories from which their periods were taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from memos.errors import InvalidCall
from memos.interface.memory_api.aiming import about
from memos.interface.memory_api.answering import answered
from memos.interface.memory_api.desk import AIMED, Work, fitting
from memos.interface.memory_api.query import condition, scope
from memos.interface.memory_api.subject import subject
from memos.memcube.call import MemoryQuery
from memos.memcube.cube import MemCube
from memos.memcube.filter import Filter
from memos.memcube.state import PRESENT, State
from memos.memcube.window import Window

LOOKED = 100
"""Among so many of the best, whatever their time, those are looked for that tell of the time asked about."""
APART = timedelta(days=21)
"""What is said of one event lies closer together than that; farther apart it is another event of the same name."""
CHANGING = AIMED - {"history"}
AROUND, VAGUE = timedelta(days=7), timedelta(days=31)
EARLIEST, LATEST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
EVER = (*PRESENT, State.ARCHIVED)


@dataclass(frozen=True, slots=True)
class Timing:
    """What became of a call's times: the query without its window, the condition that takes its place, and what is told of it."""

    query: MemoryQuery
    within: Filter | None = None
    told: tuple[MemCube, ...] = ()
    anchors: tuple[dict[str, Any], ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Period:
    start: datetime
    end: datetime
    cubes: tuple[MemCube, ...]


def timed(work: Work, query: MemoryQuery) -> Timing:
    """The times of a query that was asked in words, or names anchors; as it is for every other."""
    call = work.call
    if not call.anchors and (call.reading is None or query.window is None):
        return Timing(query)
    zone = zone_of(call.reading.zone if call.reading is not None else "UTC")
    found = [_looked_up(work, query, anchor, zone) for anchor in call.anchors]
    told = tuple({cube.id: cube for periods in found for period in periods for cube in period.cubes}.values())
    warnings = [_missing(anchor) for anchor, periods in zip(call.anchors, found, strict=True) if not periods]
    windows = [window for periods in found for window in _borne(periods, call.bearing)]
    if not windows and query.window is not None:
        windows = [query.window]
    anchors = tuple(_told(anchor, periods) for anchor, periods in zip(call.anchors, found, strict=True))
    several = [anchor for anchor, periods in zip(call.anchors, found, strict=True) if len(periods) > 1]
    if work.call.operation in CHANGING:
        _require_placed(warnings, several)
    warnings += [f"{anchor!r} may mean several times, {_which(call.bearing)}; see details" for anchor in several]
    if not windows:
        return Timing(query, None, told, anchors, tuple(warnings))
    plain = query.model_copy(update={"window": None})
    ids = [cube.id for cube in told] if call.bearing in {"during", "around"} else []
    telling = [] if call.operation in AIMED else _telling(work, plain, windows, zone)  # what is changed was said then, and no guess
    return Timing(plain, _within(windows, [*ids, *telling]), told, anchors, tuple(warnings))


def _require_placed(missing: Sequence[str], several: Sequence[str]) -> None:
    """InvalidCall where it is not clear from when the memories are that are to be changed."""
    if missing:
        raise InvalidCall(f"nothing was changed: {missing[0].partition(';')[0]}; name the memories by their ids, or say a date")
    if several:
        raise InvalidCall(f"nothing was changed: {several[0]!r} may mean several times; name the memories by their ids, or say a date")


def zone_of(name: str) -> tzinfo:
    """The zone of an IANA name, or of an offset such as +02:00; UTC where this machine does not know it."""
    try:
        return datetime.fromisoformat(f"2000-01-01T00:00:00{name}").tzinfo or UTC if name[:1] in "+-" else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def _within(windows: Sequence[Window], ids: Iterable[str]) -> Filter:
    """What was said in one of some windows, or is one of the memories that tell of them."""
    said = [
        {"and": [{"said_at": {word: at}} for word, at in (("gte", window.start), ("lt", window.end)) if at is not None]}
        for window in windows
    ]
    return Filter.parse({"or": [*said, {"id": {"in": list(dict.fromkeys(ids))}}]})


def _telling(work: Work, query: MemoryQuery, windows: Sequence[Window], zone: tzinfo) -> list[str]:
    """Of the memories that answer the query best those that tell of a time in one of the windows."""
    if not query.text.strip() or (work.call.operation in CHANGING and not subject(query.text)):
        return []  # "notes older than two years" are those that were written then
    wanted = {"filter": condition(work, query), "namespaces": scope(work, query), "vector": fitting(work, query.vector)}
    hits = answered(work, query.model_copy(update={**wanted, "limit": LOOKED, "group": None})).hits
    return [hit.cube.id for hit in hits if _meets(told_times(work, hit.cube, zone), windows)]


def told_times(work: Work, cube: MemCube, zone: tzinfo) -> list[Window]:
    """The times that a memory tells of, as it is shown to the caller, seen from when it was said."""
    from memos.interface.memreader.times import may_name_a_time, read_times

    if cube.valid_from is not None:
        return [Window(start=cube.valid_from, end=cube.valid_to)] if cube.valid_to is None or cube.valid_from < cube.valid_to else []
    text, said = work.desk.governance.redacted(work.warrant, cube).text, _local(cube.said_at, zone)
    if said is None or not may_name_a_time(text):
        return []
    return [phrase.window for phrase in read_times(text, now=said, told=True).phrases]


def _meets(times: Iterable[Window], windows: Sequence[Window]) -> bool:
    return any(_overlap(one, other) and _tells(one, other) for one in times for other in windows)


def _tells(told: Window, asked: Window) -> bool:
    """Whether a time that is told is no wider than tells of the one asked about: a whole year says little of a week."""
    if told.start is None or told.end is None:
        return False
    if asked.start is None or asked.end is None:
        return True
    return told.end - told.start <= max(VAGUE, asked.end - asked.start)


def _overlap(one: Window, other: Window) -> bool:
    return (one.start is None or other.end is None or one.start < other.end) and (
        one.end is None or other.start is None or other.start < one.end
    )


def _looked_up(work: Work, query: MemoryQuery, anchor: str, zone: tzinfo) -> list[_Period]:
    """The times of an event, as the memories about it tell them; in the query's window where it has one. The earliest first."""
    asked = MemoryQuery(text=anchor, namespaces=query.namespaces, layers=query.layers, states=query.states or EVER)
    times = [(window, cube) for cube in about(work, asked, LOOKED) for window in _times_of(work, cube, zone)]
    if query.window is not None:
        times = [(window, cube) for window, cube in times if _overlap(window, query.window)]
    return _periods(sorted(times, key=lambda each: (each[0].start, each[1].id)))


def _times_of(work: Work, cube: MemCube, zone: tzinfo) -> list[Window]:
    """When what a memory tells of was: the times in it where there are such with both ends, else the day on which it was said."""
    told = [window for window in told_times(work, cube, zone) if window.start is not None and window.end is not None]
    if told and (short := [window for window in told if window.end - window.start <= timedelta(days=190)]):  # type: ignore[operator]
        return short
    said = _local(cube.said_at, zone)
    if said is None:
        return []
    day = said.replace(hour=0, minute=0, second=0, microsecond=0)
    return [Window(start=day, end=day + timedelta(days=1))]


def _local(said: datetime, zone: tzinfo) -> datetime | None:
    """A time in a zone; None at the ends of the calendar, beside which there is no other day."""
    near = timedelta(days=2)
    return said.astimezone(zone) if EARLIEST + near < said < LATEST - near else None


def _periods(times: Sequence[tuple[Window, MemCube]]) -> list[_Period]:
    found: list[_Period] = []
    for window, cube in times:
        if window.start is None or window.end is None:
            continue
        if found and window.start - found[-1].end <= APART:
            last = found[-1]
            found[-1] = _Period(last.start, max(last.end, window.end), (*last.cubes, cube))
        else:
            found.append(_Period(window.start, window.end, (cube,)))
    return found


def _borne(periods: Sequence[_Period], bearing: str) -> list[Window]:
    """The windows that lie so to an event: of several of one name all during which, otherwise to the last of them."""
    if not periods:
        return []
    last = periods[-1]
    made: dict[str, Callable[[], list[Window]]] = {
        "during": lambda: [Window(start=each.start, end=each.end) for each in periods],
        "around": lambda: [
            Window(start=max(each.start, EARLIEST + AROUND) - AROUND, end=min(each.end, LATEST - AROUND) + AROUND) for each in periods
        ],
        "before": lambda: [Window(end=last.start)],
        "until": lambda: [Window(end=last.end)],
        "after": lambda: [Window(start=last.end)],
        "since": lambda: [Window(start=last.start)],
    }
    return made[bearing]()


def _which(bearing: str) -> str:
    return "and all were taken" if bearing in {"during", "around"} else "and the last was taken"


def _missing(anchor: str) -> str:
    return f"no memory here tells when {anchor!r} was; the time is not limited by it"


def _told(anchor: str, periods: Sequence[_Period]) -> dict[str, Any]:
    """What the reply's details say of an anchor."""
    return {
        "text": anchor,
        "periods": [
            {"start": each.start.isoformat(), "end": each.end.isoformat(), "memories": list(dict.fromkeys(cube.id for cube in each.cubes))}
            for each in periods
        ],
    }
