"""Asked: what was asked in words, settled before it is prepared: refused where not understood, its times found, its targets aimed at."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from memos.errors import InvalidCall, NotFound
from memos.interface.memory_api.aiming import aimed
from memos.interface.memory_api.desk import Prepared, Work
from memos.interface.memory_api.query import prepare_search
from memos.interface.memory_api.subject import subject
from memos.interface.memory_api.timing import LOOKED, Timing, timed
from memos.memcube.call import MemoryCall, MemoryQuery
from memos.memcube.hit import Hit
from memos.memcube.reading import Unresolved

BLOCKING = frozenset({"target", "content", "scope", "schedule"})
"""What a call that changes memories may not lack; a question goes on without, and says so."""
WHEN = frozenset({"time", "anchor"})
"""Nor what it changes may lack that stands already: without the time that they are of, other memories would be meant too."""
CHANGES = frozenset(
    {"add", "update", "forget", "archive", "restore", "confirm", "freeze", "unfreeze", "transfer", "share", "compose"}
)  # fmt: skip
BEYOND, WINDOW = "beyond", "window"
"""How a hit shows that it lies outside of the time asked about, and what one gains that is of it."""
NAMED, DATED, OWN = 1.0, 2.0, 4.0
"""What a hit gains that is of the time asked about: of an event, of a date with its year, of the asker's own time ("last week").

Who asks by a date has it from what was read or heard, and it may be a little wrong; when an event was is told by memories that name it,
which may be said of it long after. Measured on LoCoMo's development chats.
"""
_YEAR = re.compile(r"\b(?:1[89]|20)\d\d\b")
Prepare = Callable[[Work], Prepared]


def settled(work: Work, prepare: Prepare) -> Prepared:
    """What is prepared of a call once its words are settled against this View."""
    call = work.call
    if call.query is None and call.reading is None:
        return prepare(work)
    require_understood(call)
    timing = timed(work, call.query) if call.query is not None else Timing(MemoryQuery())
    narrowed = _narrowed(work, timing)
    if call.operation == "search" and timing.within is not None:
        prepared = _preferring(work, narrowed, timing, prepare)
    elif call.operation == "history" and not call.cubes:
        prepared = _history(narrowed, prepare)
    else:
        prepared = prepare(aimed(_said_whole(narrowed)))
    return _with_timing(prepared, call, timing)


def require_understood(call: MemoryCall) -> None:
    """InvalidCall, with what it was, where a call that changes memories was made of words that were not wholly understood."""
    if call.reading is None:
        return
    if call.reading.schedule is not None:
        raise InvalidCall(
            "this asks for something at other times, and nothing here keeps a timetable: `parse` gives the call and its rule, "
            "`reading.schedule`; run it then, with a trigger"
        )
    kinds = BLOCKING if call.operation == "add" else BLOCKING | WHEN
    blocking = [each for each in call.reading.unresolved if each.kind in kinds or (each.kind == "reference" and _points(call, each))]
    if blocking and call.operation in CHANGES:
        said = "; ".join(f"{each.text!r}: {each.reason}" for each in blocking)
        raise InvalidCall(f"nothing was done, for this was not clear: {said}", unresolved=[each.model_dump() for each in blocking])


def _points(call: MemoryCall, unresolved: Unresolved) -> bool:
    """Whether what is not resolved is more than a word within a text that is stored as it stands."""
    return call.operation != "add" or not any(unresolved.text in draft.text for draft in call.drafts)


def _narrowed(work: Work, timing: Timing) -> Work:
    """The work with the condition in place of the window."""
    if timing.within is None or work.call.query is None:
        return work
    query = timing.query
    wanted = timing.within if query.filter is None else query.filter & timing.within
    call = work.call.model_copy(update={"query": query.model_copy(update={"filter": wanted})})
    return replace(work, call=call, original=work.original or work.call)


def _history(work: Work, prepare: Prepare) -> Prepared:
    """The versions of the one memory that is meant, if there are several; else what is said of the matter, which is how it changed too."""
    query = work.call.query
    try:
        prepared = prepare(aimed(work))
    except (InvalidCall, NotFound):
        if work.call.reading is None:
            raise
        prepared = None
    if query is None or work.call.reading is None or (prepared is not None and len(prepared.reply.cubes) > 1):
        return prepared or prepare(aimed(work))
    open_query = query.model_copy(update={"limit": max(query.limit, MemoryQuery().limit), "text": work.call.reading.standalone})
    found = prepare_search(replace(work, call=work.call.model_copy(update={"query": open_query}), original=work.original or work.call))
    kept = () if prepared is None else prepared.reply.cubes
    return replace(found, reply=found.reply.model_copy(update={"cubes": (*kept, *found.reply.cubes)}))


def _said_whole(work: Work) -> Work:
    """The work with a new text that says what it is about: "change my address to 5 Rose Street" makes "Address: 5 Rose Street"."""
    call, text = work.call, work.call.options.get("text")
    if call.operation != "update" or call.reading is None or call.query is None or not isinstance(text, str):
        return work
    about, phrase = subject(call.query.text), call.query.text.strip()
    if call.options.get("mode", "overwrite") != "overwrite" or not about or not about.isdisjoint(subject(text)):
        return work
    options = call.options | {"text": f"{phrase[:1].upper()}{phrase[1:]}: {text}"}
    return replace(work, call=call.model_copy(update={"options": options}), original=work.original or call)


def _preferring(work: Work, narrowed: Work, timing: Timing, prepare: Prepare) -> Prepared:
    """A search that prefers the time asked about: what is of it gains, and what is not is marked.

    A search of nothing but a time gives nothing else, and so does one by groups.
    """
    query = timing.query
    if query.group is not None or timing.within is None or not _says_more(work.call):
        return prepare(narrowed)
    wide = query.model_copy(update={"limit": max(LOOKED, query.limit)})
    found = prepare(replace(work, call=work.call.model_copy(update={"query": wide}), original=work.original or work.call))
    fits, gain = timing.within.predicate(now=work.now), NAMED if work.call.anchors else DATED if _dated(work.call) else OWN
    direct = [_marked(hit, gain if fits(hit.cube) else None) for hit in found.reply.hits if hit.reached is None]
    hits = sorted(direct, key=lambda hit: -hit.score)[: query.limit]
    reached = [hit for hit in found.reply.hits if hit.reached is not None and hit.reached.id in {each.cube.id for each in hits}]
    return replace(found, reply=found.reply.model_copy(update={"hits": (*hits, *reached)}))


def _says_more(call: MemoryCall) -> bool:
    """Whether the question names anything beside a time."""
    return call.reading is None or bool(call.reading.topics or call.reading.entities or call.anchors)


def _dated(call: MemoryCall) -> bool:
    """Whether the time is that of a date with its year, and of nothing else."""
    times = call.reading.times if call.reading is not None else ()
    return bool(times) and not call.anchors and all(_YEAR.search(phrase.text) for phrase in times)


def _marked(hit: Hit, gain: float | None) -> Hit:
    """A hit with what it gains by being of the time asked about, None where it is not; `why` still sums to the score."""
    if gain is None:
        return hit.model_copy(update={"why": {**hit.why, BEYOND: 0.0}})
    return hit.model_copy(update={"score": hit.score + gain, "why": {**hit.why, WINDOW: gain}})


def _with_timing(prepared: Prepared, call: MemoryCall, timing: Timing) -> Prepared:
    """What was prepared, with what its times were taken from and what was not understood."""
    unclear = tuple(
        f"not understood, and left out: {each.text!r} ({each.reason})" for each in (call.reading.unresolved if call.reading else ())
    )
    details = {"anchors": list(timing.anchors)} if timing.anchors else {}
    if not unclear and not timing.warnings and not details:
        return prepared
    reply = prepared.reply
    warnings = (*reply.warnings, *timing.warnings, *unclear)
    told = (*prepared.told, *timing.told)
    return replace(prepared, reply=reply.model_copy(update={"warnings": warnings, "details": {**reply.details, **details}}), told=told)
