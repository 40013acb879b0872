"""Aggregates over the rows of the logs: hot memories, slow calls, denials, calls by the hour."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from memos.interface.memory_api.log_rows import ACCESS, Entry
from memos.memcube.log import OK, Aggregate, LogQuery

Told = dict[str, Any]
Tell = Callable[[Entry], Told]
Counted = tuple[Told, ...]
REFUSED = frozenset({"denied", "not_found"})
"""How a call ends that asked for what its caller may not do or see; what is not there ends alike."""


def hot(entries: Iterator[Entry], query: LogQuery, _tell: Tell) -> Counted:
    """The memories that were disclosed most often, by reads of the canonical memory: id, count, last_at."""
    counts: Counter[str] = Counter()
    last: dict[str, datetime] = {}
    for entry in entries:
        if entry.spot.source == ACCESS and not entry.row["branch"]:
            for memory in entry.matched:
                counts[memory[0]] += 1
                last[memory[0]] = max(last.get(memory[0], entry.spot.at), entry.spot.at)
    first = heapq.nlargest(query.limit, counts, key=lambda cube_id: (counts[cube_id], last[cube_id], cube_id))
    return tuple({"id": cube_id, "count": counts[cube_id], "last_at": last[cube_id]} for cube_id in first)


def slow(entries: Iterator[Entry], query: LogQuery, tell: Tell) -> Counted:
    """The rows of the calls that took longest."""
    timed = (entry for entry in entries if entry.own)
    return tuple(map(tell, heapq.nlargest(query.limit, timed, key=lambda entry: (entry.row["took"], entry.spot))))


def denials(entries: Iterator[Entry], query: LogQuery, tell: Tell) -> Counted:
    """The calls that were denied or found nothing, counted: caller, operation, status, count, last_at; the most frequent first."""
    groups: dict[tuple[Any, ...], Told] = {}
    for entry in entries:
        if entry.row.get("status", OK) in REFUSED:
            row = tell(entry)
            named = {name: row[name] for name in ("caller", "operation", "status")}
            group = groups.setdefault(tuple(named.values()), named | {"count": 0, "last_at": row["at"]})
            group["count"] += 1
            group["last_at"] = max(group["last_at"], row["at"])
    return tuple(heapq.nlargest(query.limit, groups.values(), key=lambda group: (group["count"], group["last_at"])))


def by_hour(entries: Iterator[Entry], query: LogQuery, _tell: Tell) -> Counted:
    """For each hour in which there were calls: hour (its beginning, UTC), calls, failed; in the order of the query."""
    hours: dict[datetime, Told] = {}
    for entry in entries:
        hour = entry.spot.at.replace(minute=0, second=0, microsecond=0)
        if hour not in hours:
            if len(hours) == query.limit:
                break
            hours[hour] = {"hour": hour, "calls": 0, "failed": 0}
        hours[hour]["calls"] += 1
        hours[hour]["failed"] += entry.row.get("status", OK) != OK
    return tuple(hours.values())


AGGREGATES: dict[Aggregate, Callable[[Iterator[Entry], LogQuery, Tell], Counted]] = {
    "hot": hot,
    "slow": slow,
    "denials": denials,
    "by_hour": by_hour,
}
