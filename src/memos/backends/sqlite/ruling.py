"""Ruling: the reads of a View that tell how its tenant is governed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import apsw
from pydantic_core import from_json, to_json

from memos.backends.sqlite.known import ancestors
from memos.backends.sqlite.named import statements
from memos.backends.sqlite.rows import read_entries
from memos.memcube.fields import instant
from memos.memcube.rule import Ruling
from memos.ports.feed import OPEN

SQL = statements("view")


class Rulings:
    """What `SqliteView` is over; it gives the connection and the tenant."""

    _tid: int

    def _run(self, text: str, parameters: Sequence[Any]) -> apsw.Cursor:
        raise NotImplementedError

    def rules(self, kind: str) -> dict[str, Mapping[str, Any]]:
        """See the port."""
        return {key: from_json(body) for key, body in self._run(SQL["rules"], (self._tid, kind))}

    def rule(self, kind: str, key: str) -> Mapping[str, Any] | None:
        """See the port."""
        found: Mapping[str, Any] | None = next((from_json(body) for (body,) in self._run(SQL["rule"], (self._tid, kind, key))), None)
        return found

    def ruled(self, kind: str | None = None) -> tuple[Ruling, ...]:
        """See the port."""
        return tuple(map(_ruling, self._run(SQL["ruled"], (self._tid, kind))))

    def opened(self, entries: Sequence[str]) -> tuple[str, ...]:
        """See the port."""
        return tuple(path for (path,) in self._run(SQL["opened"], (self._tid, to_json(list(entries)).decode())))

    def shared(self) -> bool:
        """See the port."""
        (found,) = next(self._run(SQL["shared"], (self._tid,)))
        return bool(found)

    def gates(self) -> tuple[str, ...]:
        """See the port."""
        return tuple(entry for (entry,) in self._run(SQL["gates"], (self._tid,)))

    def inherited(self, namespace: str) -> tuple[str, ...]:
        """See the port."""
        found = self._run(SQL["own_entries"], (self._tid, to_json(ancestors(namespace)).decode()))
        return tuple(sorted({entry for (text,) in found for entry in read_entries(text)}))


def _ruling(row: tuple[Any, ...]) -> Ruling:
    kind, key, body, seq, end, at, by, ended_at, ended_by = row
    over = end != OPEN
    return Ruling(
        kind, key, from_json(body), seq, end if over else None, instant(at), by.hex(),
        instant(ended_at) if over else None, ended_by.hex() if over else None,
    )  # fmt: skip
