"""Answers: `count`, `summarise` and `compare`: a number, a cited digest, two cited sides; and `none`, where no memory is involved.

What they say of texts is made of the memories as they are disclosed, after the last decision on each.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from memos.errors import InvalidCall
from memos.interface.memory_api.aiming import about
from memos.interface.memory_api.answering import answered
from memos.interface.memory_api.desk import Prepared, Work, fitting
from memos.interface.memory_api.query import condition, lanes_of, scope
from memos.interface.memory_api.subject import series, subject, terms_of
from memos.interface.memory_api.timing import timed
from memos.memcube.call import MemoryCall, MemoryQuery, MemoryReply, query_of
from memos.memcube.cube import MemCube
from memos.memcube.filter import Filter
from memos.memcube.hit import Group, Hit
from memos.memcube.legal import legal_question
from memos.operation.memoperator.digest import Cited, Source, digest, telling

COUNTED = 1000
"""So many memories are gone through for a count that asks for a subject; of more it says that there are more."""
READ, MOST, SHOWN = 40, 200, 100
"""So many memories at least are read for a digest, and so many at most; so many hits of a count are shown."""
PHRASES = 64
"""So many of the phrases that were read say what is to be counted."""
SENTENCES, OF_A_SIDE = 7, 4
LEAST, SILENT = 0.4, 0.75
"""What scores less than this share of the best is not what was asked for; the second where others say a word of the question."""
UNKEPT = "this was read as neither a question nor something to keep: say 'remember that …', or give it to `add`"
LEAST_WORDS = 2
_OWN = re.compile(r"\b(?:i|i'm|i've|my|we|our|me|us)\b", re.IGNORECASE)
_NAME = re.compile(r"(?<=[a-z,] )[A-Z][a-z]")
SPEAKS = "this was read as a question that needs no memory, but these memories speak of it"
SPOKEN, LOOKED_AT = 0.5, 10
"""The share of a question's words that one of the first memories found has, for it to be answered though it seemed to ask nothing."""
SIDES = ("one", "other")


def prepare_count(work: Work) -> Prepared:
    """How many memories are about what is asked and pass its conditions: `value`, a number.

    `hits` are what a search finds; `details["counted"]` has the ids of all that were counted one by one.
    """
    query = _query(work)
    named = _subject_of(work.call, query)
    if not subject(named):
        settled = condition(work, query) & _places(work, query)
        number = work.view.count(settled, grant=work.grant.filter, now=work.now) if scope(work, query) else 0
        return _counted(work, number, about(work, query.model_copy(update={"text": ""}), min(query.limit, SHOWN)), (), ())
    found = about(work, query.model_copy(update={"text": named}), COUNTED)
    more = (f"{COUNTED} memories were gone through and there are more: this is the least that it can be",) if len(found) == COUNTED else ()
    return _counted(work, len(found), found, _found(work, query, min(query.limit, SHOWN)), more)


def _counted(work: Work, number: int, cubes: Sequence[MemCube], found: Sequence[Hit], warnings: tuple[str, ...]) -> Prepared:
    ids, known = [cube.id for cube in cubes], {hit.cube.id for hit in found}
    others = [Hit(cube=cube, score=0.0, why={}) for cube in cubes if cube.id not in known]
    hits = (*found, *others)[: min(_query(work).limit, SHOWN)]
    details = {"counted": ids} if found or warnings else {}
    reply = MemoryReply(call_id=work.call.id, value=number, hits=hits, call=work.call, warnings=warnings, details=details)
    return Prepared(reply, lanes={hit.cube.id: lanes_of(hit.why) for hit in hits}, told=tuple(cubes))


def prepare_summarise(work: Work) -> Prepared:
    """The memories of which a digest is made: `value` has its text and its sentences, each with its memory and span; `hits` are cited."""
    query = _query(work)
    return _read(work, _relevant(work, query, min(query.limit, MOST)))


def prepare_compare(work: Work) -> Prepared:
    """Two questions side by side: the call's query, and the one in its options as `against`; hits say by their group of which they are."""
    query, against = _query(work), work.call.options.get("against")
    if against is None:
        raise InvalidCall("a comparison has two sides: the query, and another in the option `against`")
    other = query_of(against)
    plain = replace(work, call=work.call.model_copy(update={"anchors": ()}))
    timing = timed(plain, other)
    if timing.within is not None:
        wanted = timing.within if other.filter is None else other.filter & timing.within
        other = timing.query.model_copy(update={"filter": wanted})
    sides = zip(SIDES, (query, other), strict=True)
    hits = [_of_side(hit, side) for side, each in sides for hit in _relevant(work, each, min(each.limit, MOST))]
    return _read(work, hits)


def prepare_none(work: Work) -> Prepared:
    """Nothing: what was said asks nothing of the memory. A question is looked for all the same, and answered where memories speak of it.

    So it is where the best of what is found has most of the question's words.
    """
    call, said = work.call, work.call.reading.said if work.call.reading is not None else ""
    tells = not said.rstrip().endswith("?") and len(said.split()) > 3 and _OWN.search(said) is not None
    warnings = (UNKEPT,) if tells else ()
    nothing = Prepared(MemoryReply(call_id=call.id, call=call, seq=work.view.seq, warnings=warnings))
    if call.query is None or not (wanted := subject(call.query.text)) or (len(wanted) < LEAST_WORDS and not _NAME.search(said)):
        return nothing
    hits = _found(work, call.query, call.query.limit)
    speaking = max((len(wanted & terms_of(work, hit.cube)) for hit in hits[:LOOKED_AT]), default=0)
    least = 1 if _OWN.search(said) or len(wanted) < LEAST_WORDS else LEAST_WORDS
    if speaking < max(least, math.ceil(SPOKEN * len(wanted))):
        return nothing
    reply = nothing.reply.model_copy(update={"hits": hits, "warnings": (SPEAKS,)})
    return replace(nothing, reply=reply, lanes={hit.cube.id: lanes_of(hit.why) for hit in hits})


def _query(work: Work) -> MemoryQuery:
    query = work.call.query
    if query is None or query.at is not None:
        raise InvalidCall(f"{work.call.operation} needs a query, and reads the past by the session's `at`")
    if query.group is not None or query.expand or query.standing:
        raise InvalidCall(f"{work.call.operation} has no group, expand or standing; search has")
    return query


def _subject_of(call: MemoryCall, query: MemoryQuery) -> str:
    """What is to be counted: the phrases that the reader found, else the text itself."""
    read = call.reading
    phrases = (*read.topics, *read.entities)[:PHRASES] if read is not None else ()
    return legal_question(" ".join(phrases)) if phrases else query.text


def _places(work: Work, query: MemoryQuery) -> Filter:
    return Filter.parse({"or": [{"namespace": {"under": prefix}} for prefix in scope(work, query)]})


def _relevant(work: Work, query: MemoryQuery, limit: int) -> list[Hit]:
    """What answers a question well enough to be read; all that passes its conditions, the newest, where it asks for no subject."""
    if not subject(query.text):
        newest = series(query.text)
        most = newest[0] if newest is not None else max(limit, READ)
        return [Hit(cube=cube, score=0.0, why={}) for cube in about(work, query.model_copy(update={"text": ""}), most)]
    hits = _found(work, query, max(limit, READ))
    best, wanted_terms = hits[0].score if hits else 0.0, subject(query.text)
    said = {hit.cube.id for hit in hits if not wanted_terms.isdisjoint(terms_of(work, hit.cube))}
    return [hit for hit in hits if hit.score >= (LEAST if hit.cube.id in said or not said else SILENT) * best]


def _found(work: Work, query: MemoryQuery, limit: int) -> tuple[Hit, ...]:
    wanted = {"filter": condition(work, query), "namespaces": scope(work, query), "vector": fitting(work, query.vector)}
    return answered(work, query.model_copy(update={**wanted, "limit": limit, "window": None})).hits


def _of_side(hit: Hit, side: str) -> Hit:
    return hit.model_copy(update={"group": Group(by="side", key=side)})


def _read(work: Work, hits: Sequence[Hit]) -> Prepared:
    reply = MemoryReply.model_construct(call_id=work.call.id, hits=tuple(hits), call=work.call, seq=work.view.seq)
    return Prepared(reply, lanes={hit.cube.id: lanes_of(hit.why) for hit in hits})


def told(call: MemoryCall, reply: MemoryReply, *, whole: bool = False) -> MemoryReply:
    """The reply with its value, made of the memories that it discloses; the hits that are not cited are left out.

    With `whole` those of a digest stay, for a model that is to read them.
    """
    if call.operation == "summarise":
        found = digest(_sources(reply.hits), call.query.text if call.query else "", SENTENCES)
        value = {"text": _joined(found), "sentences": [_sentence(each) for each in found]}
        return reply.model_copy(update={"value": value}) if whole else _citing(reply, value, found)
    if call.operation == "compare":
        return _compared(call, reply)
    return reply


def _compared(call: MemoryCall, reply: MemoryReply) -> MemoryReply:
    sides = [[hit for hit in reply.hits if hit.group is not None and hit.group.key == side] for side in SIDES]
    against: Any = call.options.get("against")
    if against is None:
        return reply
    asked = (call.query.text if call.query else "", query_of(against).text)
    cited = [digest(_sources(side), text, OF_A_SIDE) for side, text in zip(sides, asked, strict=True)]
    value = [
        {
            "text": text,
            "sentences": [_sentence(each) for each in found],
            "only": telling(_sources(sides[place]), _sources(sides[1 - place])),
        }
        for place, (text, found) in enumerate(zip(asked, cited, strict=True))
    ]
    both = {hit.cube.id for hit in sides[0]} & {hit.cube.id for hit in sides[1]}
    return _citing(reply, {"sides": value, "in_both": sorted(both)}, [each for found in cited for each in found])


def _citing(reply: MemoryReply, value: dict[str, Any], cited: Sequence[Cited]) -> MemoryReply:
    ids = {each.id for each in cited}
    hits = sorted((hit for hit in reply.hits if hit.cube.id in ids), key=_side_of)
    return reply.model_copy(update={"value": value, "hits": tuple(hits)})


def _side_of(hit: Hit) -> str:
    return hit.group.key or "" if hit.group is not None else ""


def _sources(hits: Sequence[Hit]) -> list[Source]:
    """The texts in the order in which they were said, each with how well it answers."""
    best = max((hit.score for hit in hits), default=0.0)
    in_time = sorted(hits, key=lambda hit: (hit.cube.said_at, hit.cube.ordinal or 0, hit.cube.id))
    return [Source(hit.cube.id, hit.cube.text, hit.score / best if best > 0 else 1.0) for hit in in_time]


def _sentence(cited: Cited) -> dict[str, Any]:
    return {"text": cited.text, "id": cited.id, "start": cited.start, "end": cited.end}


def _joined(cited: Sequence[Cited]) -> str:
    return " ".join(each.text for each in cited)
