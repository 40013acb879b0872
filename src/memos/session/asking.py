"""Asking: the verbs that take words: `parse` reads them as a call, `ask` runs that call."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, tzinfo
from typing import Any

from memos.errors import InvalidCall
from memos.interface.memreader.saying import Said
from memos.interface.memreader.saying import moment_of as _moment
from memos.memcube.call import MemoryCall, MemoryQuery, MemoryReply, raising
from memos.memcube.legal import legal_namespace
from memos.memcube.value import build
from memos.session.base import Verbs, given, several


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
        from memos.interface.memreader.saying import parsed

        return parsed(
            text, now=now if now is not None else self._clock.now(), tz=tz, turns=turns, trigger=trigger, week_start=week_start,
            country=country, new_id=self._clock.new_id,
        )  # fmt: skip

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
        if trigger is None and any(each.reading is not None and each.reading.schedule is not None for each in (call, *call.then)):
            raise InvalidCall(
                "this asks for something at other times, and nothing here keeps a timetable: `parse` gives the call, and its rule in"
                " `reading.schedule`; `handle` that call when it is time, or `ask` with a trigger"
            )
        if now is not None:
            call = _said_at(call, _moment(now, tz)[0])
        places = None if namespaces is None else tuple(legal_namespace(each) for each in several(namespaces))
        placed = [self._placed(each, limit, places) for each in (call, *call.then)]
        parts = {name: getattr(placed[0], name) for name in placed[0].model_fields_set} | given(idempotency_key=idempotency_key)
        whole = build(MemoryCall, **parts | {"then": tuple(placed[1:])})
        return raising(self._door.handle(self.caller, whole))

    def _placed(self, call: MemoryCall, limit: int | None, namespaces: tuple[str | None, ...] | None) -> MemoryCall:
        """A call where this session stands."""
        changed: dict[str, Any] = given(**self._place._asdict())
        if call.query is not None and call.operation in ASKING:
            changed["query"] = _with(call.query, limit=limit, namespaces=namespaces)
        elif call.query is not None:
            changed["query"] = _with(call.query, namespaces=namespaces)
        return call.model_copy(update=changed)


def _with(query: MemoryQuery, **parts: Any) -> MemoryQuery:
    """A query with some parts, checked as a query's are."""
    changed = given(**parts)
    return build(MemoryQuery, **{name: getattr(query, name) for name in query.model_fields_set} | changed) if changed else query


def _said_at(call: MemoryCall, moment: datetime) -> MemoryCall:
    """The call with what it stores said at a moment that is not the present."""
    drafts = tuple(draft if draft.said_at is not None else draft.model_copy(update={"said_at": moment}) for draft in call.drafts)
    return call.model_copy(update={"drafts": drafts, "then": tuple(_said_at(each, moment) for each in call.then)})


ASKING = frozenset({"search", "list", "count", "summarise", "compare"})
"""The operations whose `limit` says how many memories are shown; elsewhere it says how many are meant."""
