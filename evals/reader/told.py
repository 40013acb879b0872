"""What a MemoryCall says of the words from which it was made, in the terms of the labels."""

from __future__ import annotations

from urllib.parse import unquote

from memos.memcube.call import MemoryCall
from memos.memcube.reading import Schedule

INTENTS = {"add": "store", "search": "recall", "get": "recall", "summarize": "summarise"}


def intent(call: MemoryCall) -> str:
    """The intent of one operation."""
    return call.intent or INTENTS.get(call.operation, call.operation)


def chain(call: MemoryCall) -> list[MemoryCall]:
    """The operations in the order in which they are to be done."""
    return [call, *(each for rest in call.then for each in chain(rest))]


def content(call: MemoryCall) -> str:
    """What is to be written: of drafts, or by an update."""
    return " ".join((*(draft.text for draft in call.drafts), str(call.options.get("text") or ""))).strip()


def target(call: MemoryCall) -> str:
    """The words for the memories that are asked for or to be changed."""
    named = call.options.get("target")
    return str(named) if named else call.query.text if call.query is not None else ""


def receiver(call: MemoryCall) -> str:
    """To whom or where it goes."""
    named = [call.options.get(name) for name in ("to", "principals", "namespace", "layer")]
    return " ".join(unquote(str(part)).replace(":", " ") for each in named if each for part in ([each] if isinstance(each, str) else each))


def same_schedule(rule: str, given: Schedule | None) -> bool:
    """Whether two rules of recurrence have the same parts; INTERVAL=1 says nothing."""
    if given is None or given.rule is None:
        return False
    ours, theirs = (
        {part for part in each.upper().removeprefix("RRULE:").split(";") if part not in {"INTERVAL=1", "BYMINUTE=0", "BYSECOND=0"}}
        for each in (rule, given.rule)
    )
    return ours == theirs
