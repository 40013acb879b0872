"""The plain model's logs: every question as a loop over all rows, for the log of commits and for the journal of reads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from memos.memcube.call import Caller
from memos.memcube.change import ChangeSet
from memos.memcube.filter import Filter
from memos.memcube.log import EVERY_ROW, LogFilter, Place
from memos.ports.journal import AccessRow

if TYPE_CHECKING:
    from memos.memcube.cube import MemCube
    from memos.testing.model import State

Told = dict[str, Any]


def name_of(caller: Caller) -> str:
    """The model's pseudonym: it keeps no secret."""
    return f"{caller.tenant}/{caller.kind}/{caller.user}"


def mark_of(caller: Caller, name: str) -> str:
    """The model's mark of a branch."""
    return f"{name_of(caller)}/{name}" if name else ""


def logged(change: ChangeSet, seq: int, counts: dict[str, int], gone: tuple[tuple[str, int], ...]) -> Told:
    """The row that a commit leaves."""
    counts = counts | {
        "acls": len(change.acls),
        "edges": len(change.edges) + len(change.unties),
        "fills": len(change.fills),
        "snapshots": len(change.names),
    }
    counts["usage"] = sum(fold.tenant in {None, change.tenant} for fold in change.usage)
    counts |= {"rules": len(change.rules), "closed": int(change.closes is not None)}
    return {
        "seq": seq,
        "at": change.at,
        "tenant": change.tenant,
        "branch": change.branch,
        "operation": change.operation,
        "call_id": change.call_id,
        "caller": name_of(change.caller),
        "writes": (*((write.cube.id, write.cube.version) for write in change.writes), *gone),
        "counts": {name: count for name, count in counts.items() if count},
        "took": change.took,
    }


def passes(row: Told, memories: Sequence[Sequence[Any]], number: int, wanted: LogFilter) -> bool:
    """Whether a row is what was asked for."""
    choices = ((wanted.callers, "caller"), (wanted.operations, "operation"), (wanted.calls, "call_id"))
    return (
        all(choice is None or row[name] in choice for choice, name in choices)
        and (wanted.statuses is None or row.get("status", "ok") in wanted.statuses)
        and (wanted.since is None or row["at"] >= wanted.since)
        and (wanted.until is None or row["at"] < wanted.until)
        and (wanted.cubes is None or any(memory[0] in wanted.cubes for memory in memories))
        and (wanted.whole is None or row["caller"] == wanted.whole or bool(memories))
        and number <= wanted.upto
    )


def page(rows: Iterable[tuple[Place, Told]], *, descending: bool, after: Place | None, limit: int) -> tuple[Told, ...]:
    """One page of the rows, each given with its place."""
    ordered = sorted(rows, key=lambda each: each[0], reverse=descending)
    return tuple(row for place, row in ordered if after is None or (place < after if descending else place > after))[:limit]


class ModelLogs:
    """The reads of `memos.ports.adapter.View` that are about calls; ModelView is one."""

    state: State
    tenant: str
    seq: int

    def get(self, ids: Sequence[str], *, grant: Filter, now: datetime) -> dict[str, MemCube]:
        """See the port."""
        raise NotImplementedError

    def log(
        self, wanted: LogFilter = EVERY_ROW, *, descending: bool = False, after: Place | None = None, limit: int = 100
    ) -> tuple[Told, ...]:
        """See the port."""
        mine = [row for row in self.state.log[: self.seq] if row["tenant"] == self.tenant]
        found = [(Place(row["at"], row["seq"]), row) for row in mine if passes(row, row["writes"], row["seq"], wanted)]
        return page(found, descending=descending, after=after, limit=limit)

    def pseudonym(self, caller: Caller) -> str:
        """See the port."""
        return name_of(caller)

    def branch_mark(self, caller: Caller, name: str) -> str:
        """See the port."""
        return mark_of(caller, name)

    def branch_names(self, prefix: str) -> tuple[str, ...]:
        """See the port."""
        names = {name for (tenant, _), name in self.state.called.items() if tenant == self.tenant}
        return tuple(sorted(name for name in names if name.startswith(prefix)))

    def stood(self, versions: Sequence[tuple[str, int]]) -> dict[tuple[str, int], frozenset[tuple[str, str]]]:
        """See the port."""
        found: dict[tuple[str, int], frozenset[tuple[str, str]]] = {}
        for row in self.state.rows:
            key = row.cube.id, row.cube.version
            if row.tenant == self.tenant and key in versions:
                found[key] = found.get(key, frozenset()) | {(row.cube.namespace, row.cube.payload.type)}
        return found

    def seal(self, text: str) -> str:
        """See the port; the model hides nothing."""
        return f"sealed{text.encode().hex()}"

    def unseal(self, sealed: str) -> str | None:
        """See the port."""
        return bytes.fromhex(sealed.removeprefix("sealed")).decode() if sealed.startswith("sealed") else None


class ModelJournal:
    """The questions of `memos.ports.journal.AccessJournal`, to a list."""

    def __init__(self) -> None:
        self._rows: list[AccessRow] = []

    def append(self, row: AccessRow) -> int:
        """See the port."""
        self._rows.append(row)
        return len(self._rows)

    def last(self) -> int:
        """See the port."""
        return len(self._rows)

    def log(
        self, tenant: str, wanted: LogFilter = EVERY_ROW, *, descending: bool = False, after: Place | None = None, limit: int = 100
    ) -> tuple[Told, ...]:
        """See the port."""
        told = [(number, _told(row, number)) for number, row in enumerate(self._rows, start=1) if row.caller.tenant == tenant]
        found = [(Place(row["at"], number), row) for number, row in told if passes(row, row["hits"], number, wanted)]
        return page(found, descending=descending, after=after, limit=limit)


def _told(row: AccessRow, number: int) -> Told:
    names = ("at", "call_id", "operation", "status", "grant", "seq", "hits", "withheld", "took")
    told = {name: getattr(row, name) for name in names} | {"branch": mark_of(row.caller, row.branch)}
    return {"aseq": number, "tenant": row.caller.tenant, "caller": name_of(row.caller)} | told
