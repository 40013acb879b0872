"""Saying: what somebody says, from where, when and after what, as the reader takes it, with a session or without."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from memos.errors import InvalidCall
from memos.memcube.call import MemoryCall, MemoryReply
from memos.memcube.legal import legal_name, legal_trigger
from memos.memcube.value import read_moment
from memos.ports.clock import SystemClock

if TYPE_CHECKING:
    from memos.interface.memreader.dialogue import Turn

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
Said = str | Mapping[str, Any] | MemoryCall | MemoryReply
"""A turn of a conversation: a user's words, a message with `role` and `content`, or what `parse` or `ask` gave for a user's words."""


def parsed(
    text: str,
    *,
    now: datetime | str | None = None,
    tz: str | tzinfo | None = None,
    turns: Iterable[Said] = (),
    trigger: str | None = None,
    week_start: str = "monday",
    country: str | None = None,
    new_id: Callable[[], str] | None = None,
) -> MemoryCall:
    """The call that some words mean: see `Session.parse`. Pure but for the clock, where `now` is not given, and for new ids."""
    from memos.interface.memreader.reader import MemReader

    clock = SystemClock()
    moment, zone = moment_of(now if now is not None else clock.now(), tz)
    if week_start not in WEEKDAYS:
        raise InvalidCall(f"week_start is a day in English, such as 'monday' or 'sunday', not {str(week_start)[:40]!r}")
    if country is not None and not isinstance(country, str):
        raise InvalidCall(f"country is a code of ISO 3166-1 such as 'PT', not {str(country)[:40]!r}")
    call = MemReader().read(
        text, now=moment, turns=_turns(turns), trigger=legal_trigger(trigger), new_id=new_id or clock.new_id,
        week_start=WEEKDAYS.index(week_start), country=country,
    )  # fmt: skip
    return _in_zone(call, zone)


def moment_of(now: Any, tz: Any) -> tuple[datetime, str]:
    """The time in the asker's zone, and that zone's name."""
    if isinstance(now, str):
        try:
            now = datetime.fromisoformat(now)
        except ValueError:
            raise InvalidCall(f"now is a time in ISO 8601, not {now[:40]!r}") from None
    if not isinstance(now, datetime):
        raise InvalidCall(f"now is a datetime or ISO 8601, not {type(now).__name__}")
    zone = _zone(tz)
    if now.tzinfo is None and zone is None:
        raise InvalidCall("now has no time zone: give it one, or say which is meant by tz='Europe/Lisbon'")
    try:
        moment = now if zone is None else now.replace(tzinfo=zone) if now.tzinfo is None else now.astimezone(zone)
        return moment, _name(moment)
    except (OverflowError, ValueError):
        raise InvalidCall(f"now: in that zone {now.isoformat()} lies outside of the calendar; give another") from None


def _zone(tz: Any) -> tzinfo | None:
    if tz is None or isinstance(tz, tzinfo):
        return tz
    try:
        return ZoneInfo(tz)
    except (ZoneInfoNotFoundError, ValueError, OSError, TypeError):
        raise InvalidCall(f"{str(tz)[:40]!r} is no time zone known here; give an IANA name such as 'Europe/Lisbon'") from None


def _name(moment: datetime) -> str:
    key = getattr(moment.tzinfo, "key", None)
    return str(key) if key else moment.strftime("%z")[:3] + ":" + moment.strftime("%z")[3:5]


def _in_zone(call: MemoryCall, zone: str) -> MemoryCall:
    reading = call.reading.model_copy(update={"zone": zone}) if call.reading is not None else None
    return call.model_copy(update={"reading": reading, "then": tuple(_in_zone(each, zone) for each in call.then)})


def _turns(turns: Iterable[Said]) -> tuple[Turn, ...]:
    from memos.interface.memreader.dialogue import Turn

    if isinstance(turns, str | Mapping) or not isinstance(turns, Iterable):
        raise InvalidCall("turns is a list of what was said before, the oldest first")
    return tuple(Turn(**_said(turn)) for turn in turns)


def _when(at: Any) -> datetime | None:
    """When a turn was said, if that is known."""
    try:
        return None if at is None else read_moment(at)
    except ValueError:
        raise InvalidCall(f"a turn's `at` is a time in ISO 8601, not {str(at)[:40]!r}") from None


def _said(turn: Any) -> dict[str, Any]:
    if isinstance(turn, MemoryReply):
        turn = turn.call
    if isinstance(turn, MemoryCall) and turn.reading is not None:
        return {"role": "user", "text": turn.reading.said}
    if isinstance(turn, str):
        return {"role": "user", "text": turn}
    if isinstance(turn, Mapping) and isinstance(turn.get("content"), str) and turn.get("role", "user") in ("user", "assistant"):
        return {
            "role": turn.get("role", "user"),
            "text": turn["content"],
            "name": legal_name(turn.get("name")),
            "at": _when(turn.get("at")),
        }
    raise InvalidCall(
        "a turn is a text, a message {'role': 'user' or 'assistant', 'content': '…'}, or what parse or ask gave for words said before"
    )
