"""Aiming: which memories a call means that names them in words: "my old plan", "everything about the trip".

One is taken when it is clear which; where several may be meant, or none fits, the call is refused and says so: nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from memos.errors import InvalidCall, NotFound
from memos.interface.memory_api.answering import answered
from memos.interface.memory_api.desk import AIMED, Work, fitting
from memos.interface.memory_api.doubting import require_undoubted
from memos.interface.memory_api.query import condition, scope
from memos.interface.memory_api.subject import covers, modifiers, names, series, subject
from memos.memcube.call import CubeRef, MemoryCall, MemoryQuery
from memos.memcube.cube import MemCube
from memos.memcube.derivation import is_fact
from memos.memcube.filter import Filter
from memos.memcube.state import PRESENT, State
from memos.operation.memoperator.analysis import words

OF_ONE = frozenset({"update", "restore", "confirm", "transfer", "history"})
"""Those that take one memory at a time."""
MOST, LOOKED, SHOWN = 100, 200, 10
"""So many memories are meant by a phrase at most, so many of the best are looked at, so many are named when it is not clear."""
STATES: dict[str, tuple[State, ...]] = {
    "archive": PRESENT,
    "restore": (State.ARCHIVED, State.EXPIRED),
    "forget": (*PRESENT, State.ARCHIVED),
    "history": (*PRESENT, State.ARCHIVED),
    "unfreeze": (*PRESENT, State.ARCHIVED),
}
_TAGGED = re.compile(r"\b(?:tagged|with\s+the\s+tag)(?:\s+(?:with|as))?\s+['\"“]?(?P<tag>[\w=-]+)['\"”]?", re.IGNORECASE)
OLD = frozenset({"old", "older", "previous", "former", "earlier", "outdated", "obsolete"})
FIRST = frozenset({"oldest", "first", "original"})
NEW = frozenset({"new", "newer", "newest", "latest", "last", "recent", "current", "present"})
TO_COME = frozenset({"next"})
ORDER = OLD | FIRST | NEW
CONDITIONS = ("filter", "window", "path", "types", "namespaces", "layers")
"""Parts of a query that say which memories are meant beside its text."""


def aimed(work: Work) -> Work:
    """The work with the ids of the memories that its call names in words; InvalidCall and NotFound where it is not clear which.

    `query.limit` says whether one is meant or all that fit.
    """
    call = work.call
    if call.operation not in AIMED or call.cubes or call.query is None or (call.operation == "restore" and "moment" in call.options):
        return work
    key = work.idempotency(())
    done = work.view.replay(key, work.caller) if key is not None else None
    if done is not None:
        ids: Sequence[str] = done[1]
    else:
        ids = [cube.id for cube in _meant(work, call.query, one=call.query.limit == 1 or call.operation in OF_ONE)]
    named = call.model_copy(update={"cubes": tuple(CubeRef(id=each) for each in ids)})
    return replace(work, call=named, original=work.original or call)


def about(work: Work, query: MemoryQuery, most: int) -> list[MemCube]:
    """The memories that a query's text is about, the best first; those that pass its conditions, the newest first, where it names nothing.

    Only such as may leave: what one is not to see must not make a phrase unclear.
    """
    wanted = subject(query.text)
    settled = query.model_copy(
        update={
            "filter": condition(work, query),
            "namespaces": scope(work, query),
            "vector": fitting(work, query.vector),
            "limit": most,
            "window": None,
        }
    )
    if wanted:
        cubes = [hit.cube for hit in answered(work, settled).hits]
    elif settled.namespaces:
        within = Filter.parse({"or": [{"namespace": {"under": prefix}} for prefix in settled.namespaces]})
        whole = within & settled.filter if settled.filter is not None else within
        cubes = list(work.view.find(whole, grant=work.grant.filter, now=work.now, order="said_at", descending=True, limit=most).cubes)
    else:
        cubes = []
    allowed = work.desk.governance.permitted(work.warrant, work.grant, work.call, cubes, now=work.now, heads=work.heads)
    kept = [cube for cube, may in zip(cubes, allowed, strict=True) if may and not is_fact(cube)]
    return [cube for cube in kept if not wanted or covers(work, cube, wanted)]


def _meant(work: Work, query: MemoryQuery, *, one: bool) -> Sequence[MemCube]:
    operation, phrase = work.call.operation, query.text.strip()
    if (tagged := _TAGGED.search(phrase)) is not None:
        named = Filter.parse({"tags": {"any": [tagged["tag"]]}})
        phrase = f"{phrase[: tagged.start()]} {phrase[tagged.end() :]}".strip()
        query = query.model_copy(update={"text": phrase, "filter": named if query.filter is None else query.filter & named})
    _require_clear(work.call, query, phrase, one=one)
    plain = query.model_copy(update={"states": query.states or STATES.get(operation, PRESENT), "group": None, "expand": (), "standing": 0})
    found = _forgotten(work, plain) if operation == "restore" else about(work, plain, LOOKED)
    said = f"{phrase[:80]!r}" if phrase else "these conditions"
    if not found:
        raise NotFound(f"no memory here for you is about {said}; say it in words that stand in it, or name it by its id")
    if (asked := series(phrase)) is not None and operation not in OF_ONE:
        return _at_the_end(found, asked)
    if not one:
        if len(found) > MOST:
            raise InvalidCall(f"more than {MOST} memories are about {said}; narrow it, or go through them by list and id")
        if chosen := _ordered(operation, found, phrase):
            return chosen
        raise InvalidCall(f"it is not clear which of several are meant by {said}, and nothing was changed; name them by their ids")
    left = _one(found, phrase)
    if len(left) == 1:
        return left
    ids = [cube.id for cube in left[:SHOWN]]
    raise InvalidCall(
        f"{len(left)} memories may be meant by {said}, and nothing was changed; name one by its id, or say which", candidates=ids
    )


def _at_the_end(found: Sequence[MemCube], asked: tuple[int, bool]) -> Sequence[MemCube]:
    number, first = asked
    if len(found) < number:
        raise InvalidCall(f"there are {len(found)} such memories, not {number}; nothing was changed")
    return sorted(found, key=lambda cube: (cube.said_at, cube.id), reverse=not first)[:number]


def _require_clear(call: MemoryCall, query: MemoryQuery, phrase: str, *, one: bool) -> None:
    """InvalidCall where a phrase names nothing, would take all that there is, or says what is not meant: its words would mean that."""
    operation, conditioned = call.operation, any(getattr(query, name) is not None for name in CONDITIONS)
    if not names(phrase) and not conditioned:
        raise InvalidCall(f"name the memories to {operation}: by id, or by a query that says what they are about")
    if operation == "history":
        return
    counted = series(phrase) is not None
    if one and not subject(phrase) and not conditioned and not counted and modifiers(phrase).isdisjoint(FIRST | NEW - TO_COME):
        raise InvalidCall(f"name the memories to {operation}: {phrase[:80]!r} names none in particular; say what it is about, or its id")
    if not one and not subject(phrase) and not conditioned and not counted:
        raise InvalidCall(
            f"{phrase[:80]!r} names nothing in particular, and all memories would be meant; say what they are about, or from when they are"
        )
    require_undoubted(call, phrase, one=one)


def _ordered(operation: str, found: Sequence[MemCube], phrase: str) -> Sequence[MemCube]:
    """Of several those that "old" or "last" chooses: they say so themselves; none where no other is left out."""
    chosen = modifiers(phrase) & ORDER
    if not chosen or len(found) == 1 or operation == "history":
        return found
    return [cube for cube in found if not chosen.isdisjoint(words(cube.text))]


def _one(found: Sequence[MemCube], phrase: str) -> Sequence[MemCube]:
    """The one of several that the phrase chooses, or all that it leaves."""
    if len(found) == 1:
        return found
    chosen, in_time = modifiers(phrase), sorted(found, key=lambda cube: (cube.said_at, cube.id))
    if chosen & FIRST and chosen & NEW:
        return found
    if chosen & FIRST:
        return in_time[:1]
    if chosen & (NEW - TO_COME):
        return in_time[-1:]
    if chosen & OLD:
        literal = [cube for cube in found if not chosen.isdisjoint(words(cube.text))]
        if len(literal) == 1:
            return literal
        return in_time[:1] if len(found) == 2 else found
    said = " ".join(phrase.casefold().split())
    literal = [cube for cube in found if said in " ".join(cube.text.casefold().split())]
    return literal if len(literal) == 1 else found


def _forgotten(work: Work, query: MemoryQuery) -> list[MemCube]:
    """What is archived or forgotten and about the phrase, the last first; read by the right `history`."""
    wanted, places = subject(query.text), scope(work, query)
    if not places:
        return []
    within = Filter.parse({"or": [{"namespace": {"under": prefix}} for prefix in places]})
    page = work.view.find(
        condition(work, query) & within, grant=work.grant.filter, now=work.now, order="updated_at", descending=True, limit=1000
    )
    allowed = work.desk.governance.permitted(work.warrant, work.grant, work.call, page.cubes, now=work.now, heads=work.heads)
    return [cube for cube, may in zip(page.cubes, allowed, strict=True) if may and covers(work, cube, wanted)]
