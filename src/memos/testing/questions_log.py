# ruff: noqa: S101 -- a comparison asserts, and looks where chance sends it
"""The questions about calls that are asked of a store and of the plain model alike."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Any

from memos.memcube.call import Caller
from memos.memcube.log import LAST, LogFilter, Place
from memos.ports.adapter import View
from memos.testing.model_view import ModelView
from memos.testing.telling import same_log
from memos.testing.walk import START, USERS, Walk

Rows = tuple[dict[str, Any], ...]


def drawn_filter(random: Random, rows: Rows, times: tuple[datetime, datetime], numbers: int) -> dict[str, Any]:
    """A filter that may hold of some of these rows: the fields of a LogFilter but callers."""

    def chosen(values: list[Any]) -> Any:
        return None if random.random() < 0.7 else tuple(random.sample(values, min(len(values), random.randint(0, 3))))

    def moment() -> datetime | None:
        first, last = times
        if random.random() < 0.6:
            return None
        return random.choice(rows)["at"] if rows and random.random() < 0.5 else first + (last - first) * random.random()

    memories = sorted({memory[0] for row in rows for memory in row.get("writes") or row.get("hits") or ()})
    return {
        "since": moment(),
        "until": moment(),
        "operations": chosen(sorted({row["operation"] for row in rows} | {"search"})),
        "statuses": chosen(["ok", "denied", "not_found"]),
        "cubes": chosen(memories),
        "calls": chosen(sorted({row["call_id"] for row in rows})),
        "upto": LAST if random.random() < 0.7 else random.randint(0, numbers),
    }


def drawn_place(random: Random, rows: Rows, name: str) -> Place | None:
    """The place of a row, one between two rows, or none."""
    if not rows or random.random() < 0.4:
        return None
    row = random.choice(rows)
    return random.choice([Place(row["at"], row[name]), Place(row["at"], -1), Place(row["at"] + timedelta(microseconds=1), LAST)])


class LogQuestions:
    """Asked along a walk; `memos.testing.comparison.Comparison` asks them too."""

    walk: Walk
    random: Random

    def asking(self) -> dict[str, Any]:
        """A grant and a moment to ask with."""
        raise NotImplementedError

    def ids(self) -> list[str]:
        """Some memories of any tenant, and one that is not there."""
        raise NotImplementedError

    def _compare_log(self, view: View, wanted: ModelView) -> None:
        rows = tuple(wanted.state.log)
        filters = drawn_filter(self.random, rows, (START, self.walk.now), wanted.head)
        callers = [Caller(user=user, tenant=wanted.tenant) for user in self.walk.some(USERS)] if self.walk.chance(30) else None
        whole = self.random.choice([None, None, *USERS])
        asked: dict[str, Any] = {
            "descending": self.walk.chance(50),
            "limit": self.random.randint(1, 20),
            "after": drawn_place(self.random, rows, "seq"),
        }
        answers = []
        for one in (view, wanted):
            names = None if callers is None else tuple(one.pseudonym(caller) for caller in callers)
            mine = None if whole is None else one.pseudonym(Caller(user=whole, tenant=wanted.tenant))
            answers.append(one.log(LogFilter(**filters, callers=names, whole=mine), **asked))
        same_log(*answers)

    def _compare_stood(self, view: View, wanted: ModelView) -> None:
        versions = [(cube_id, self.random.randint(1, 3)) for cube_id in self.ids()]
        assert view.stood(versions) == wanted.stood(versions)

    def _compare_pseudonyms(self, view: View, wanted: ModelView) -> None:
        callers = [Caller(user=user, tenant=tenant, kind=kind) for user in USERS for tenant in ("acme", "a") for kind in ("user", "system")]
        assert len({view.pseudonym(caller) for caller in callers}) == len(callers)
        assert view.pseudonym(callers[0]) == view.pseudonym(callers[0].model_copy(update={"session": "s", "roles": ("nurse",)}))

    def _compare_seals(self, view: View, wanted: ModelView) -> None:
        text = self.walk.text() * self.random.randint(1, 9)
        sealed = view.seal(text)
        assert sealed.replace("-", "").replace("_", "").isalnum()
        assert view.unseal(sealed) == text
        place = self.random.randrange(len(sealed))
        changed = sealed[:place] + self.random.choice("bcdA0-") + sealed[place + 1 :]
        assert view.unseal(changed) in ({text} if changed == sealed else {None, text})
        assert [view.unseal(other) for other in ("", "x", sealed[:-4], "é", "A" * 60)] == [None] * 5
