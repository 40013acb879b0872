"""LogQuery API: `log`, which answers questions to the logs of calls, and `explain`, which tells what one call was given and did."""

from __future__ import annotations

import json
from hashlib import blake2b
from itertools import islice
from typing import Any

from memos.errors import InvalidCall, NotFound
from memos.interface.memory_api.desk import Prepared, Work, read_options
from memos.interface.memory_api.log_aggregates import AGGREGATES
from memos.interface.memory_api.log_rows import ACCESS, SOURCES, Ends, Entry, Reading, Row, Spot
from memos.memcube.call import MemoryReply
from memos.memcube.fields import instant, microseconds
from memos.memcube.filter import Filter
from memos.memcube.log import CallId, LogQuery
from memos.memcube.value import Value

ANYBODY = Filter.everything()
NAMESAKES = 100
"""How many rows under one call id are looked at: a caller may give an id again, as one does who sends a call twice."""
SHOWING = {"cursor", "limit"}
"""What may change from page to page."""


class Named(Value):
    """The options of `explain`."""

    call: CallId


def prepare_log(work: Work) -> Prepared:
    """One page of the rows that were asked for, or what an aggregate makes of them all."""
    _require_present(work)
    query = read_options(LogQuery, work)
    reading = Reading(work, _with_forms(work, query))
    if query.aggregate is not None:
        counted = AGGREGATES[query.aggregate](reading.entries(reading.ends()), query, lambda entry: told(reading, entry))
        return _answered(work, counted)
    ends, after = _turned(work, query) if query.cursor is not None else (reading.ends(), None)
    found = list(islice(reading.entries(ends, after), query.limit + 1))
    shown = found[: query.limit]
    return _answered(
        work, tuple(told(reading, entry) for entry in shown), _marked(work, query, ends, shown[-1]) if found[len(shown) :] else None
    )


def prepare_explain(work: Work) -> Prepared:
    """One call: its row, its memories in the order of the reply, and for auditors what was kept back."""
    _require_present(work)
    call = read_options(Named, work).call
    reading = Reading(work, LogQuery(calls=(call,)))
    found = list(islice(reading.entries(reading.ends()), NAMESAKES))
    if not found:
        raise NotFound(f"there is no call {call} here for you; log() shows those there are")
    entry = min(found, key=lambda each: (each.row["caller"] != reading.mine, each.spot.source))
    value = told(reading, entry) | {"memories": _explained(reading, entry)}
    if entry.row["operation"] in {"convert", "train"}:
        value["decisions"] = _decided(reading, entry)
    if reading.auditor:
        value["withheld"] = tuple(entry.row.get("withheld", ()))
    return _answered(work, value)


def told(reading: Reading, entry: Entry) -> dict[str, Any]:
    """A row as the caller is told of it: ids and numbers, never a text. How long another's call took is told to auditors alone."""
    row = entry.row
    return {
        "at": row["at"],
        "call_id": row["call_id"],
        "operation": row["operation"],
        "status": row.get("status", "ok"),
        "caller": name_of(reading, row["caller"]),
        "source": SOURCES[entry.spot.source],
        "seq": row["seq"],
        "memories": entry.memories,
        "took_us": row["took"] if entry.own else None,
        "branch": branch_of(reading, row, source=entry.spot.source),
    }


def name_of(reading: Reading, pseudonym: str) -> str | None:
    """Who a caller is for the one who asks: himself and the system by name, others by pseudonym, and that for auditors alone."""
    known = {reading.system: "system", reading.mine: reading.work.caller.user}
    return known.get(pseudonym, pseudonym if reading.auditor else None)


def branch_of(reading: Reading, row: Row, *, source: int) -> str | None:
    """The branch that a call was made on, "" for none; None for one of another's, whose name may be anything, and for an unknown one."""
    if not row["branch"]:
        return ""
    if row["caller"] != reading.mine:
        return None
    if source == ACCESS:
        return reading.branches.get(row["branch"])
    return str(row["branch"]).removeprefix(reading.prefix)


def _explained(reading: Reading, entry: Entry) -> tuple[dict[str, Any], ...]:
    seen = reading.seen([memory[0] for memory in entry.memories])
    if entry.spot.source == ACCESS:
        memories = [(cube_id, version, form, tuple(lanes.split())) for cube_id, version, lanes, form in entry.memories]
    else:
        stood = reading.work.view.stood(entry.memories)
        memories = [(each[0], each[1], next((kind for _, kind in sorted(stood.get(each, ()))), None), ()) for each in entry.memories]
    names = ("id", "version", "form", "lanes")
    return tuple(dict(zip(names, memory, strict=True)) | {"visible": memory[0] in seen} for memory in memories)


def _with_forms(work: Work, query: LogQuery) -> LogQuery:
    """A question about some memories, also about the KV blocks and adapters that were made of them: so a memory's log has its moves."""
    if not query.cubes or not work.view.derives():
        return query
    asked = set(query.cubes)
    made = (cube_id for cube_id, sources in work.view.derived(gone=True).items() if not sources.isdisjoint(asked))
    return query.model_copy(update={"cubes": tuple(dict.fromkeys((*query.cubes, *sorted(made))))})


def _decided(reading: Reading, entry: Entry) -> list[Any]:
    """The decisions by which a call converted memories, with their numbers: of each derived memory what this commit added."""
    found: list[Any] = []
    work = reading.work
    made = work.view.derived([each[0] for each in entry.memories], gone=True)
    for cube_id in reading.seen(sorted(made)):
        before: list[Any] = []
        for row in work.view.versions(cube_id, grant=ANYBODY, now=work.now):
            after = list(row.metadata.get("decisions", ()))
            if row.seq == entry.row["seq"]:
                found += after[len(before) :] if after[: len(before)] == before else after
            before = after
    return found


def _require_present(work: Work) -> None:
    if work.call.at is not None:
        raise InvalidCall("the logs are read as they are now, not from the past; `until` leaves out what came later")


def _answered(work: Work, value: Any, following: str | None = None) -> Prepared:
    return Prepared(MemoryReply(call_id=work.call.id, value=value, next=following, call=work.call, seq=work.view.seq))


def _asked_by(work: Work, query: LogQuery) -> str:
    """Who asks for what, for its cursors; that of another question, or of another caller, is none of this one."""
    caller, wanted = work.caller, query.model_dump_json(exclude=SHOWING)
    return blake2b(json.dumps([caller.tenant, caller.kind, caller.user, wanted]).encode(), digest_size=8).hexdigest()


def _marked(work: Work, query: LogQuery, ends: Ends, last: Entry) -> str:
    """The cursor of a page that ends here. The numbers in it count what others do: it is sealed, and equally long for all of them."""
    numbers = *ends, microseconds(last.spot.at), last.spot.source, last.spot.number
    return work.view.seal(" ".join([_asked_by(work, query), *(f"{number:020d}" for number in numbers)]))


def _turned(work: Work, query: LogQuery) -> tuple[Ends, Spot]:
    text = work.view.unseal(query.cursor or "")
    if text is None or not text.startswith(f"{_asked_by(work, query)} "):
        raise InvalidCall("this is no cursor of these rows; give back the `next` of the page before, with the same filters, or none")
    commit, access, at, source, number = map(int, text.split()[1:])
    return Ends(commit, access), Spot(instant(at), source, number)
