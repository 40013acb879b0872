"""Holding: the reads of a View for retention and holds, and holds as a condition in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import apsw
from pydantic_core import to_json

from memos.backends.sqlite import filter_sql
from memos.backends.sqlite.named import statements
from memos.backends.sqlite.rows import id_bytes, id_text, maybe_instant
from memos.memcube.fields import microseconds
from memos.memcube.filter import Filter
from memos.memcube.heat import HALF_LIFE
from memos.memcube.hold import Hold, Holds
from memos.ports.retaining import Idle, Tally, Worn

SQL = statements("holding")


def kept(holds: Holds | None, uid: str = "v.uid") -> filter_sql.Compiled:
    """Whether holds keep the memory numbered so: a version of it that stood since one of them began passes its filter."""
    if not holds:
        return "0", []
    now = microseconds(holds.now)
    compiled = [filter_sql.compile(each.filter, now, "h") for each in holds.each]
    conditions = " OR ".join(f"(h.seq_end > ? AND {condition})" for condition, _ in compiled)
    parameters = [part for each, (_, own) in zip(holds.each, compiled, strict=True) for part in (each.since, *own)]
    return SQL["kept"].format(uid=uid, conditions=conditions), parameters


class Holding:
    """A part of `memos.backends.sqlite.view.SqliteView`."""

    _tid: int

    def _run(self, text: str, parameters: Sequence[Any]) -> apsw.Cursor:
        raise NotImplementedError

    def held(self, ids: Sequence[str], holds: Holds) -> dict[str, str]:
        """See the port."""
        found: dict[str, str] = {}
        for each in holds.each:
            asked = [id_bytes(one).hex() for one in ids if one not in found]
            if asked:
                names = self._held_by(each, holds.now, asked)
                found |= dict.fromkeys(names, each.name)
        return found

    def _held_by(self, hold: Hold, now: datetime, asked: list[str]) -> list[str]:
        condition, parameters = kept(Holds(now, (hold,)), "c.uid")
        found = self._run(SQL["held"].format(kept=condition), (to_json(asked).decode(), self._tid, *parameters))
        return [id_text(identity) for (identity,) in found]

    def worn(self, wanted: Worn, now: datetime, *, after: int = 0, limit: int = 1000) -> Idle:
        """See the port."""
        condition, parameters = _worn(wanted, microseconds(now))
        found = list(self._run(SQL["worn"].format(worn=condition), (after, self._tid, *parameters, limit)))
        return Idle(tuple(id_text(identity) for identity, _ in found), found[-1][1] if len(found) == limit else None)

    def tally(self, wanted: Worn, *, grant: Filter, now: datetime, idle: timedelta) -> tuple[Tally, ...]:
        """See the port."""
        at = microseconds(now)
        (condition, parameters), (granted, theirs) = _worn(wanted, at), filter_sql.compile(grant, at)
        text = SQL["tally"].format(worn=condition, grant=granted, heat=SQL["heat"], lasted=SQL["lasted"])
        asked = (at, HALF_LIFE, at, idle // timedelta(microseconds=1), self._tid, *parameters, *theirs)
        return tuple(
            Tally(path, count, size, heat, maybe_instant(last), unused) for path, count, size, heat, last, unused in self._run(text, asked)
        )

    def hottest(self, now: datetime, limit: int) -> tuple[tuple[str, float], ...]:
        """See the port."""
        text = SQL["hottest"].format(heat=SQL["heat"])
        return tuple((path, heat) for path, heat in self._run(text, (microseconds(now), HALF_LIFE, self._tid, limit)))


def _worn(wanted: Worn, now: int) -> filter_sql.Compiled:
    condition, parameters = filter_sql.compile(wanted.filter, now)
    parts, values = [SQL["standing"]], [to_json([str(state) for state in wanted.states]).decode(), wanted.frozen]
    if wanted.idle is not None:
        parts.append(SQL["lasted"])
        values += [now, wanted.idle // timedelta(microseconds=1)]
    if wanted.heat is not None:
        parts.append(f"{SQL['heat']} < ?")
        values += [now, HALF_LIFE, wanted.heat]
    spared, own = kept(wanted.spare)
    return " AND ".join([*parts, f"({condition})", f"NOT {spared}"]), [*values, *parameters, *own]
