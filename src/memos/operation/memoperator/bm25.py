"""BM25 over in-memory postings: immutable segments, merged as they grow, and statistics over the rows that a reader may see.

Okapi BM25 with Lucene's idf (Robertson and Zaragoza 2009, "The Probabilistic Relevance Framework"; Kamphuis et al. 2020 for the variant).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

K1, B = 1.2, 0.75
RARE = 8
"""A term that more memories hold than this is not rare."""
_GROWTH = 4  # a segment is merged into the one before it unless that is four times as large


class Segment(NamedTuple):
    """Postings sorted by term: those of `hashes[t]` stand at `[starts[t], starts[t + 1])`, their rows ascending."""

    hashes: NDArray[np.uint64]
    starts: NDArray[np.int64]
    rows: NDArray[np.int32]
    counts: NDArray[np.uint16]

    def find(self, wanted: NDArray[np.uint64]) -> Iterator[tuple[int, slice]]:
        """(place in `wanted`, where its postings stand) for each term that is here."""
        places = np.searchsorted(self.hashes, wanted)
        for term, (place, hash_) in enumerate(zip(places.tolist(), wanted.tolist(), strict=True)):
            if place < len(self.hashes) and int(self.hashes[place]) == hash_:
                yield term, slice(int(self.starts[place]), int(self.starts[place + 1]))


def segment(first: int, hashes: Sequence[bytes], counts: Sequence[bytes]) -> Segment:
    """The postings of rows `first`, `first + 1`, … from their terms' uint64 hashes and uint16 counts, little endian."""
    terms = np.frombuffer(b"".join(hashes), "<u8")
    sizes = np.fromiter((len(each) // 8 for each in hashes), np.int64, len(hashes))
    rows = np.repeat(np.arange(first, first + len(hashes), dtype=np.int32), sizes)
    order, ordered = _grouping(terms)
    heads = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1]))) if len(terms) else np.empty(0, np.int64)
    starts = np.append(heads, len(terms)).astype(np.int64)
    return Segment(ordered[heads], starts, rows.take(order), np.frombuffer(b"".join(counts), "<u2").take(order))


def _grouping(terms: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """The stable order of the terms, and they in that order. Sorting (leading bits, place) as one is seven times faster."""
    bits = np.uint64(max(1, len(terms).bit_length()))
    keys = terms >> bits << bits | np.arange(len(terms), dtype=np.uint64)
    keys.sort()
    order = (keys & (np.uint64(1) << bits) - np.uint64(1)).view(np.int64)
    ordered = terms.take(order)
    if (ordered[1:] < ordered[:-1]).any():  # two terms share their leading bits
        order = np.argsort(terms, kind="stable").astype(np.int64)
        ordered = terms.take(order)
    return order, ordered


def merge(older: Segment, newer: Segment) -> Segment:
    """One segment of two, the rows of `newer` all being greater."""
    hashes = np.union1d(older.hashes, newer.hashes)
    places = [np.searchsorted(hashes, part.hashes) for part in (older, newer)]
    sizes = [np.diff(part.starts) for part in (older, newer)]
    filled = np.zeros(len(hashes), np.int64)
    filled[places[0]] = sizes[0]
    total = filled.copy()
    total[places[1]] += sizes[1]
    starts = np.concatenate(([0], np.cumsum(total)))
    rows, counts = np.empty(starts[-1], np.int32), np.empty(starts[-1], np.uint16)
    targets = (starts[places[0]], starts[places[1]] + filled[places[1]])
    for part, size, target in zip((older, newer), sizes, targets, strict=True):
        at = np.repeat(target - part.starts[:-1], size) + np.arange(len(part.rows))
        rows[at], counts[at] = part.rows, part.counts
    return Segment(hashes, starts, rows, counts)


def extended(segments: tuple[Segment, ...], newest: Segment) -> tuple[Segment, ...]:
    """The segments with one more, small ones merged, so that an add costs little and a search meets few of them."""
    kept = [*segments, newest]
    while len(kept) > 1 and len(kept[-2].rows) < _GROWTH * len(kept[-1].rows):
        kept[-2:] = [merge(kept[-2], kept[-1])]
    return tuple(kept)


class Part(NamedTuple):
    """What one lane brings to a search: postings, the mask of the rows that count (None: all), and each row's length in terms."""

    segments: tuple[Segment, ...]
    allowed: NDArray[np.bool_] | None
    lengths: NDArray[np.float32]

    @property
    def population(self) -> int:
        """How many rows count."""
        return len(self.lengths) if self.allowed is None else int(np.count_nonzero(self.allowed))


class Matches(NamedTuple):
    """What the terms of a question say of each part's rows."""

    scores: list[NDArray[np.float32]]
    """BM25, 0 where a row does not count."""
    rare: list[list[tuple[NDArray[np.int32], float]]]
    """The rows that hold a rare term, and 1 over the square of how many there are in all parts; the rarest last."""
    idf: list[float]
    """The idf of each term."""


class Statistics:
    """N and the mean length over the rows that count, and from them each row's saturation k1·(1 - b + b·length/mean)."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts = tuple(parts)
        self.population = sum(part.population for part in parts)
        total = sum(float(part.lengths.sum(where=True if part.allowed is None else part.allowed, dtype=np.float64)) for part in parts)
        mean = total / self.population if total else 1.0
        self._last: tuple[bytes, list[list[list[_Piece]]]] | None = None
        self._saturation = [(K1 * (1 - B) + K1 * B / mean * part.lengths).astype(np.float32) for part in parts]

    def matches(self, hashes: NDArray[np.uint64]) -> Matches:
        """What some terms find."""
        found = [self._postings(part, hashes) for part in self.parts]
        frequency = [sum(len(rows) for rows, _ in column) for column in _columns(found, len(hashes))]
        idf = [self.idf(df) for df in frequency]
        weights = [each * (K1 + 1) for each in idf]
        scores = [_accumulate(pieces, weights, saturation) for pieces, saturation in zip(found, self._saturation, strict=True)]
        rare = sorted((term for term, df in enumerate(frequency) if 0 < df <= RARE), key=lambda term: -frequency[term])
        return Matches(scores, [[(rows, 1 / frequency[term] ** 2) for term in rare for rows, _ in pieces[term]] for pieces in found], idf)

    def candidates(
        self, hashes: NDArray[np.uint64], passing: Sequence[NDArray[np.bool_]], most: int
    ) -> list[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """Part by part the rows that pass and hold one of the rarest terms, and what these terms score there.

        As many terms count, the rarest first, as are held by `most` rows together; one at least (Turtle and Flood 1995, "MaxScore").
        """
        found = self._found(hashes)
        frequency = [sum(len(rows) for rows, _ in column) for column in _columns(found, len(hashes))]
        chosen, held = list[int](), 0
        for term in sorted((term for term, df in enumerate(frequency) if df), key=lambda term: frequency[term]):
            if chosen and held + frequency[term] > most:
                break
            chosen.append(term)
            held += frequency[term]
        weights = [self.idf(frequency[term]) * (K1 + 1) for term in chosen]
        pairs = zip(found, self._saturation, passing, strict=True)
        return [_gathered([pieces[term] for term in chosen], weights, saturation, mask) for pieces, saturation, mask in pairs]

    def matches_at(
        self, hashes: NDArray[np.uint64], rows: Sequence[NDArray[np.int64]]
    ) -> tuple[list[NDArray[np.float32]], list[NDArray[np.float32]] | None, list[float]]:
        """The scores of some rows of each part, as `matches` gives them, the shares of the rarest terms there, and the idf of each term."""
        found = self._found(hashes)
        frequency = [sum(len(pieces) for pieces, _ in column) for column in _columns(found, len(hashes))]
        idf = [self.idf(df) for df in frequency]
        scores, shares, any_rare = [], [], False
        for pieces, saturation, wanted in zip(found, self._saturation, rows, strict=True):
            place = np.full(len(saturation), -1, np.int32)
            place[wanted] = np.arange(len(wanted), dtype=np.int32)
            score, share = np.zeros(len(wanted), np.float32), np.zeros(len(wanted), np.float32)
            for term in sorted(range(len(hashes)), key=lambda term: -frequency[term]):
                for held, counts in pieces[term]:
                    at = place.take(held)
                    here = np.flatnonzero(at >= 0)
                    at, number = at[here], counts[here]
                    score[at] += number * np.float32(idf[term] * (K1 + 1)) / (number + saturation.take(held[here]))
                    if frequency[term] <= RARE and len(here):
                        share[at], any_rare = 1 / frequency[term] ** 2, True
            scores.append(score)
            shares.append(share)
        return scores, shares if any_rare else None, idf

    def holders(self, hashes: NDArray[np.uint64]) -> tuple[list[list[NDArray[np.int32]]], list[float]]:
        """The rows that hold each term, part by part, and each term's idf."""
        found = [self._postings(part, hashes) for part in self.parts]
        rows = [[np.concatenate([rows for rows, _ in term]) if term else _NOBODY for term in pieces] for pieces in found]
        return rows, [self.idf(sum(map(len, term))) for term in zip(*rows, strict=True)]

    def _found(self, hashes: NDArray[np.uint64]) -> list[list[list[_Piece]]]:
        """The postings of some terms, part by part; those asked for last are kept, since a question asks twice."""
        key, last = hashes.tobytes(), self._last
        if last is None or last[0] != key:
            last = self._last = key, [self._postings(part, hashes) for part in self.parts]
        return last[1]

    def idf(self, frequency: int) -> float:
        """How much a term tells that so many rows hold."""
        return math.log(1 + (self.population - frequency + 0.5) / (frequency + 0.5))

    @staticmethod
    def _postings(part: Part, hashes: NDArray[np.uint64]) -> list[list[_Piece]]:
        pieces: list[list[_Piece]] = [[] for _ in hashes]
        for each in part.segments:
            for term, span in each.find(hashes):
                rows, counts = each.rows[span], each.counts[span]
                if part.allowed is not None:
                    counts = counts[counted := part.allowed[rows]]
                    rows = rows[counted]
                pieces[term].append((rows, counts))
        return pieces


_NOBODY: NDArray[np.int32] = np.empty(0, np.int32)
_Piece = tuple[NDArray[np.int32], NDArray[np.uint16]]


def _columns(found: Sequence[list[list[_Piece]]], terms: int) -> Iterable[list[_Piece]]:
    return ([piece for pieces in found for piece in pieces[term]] for term in range(terms))


def _accumulate(pieces: list[list[_Piece]], weights: list[float], saturation: NDArray[np.float32]) -> NDArray[np.float32]:
    rows = [rows for term in pieces for rows, _ in term]
    if not rows:
        return np.zeros(len(saturation), np.float32)
    values = [
        counts * np.float32(weight) / (counts + saturation.take(rows))
        for term, weight in zip(pieces, weights, strict=True)
        for rows, counts in term
    ]
    return np.bincount(np.concatenate(rows), np.concatenate(values), len(saturation)).astype(np.float32)


def _gathered(
    pieces: list[list[_Piece]], weights: list[float], saturation: NDArray[np.float32], passing: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The rows of some terms that pass, ascending, none twice, and their scores."""
    rows, values = [np.empty(0, np.int32)], [np.empty(0, np.float32)]
    for term, weight in zip(pieces, weights, strict=True):
        for held, counts in term:
            kept = passing.take(held)
            rows.append(held[kept])
            values.append(counts[kept] * np.float32(weight) / (counts[kept] + saturation.take(rows[-1])))
    joined = np.concatenate(rows)
    order = np.argsort(joined, kind="stable")  # ascending runs are merged, not sorted
    ordered = joined[order]
    heads = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1]))) if len(ordered) else np.empty(0, np.int64)
    sums = np.add.reduceat(np.concatenate(values)[order], heads) if len(heads) else np.empty(0, np.float32)
    return ordered[heads].astype(np.int64), sums
