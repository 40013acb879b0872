"""Spans: half-open stretches of local time, those that come back (a weekday, a month), and the calendar that computes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from dateutil.relativedelta import relativedelta

UNITS = {
    "second": "second", "sec": "second", "minute": "minute", "min": "minute", "hour": "hour", "hr": "hour", "day": "day", "night": "day",
    "week": "week", "wk": "week", "fortnight": "fortnight", "weekend": "weekend", "month": "month", "mth": "month", "quarter": "quarter",
    "year": "year", "yr": "year", "decade": "decade", "century": "century",
}  # fmt: skip
CALENDAR_UNITS = frozenset({"day", "week", "weekend", "month", "quarter", "year", "decade", "century"})
MONTHS_OF = {"month": 1, "quarter": 3, "half": 6, "year": 12, "decade": 120, "century": 1200}
DAYS_OF = {"day": 1, "week": 7, "weekend": 7, "fortnight": 14}
SECONDS_OF = {"second": 1, "minute": 60, "hour": 3600}


@dataclass(frozen=True, slots=True)
class Span:
    """`[start, end)` in the zone of now, None where open; `grain` is the kind of time that it is."""

    start: datetime | None
    end: datetime | None
    grain: str
    cycle: Cycle | None = None
    """Set where the words did not say which: a bare weekday, month, holiday, clock time."""
    unsure: bool = False
    """Whether the last and the next such time are as likely: it names no window."""

    @property
    def begins(self) -> datetime:
        """The start of a span that is not open there."""
        assert self.start is not None  # noqa: S101 - grammar builds open spans last
        return self.start

    @property
    def ends(self) -> datetime:
        """The end of a span that is not open there."""
        assert self.end is not None  # noqa: S101 - as above
        return self.end


@dataclass(frozen=True, slots=True)
class Cycle:
    """A time that comes back: `make(k)` is its k-th occurrence (None where there is none), `near(t)` the k of one close to t."""

    make: Callable[[int], Span | None]
    near: Callable[[datetime], int]
    strict: bool = False
    """A weekday named on that very day means another one."""

    def around(self, when: datetime) -> list[Span]:
        """Occurrences near a time, in order."""
        k = self.near(when)
        return [span for step in range(-9, 10) if (span := self._made(k + step)) is not None]

    def _made(self, k: int) -> Span | None:
        try:
            return self.make(k)
        except (OverflowError, ValueError):
            return None

    def latest(self, now: datetime) -> Span:
        """The last one that has begun."""
        return [s for s in self.around(now) if (s.ends <= now if self.strict else s.begins <= now)][-1]

    def ended(self, now: datetime, back: int = 0) -> Span:
        """The last one that is over, or one of those before it."""
        return [s for s in self.around(now) if s.ends <= now][-1 - back]

    def coming(self, now: datetime, on: int = 0) -> Span:
        """The next one that has not begun, or one of those after it."""
        return [s for s in self.around(now) if s.begins > now][on]

    def open(self, now: datetime) -> Span:
        """The first one that is not over."""
        return next(s for s in self.around(now) if (s.begins > now if self.strict else s.ends > now))

    def this(self, now: datetime) -> Span:
        """The one that is on, else that of the present cycle."""
        on = [s for s in self.around(now) if s.begins <= now < s.ends]
        return on[0] if on else self.make(self.near(now)) or self.coming(now)

    def from_(self, start: datetime) -> Span:
        """The first that begins at a time or later."""
        return next(s for s in self.around(start) if s.begins >= start)

    def until(self, end: datetime) -> Span:
        """The last that begins before a time or at it."""
        return [s for s in self.around(end) if s.begins <= end][-1]


@dataclass(frozen=True, slots=True)
class Calendar:
    """Arithmetic in the zone of now: days are local days, hours are real hours."""

    now: datetime
    week_start: int = 0

    @property
    def zone(self) -> tzinfo | None:
        """The asker's zone."""
        return self.now.tzinfo

    def at(self, day: date, hour: int = 0, minute: int = 0) -> datetime:
        """A local time of a day; hour 24 is the next midnight."""
        if hour >= 24:
            day, hour = day + timedelta(days=hour // 24), hour % 24
        return datetime.combine(day, time(hour, minute), tzinfo=self.zone)

    def days(self, first: date, count: int = 1, grain: str = "day") -> Span:
        """Whole local days."""
        return Span(self.at(first), self.at(first + timedelta(days=count)), grain)

    def months(self, year: int, month: int, count: int = 1, grain: str = "month") -> Span:
        """Whole months; the month may lie outside 1..12."""
        return Span(self.at(_month(year, month)), self.at(_month(year, month + count)), grain)

    def year(self, year: int, count: int = 1, grain: str = "year") -> Span:
        """Whole years."""
        return self.months(year, 1, 12 * count, grain)

    def week_of(self, day: date) -> date:
        """The first day of the week that a day is in."""
        return day - timedelta(days=(day.weekday() - self.week_start) % 7)

    def weekend_of(self, day: date) -> date:
        """The Saturday of the week (from Monday) that a day is in."""
        return day + timedelta(days=5 - day.weekday())

    def unit(self, unit: str, offset: int = 0, base: date | None = None) -> Span:
        """The calendar's unit that holds a day (today), or the one so many later."""
        day = base or self.now.date()
        if unit == "weekend":
            return self.days(self.weekend_of(day) + timedelta(days=7 * offset), 2, unit)
        if unit in DAYS_OF:
            first = self.week_of(day) if unit in {"week", "fortnight"} else day
            return self.days(first + timedelta(days=DAYS_OF[unit] * offset), DAYS_OF[unit], unit)
        if unit in SECONDS_OF:
            length = timedelta(seconds=SECONDS_OF[unit])
            floor = self.now.replace(microsecond=0, second=0 if unit != "second" else self.now.second)
            floor = self.later(floor.replace(minute=0) if unit == "hour" else floor, unit, offset)
            return Span(floor, self._real(floor, length), unit)
        size = MONTHS_OF[unit]
        index = (day.year * 12 + day.month - 1) // size + offset
        return self.months(0, index * size + 1, size, unit)

    def later(self, when: datetime, unit: str, count: float) -> datetime:
        """So many units after a time (before it, when negative): hours are real, days and months are local."""
        if abs(count) > 1_000_000_000:
            raise OverflowError
        if unit in SECONDS_OF:
            return self._real(when, timedelta(seconds=SECONDS_OF[unit] * count))
        if unit in DAYS_OF:
            return when + timedelta(days=DAYS_OF[unit] * count)
        months = MONTHS_OF[unit] * count
        whole = int(months)
        moved: datetime = when + relativedelta(months=whole)
        return moved + timedelta(days=round((months - whole) * 30))

    def moment(self, unit: str, count: float, base: datetime | None = None) -> Span:
        """The day that lies so many units from now, the minute where the units are hours or less."""
        when = self.later(base or self.now, unit, count)
        if unit in SECONDS_OF or (unit == "day" and count % 1):
            start = when.replace(second=0, microsecond=0)
            return Span(start, self._real(start, timedelta(minutes=1)), "minute")
        return self.days(when.date())

    def rolling(self, unit: str, count: float) -> Span:
        """From so many units ago till now, or from now on."""
        other = self.later(self.now, unit, count)
        return Span(self.now, other, "roll") if count > 0 else Span(other, self.now, "roll")

    def hours(self, day: date, first: int, last: int, grain: str = "part") -> Span:
        """From one hour of a day to another."""
        return Span(self.at(day, first), self.at(day, last), grain)

    def _real(self, when: datetime, length: timedelta) -> datetime:
        return (when.astimezone(UTC) + length).astimezone(self.zone)


def cyclic(cycle: Cycle, now: datetime, *, future: bool) -> Span:
    """The occurrence that bare words mean: the last one, or the next one where the words look forward."""
    chosen = cycle.open(now) if future else cycle.latest(now)
    return replace(chosen, cycle=cycle)


def _month(year: int, month: int) -> date:
    index = year * 12 + month - 1
    return date(index // 12, index % 12 + 1, 1)
