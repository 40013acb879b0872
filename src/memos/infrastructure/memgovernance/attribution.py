"""Attribution: from which of some texts another one was taken, and whether that can be told at all.

A passage that more than three texts have is nobody's: each letter of the quote is discounted by how many sources hold it (its document
frequency), and a source is named for what is left.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from math import log2
from typing import Generic, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from memos.infrastructure.memgovernance.fingerprint import Passage, Quote, folded, folded_with_places, passages, winnowed

ENOUGH = 40
"""So many letters that a source shares with few others name it: some eight words of a short text."""
FEW, MORE = 64, 12
"""In a longer text chance has more to find: with each doubling of these letters so many more are asked for."""
MANY = 3
"""What more sources than these hold is boilerplate."""
GAP, SLIP = 60, 40
"""How far apart, in letters, two passages of one quotation lie, and how much longer or shorter the source is between them."""
LATEST = 16
"""How many quotations a passage may go on from: those begun last."""
NAMED = 100
"""How many sources of one text are named at most."""
ALIKE = 0.8
"""A source beside a better one is named where it holds so much of the same letters; below, the better one explains it."""

Name = TypeVar("Name", bound=Hashable)
Mask = NDArray[np.bool_]
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Source(Generic[Name]):
    """A text that was quoted: how many letters of the quote are its, their share, and where they stand in the quote."""

    name: Name
    letters: int
    share: float
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Attribution(Generic[Name]):
    """`found` names sources, the fullest first; `ambiguous` says how many texts hold the same, and `none` that no text does.

    `spans` are the passages of the quote, from character to character, that the verdict rests on, and `share` is theirs of its letters.
    """

    verdict: Literal["found", "ambiguous", "none"]
    sources: tuple[Source[Name], ...]
    shared_by: int
    share: float
    spans: tuple[Span, ...]


class Comparison(Generic[Name]):
    """One quote, compared with text after text. `key` orders the fingerprints, and changes no answer."""

    def __init__(self, text: str, key: int) -> None:
        self._text, self._key = text, key
        self._letters = folded_with_places(text)
        self._quote = Quote(winnowed(self._letters.codes, key))
        self._enough = enough(len(self._letters.codes))
        self._held: dict[Name, Mask] = {}
        self._seen: set[Name] = set()

    @property
    def letters(self) -> int:
        """How many letters the quote has."""
        return len(self._letters.codes)

    def knows(self, name: Name) -> bool:
        """Whether a text of this name was compared."""
        return name in self._seen

    def add(self, name: Name, text: str) -> None:
        """Compare with one more text."""
        self._seen.add(name)
        held = np.zeros(self.letters, np.bool_)
        for chain in chains(passages(self._quote, winnowed(folded(text), self._key))):
            if sum(end - start for start, end in merged(chain)) >= self._enough:
                for run in chain:
                    held[run.start : run.end] = True
        if held.any():
            self._held[name] = held

    def quoted(self) -> tuple[Span, ...]:
        """The passages of the quote that some text holds."""
        return self._spans(self._depth() > 0)

    def attribution(self) -> Attribution[Name]:
        """What all that was compared amounts to."""
        depth = self._depth()
        rare = (depth > 0) & (depth <= MANY)
        sources = [Source(name, *self._told(own)) for name, own in self._named(rare)]
        if sources:
            holding = [self._held[source.name] & rare for source in sources]
            return Attribution("found", tuple(sources), 0, *self._told(np.logical_or.reduce(holding))[1:])
        if not self._held:
            return Attribution("none", (), 0, 0.0, ())
        return Attribution("ambiguous", (), int(depth.max()), *self._told(depth > 0)[1:])

    def _named(self, rare: Mask) -> Iterator[tuple[Name, Mask]]:
        """The sources with enough letters of their own, but for those that a fuller one explains."""
        owned = [(name, own, int(own.sum())) for name, held in self._held.items() if (own := held & rare).any()]
        owned.sort(key=lambda each: -each[2])
        taken = np.zeros(self.letters, np.bool_)
        before: list[tuple[Mask, int]] = []
        for name, own, count in owned:
            if count < self._enough or len(before) == NAMED:
                return
            novel = (own & ~taken).sum() >= self._enough
            if novel or any((own & other).sum() >= ALIKE * size for other, size in before):
                taken |= own
                before.append((own, count))
                yield name, own

    def _depth(self) -> NDArray[np.int64]:
        depth = np.zeros(self.letters, np.int64)
        for held in self._held.values():
            depth += held
        return depth

    def _told(self, held: Mask) -> tuple[int, float, tuple[Span, ...]]:
        count = int(held.sum())
        return count, round(count / self.letters, 4), self._spans(held)

    def _spans(self, held: Mask) -> tuple[Span, ...]:
        edges = np.flatnonzero(np.diff(np.concatenate(([False], held, [False])).astype(np.int8))).tolist()
        places = self._letters.places
        return tuple((int(places[start]), int(places[end - 1]) + 1) for start, end in zip(edges[::2], edges[1::2], strict=True))


def enough(letters: int) -> int:
    """How many letters of a text of this length must be a source's: what two texts share by chance grows with the logarithm of their length
    (Karlin and Altschul 1990).
    """
    return ENOUGH + max(0, round(MORE * log2(max(letters, 1) / FEW)))


def chains(runs: Sequence[Passage]) -> list[list[Passage]]:
    """Passages that follow each other in both texts alike, little being changed between them, as one quotation each."""
    found: list[list[Passage]] = []
    for run in runs:
        for chain in found[: -LATEST - 1 : -1]:
            last = chain[-1]
            slip = (run.there - run.start) - (last.there - last.start)
            if run.start - last.end <= GAP and abs(slip) <= SLIP:
                chain.append(run)
                break
        else:
            found.append([run])
    return found


def merged(runs: Sequence[Passage]) -> list[Span]:
    """The stretches of the quote that some passages cover, in their order."""
    found: list[Span] = []
    for run in sorted(runs):
        if found and run.start <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], run.end)
        else:
            found.append((run.start, run.end))
    return found
