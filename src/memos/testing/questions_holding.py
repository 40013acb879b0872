# ruff: noqa: S101 -- a comparison asserts, and looks where chance sends it
"""Questions of retention and holds, put to a store and to the plain model."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from math import isclose
from random import Random
from typing import Any

from memos.memcube.filter import Filter
from memos.memcube.state import State
from memos.ports.adapter import View
from memos.ports.retaining import Worn
from memos.testing.model_view import ModelView
from memos.testing.walk import Walk
from memos.testing.walk_holds import some_holds


class HoldingQuestions:
    """A part of `memos.testing.comparison.Comparison`."""

    walk: Walk
    random: Random

    def ids(self) -> list[str]:
        """Some memories of any tenant, and one that is not there."""
        raise NotImplementedError

    def asking(self) -> dict[str, Any]:
        """A grant and a moment to ask with."""
        raise NotImplementedError

    def _compare_held(self, view: View, wanted: ModelView) -> None:
        ids, holds, now = self.ids(), some_holds(self.walk), self.walk.now
        assert view.held(ids, holds) == wanted.held(ids, holds)
        assert view.left_behind(holds) == wanted.left_behind(holds)
        assert sorted(view.due(now, 10**6, holds)) == sorted(wanted.due(now, 10**6, holds))
        assert sorted(view.forgotten(wanted.head, 10**6, holds)) == sorted(wanted.forgotten(wanted.head, 10**6, holds))
        upto, above = self.random.randint(0, wanted.head + 1), self.random.randint(0, wanted.head + 1)
        assert view.purgeable(upto, above) == wanted.purgeable(upto, above)

    def _worn(self) -> Worn:
        span = timedelta(microseconds=self.random.randint(0, 10**11))
        conditions: list[dict[str, Any]] = [{}, {"tags": {"any": ["home"]}}, {"created_at": {"lte": "now"}}]
        return Worn(
            filter=Filter.parse(self.random.choice(conditions)),
            states=self.random.choice([tuple(State), (State.GENERATED, State.MERGED), ()]),
            idle=self.random.choice([None, span]),
            heat=self.random.choice([None, 0.5, 2.0, 1e9]),
            spare=self.random.choice([None, some_holds(self.walk)]),
            frozen=self.random.choice([True, False]),
        )

    def _compare_worn(self, view: View, wanted: ModelView) -> None:
        asked, now = self._worn(), self.walk.now
        found, expected = view.worn(asked, now, limit=2), wanted.worn(asked, now, limit=2)
        assert found.ids == expected.ids
        while found.more is not None and expected.more is not None:
            found, expected = view.worn(asked, now, after=found.more, limit=2), wanted.worn(asked, now, after=expected.more, limit=2)
            assert found.ids == expected.ids
        assert found.more is expected.more is None

    def _compare_tally(self, view: View, wanted: ModelView) -> None:
        asked, idle = self._worn(), timedelta(microseconds=self.random.randint(0, 10**11))
        asking = self.asking()
        found, expected = (each.tally(asked, **asking, idle=idle) for each in (view, wanted))
        assert [replace(each, heat=0.0) for each in found] == [replace(each, heat=0.0) for each in expected]
        assert all(isclose(one.heat, other.heat, abs_tol=1e-9) for one, other in zip(found, expected, strict=True))
        hottest, hot = dict(view.hottest(self.walk.now, 10**6)), dict(wanted.hottest(self.walk.now, 10**6))
        assert hottest.keys() == hot.keys()
        assert all(isclose(hottest[path], hot[path], abs_tol=1e-9) for path in hot)
        heats = [heat for _, heat in view.hottest(self.walk.now, 2)]
        assert len(heats) == min(2, len(hot))
        assert all(isclose(one, other, abs_tol=1e-9) for one, other in zip(heats, sorted(hot.values(), reverse=True), strict=False))
