"""Topics: what a namespace is about, in two levels, from its own vectors and words, the same each time.

The clusters are named by the words that distinguish them, by c-TF-IDF (Grootendorst, "BERTopic: Neural topic modeling with a
class-based TF-IDF procedure", 2022). A cluster keeps the name that most of its members had before.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from memos.operation.memoperator.analysis import STOP, stems, words
from memos.operation.memoperator.clusters import Integers, Matrix, clusters, scaled, without_style

TOPICS, CONCEPTS = 48, 8
"""The most topics of a namespace, and concepts of a topic."""
SUPPORT = 2
"""In how many memories of a cluster a word stands at least that names it, so that no name is taken from one memory."""
NAMED_BY = 2
"""How many words of its own tell a memory within its concept."""
SAME = 0.5
"""Which share of two clusters, old and new, of what they hold together is common to them when the name stays (Jaccard)."""
SHORTEST, LEAST = 3, 8
"""The letters of a word that counts, and the memories of which concepts are told apart."""
_DULL_WORDS = """
also always anyone anything back better big can't come day days didn't don't done every everyone feel first get gets getting give go
goes going gonna good got great i'd i'll i'm i've it's keep know last least let like little long look looks lot love made make making
maybe might much must need never new next nice old one part people please put quite rather really said say says see seem seems sure take
tell thank thanks thing things think though thought time today told tomorrow tonight two use used want wants way week weeks well went
work works would year years yes yesterday yet you're three four five six seven eight nine ten morning evening night month months hope
kind
"""
_DULL = frozenset(_DULL_WORDS.split())
"""Words that stand in talk of anything."""


class Place(NamedTuple):
    """Where a memory stands: its topic, its concept within, its own words there, and how sure the topic is."""

    topic: str
    concept: str | None
    fact: str | None
    confidence: float


class Note(NamedTuple):
    """A memory as topics see it: what search may know of its text, how it says it, and the topic and the concept that it has had."""

    text: str
    style: tuple[str, ...] = ()
    """Such as its kind and its sentiment: what is common to memories of one style is no topic."""
    topic: str | None = None
    concept: str | None = None


class Vocabulary:
    """The words of some texts by their stems: in which of them each stands, and the form in which it is written most."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._forms: dict[str, Counter[str]] = defaultdict(Counter)
        self.bags = [self._bag(text) for text in texts]
        self.spread = Counter(stem for bag in self.bags for stem in bag)

    def _bag(self, text: str) -> frozenset[str]:
        kept = [word for word in words(text) if len(word) >= SHORTEST and word not in STOP and word not in _DULL and not word.isdecimal()]
        found = {word: (stems([word]) or [word])[0] for word in kept}
        for word, stem in found.items():
            self._forms[stem][word] += 1
        return frozenset(found.values())

    def shown(self, chosen: Iterable[str]) -> str:
        """Stems as words."""
        return " ".join(min(self._forms[stem].items(), key=lambda form: (-form[1], form[0]))[0] for stem in chosen)

    def held(self, name: str, rows: Iterable[int]) -> bool:
        """Whether enough of some texts hold each word of a name."""
        inside = list(rows)
        wanted = [(stems([word]) or [word])[0] for word in name.split()]
        return all(sum(stem in self.bags[row] for row in inside) >= SUPPORT for stem in wanted)

    def shared(self, name: str) -> bool:
        """Whether enough of all texts hold each word of a name."""
        return all(self.spread[(stems([word]) or [word])[0]] >= SUPPORT for word in name.split())

    def named(self, groups: Sequence[Integers], points: Matrix, besides: frozenset[str] = frozenset()) -> list[str | None]:
        """A name for each cluster, none twice: its words by c-TF-IDF and by how near the texts that hold them lie to its centre.

        A word is taken that enough texts of the cluster hold, or for want of one, enough texts altogether.
        """
        counts = [Counter(stem for row in group.tolist() for stem in self.bags[row]) for group in groups]
        everywhere = sum(counts, Counter[str]())
        known = {stem: at for at, stem in enumerate(sorted(stem for stem, n in everywhere.items() if n >= SUPPORT and stem not in besides))}
        meanings = self._meanings(known, points, np.concatenate(groups))
        mean = sum(everywhere.values()) / max(1, len(counts))
        names: list[str | None] = []
        for count, group in zip(counts, groups, strict=True):
            near = meanings @ scaled(points[group].sum(axis=0, keepdims=True))[0]
            held = {stem: n for stem, n in count.items() if stem in known}
            often = {stem: n for stem, n in held.items() if n >= SUPPORT} or held
            weights = {
                stem: n * math.log(1 + mean / everywhere[stem]) * max(0.0, float(near[known[stem]])) ** 2 for stem, n in often.items()
            }
            ranked = [stem for _, stem in sorted((-weight, stem) for stem, weight in weights.items())]
            names.append(next((name for name in map(self.shown, _pairs(ranked)) if name not in names), None))
        return names

    def _meanings(self, known: dict[str, int], points: Matrix, rows: Integers) -> Matrix:
        """Where each word stands: the direction of the texts that hold it, shape (words, d)."""
        pairs = [(known[stem], row) for row in rows.tolist() for stem in sorted(self.bags[row]) if stem in known]
        found = np.zeros((len(known), points.shape[1]), np.float32)
        if pairs:
            words_at, rows_at = np.array(pairs).T
            np.add.at(found, words_at, points[rows_at])
        return scaled(found)


def _pairs(ranked: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """The first of some words with one of those after it, the best first; one alone where it is the only one."""
    if len(ranked) == 1:
        yield (ranked[0],)
    for following in ranked[1:]:
        yield ranked[0], following


def topics(notes: Sequence[Note], vectors: Matrix) -> list[Place | None]:
    """The place of each memory, None where it has none: its cluster has no word of its own that several memories hold.

    `vectors` (n, d) of length 1, a row of zeros for one that has none yet, which has no place.
    """
    vocabulary = Vocabulary(note.text for note in notes)
    points = without_style(vectors, [note.style for note in notes])
    rows = np.flatnonzero([bool(bag) and bool(point.any()) for bag, point in zip(vocabulary.bags, points, strict=True)])
    found: list[Place | None] = [None] * len(notes)
    if len(rows) < LEAST:
        return found
    chosen, sure = clusters(points[rows], _count(len(rows), TOPICS), [notes[row].topic for row in rows.tolist()])
    members = [rows[chosen == number] for number in range(int(chosen.max()) + 1)]
    names = _kept(vocabulary.named(members, points), members, [note.topic for note in notes], vocabulary)
    certainty = dict(zip(rows.tolist(), sure.tolist(), strict=True))
    for name, inside in zip(names, members, strict=True):
        if name is None:
            continue
        for row, concept, own in _concepts(inside, points, vocabulary, name, notes):
            found[row] = Place(name, concept, own, certainty[row])
    return found


def _concepts(
    inside: Integers, points: Matrix, vocabulary: Vocabulary, name: str, notes: Sequence[Note]
) -> Iterable[tuple[int, str | None, str | None]]:
    """The members of one topic, each with its concept and with the words that are its own there."""
    count = _count(len(inside), CONCEPTS) if len(inside) >= LEAST else 1
    within = (
        clusters(points[inside], count, [notes[row].concept for row in inside.tolist()])[0]
        if count > 1
        else np.zeros(len(inside), np.int64)
    )
    parts = [inside[within == number] for number in range(int(within.max()) + 1)]
    besides = frozenset(stems(name.split()))
    concepts: list[str | None] = [None]
    if count > 1:
        concepts = _kept(vocabulary.named(parts, points, besides), parts, [note.concept for note in notes], vocabulary)
    spread = Counter(stem for row in inside.tolist() for stem in vocabulary.bags[row])
    for concept, part in zip(concepts, parts, strict=True):
        for row in part.tolist():
            own = sorted(vocabulary.bags[row], key=lambda stem: (spread[stem], stem))[:NAMED_BY]
            yield row, concept, vocabulary.shown(own) or None


def _count(size: int, most: int) -> int:
    """The rule of thumb for the number of clusters, the root of half the size (Mardia, Kent and Bibby, 1979)."""
    return max(2, min(most, round(math.sqrt(size / 2))))


def _kept(names: list[str | None], groups: Sequence[Integers], before: Sequence[str | None], vocabulary: Vocabulary) -> list[str | None]:
    """The names, but the one that most members had `before`, where the cluster is still the same and enough of them hold its words."""
    had: dict[str, set[int]] = defaultdict(set)
    for row, name in enumerate(before):
        if name is not None:
            had[name].add(row)
    old: dict[int, str] = {}
    for place, group in enumerate(groups):
        name = _before(group, had, vocabulary)
        if name is not None and name not in old.values():
            old[place] = name
    taken = set(old.values())
    return [old.get(place, name if name not in taken else None) for place, name in enumerate(names)]


def _before(group: Integers, had: dict[str, set[int]], vocabulary: Vocabulary) -> str | None:
    """The name that a cluster had, None where it is a new one: more than half of what it and the old one hold is common to both."""
    rows = set(group.tolist())
    known = {row for each in had.values() for row in each} & rows
    for name, mine in sorted(had.items()):
        if len(mine & rows) / max(1, len(mine | known)) > SAME and vocabulary.held(name, rows):
            return name
    return None
