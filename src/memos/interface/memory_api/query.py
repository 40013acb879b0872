"""Query: `search`, `get`, `list` and `history`, which change nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache, lru_cache

from memos.errors import InvalidCall, NotFound
from memos.interface.memory_api.answering import answered
from memos.interface.memory_api.desk import Prepared, Work, fitting
from memos.interface.memory_api.following import Following, standing, understood
from memos.memcube.call import MemoryQuery, MemoryReply
from memos.memcube.cube import MemCube
from memos.memcube.derivation import TEXTS
from memos.memcube.filter import Filter
from memos.memcube.hit import Hit
from memos.memcube.provenance import Provenance
from memos.memcube.state import PRESENT, MemoryType, State

SEARCHED = ("at", "rank", "group", "expand", "standing", "explain")
"""Parts of a query that `list` has no answer to."""


def prepare_search(work: Work) -> Prepared:
    """The memories that answer a query best, each with its score and why."""
    query = work.call.query
    if query is None or not (query.text.strip() or query.vector is not None):
        raise InvalidCall("a search needs a text or a vector; to go through memories by filter alone use list")
    if query.at is not None:
        raise InvalidCall("a call reads the past by its own `at` and `moment`; a session's `query` finds them for a query that has an `at`")
    shown = condition(work, query)
    settled = query.model_copy(update={"filter": shown, "namespaces": scope(work, query), "vector": fitting(work, query.vector)})
    found = answered(work, settled)
    hits = (*found.hits, *reached(work, query, found.hits)) if query.expand else found.hits
    pending = found.pending and found.pending - wordless(work, shown, settled.namespaces or ())
    warnings = (f"{pending} memories have no vector yet and were ranked by their words; drain() waits for them",) if pending else ()
    kept = standing(work, settled, condition(work, MemoryQuery())) if query.standing else ()
    reply = MemoryReply.model_construct(
        call_id=work.call.id, hits=hits, cubes=kept, call=work.call, warnings=warnings, seq=work.view.seq,
        details=understood(work, settled, query) if query.explain else {},
    )  # fmt: skip
    return Prepared(reply, lanes={hit.cube.id: lanes_of(hit.why) for hit in hits}, told=found.told)


def wordless(work: Work, filter: Filter, namespaces: Iterable[str]) -> int:
    """How many of those searched are KV blocks and adapters, which have no vector and never will."""
    within = Filter.parse({"or": [{"namespace": {"under": prefix}} for prefix in namespaces]})
    return work.view.count(filter & ~TEXTS & within, grant=work.grant.filter, now=work.now) if work.view.derives() else 0


def lanes_of(why: Mapping[str, float]) -> str:
    """The lanes that spoke for a memory, as the access log names them."""
    return " ".join(sorted({lane for name, value in why.items() if value > 0 and (lane := _lane(name))}))


@cache
def _lane(feature: str) -> str:
    kinds = {
        "lex": "lexical",
        "dense": "dense",
        "date": "temporal",
        "when": "temporal",
        "supersedes": "graph",
        "late": "late",
        "concept": "path",
    }
    return kinds.get(feature.partition("_")[0], "")


def scope(work: Work, query: MemoryQuery) -> tuple[str, ...]:
    """The namespaces to search, with all below them, those left out that no policy opens to this caller.

    With layers what a search reads by default is looked through too, for what is in one of them.
    """
    if query.layers is None or query.namespaces is None:
        return work.warrant.scope(work.action, query.namespaces)
    return tuple(dict.fromkeys((*work.warrant.scope(work.action, query.namespaces), *work.warrant.scope(work.action))))


def reached(work: Work, query: MemoryQuery, hits: tuple[Hit, ...]) -> tuple[Hit, ...]:
    """What the query's relations lead to from its hits: whatever is in the states asked for."""
    return Following(work, query, condition(work, MemoryQuery(states=query.states))).reached(hits)


def condition(work: Work, query: MemoryQuery) -> Filter:
    """The query's own filter with its states, types, window, path and layers; of the past and of branches only what had not gone then."""
    parsed = _of_kind(query.states or PRESENT, query.types)
    clauses: list[dict[str, object]] = [{"tags": {"any": [f"{name}={step}"]}} for name, step in query.places.items()]
    if query.layers is not None:
        named = [{"namespace": {"under": path}} for path in query.namespaces or ()]
        clauses.append({"or": [{"layer": {"in": [str(layer) for layer in query.layers]}}, *named]})
    if query.window is not None:
        clauses += [{"said_at": {word: at}} for word, at in (("gte", query.window.start), ("lt", query.window.end)) if at is not None]
    if work.elsewhere:
        clauses += [{"state": {"ne": "expired"}}, {"or": [{"expires_at": {"exists": False}}, {"expires_at": {"gt": work.moment}}]}]
    if clauses:
        parsed &= Filter.parse({"and": clauses})
    return parsed & query.filter if query.filter is not None else parsed


@lru_cache(maxsize=64)
def _of_kind(states: tuple[State, ...], types: tuple[MemoryType, ...] | None) -> Filter:
    clauses: list[dict[str, object]] = [{"state": {"in": [str(state) for state in states]}}]
    if types is not None:
        clauses.append({"type": {"in": [str(kind) for kind in types]}})
    return Filter.parse({"and": clauses})


def prepare_get(work: Work) -> Prepared:
    """The memories named, in the order named; NotFound unless all may be seen."""
    return Prepared(MemoryReply(call_id=work.call.id, cubes=named(work), call=work.call, seq=work.view.seq))


def named(work: Work) -> tuple[MemCube, ...]:
    """The memories that the call names; NotFound when one is not there, or not to be seen, which are told apart by nothing."""
    ids = [ref.id for ref in work.call.cubes]
    if not ids:
        raise InvalidCall("name at least one memory by its id")
    found = work.view.get(ids, grant=work.grant.filter, now=work.now)
    for cube_id in ids:
        if cube_id not in found or (work.elsewhere and work.gone(found[cube_id])):
            raise NotFound(f"there is no memory {cube_id} here for you; list() shows those there are")
    return tuple(found[cube_id] for cube_id in ids)


def prepare_list(work: Work) -> Prepared:
    """One page of the memories that pass a filter."""
    query, options = work.call.query or MemoryQuery(), work.call.options
    for name in SEARCHED:
        if getattr(query, name) != MemoryQuery.model_fields[name].get_default(call_default_factory=True):
            raise InvalidCall(f"a list has no {name}; search has")
    wanted = scope(work, query)
    if not wanted:
        return Prepared(MemoryReply(call_id=work.call.id, call=work.call, seq=work.view.seq))
    within = Filter.parse({"or": [{"namespace": {"under": prefix}} for prefix in wanted]})
    page = work.view.find(
        condition(work, query) & within, grant=work.grant.filter, now=work.now, order=options.get("order", "created_at"),
        descending=bool(options.get("descending")), limit=query.limit, cursor=options.get("cursor"),
    )  # fmt: skip
    return Prepared(MemoryReply(call_id=work.call.id, cubes=page.cubes, next=page.cursor, call=work.call, seq=work.view.seq))


def prepare_history(work: Work) -> Prepared:
    """The versions of one memory, oldest first; changes of state are shown by the last row of their version."""
    if len(work.call.cubes) != 1:
        raise InvalidCall(f"name the one memory whose history you want, not {len(work.call.cubes)}")
    ref = work.call.cubes[0]
    rows = work.view.versions(ref.id, grant=work.grant.filter, now=work.now)
    if not rows:
        raise NotFound(f"there is no memory {ref.id} here for you; list() shows those there are")
    return Prepared(MemoryReply(call_id=work.call.id, cubes=real_versions(rows), call=work.call, seq=work.view.seq))


def real_versions(rows: Iterable[MemCube]) -> tuple[MemCube, ...]:
    """The versions that rows tell of, oldest first: each as it ended, with the provenance of what made it and all its labels."""
    first: dict[int, MemCube] = {}
    last: dict[int, MemCube] = {}
    labels: dict[int, dict[str, None]] = {}
    for row in rows:
        first.setdefault(row.version, row)
        last[row.version] = row
        labels.setdefault(row.version, {}).update(dict.fromkeys(row.labels))
    return tuple(
        last[number].model_copy(update={"labels": tuple(labels[number]), "provenance": _made(first[number], last[number])})
        for number in sorted(last)
    )


def _made(first: MemCube, last: MemCube) -> Provenance:
    return first.provenance.model_copy(update={"records": last.provenance.records})
