# ruff: noqa: S101 -- a comparison asserts, and looks where chance sends it
"""Questions of the past and of the sweeps, put to a store and to the plain model."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

from memos.ports.adapter import View
from memos.testing.model_erase import told
from memos.testing.model_view import ModelView
from memos.testing.walk import NAMESPACES, USERS, Walk


class PastQuestions:
    """A part of `memos.testing.comparison.Comparison`."""

    walk: Walk
    random: Random

    def ids(self) -> list[str]:
        """Some memories of any tenant, and one that is not there."""
        raise NotImplementedError

    def asking(self) -> dict[str, Any]:
        """A grant and a moment to ask with."""
        raise NotImplementedError

    def _compare_past(self, view: View, wanted: ModelView) -> None:
        when = self.walk.now - timedelta(microseconds=self.random.randint(0, 10**11))
        seq, owner = self.random.randint(0, wanted.head + 1), self.random.choice(USERS)
        assert view.moment(when) == wanted.moment(when)
        assert view.time_of(seq) == wanted.time_of(seq)
        assert view.snapshots(owner) == wanted.snapshots(owner)
        assert view.branches("b") == wanted.branches("b")
        assert view.branch_names("b") == wanted.branch_names("b")
        assert view.needed() == wanted.needed()
        assert sorted(view.overlaid()) == sorted(wanted.overlaid())
        assert view.purgeable(seq) == wanted.purgeable(seq)
        assert view.left_behind() == wanted.left_behind()

    def _compare_erased(self, view: View, wanted: ModelView) -> None:
        state, ids = wanted.state, self.ids()
        graves = self.random.sample(state.graves, min(3, len(state.graves)))
        ids += [cube_id for _, cube_id, *_ in graves]
        assert view.erased(ids) == told(state, wanted.tenant, ids)
        rows = [row for row in state.rows if row.tenant == wanted.tenant and row.cube.id in ids]
        contents = {row.content for row in rows}
        numbers = len({row.uid for row in rows}), len(rows), len(contents), sum(bool(state.contents[each].filled) for each in contents)
        assert view.extent(ids) == dict(zip(("memories", "versions", "contents", "vectors"), numbers, strict=True))

    def _compare_rules(self, view: View, wanted: ModelView) -> None:
        kind, entries = self.random.choice(("policy", "role", "none")), ("read:user:bob", "write:role:nurse", "it's")
        assert view.rules(kind) == wanted.rules(kind)
        assert [replace(each, by="", ended_by="") for each in view.ruled()] == [
            replace(each, by="", ended_by="") for each in wanted.ruled()
        ]
        assert view.ruled(kind) == tuple(each for each in view.ruled() if each.kind == kind)
        key = self.random.choice(("nobody", *wanted.rules(kind)))
        assert view.rule(kind, key) == wanted.rule(kind, key)
        some = entries[: self.random.randint(0, 3)]
        assert view.opened(some) == wanted.opened(some)
        assert view.gates() == wanted.gates()
        assert view.shared() is wanted.shared()
        for path in NAMESPACES:
            assert view.inherited(path) == wanted.inherited(path)

    def _compare_changed(self, view: View, wanted: ModelView) -> None:
        after, path = self.random.randint(0, wanted.head), self.random.choice((*NAMESPACES, "user", "shared"))
        upto = self.random.randint(after, wanted.head)
        assert view.changed([path], after, upto) == wanted.changed([path], after, upto)

    def _compare_over(self, view: View, wanted: ModelView) -> None:
        limit, upto = self.random.randint(1, 9), self.random.randint(0, wanted.head)
        assert sorted(view.due(self.walk.now, 10**6)) == sorted(wanted.due(self.walk.now, 10**6))
        assert len(view.due(self.walk.now, limit)) == len(wanted.due(self.walk.now, limit))
        assert set(view.unexamined(10**6)) == set(wanted.unexamined(10**6))
        assert len(view.unexamined(limit)) == len(wanted.unexamined(limit))
        assert sorted(view.forgotten(upto, 10**6)) == sorted(wanted.forgotten(upto, 10**6))

    def _compare_allowed(self, view: View, wanted: ModelView) -> None:
        ids, asking = self.ids(), self.asking()
        assert view.allowed(ids, **asking) == wanted.allowed(ids, **asking) == view.get(ids, **asking).keys()

    def _compare_vectors_of(self, view: View, wanted: ModelView) -> None:
        ids = self.ids()
        given, expected = view.vectors_of(ids), wanted.vectors_of(ids)
        assert {key: row.tolist() for key, row in given.items()} == {key: row.tolist() for key, row in expected.items()}
