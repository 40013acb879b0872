"""Retrieval: from a query and a View to the memories that answer it, best first, each with what spoke for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from memos.errors import InvalidCall
from memos.memcube.call import Grant, MemoryQuery
from memos.memcube.filter import Filter
from memos.memcube.state import State as MemoryState
from memos.operation.memoperator import coarse
from memos.operation.memoperator.bounds import evident
from memos.operation.memoperator.cache import LaneKey, Lanes
from memos.operation.memoperator.features import Question, Signals, missing
from memos.operation.memoperator.grouping import distinct
from memos.operation.memoperator.lane_state import State
from memos.operation.memoperator.lanes import Lane
from memos.operation.memoperator.late import Asked, Late, asked
from memos.operation.memoperator.options import above, chosen, reach, reranked, weighed
from memos.operation.memoperator.path_resolver import along, told
from memos.operation.memoperator.quotation import Likely, likely
from memos.operation.memoperator.ranking import NARROW, Fusion, Weights, shipped_weights
from memos.operation.memoperator.scope import Floats, Places, Scope
from memos.operation.memoperator.succession import Answer, asks_for_the_past, ended, succeeded
from memos.ports.adapter import View

COLD = frozenset({MemoryState.ARCHIVED, MemoryState.EXPIRED})
"""Memories in these states have lanes of their own, read only when a query asks for such."""


class Scored(NamedTuple):
    """A version row that was found. The contributions in `why` sum to `score`."""

    score: float
    why: dict[str, float]
    row: int


@dataclass(frozen=True, slots=True)
class Found:
    """The answer, best first; `pending` memories were searched by their words only, since their vectors have not come yet."""

    hits: tuple[Scored, ...]
    pending: int = 0


class Retrieval:
    """Search over lanes that are kept up with the store. Safe to use from several threads."""

    def __init__(self, lanes: Lanes | None = None, weights: Mapping[str, Weights] | None = None) -> None:
        chosen = shipped_weights() if weights is None else weights
        self.lanes = lanes or Lanes()
        self._dense, self._lexical = Fusion(chosen["dense"]), Fusion(chosen["lexical"])
        self._late = Fusion(chosen["late"], first=chosen["dense"]) if "late" in chosen else self._dense

    def over(self, lanes: Lanes) -> Retrieval:
        """The same search over other lanes."""
        other = copy(self)
        other.lanes = lanes
        return other

    def retrieve(self, query: MemoryQuery, view: View, grant: Grant, now: datetime, moment: datetime | None = None) -> Found:
        """At most `query.limit` memories of the View that pass the query's filter and the grant's, best first.

        A memory that held no more at `moment`, by default now, comes behind what superseded it, unless the question asks for the past.
        `query.namespaces` are read with all below them. Without a text only the vector counts, without a vector only the text; a text of
        stop words alone and no vector lists the latest, one without words nothing. InvalidCall for a vector of another width than the
        store's.
        """
        signals = self.signals(query, view, grant, now)
        if signals is None:
            return Found(())
        pending = signals.scope.pending_of(signals.passing) if query.vector is not None else 0
        if not signals.names and signals.question.has_no_topic:
            return Found(tuple(above(_latest(signals, query.limit), query.rank.minimum)), pending)
        fusion = self._lexical if "dense" not in signals.names else self._dense if signals.late is None else self._late
        fusion, wide = weighed(fusion, query.rank, moment or now), reach(query)
        fusion = along(fusion, query, signals, view)
        answers = _ranked(fusion, signals, wide)
        if query.window is None and not asks_for_the_past(query.text) and len(gone := ended(signals, moment or now)):
            answers = succeeded(answers, signals, fusion, view, gone)[:wide]
        answers = chosen(reranked(answers, query, signals), query, signals, fusion)
        self.lanes.weigh(signals.scope)
        return Found(tuple(Scored(score, why, int(signals.scope.rows[position])) for score, why, position in answers), pending)

    def signals(self, query: MemoryQuery, view: View, grant: Grant, now: datetime) -> Signals | None:
        """What the lanes say of a query, None when nothing passes."""
        if query.vector is not None and view.dimensions != len(query.vector):
            raise InvalidCall(
                f"the query's vector has {len(query.vector)} dimensions, the store's vectors have {view.dimensions or 'none'}"
            )
        found = self._states(query, view, grant, now)
        if found is None:
            return None
        scope, states = found
        question = Question(query.text)
        words = asked(query.text, query.words) if query.words is not None else None
        if scope.n >= coarse.CROSSOVER and not question.has_no_topic:
            scope = scope.large.excerpt(states, question, view.hash_terms(question.terms), query.vector)
            if not scope.n:
                return None
        passing = scope.arranged([state.passing for state in states])
        return _signals(_Asking(question, query.vector, words), view, scope, passing)

    def path(self, query: MemoryQuery, view: View, grant: Grant, now: datetime) -> list[dict[str, Any]]:
        """The steps that a search takes for a query, in their order."""
        return told(query, self.signals(query, view, grant, now))

    def quoted(self, texts: Sequence[str], query: MemoryQuery, view: View, grant: Grant, now: datetime, *, each: int) -> list[Likely]:
        """For each of several pieces of a text the memories, `each` at most, that hold most of its words, by how rare these are.

        `query` has the filter and the namespaces, as for `retrieve`; its text and vector are not read.
        """
        found = self._states(query, view, grant, now)
        return likely(*found, texts, view.hash_terms, each) if found is not None else []

    def _states(self, query: MemoryQuery, view: View, grant: Grant, now: datetime) -> tuple[Scope, list[State]] | None:
        """All that a query reads, and the lanes with what passes in each; None when nothing does."""
        lanes = self._read(query, view)
        wanted = query.filter if query.filter is not None else Filter.everything()
        read = {key: lane.read(view, wanted, grant.filter, now) for key, lane in lanes.items()}
        shown = {key: state for key, state in read.items() if state.allowed.any()}
        self.lanes.settle(view, lanes, {key for key, state in read.items() if key in shown or not len(state.rows)})
        states = list(shown.values())
        if not any(state.passing.any() for state in states):
            return None
        return self.lanes.scope(view, {key: lanes[key] for key in shown}, states), states

    def counted(self, query: MemoryQuery, tests: Sequence[Filter], view: View, grant: Filter, now: datetime) -> list[int]:
        """For each of several further conditions how many memories pass it beside the query's filter and the grant."""
        lanes, wanted = self._read(query, view).values(), query.filter if query.filter is not None else Filter.everything()
        return [sum(int(np.count_nonzero(lane.read(view, wanted & test, grant, now).passing)) for lane in lanes) for test in tests]

    def groups(self, query: MemoryQuery, by: str, view: View, grant: Grant, now: datetime) -> int | None:
        """How many groups there are among the memories that a query looks for; None when they are by a tag."""
        if by not in {"session", "speaker", "namespace"}:
            return None
        found = self._states(query, view, grant, now)
        return 0 if found is None else distinct(found[1], by)

    def _read(self, query: MemoryQuery, view: View) -> dict[LaneKey, Lane]:
        """The lanes of the namespaces that a query reads."""
        paths = sorted({path for root in query.namespaces or () for path in view.paths(root)})
        tiers = (False, True) if COLD.intersection(query.states or ()) else (False,)
        return {key: self.lanes.get(key) for path in paths for cold in tiers for key in (LaneKey(view.tenant, path, cold),)}

    def forget(self, view: View) -> None:
        """Let go of the View's tenant's lanes that it has seen purged, and of what was arranged of them."""
        self.lanes.forget(view)


class _Asking(NamedTuple):
    """A question, and what the embedder made of it: its vector, and its words."""

    question: Question
    vector: Floats | None
    words: Asked | None


def _signals(asking: _Asking, view: View, scope: Scope, passing: NDArray[np.bool_]) -> Signals:
    question, vector, words = asking
    all_pass = bool(passing.all())
    scores, usual, names = np.empty((2, scope.n), np.float32), np.zeros(2, np.float32), []
    rare, late = None, None
    idf: dict[str, float] = {}
    if question.terms:
        raw, rare, found = scope.lexical(view.hash_terms(question.terms))
        idf = dict(zip(question.terms, found, strict=True))
        greatest = raw.max() if all_pass else raw.max(where=passing, initial=0)
        if greatest > 0:
            np.multiply(raw, 1 / greatest, out=scores[0])
            np.minimum(scores[0], 1, out=scores[0])
            names.append("lex")
    have = passing if scope.pending is None else passing & ~scope.pending
    if vector is not None and (have is passing or have.any()):
        usual[len(names)] = _cosines(vector, scope, passing, have, scores[len(names)])
        names.append("dense")
        late = Late(scope, view, words, idf) if words is not None else None
    return Signals(scope, question, passing, tuple(names), scores[: len(names)], usual[: len(names)], rare, late)


def _cosines(vector: Floats, scope: Scope, passing: NDArray[np.bool_], have: NDArray[np.bool_], out: Floats) -> np.float32:
    """Write the cosines, the usual one where a vector is pending; the usual one is given."""
    all_pass = bool(passing.all())
    scope.cosines(vector, None if all_pass or np.count_nonzero(passing) * NARROW > scope.n else scope.with_neighbours(passing), out=out)
    usual = scope.usual_cosine(vector)
    if usual is None:
        usual = out.mean() if all_pass and have is passing else out.mean(where=have)
    if scope.pending is not None:
        out[scope.pending] = usual
    return usual


def _ranked(fusion: Fusion, signals: Signals, limit: int) -> list[Answer]:
    """The best by score, ties by priority, then the latest first."""
    scope = signals.scope
    ranked = fusion.best(signals, signals.passing if "dense" in signals.names else signals.passing & evident(signals), limit)
    at = ranked.at
    first = _first(scope, at, limit, -ranked.scores, lambda some: -scope.priorities.take(some))
    chosen = ranked.only(np.array(first, np.int64)).told(missing(signals, at[first]))
    hits = [(sum(why.values()), why, int(at[place])) for place, why in zip(first, map(chosen.why, range(len(first))), strict=True)]
    return sorted(hits, key=lambda hit: -hit[0])


def _latest(signals: Signals, limit: int) -> tuple[Scored, ...]:
    """The memories said last, the contribution `recent` falling from 1 as 1 / rank."""
    scope = signals.scope
    at = np.flatnonzero(signals.passing)
    first = at[_first(scope, at, limit, ~scope.said_at.take(at))]
    return tuple(Scored(1 / rank, {"recent": 1 / rank}, int(scope.rows[position])) for rank, position in enumerate(first.tolist(), 1))


def _first(scope: Scope, at: Places, limit: int, key: NDArray[np.generic], *others: Callable[[Places], NDArray[np.int64]]) -> list[int]:
    """The places in `at` that come first by a key, then by others, then by when it was said, in its session and by id: the latest first."""
    kept = np.flatnonzero(key <= np.partition(key, limit - 1)[limit - 1]) if len(at) > limit else np.arange(len(at))
    order = np.argsort(key.take(kept))
    best = key.take(kept[order])
    if not (best[1:] == best[:-1]).any():
        return _listed(kept[order[:limit]])
    some = at.take(kept)
    keys = [key.take(kept), *(other(some) for other in others), ~scope.said_at.take(some), ~scope.ordinals.take(some)]
    order = np.lexsort(keys[::-1])
    tied = np.zeros(len(order), np.bool_)
    tied[1:] = np.logical_and.reduce([each[order[1:]] == each[order[:-1]] for each in keys])
    groups = np.cumsum(~tied)
    if tied.any():
        by_id = sorted(range(len(order)), key=lambda place: scope.id_of(int(some[order[place]])), reverse=True)
        order = order[sorted(by_id, key=groups.tolist().__getitem__)]
    return _listed(kept[order[:limit]])


def _listed(places: Places) -> list[int]:
    return [int(place) for place in places]
