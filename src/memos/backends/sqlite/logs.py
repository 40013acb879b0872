"""Logs: what a View answers to questions about calls, and the parameters that both logs are asked with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json

from memos.backends.sqlite.keys import Keys
from memos.backends.sqlite.named import statements
from memos.backends.sqlite.rows import id_bytes, id_text, told_commit
from memos.backends.sqlite.sight import Sight
from memos.memcube.call import Caller
from memos.memcube.fields import microseconds
from memos.memcube.filter import Filter
from memos.memcube.log import EVERY_ROW, FIRST, OK, LogFilter, Place

if TYPE_CHECKING:
    import apsw

SQL = statements("logs")
EARLIEST, LATEST = -(2**63), 2**63 - 1


class LogReads:
    """The reads of `memos.ports.adapter.View` that are about calls; SqliteView is one."""

    seq: int
    _tid: int
    _keys: Keys
    _sight: Sight

    if TYPE_CHECKING:

        def _run(self, text: str, parameters: Any) -> apsw.Cursor: ...
        def _run_many(self, text: str, parameters: Iterable[Sequence[Any]]) -> apsw.Cursor: ...
        def _grant(self, grant: Filter, now: datetime) -> tuple[str, list[Any]]: ...

    def log(
        self, wanted: LogFilter = EVERY_ROW, *, descending: bool = False, after: Place | None = None, limit: int = 100
    ) -> tuple[dict[str, Any], ...]:
        """See the port; `counts` tells what else changed, in numbers."""
        if wanted.statuses is not None and OK not in wanted.statuses:
            return ()
        asked = question(wanted, after, descending=descending) | {"tid": self._tid, "limit": limit}
        asked |= {"upto": min(wanted.upto, self.seq), "cubes": hexed(wanted.cubes)}
        rows = SQL["by_time" if wanted.calls is None else "by_call"]
        text = SQL["log"].format(rows=rows, direction=direction(descending=descending))
        return tuple(map(told_commit, self._run(text, asked)))

    def pseudonym(self, caller: Caller) -> str:
        """See the port."""
        return self._keys.caller(caller).hex()

    def branch_mark(self, caller: Caller, name: str) -> str:
        """See the port."""
        return self._keys.branch(caller, name)

    def branch_names(self, prefix: str) -> tuple[str, ...]:
        """See the port."""
        return tuple(name for (name,) in self._run(SQL["branch_names"], (self._tid, prefix)))

    def stood(self, versions: Sequence[tuple[str, int]]) -> dict[tuple[str, int], frozenset[tuple[str, str]]]:
        """See the port."""
        found: dict[tuple[str, int], frozenset[tuple[str, str]]] = {}
        asked = [(id_bytes(cube_id), version, self._tid) for cube_id, version in dict.fromkeys(versions)]
        for identity, version, path, kind in self._run_many(SQL["stood"], asked):
            key = id_text(identity), version
            found[key] = found.get(key, frozenset()) | {(path, kind)}
        return found

    def seal(self, text: str) -> str:
        """See the port."""
        return self._keys.seal(text)

    def unseal(self, sealed: str) -> str | None:
        """See the port."""
        return self._keys.unseal(sealed)


def direction(*, descending: bool) -> str:
    """The word of a direction in SQL."""
    return "DESC" if descending else "ASC"


def question(wanted: LogFilter, after: Place | None, *, descending: bool) -> dict[str, Any]:
    """The parameters that the statements on both logs share. Rows lie between two places, neither of which is one of them.

    There is one place at each end, since SQLite seeks by one bound and goes through what another one hides.
    """
    low = (EARLIEST if wanted.since is None else microseconds(wanted.since), FIRST)
    high = (LATEST if wanted.until is None else microseconds(wanted.until), FIRST)
    if after is not None:
        place = microseconds(after.at), after.number
        low, high = (low, min(high, place)) if descending else (max(low, place), high)
    return {
        "low": low[0],
        "low_number": low[1],
        "high": high[0],
        "high_number": high[1],
        "upto": wanted.upto,
        "callers": listed(wanted.callers),
        "whole": None if wanted.whole is None else bytes.fromhex(wanted.whole),
        "operations": listed(wanted.operations),
        "calls": hexed(wanted.calls),
    }


def listed(values: Sequence[str] | None) -> str | None:
    """A JSON array, or None."""
    return None if values is None else to_json(list(values)).decode()


def hexed(ids: Sequence[str] | None) -> str | None:
    """A JSON array of ids in hexadecimal, or None."""
    return None if ids is None else listed([id_bytes(each).hex() for each in ids])
