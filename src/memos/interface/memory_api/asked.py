"""Asked: what was asked in words, settled before it is prepared: refused where not understood, its times found, its targets aimed at."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from memos.errors import InvalidCall, NotFound
from memos.interface.memory_api.aiming import aimed
from memos.interface.memory_api.desk import Prepared, Work
from memos.interface.memory_api.query import prepare_search
from memos.interface.memory_api.rewording import reworded
from memos.interface.memory_api.subject import covers, subject
from memos.interface.memory_api.timing import LOOKED, Timing, timed, zone_of
from memos.memcube.call import MemoryCall, MemoryQuery
from memos.memcube.filter import Filter
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
_ASKS = re.compile(r"\s*(?:what|which|who|whom|whose|where|when|why|how)\b", re.IGNORECASE)
SURE = 0.45
"""Of what is less sure to be kept nothing is stored."""
NOBODY = frozenset(
    """
    everyone everybody anyone anybody all world public people somebody someone friend family mum mom mother dad father sister brother wife
    husband partner son daughter kid child children grandma grandpa uncle aunt cousin boyfriend girlfriend boss colleague neighbour neighbor
    them him her me us
    """.split()  # noqa: SIM905 - words as one writes them
)
"""Whom no principal is named by: they are somebody's, or anybody."""
EVERY, MANY = 1000, 20
"""The limit of a list of all there are, and how many answer a question that is put so."""
SEEKING = frozenset({"search", "list", "count", "summarise", "compare"})
NOT_A_FACT = Filter.parse({"metadata.extraction": {"exists": False}})
Prepare = Callable[[Work], Prepared]


def settled(work: Work, prepare: Prepare) -> Prepared:
    """What is prepared of a call once its words are settled against this View."""
    call = work.call
    if call.query is None and call.reading is None:
        return prepare(work)
    require_understood(call)
    work = _without_facts(work)
    timing = timed(work, work.call.query) if work.call.query is not None else Timing(MemoryQuery())
    narrowed = _narrowed(work, timing)
    if call.operation == "search" and timing.within is not None:
        prepared = _preferring(work, narrowed, timing, prepare)
    elif call.operation == "compare" and call.reading is not None and "against" not in call.options:
        prepared = prepare_search(narrowed)  # one side was named, and what is found of it is the better answer than a refusal
    elif call.operation == "search" and call.intent == "list":
        prepared = _listed(narrowed, prepare)
    elif call.operation == "history" and not call.cubes:
        prepared = _history(narrowed, prepare)
    else:
        prepared = _acted(narrowed, prepare)
    return _with_timing(prepared, call, timing)


def require_understood(call: MemoryCall) -> None:
    """InvalidCall, with what it was, where a call that changes memories was made of words that were not wholly understood."""
    if call.reading is None:
        return
    kinds = BLOCKING if call.operation == "add" else BLOCKING | WHEN
    blocking = [each for each in call.reading.unresolved if each.kind in kinds or (each.kind == "reference" and _points(call, each))]
    _require_meant(call)
    if blocking and call.operation in CHANGES:
        said = "; ".join(f"{each.text!r}: {each.reason}" for each in blocking)
        raise InvalidCall(f"nothing was done, for this was not clear: {said}", unresolved=[each.model_dump() for each in blocking])


def _require_meant(call: MemoryCall) -> None:
    """InvalidCall for what is to be shown to people whom a name does not name, and for what may not have been said to be kept."""
    if call.reading is None:
        return
    if call.operation == "share":
        for principal in call.options.get("principals", ()):
            name = str(principal).partition(":")[2]
            if not NOBODY.isdisjoint({name.casefold(), name.casefold().removesuffix("s")}):
                raise InvalidCall(
                    f"it is not known who {name!r} is here: say the user's, the role's or the agent's name, "
                    "as `share(ids, 'user:NAME')` does"
                )
    if call.operation == "add" and call.reading.confidence < SURE and call.intent == "store":
        raise InvalidCall("it is not clear whether this is to be kept: say 'remember that …', or give it to `add`")


def _without_facts(work: Work) -> Work:
    """The work of a question in words without the facts that were extracted of memories: these say it themselves, where they are found."""
    call = work.call
    if call.reading is None or call.query is None or call.operation not in SEEKING:
        return work
    wanted = NOT_A_FACT if call.query.filter is None else call.query.filter & NOT_A_FACT
    return replace(
        work, call=call.model_copy(update={"query": call.query.model_copy(update={"filter": wanted})}), original=work.original or call
    )


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


def _listed(work: Work, prepare: Prepare) -> Prepared:
    """All that is about what is asked for, where a list is wanted and something says its words; else the best of what a search finds."""
    query = work.call.query
    found, wanted = prepare(work), subject(query.text if query is not None else "")
    if query is None or _ASKS.match(query.text):  # "which books has she read?" asks for what they say, not for all that have its words
        shown = found.reply.hits[: query.limit if query is not None and query.limit < EVERY else MANY]
        return replace(found, reply=found.reply.model_copy(update={"hits": shown}))
    hits = [hit for hit in found.reply.hits if hit.reached is None and covers(work, hit.cube, wanted)] if wanted else []
    shown = tuple(hits) or found.reply.hits[: MemoryQuery().limit]
    return replace(found, reply=found.reply.model_copy(update={"hits": shown}))


def _acted(work: Work, prepare: Prepare) -> Prepared:
    """What is prepared for the memories that are meant, whose ids the reply's details tell."""
    meant = aimed(work)
    ready, notes = _said_whole(meant)
    prepared = prepare(ready)
    if meant is work:
        return prepared
    reply = prepared.reply
    details = {**reply.details, "meant": [ref.id for ref in meant.call.cubes]}
    return replace(prepared, reply=reply.model_copy(update={"details": details, "warnings": (*reply.warnings, *notes)}))


def _history(work: Work, prepare: Prepare) -> Prepared:
    """The versions of the one memory that is meant, if there are several; else what is said of the matter, which is how it changed too."""
    query = work.call.query
    if query is not None and not subject(query.text) and work.call.reading is not None:
        return _acted(replace(work, call=work.call.model_copy(update={"operation": "search"})), prepare_search)
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


def _said_whole(work: Work) -> tuple[Work, tuple[str, ...]]:
    """The work with the text that a memory gets of a new value, in its place or added; and what is to be said of that."""
    call, value = work.call, work.call.options.get("text")
    asked = work.original or call
    if call.operation != "update" or call.reading is None or asked.query is None or not isinstance(value, str) or len(call.cubes) != 1:
        return work, ()
    if call.options.get("mode", "overwrite") != "overwrite" or not subject(asked.query.text):
        return work, ()
    found = work.view.get([call.cubes[0].id], grant=work.grant.filter, now=work.now)
    if not found:
        return work, ()
    cube, zone = next(iter(found.values())), zone_of(call.reading.zone)
    now, said_at = work.now.astimezone(zone), cube.said_at.astimezone(zone)
    made = reworded(cube.text, asked.query.text, value, said=call.reading.standalone, said_at=said_at, now=now)
    options = call.options | {"text": made.text, "mode": made.mode}
    return replace(work, call=call.model_copy(update={"options": options})), (made.note,) if made.note else ()


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
