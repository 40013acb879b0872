"""Asking: the verbs that take words: `parse` reads them as a call, `ask` runs that call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from memos.errors import InvalidCall
from memos.memcube.call import MemoryCall, MemoryReply, raising
from memos.memcube.legal import legal_namespace, legal_trigger
from memos.session.base import Verbs, given, several

if TYPE_CHECKING:
    from memos.interface.memreader.dialogue import Turn

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
Said = str | Mapping[str, Any] | MemoryCall | MemoryReply
"""A turn of a conversation: a user's words, a message with `role` and `content`, or what `parse` or `ask` gave for a user's words."""


class Asking(Verbs):
    """`parse`, `ask`."""

    def parse(
        self,
        text: str,
        *,
        now: datetime | str | None = None,
        tz: str | tzinfo | None = None,
        turns: Iterable[Said] = (),
        trigger: str | None = None,
        week_start: str = "monday",
        country: str | None = None,
    ) -> MemoryCall:
        """The call that `ask` would run for some words; nothing is read, nothing is run, and no model is asked.

        `call.intent`, `call.query` with its text and window, `call.anchors` and `call.then`, the rest of a chain, say what was understood;
        `call.reading` has topics, entities, times, what the conversation supplied (`slots`), and what was not guessed (`unresolved`).
        `turns` are what was said before, oldest first: texts, messages, earlier calls or replies. Times are those of the zone `tz`, an
        IANA name, or of `now`; by default UTC and the present. `trigger` says what made a task come up that no person typed.
        Raises InvalidCall.
        """
        from memos.interface.memreader.reader import MemReader

        moment, zone = _moment(now if now is not None else self._clock.now(), tz)
        if week_start not in WEEKDAYS:
            raise InvalidCall(f"week_start is a day in English, such as 'monday' or 'sunday', not {str(week_start)[:40]!r}")
        call = MemReader().read(
            text, now=moment, turns=_turns(turns), trigger=legal_trigger(trigger), new_id=self._clock.new_id,
            week_start=WEEKDAYS.index(week_start), country=country,
        )  # fmt: skip
        return _in_zone(call, zone)

    def ask(
        self,
        text: str,
        *,
        now: datetime | str | None = None,
        tz: str | tzinfo | None = None,
        turns: Iterable[Said] = (),
        limit: int | None = None,
        namespaces: str | Iterable[str] | None = None,
        trigger: str | None = None,
        week_start: str = "monday",
        country: str | None = None,
        idempotency_key: str | None = None,
    ) -> MemoryReply:
        """Do what some words ask: `parse` them, and run the call. `reply.call` is what was understood, `reply.warnings` what was not.

        Hits as from `search`; a count is `reply.value`, a number; a summary has `value["text"]` and `value["sentences"]`, each with the
        memory and the span it was taken from; a comparison two such sides. What was said in the time asked about, or tells of it, comes
        first; hits from outside have "beyond" in `why`. The memories that an anchor's time was taken from are in `details["anchors"]`.
        Words that ask nothing of the memory give an empty reply, whose call has the intent "none". Several operations run as one unit.

        Raises InvalidCall where a change was asked for and it is not clear of which memory, or to what: `details` name candidates. Raises
        NotFound where no memory fits, and whatever the operation itself raises.
        """
        call = self.parse(text, now=now, tz=tz, turns=turns, trigger=trigger, week_start=week_start, country=country)
        places = None if namespaces is None else tuple(legal_namespace(each) for each in several(namespaces))
        placed = [self._placed(each, limit, places) for each in (call, *call.then)]
        whole = placed[0].model_copy(update={"then": tuple(placed[1:]), **given(idempotency_key=idempotency_key)})
        return raising(self._door.handle(self.caller, MemoryCall.model_validate(whole)))

    def _placed(self, call: MemoryCall, limit: int | None, namespaces: tuple[str | None, ...] | None) -> MemoryCall:
        """A call where this session stands."""
        changed: dict[str, Any] = given(**self._place._asdict())
        if call.query is not None and call.operation in ASKING:
            changed["query"] = call.query.model_copy(update=given(limit=limit, namespaces=namespaces))
        elif call.query is not None and namespaces is not None:
            changed["query"] = call.query.model_copy(update={"namespaces": namespaces})
        return call.model_copy(update=changed)


ASKING = frozenset({"search", "list", "count", "summarise", "compare"})
"""The operations whose `limit` says how many memories are shown; elsewhere it says how many are meant."""


def _moment(now: Any, tz: Any) -> tuple[datetime, str]:
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
    moment = now if zone is None else now.replace(tzinfo=zone) if now.tzinfo is None else now.astimezone(zone)
    return moment, _name(moment)


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

    if isinstance(turns, str | Mapping):
        raise InvalidCall("turns is a list of what was said before, the oldest first")
    return tuple(Turn(**_said(turn)) for turn in turns)


def _said(turn: Any) -> dict[str, Any]:
    if isinstance(turn, MemoryReply):
        turn = turn.call
    if isinstance(turn, MemoryCall) and turn.reading is not None:
        return {"role": "user", "text": turn.reading.said}
    if isinstance(turn, str):
        return {"role": "user", "text": turn}
    if isinstance(turn, Mapping) and isinstance(turn.get("content"), str) and turn.get("role", "user") in {"user", "assistant"}:
        return {"role": turn.get("role", "user"), "text": turn["content"], "name": turn.get("name"), "at": turn.get("at")}
    raise InvalidCall(
        "a turn is a text, a message {'role': 'user' or 'assistant', 'content': '…'}, or what parse or ask gave for words said before"
    )
