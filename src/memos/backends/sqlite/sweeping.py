"""Sweeping: the reads of a View that the time machine and the sweeps need: moments, snapshots, branches, what changed, what is due."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import apsw
from pydantic_core import to_json

from memos.backends.sqlite import holding, scope, sight
from memos.backends.sqlite.named import statements
from memos.backends.sqlite.rows import id_bytes, id_text
from memos.memcube.fields import instant, microseconds
from memos.memcube.hold import Holds
from memos.ports.adapter import Branch, Snapshot

SQL = statements("view")


class Sweeping:
    """A part of `memos.backends.sqlite.view.SqliteView`."""

    head: int
    seq: int
    _tid: int
    _sight: sight.Sight

    def _run(self, text: str, parameters: Sequence[Any]) -> apsw.Cursor:
        raise NotImplementedError

    def _row(self, name: str, *parameters: Any) -> tuple[Any, ...] | None:
        raise NotImplementedError

    def _numbers(self, named: scope.Places) -> Iterator[int]:
        raise NotImplementedError

    def moment(self, when: datetime) -> int:
        """See the port."""
        found = self._row("moment", self._tid, microseconds(when))
        return 0 if found is None or found[0] is None else min(int(found[0]), self.head)

    def time_of(self, seq: int) -> datetime | None:
        """See the port."""
        found = self._row("time_of", self._tid, seq)
        return None if found is None else instant(found[0])

    def snapshots(self, owner: str) -> tuple[Snapshot, ...]:
        """See the port."""
        return tuple(Snapshot(name, seq, instant(at)) for name, seq, at in self._run(SQL["snapshots"], (self._tid, owner)))

    def branches(self, prefix: str = "") -> tuple[Branch, ...]:
        """See the port."""
        found = self._run(SQL["branches"], (self._tid, prefix))
        return tuple(Branch(name, base, opened, instant(at)) for name, base, opened, at in found)

    def needed(self) -> int | None:
        """See the port."""
        found = self._row("needed", self._tid)
        return None if found is None else found[0]

    def erased(self, ids: Sequence[str]) -> dict[str, int]:
        """See the port."""
        found = ((each, self._row("tombstone", id_bytes(each), self._tid)) for each in ids)
        return {each: int(row[0]) for each, row in found if row is not None}

    def extent(self, ids: Sequence[str]) -> dict[str, int]:
        """See the port."""
        asked = to_json([id_bytes(each).hex() for each in ids]).decode()
        return dict(zip(("memories", "versions", "contents", "vectors"), self._row("extent", asked, self._tid) or (), strict=True))

    def left_behind(self, spare: Holds | None = None) -> bool:
        """See the port."""
        kept, parameters = holding.kept(spare)
        (found,) = next(self._run(SQL["left_behind"].format(kept=kept), (self._tid, *parameters)))
        return bool(found)

    def packable(self, least: int, after: int, limit: int) -> tuple[int, ...]:
        """See the port."""
        return tuple(content for (content,) in self._run(SQL["packable"], (self._tid, least, after, limit)))

    def overlaid(self) -> tuple[str, ...]:
        """See the port."""
        return tuple(id_text(identity) for (identity,) in self._run(SQL["overlaid"], (self._sight.bid, self.seq)))

    def purgeable(self, upto: int, above: int = 0) -> bool:
        """See the port."""
        return bool((self._row("purgeable", self._tid, upto, above) or (0,))[0])

    def changed(self, namespaces: Sequence[str], after: int, upto: int) -> tuple[str, ...]:
        """See the port."""
        numbers = sorted(set(self._numbers(frozenset(("under", path) for path in namespaces))))
        found = self._run(SQL["changed"], (to_json(numbers).decode(), self._sight.bid, after, upto))
        return tuple(id_text(identity) for (identity,) in found)

    def due(self, now: datetime, limit: int, spare: Holds | None = None) -> tuple[str, ...]:
        """See the port."""
        return self._but_kept("due", (microseconds(now), self._tid), spare, limit)

    def forgotten(self, upto: int, limit: int, spare: Holds | None = None) -> tuple[str, ...]:
        """See the port."""
        return self._but_kept("forgotten", (upto, self._tid), spare, limit)

    def unexamined(self, limit: int) -> tuple[str, ...]:
        """See the port."""
        return tuple(id_text(identity) for (identity,) in self._run(SQL["unexamined"], (self._tid, limit)))

    def _but_kept(self, name: str, asked: tuple[int, ...], spare: Holds | None, limit: int) -> tuple[str, ...]:
        kept, parameters = holding.kept(spare)
        found = self._run(SQL[name].format(kept=kept), (*asked, *parameters, limit))
        return tuple(id_text(identity) for (identity,) in found)
