# ruff: noqa: S101 -- a comparison asserts, and looks where chance sends it
"""A store beside the plain model: both are given the same ChangeSets and asked the same questions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from memos.errors import MemOSError
from memos.memcube.call import Caller
from memos.memcube.change import ChangeSet, Committed, Idempotency
from memos.memcube.filter import Filter
from memos.ports.adapter import MemoryAdapter, View
from memos.ports.paging import KEYS
from memos.testing.graph_questions import QUESTIONS as GRAPH_QUESTIONS
from memos.testing.mirror import Mirror
from memos.testing.model import ModelAdapter, Row
from memos.testing.model_erase import ERASED
from memos.testing.model_view import ModelView, is_cold
from memos.testing.questions_holding import HoldingQuestions
from memos.testing.questions_log import LogQuestions
from memos.testing.questions_past import PastQuestions
from memos.testing.telling import comparable, expected, outcome, outcome_of_all, same_log
from memos.testing.walk import FACTS, NAMESPACES, SESSIONS, TENANTS, USERS, VOCABULARY, Walk
from memos.testing.walk_several import several


class Comparison(LogQuestions, PastQuestions, HoldingQuestions):
    """One store, one model, one walk. `figures` counts what was compared and what the walk met."""

    def __init__(self, adapter: MemoryAdapter, seed: int, dimensions: int | None) -> None:
        self.adapter = adapter
        self.model = ModelAdapter(dimensions)
        self.walk = Walk(seed, self.model)
        self.random = self.walk.random
        self.figures: Counter[str] = Counter()
        self.mirrors: dict[tuple[str, str, bool], Mirror] = {}
        self.contents: dict[int, int] = {}
        """Content in the model → content in the store."""

    def run(self, steps: int) -> Counter[str]:
        """Walk so many steps; an AssertionError is a difference."""
        for _ in range(steps):
            self._step()
            for _ in range(3):
                self._ask()
        assert self.adapter.tenants() == self.model.tenants()
        self._require_same_events()
        return self.figures

    def _step(self) -> None:
        if self.walk.chance(2):
            assert self.adapter.elect("main") == self.model.elect("main")
        if self.walk.chance(8):
            self._commit_several()
            return
        change, reads = self.walk.step()
        self._learn_contents(change.tenant)
        wanted, given = outcome(self.model, change, reads), outcome(self.adapter, self._translated(change), reads)
        assert given == wanted, f"commit {change.operation}: {given}, not {wanted}"
        self.figures["steps"] += 1
        self.figures["commits" if isinstance(wanted, Committed) else wanted] += 1
        self.figures["branches"] += bool(change.branch)
        self.figures["transfers"] += self.figures["steps"] > 1 and any(self._moved(write.cube.id) for write in change.writes)
        assert self.adapter.cursor("main") == self.model.cursor("main")

    def _commit_several(self) -> None:
        """Some changes as one: all of them or none, and the same of both."""
        drawn = several(self.walk)
        wanted, given = (outcome_of_all(one, drawn) for one in (self.model, self.adapter))
        assert given == wanted, f"commit of {len(drawn)}: {given}, not {wanted}"
        self.figures["steps"] += 1
        self.figures["together" if isinstance(wanted, tuple) else f"together: {wanted}"] += 1

    def _moved(self, cube_id: str) -> bool:
        return len({row.cube.namespace for row in self.model.state.rows if row.cube.id == cube_id}) > 1

    def _translated(self, change: ChangeSet) -> ChangeSet:
        return replace(change, fills=tuple(replace(fill, content=self.contents.get(fill.content, 10**9)) for fill in change.fills))

    def _learn_contents(self, tenant: str) -> None:
        """What the store calls the contents that fills may name, from the feeds of the tenant that writes."""
        for owner in (tenant, *(TENANTS if self.walk.chance(5) else ())):
            for path in NAMESPACES:
                self._mirror(owner, path, cold=False)
                self._mirror(owner, path, cold=True)

    @contextmanager
    def views(self) -> Iterator[tuple[View, ModelView]]:
        """The same View of both: of a tenant, in the present, in the past, or of a branch."""
        tenant, at = self.walk.tenant(), self.random.randint(0, self.model.state.head) if self.walk.chance(40) else None
        state = self.model.state
        names = [name for owner, name in state.branches if owner == tenant]
        branch = self.random.choice(names) if names and self.walk.chance(40) else ""
        if at is not None:
            at = max(at, state.horizons.get(tenant, 0), state.branches[tenant, branch][1] if branch else 0)
        with self.adapter.view(tenant, at=at, branch=branch) as view, self.model.view(tenant, at=at, branch=branch) as wanted:
            for name in ("seq", "head", "branch", "base", "horizon", "last_erasure", "policy_epoch", "dimensions"):
                assert getattr(view, name) == getattr(wanted, name), name
            self.figures["past" if at is not None else "present"] += 1
            yield view, wanted

    def _ask(self) -> None:
        question = self.random.choice(QUESTIONS)
        with self.views() as (view, wanted):
            question(self, view, wanted)
        self.figures["questions"] += 1

    def asking(self) -> dict[str, Any]:
        """Some grant, and the time."""
        return {"grant": self.filter(grant=True), "now": self.walk.now}

    def filter(self, *, grant: bool = False) -> Filter:
        """Any filter; grants may read access lists."""
        if self.walk.chance(35):
            return Filter.everything()
        who = self.random.choice(USERS)
        choices: list[dict[str, Any]] = [
            {"namespace": {"under": self.random.choice(("user/alice", "shared", "user"))}},
            {"state": {"in": ["generated", "activated", "merged"]}},
            {"tags": {"any": ["home", "mood"]}},
            {"tags": {"none": ["mood=calm"]}},
            {"owner": who},
            {"speaker": {"exists": self.walk.chance(50)}},
            {"priority": {"gte": self.random.randint(-2, 2)}},
            {"expires_at": {"gt": "now"}},
            {"said_at": {"lt": self.walk.now}},
            {"ordinal": {"lte": 3}},
            {"metadata.a": {"eq": self.random.choice([1, "x", 1.5])}},
            {"sensitivity": "internal", "frozen": False},
        ]
        if grant:
            choices += [{"acl": {"any": [f"read:user:{who}", f"admin:user:{who}"]}}] * 5
        parts = [Filter.parse(part, internal=True) for part in self.random.sample(choices, self.random.randint(1, 2))]
        whole = parts[0] if len(parts) == 1 else parts[0] | parts[1] if self.walk.chance(50) else parts[0] & parts[1]
        return ~whole if self.walk.chance(15) else whole

    def ids(self) -> list[str]:
        """Some memories of any tenant, and one that is not there."""
        return [*self.walk.some(list(self.model.state.cubes), 6), self.walk.new_id()]

    def _compare_get(self, view: View, wanted: ModelView) -> None:
        ids, asking = self.ids(), self.asking()
        assert view.get(ids, **asking) == wanted.get(ids, **asking)

    def _compare_find(self, view: View, wanted: ModelView) -> None:
        asking = self.asking() | {"order": self.random.choice(list(KEYS)), "descending": self.walk.chance(50)}
        where, limit, cursor, place = self.filter(), self.random.randint(1, 40), None, None
        while True:
            page = view.find(where, limit=limit, cursor=cursor, **asking)
            expected = wanted.find(where, limit=limit, cursor=place, **asking)
            assert page.cubes == expected.cubes
            assert (page.cursor is None) == (expected.cursor is None)
            if page.cursor is None:
                return
            cursor, place = page.cursor, expected.cursor

    def _compare_count(self, view: View, wanted: ModelView) -> None:
        where, asking = self.filter(), self.asking()
        assert view.count(where, **asking) == wanted.count(where, **asking)

    def _compare_versions(self, view: View, wanted: ModelView) -> None:
        asking = self.asking()
        for cube_id in self.ids():
            assert view.versions(cube_id, **asking) == wanted.versions(cube_id, **asking)

    def _compare_stamps(self, view: View, wanted: ModelView) -> None:
        for path in NAMESPACES:
            assert view.last_seq(path) == wanted.last_seq(path), path
        assert view.last_fill() == wanted.last_fill()
        for prefix in ("", "user/alice", "shared", "nowhere"):
            assert view.paths(prefix) == wanted.paths(prefix)
            assert view.namespaces(prefix) == wanted.namespaces(prefix)

    def _compare_facts(self, view: View, wanted: ModelView) -> None:
        path = self.random.choice(NAMESPACES)
        for owner in USERS:
            assert view.facts(path, FACTS, owner) == wanted.facts(path, FACTS, owner)

    def _compare_turns(self, view: View, wanted: ModelView) -> None:
        path, session = self.random.choice(NAMESPACES), self.random.choice(SESSIONS)
        assert view.turns(path, session, range(20)) == wanted.turns(path, session, range(20))
        assert view.next_ordinal(path, session) == wanted.next_ordinal(path, session)

    def _compare_pending(self, view: View, wanted: ModelView) -> None:
        limit = self.random.randint(1, 50)
        given, expected = view.pending(limit).items, wanted.pending(limit).items
        assert [item[1:] for item in given] == [item[1:] for item in expected]
        for (content, _, _), (model, _, _) in zip(given, expected, strict=True):
            assert self.contents.setdefault(model, content) == content

    def _require_same_events(self) -> None:
        same_log(self.adapter.events(0, 10**6), self.model.events(0, 10**6))

    def _compare_replay(self, view: View, wanted: ModelView) -> None:
        key, caller = (
            self.random.choice([*wanted.state.calls, ("", "", "", "none")])[3],
            Caller(user=self.random.choice(USERS), tenant=wanted.tenant),
        )
        call = Idempotency(key, self.random.choice(["one", "two"]))
        results = []
        for one in (view, wanted):
            try:
                results.append(one.replay(call, caller))
            except MemOSError as error:
                results.append((error.code, ()))
        assert results[0] == results[1]

    def _compare_vectors(self, view: View, wanted: ModelView) -> None:
        there = wanted.state.contents
        mine = {model: content for model, content in self.contents.items() if model in there and there[model].tenant == wanted.tenant}
        contents, vectors = view.vectors(list(mine.values()))
        filled = {mine[model]: there[model].vector for model in mine if there[model].filled}
        assert {content: tuple(vector) for content, vector in zip(contents.tolist(), vectors.tolist(), strict=True)} == {
            content: tuple(vector.tolist()) for content, vector in filled.items()
        }
        assert view.words(list(mine.values())) == {mine[model]: there[model].words for model in mine if there[model].filled}

    def _compare_load(self, view: View, wanted: ModelView) -> None:
        path, cold = self.random.choice(NAMESPACES), self.walk.chance(30)
        mirror = self._mirror(wanted.tenant, path, cold=cold)
        shown = [row for row in wanted.rows if row.cube.namespace == path and is_cold(row) is cold]
        numbers = [mirror.row_of(row) for row in shown]
        self.random.shuffle(numbers)
        cubes = view.load(numbers)
        assert sorted(cubes, key=lambda cube: cube.id) == sorted(wanted.load([row.number for row in shown]), key=lambda cube: cube.id)
        assert [cube.id for cube in cubes] == [mirror.rows[number].id for number in numbers]

    def _compare_rows(self, view: View, wanted: ModelView) -> None:
        ids = self.ids()
        mine = [row for row in wanted.state.rows if row.tenant == wanted.tenant and row.cube.id in ids]
        visible: dict[tuple[str, int | None], Row] = {(row.cube.id, None): row for row in wanted.rows if row.cube.id in ids}
        for row in reversed(mine):
            visible[row.cube.id, row.seq] = row
        found = view.rows([*((each, None) for each in ids), *((row.cube.id, row.seq) for row in mine), (ids[-1], 1)])
        words = dict(zip(view.hash_terms(VOCABULARY).tolist(), VOCABULARY, strict=True))
        assert found.keys() == visible.keys()
        for key, told in found.items():
            unnamed = {"branch": ERASED} if told.branch == ERASED else {}
            assert comparable(told, words, told.seq_end) == expected(visible[key], wanted) | unnamed

    def _compare_feed(self, view: View, wanted: ModelView) -> None:
        path, cold = self.random.choice(NAMESPACES), self.walk.chance(30)
        whole = Mirror(path, cold=cold)
        whole.apply(view, -1)
        self._agrees(whole, wanted)
        grown = self._mirror(wanted.tenant, path, cold=cold)
        unnamed = {number for number, row in whole.rows.items() if row.branch == ERASED}
        rows = {number: row._replace(branch=ERASED) if number in unnamed else row for number, row in grown.rows.items()}
        assert (rows, grown.ends, grown.inherited) == (whole.rows, whole.ends, whole.inherited)
        assert grown.vectors == whole.vectors

    def _compare_closed(self, view: View, wanted: ModelView) -> None:
        """A View does not see what is committed while it is open."""
        before = view.count(Filter.everything(), grant=Filter.everything(), now=self.walk.now)
        self._step()
        assert view.count(Filter.everything(), grant=Filter.everything(), now=self.walk.now) == before == len(wanted.rows)
        assert view.head == wanted.head

    def _mirror(self, tenant: str, path: str, *, cold: bool) -> Mirror:
        """The namespace as it is known from feed after feed; checked against the model."""
        key = tenant, path, cold
        mirror = self.mirrors.setdefault(key, Mirror(path, cold=cold))
        with self.adapter.view(tenant) as view, self.model.view(tenant) as wanted:
            assert view.last_purge(path) == wanted.last_purge(path)
            if 0 <= mirror.stamp < view.last_purge(path):
                mirror = self.mirrors[key] = Mirror(path, cold=cold)
            if mirror.stamp < 0 or view.last_seq(path) > mirror.stamp:
                mirror.apply(view, mirror.stamp)
                self._agrees(mirror, wanted)
        return mirror

    def _agrees(self, mirror: Mirror, wanted: ModelView) -> None:
        rows = wanted.rows_of(mirror.namespace, -1, cold=mirror.cold)
        words = dict(zip(mirror.hashes, VOCABULARY, strict=True))
        assert mirror.inherited == wanted.handed_down(mirror.namespace)
        assert len(mirror.rows) == len(rows)
        for told, row in zip(mirror.in_order(), rows, strict=True):
            unnamed = {"branch": ERASED} if told.branch == ERASED else {}  # since when it was told: a name that goes is no change of a row
            assert comparable(told, words, mirror.ends[told.row]) == expected(row, wanted) | unnamed, row
            assert self.contents.setdefault(row.content, told.content) == told.content
            mirror.bind(row, told)
        vectors = wanted.told_vectors(mirror.namespace, -1, cold=mirror.cold)
        assert mirror.vectors == {self.contents[number]: vector.tolist() for number, vector in vectors.items()}


KINDS = (Comparison, LogQuestions, PastQuestions, HoldingQuestions)
QUESTIONS = [
    *(method for kind in KINDS for name, method in vars(kind).items() if name.startswith("_compare_")),
    *GRAPH_QUESTIONS,
]
