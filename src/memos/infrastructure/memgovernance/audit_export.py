"""Exports of the logs for other tools: OCSF API Activity, CloudEvents and CSV, one call a line, ids and pseudonyms only."""

from __future__ import annotations

import csv
import heapq
import json
from collections.abc import Callable, Iterator
from datetime import datetime
from io import StringIO
from typing import Any

from memos.memcube.fields import microseconds
from memos.memcube.log import OK
from memos.ports.trail import LoggedCall, Trail

PRODUCT = {"name": "MemOS", "vendor_name": "MemOS"}
OCSF_VERSION = "1.3.0"
ACTIVITIES = {1: "Create", 2: "Read", 3: "Update", 4: "Delete", 99: "Other"}
KINDS = {
    1: ("add", "compose", "extract", "convert", "branch", "snapshot", "issue", "delegate"),
    2: (
        "search",
        "get",
        "list",
        "history",
        "lineage",
        "log",
        "explain",
        "diff",
        "snapshots",
        "branches",
        "moment",
        "trace",
        "manifest",
        "recognise",
        "governed",
        "access",
        "who",
        "preview",
        "heat",
        "tags",
        "catalogue",
        "graph",
        "entities",
        "count",
        "summarise",
        "compare",
        "none",
        "context",
    ),
    3: (
        "update",
        "transfer",
        "label",
        "confirm",
        "freeze",
        "unfreeze",
        "archive",
        "restore",
        "merge",
        "transition",
        "govern",
        "retain",
        "review",
        "share",
        "acl",
        "index",
        "use",
        "consolidate",
        "examine",
        "classify",
        "train",
        "rename",
        "relate",
        "unrelate",
        "resolve",
    ),
    4: ("forget", "discard", "purge", "reclaim", "erase", "revoke"),
    99: ("authenticate",),
}
"""Operations by the OCSF activity that they are; any other is 99."""
ACTIVITY_OF = {operation: activity for activity, operations in KINDS.items() for operation in operations}
COLUMNS = (
    "log", "number", "at", "tenant", "call_id", "caller", "operation", "status", "seq", "memories", "withheld", "took_us", "seal",
)  # fmt: skip
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet would compute."""


def lines(trail: Trail, format: str, since: datetime | None = None, until: datetime | None = None) -> Iterator[str]:
    """The calls of both logs in a format of FORMATS, by time, one a line without its end; nothing is held but the row at hand."""
    store = trail.store_id()
    written = FORMATS[format]
    if format == "csv":
        yield ",".join(COLUMNS)
    for call in heapq.merge(*(trail.calls(log, since, until) for log in trail.logs), key=lambda call: call.at):
        yield written(call, store)


def ocsf(call: LoggedCall, store: str) -> dict[str, Any]:
    """A call as an event of the OCSF class API Activity (6003)."""
    activity = ACTIVITY_OF.get(call.operation, 99)
    succeeded = call.status == OK
    return {
        "activity_id": activity,
        "activity_name": ACTIVITIES[activity] if activity != 99 else call.operation,
        "category_uid": 6,
        "category_name": "Application Activity",
        "class_uid": 6003,
        "class_name": "API Activity",
        "type_uid": 600300 + activity,
        "type_name": f"API Activity: {ACTIVITIES[activity]}",
        "severity_id": 1,
        "severity": "Informational",
        "time": microseconds(call.at) // 1000,
        "duration": call.took_us // 1000,
        "status_id": 1 if succeeded else 2,
        "status": "Success" if succeeded else "Failure",
        "status_code": call.status,
        "actor": {"user": {"uid": call.caller, "org": {"uid": call.tenant}}},
        "api": {"operation": call.operation, "request": {"uid": call.call_id}, "service": {"name": "memos"}},
        "src_endpoint": {"svc_name": "memos", "uid": store},
        "resources": [{"type": "memory", "uid": cube, "version": str(version)} for cube, version in call.memories],
        "metadata": {
            "version": OCSF_VERSION,
            "product": PRODUCT,
            "uid": f"{store}/{call.log}/{call.number}",
            "sequence": call.number,
            "log_name": call.log,
            "tenant_uid": call.tenant,
        },
        "unmapped": {"seq": call.seq, "withheld": list(call.withheld), "seal": call.seal},
    }


def cloudevent(call: LoggedCall, store: str) -> dict[str, Any]:
    """A call as a CloudEvent 1.0 in structured mode; `source` and `id` together name the row."""
    return {
        "specversion": "1.0",
        "id": f"{call.log}/{call.number}",
        "source": f"urn:memos:store:{store}",
        "type": f"memos.{call.operation}",
        "subject": call.call_id,
        "time": _written(call.at),
        "datacontenttype": "application/json",
        "data": _data(call),
    }


def row(call: LoggedCall) -> str:
    """A call as a line of CSV (RFC 4180): memories are `id:version`, with spaces between them."""
    cells = _data(call) | {
        "memories": " ".join(f"{cube}:{version}" for cube, version in call.memories),
        "withheld": " ".join(call.withheld),
    }
    stream = StringIO()
    csv.writer(stream, lineterminator="").writerow([_harmless(cells[name]) for name in COLUMNS])
    return stream.getvalue()


def _data(call: LoggedCall) -> dict[str, Any]:
    return {name: getattr(call, name) for name in COLUMNS} | {"at": _written(call.at)}


def _harmless(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell


def _written(when: datetime) -> str:
    return when.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":"))


FORMATS: dict[str, Callable[[LoggedCall, str], str]] = {
    "ocsf": lambda call, store: _json(ocsf(call, store)),
    "cloudevents": lambda call, store: _json(cloudevent(call, store)),
    "csv": lambda call, _: row(call),
}
