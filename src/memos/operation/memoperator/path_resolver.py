"""MemoryPathResolver: which path leads from a question to its answers: what to search, where, and in what order.

A question such as "What instruments does Melanie play?" is answered by memories that say nothing of instruments: they tell of a clarinet
and a violin, months apart. Its path has two steps. The first searches the topic, by the whole question. The second goes from the topic to
the concept it asks for, a class of things, from there to the facts, the members of the class, and looks for these among what was said by
those whom the question names, the more the better the topic is met there. Both are one ranking: what the second finds is a contribution
`concept` to the score of the first.

The second step is taken only for questions that ask by a class (`_asks_by_class`), where it pays (docs/decisions/0028-paths.md).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from memos.memcube.call import MemoryQuery
from memos.operation.memoperator.analysis import stems
from memos.operation.memoperator.classes import Classes, classes, rows_for
from memos.operation.memoperator.features import Question, Signals
from memos.operation.memoperator.late import LEAST, Late, best
from memos.operation.memoperator.ranking import Fusion, Ranked
from memos.operation.memoperator.scope import Floats, Places

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from memos.ports.adapter import View

CONCEPT, LATE_NEAR = "concept", "late_near"
WEIGHT = 4.0
"""What is added to the memory that is nearest both to the class and to the topic; chosen by `python -m evals.retrieval.resolver`."""
NEAREST = 3
"""A memory is as near to a class as to so many of its members, on average: one alone may be met by chance."""
OTHERS, OTHERS_OF_VERB = 3, 1
"""How many words a question has at most beside names and classes: with more it says itself what it looks for."""

_ASKED = re.compile(r"\b(?:what|which|how many|how much)\b(.*)", re.IGNORECASE | re.DOTALL)
_VERBS_LISTED = """
is are was were am does do did has have had will would can could may might should shall
"""
_VERBS = frozenset(_VERBS_LISTED.split())
_LASTING = frozenset({"has", "have", "does", "do"})
"""Verbs of questions for what holds or happened at any time; "did" and "was" ask for one occasion."""


class Path(NamedTuple):
    """The second step of a path: which words of the question name a class, its members, and among whose words they are looked for."""

    concept: tuple[str, ...]
    people: tuple[str, ...]
    members: Places
    rows: Floats
    """How the model reads each member, shape (members, w)."""
    named: Floats
    late: Late


def resolve(query: MemoryQuery, signals: Signals) -> Path | None:
    """The further step that a question wants; None for the most."""
    if not query.rank.resolver or query.words is None or signals.late is None:
        return None
    question, known, read = signals.question, classes(), rows_for(query.words.reader)
    if read is None or read.shape[1] != query.words.rows.shape[1]:
        return None
    if question.asks_when or known.of.keys().isdisjoint(question.terms) or signals.named is None:
        return None
    people = tuple(dict.fromkeys(word for word in question.words if signals.scope.named([word]) is not None))
    said = [word for word in question.words if word not in people]
    concept = tuple(dict.fromkeys(word for word in said if _class_of(word, known)))
    others = len(stems(said)) - sum(1 for word in said if word in concept)
    if not concept or not _asks_by_class(question, concept, others):
        return None
    members = known.named(stems(list(concept)))
    return Path(concept, people, members, read[members], signals.named, signals.late)


def _class_of(word: str, known: Classes) -> bool:
    return any(term in known.of for term in stems([word]))


def _asks_by_class(question: Question, concept: tuple[str, ...], others: int) -> bool:
    """Whether it asks for the members of a class: "which books …", "what sport does …", "what has she read"."""
    if others > OTHERS:
        return False
    if any(len(word) > len("bus") and word.endswith("s") and not word.endswith(("ss", "us", "is")) for word in concept):
        return True
    if _LASTING.isdisjoint(question.words):
        return False
    named = _asked_for(question)
    if not stems(named):
        return others <= OTHERS_OF_VERB and question.words[:1] == ["what"]
    return not set(concept).isdisjoint(named)


def _asked_for(question: Question) -> list[str]:
    """The words between "what" or "how many" and the verb."""
    found = _ASKED.search(question.text)
    if found is None:
        return []
    after = Question(found[1]).words
    return after[: next((place for place, word in enumerate(after) if word in _VERBS), len(after))]


class Along(Fusion):
    """A fusion that takes the second step too, over the memories that it ranks anyway."""

    def __init__(self, base: Fusion, path: Path, signals: Signals, view: View) -> None:
        super().__init__(base.weights)
        self._base, self._late, self._concept = base, path.late, _Nearness(path, signals, view)

    def rank(self, signals: Signals, at: Places) -> Ranked:
        """The full scores at some positions, ascending, what the step adds included."""
        return self._along(self._base.rank(signals, at))

    def best(self, signals: Signals, chosen: NDArray[np.bool_], count: int) -> Ranked:
        """What the fusion ranks in full, each with what the step adds."""
        return self._along(self._base.best(signals, chosen, count))

    def _along(self, ranked: Ranked) -> Ranked:
        parts = np.concatenate([ranked.parts, WEIGHT * (self._concept.at(ranked.at) * self._topic(ranked))[None]])
        return Ranked(ranked.at, parts.sum(axis=0), (*ranked.names, CONCEPT), parts)

    def _topic(self, ranked: Ranked) -> NDArray[np.floating]:
        """How well the question's own words are met by each memory and the turns around it, 0 to 1."""
        if LATE_NEAR in ranked.names:
            met: NDArray[np.floating] = ranked.parts[ranked.names.index(LATE_NEAR)] / self._base.weights[LATE_NEAR]
            return met
        return self._late.at(ranked.at)[1]


class _Nearness:
    """How near memories are to the class: 1 for the nearest among those first asked for, 0 for what is usual, less below.

    Only what those spoke whom the question names counts. Nothing is known of a memory whose vector is pending: 0.
    """

    def __init__(self, path: Path, signals: Signals, view: View) -> None:
        self._rows, self._named, self._scope, self._view = path.rows, path.named, signals.scope, view
        self._usual: tuple[np.float32, np.float32] | None = None

    def at(self, places: Places) -> Floats:
        """By position, ascending, shape (n,)."""
        found = self._cosines(places)
        known = ~np.isnan(found)
        if self._usual is None and known.any():
            mean = found[known].mean()
            self._usual = mean, max(found[known].max() - mean, LEAST)
        usual, span = self._usual or (np.float32(0), np.float32(1))
        return np.where(known, (found - usual) / span, np.float32(0)) * self._named.take(places)

    def _cosines(self, places: Places) -> Floats:
        """The mean of the cosines with the members that are met best; NaN where no words are known."""
        found = np.full(len(places), np.nan, np.float32)
        kept = min(NEAREST, len(self._rows))
        for state, here, slots, contents in self._scope.texts_at(places):
            met = best(self._rows, state.words.held(self._view, slots, contents, self._rows.shape[1]))
            found[here] = np.partition(met, -kept, axis=0)[-kept:].mean(axis=0)
        return found


def along(fusion: Fusion, query: MemoryQuery, signals: Signals, view: View) -> Fusion:
    """The fusion along the path that the question wants, itself where one step is all of it."""
    path = resolve(query, signals)
    return fusion if path is None else Along(fusion, path, signals, view)


def told(query: MemoryQuery, signals: Signals | None) -> list[dict[str, Any]]:
    """The steps in their order: what is searched, among whose words, and under which name a hit's `why` says that it was found so.

    A function of the question and of who speaks among what the caller may see: no memory is told of.
    """
    steps: list[dict[str, Any]] = [{"step": "topic", "search": query.text, "speakers": [], "why": "every other contribution"}]
    path = None if signals is None else resolve(query, signals)
    if path is not None:
        facts = [classes().members[place] for place in path.members.tolist()]
        steps.append({"step": CONCEPT, "of": list(path.concept), "search": facts, "speakers": list(path.people), "why": CONCEPT})
    return steps
