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
from memos.memcube.log import EVERY_ROW, OK, LogFilter, Place

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
        text = SQL["log"].format(rows=rows, **direction(descending=descending))
        return tuple(map(told_commit, self._run(text, asked)))

    def pseudonym(self, caller: Caller) -> str:
        """See the port."""
        return self._keys.caller(caller).hex()

    def seen(self, ids: Sequence[str], *, grant: Filter, now: datetime) -> frozenset[str]:
        """See the port."""
        condition, parameters = self._grant(grant, now)
        text = SQL["seen"].format(visible=self._sight.versions, head=self._sight.head, grant=condition)
        asked = [(id_bytes(each), self._tid, *parameters) for each in dict.fromkeys(ids)]
        return frozenset(id_text(identity) for (identity,) in self._run_many(text, asked))

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


def direction(*, descending: bool) -> dict[str, str]:
    """The words of a direction in SQL."""
    return {"sign": "<", "direction": "DESC"} if descending else {"sign": ">", "direction": "ASC"}


def question(wanted: LogFilter, after: Place | None, *, descending: bool) -> dict[str, Any]:
    """The parameters that the statements on both logs share. A place that is not given lies beyond every row."""
    beyond = (LATEST, LATEST) if descending else (EARLIEST, EARLIEST)
    at, number = (microseconds(after.at), after.number) if after is not None else beyond
    return {
        "since": EARLIEST if wanted.since is None else microseconds(wanted.since),
        "until": LATEST if wanted.until is None else microseconds(wanted.until),
        "after": at,
        "number": number,
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
