"""Late interaction: how well each word of a question is met by some word of a memory, or of the turns around it.

MaxSim (Khattab and Zaharia 2020, "ColBERT"): of every word of the question the greatest cosine with any word of the text, these averaged,
each word weighing its idf. Only words that say something are kept, as int8.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from memos.memcube.vector import Words
from memos.operation.memoperator.analysis import query_terms
from memos.operation.memoperator.vectors import encode

if TYPE_CHECKING:
    from memos.operation.memoperator.scope import Scope
    from memos.ports.adapter import View

Floats = NDArray[np.float32]
Places = NDArray[np.int64]
LEAST = np.float32(1e-3)
REACH = 2
"""How many neighbours on each side count."""

MOST_BYTES = 192 << 20
"""When a lane holds more of words than this it lets all go, and reads again what is asked for."""
UNKNOWN = -1
NO_CODES, NO_SCALES, NOWHERE = np.empty((0, 0), np.int8), np.empty(0, np.float32), np.empty(0, np.int64)


def packed(text: str, words: Words | None) -> bytes:
    """The rows of the words of a text that say something, as a store keeps them: int8, one after the other."""
    if words is None:
        return b""
    kept = [place for place, (start, end) in enumerate(words.spans) if query_terms(text[start:end])]
    return encode(words.rows[kept])[0].tobytes()


class Asked(NamedTuple):
    """The words of a question that say something: the terms of each, and its unit row, shape (words, w)."""

    terms: tuple[tuple[str, ...], ...]
    rows: NDArray[np.float32]


def asked(text: str, words: Words) -> Asked | None:
    """What a question asks with; None when no word says anything."""
    terms = [query_terms(text[start:end]) for start, end in words.spans]
    kept = [place for place, found in enumerate(terms) if found]
    return Asked(tuple(tuple(terms[place]) for place in kept), words.rows[kept]) if kept else None


class Held(NamedTuple):
    """Words of several texts, text after text."""

    counts: Places
    """How many there are of each text."""
    codes: NDArray[np.int8]
    """Shape (words, w)."""
    scales: Floats
    """What makes each a unit row."""


class WordCodes:
    """The words of one lane's texts, by the slot of the text's vector; read from the store when they are first asked for."""

    __slots__ = ("_codes", "_counts", "_lock", "_scales", "_starts", "_used")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._codes, self._scales, self._starts, self._counts, self._used = NO_CODES, NO_SCALES, NOWHERE, NOWHERE, 0

    def __copy__(self) -> WordCodes:
        """The same words, for slots that go on by themselves."""
        other = WordCodes()
        with self._lock:
            other._codes, other._scales, other._used = self._codes[: self._used], self._scales[: self._used], self._used
            other._starts, other._counts = self._starts.copy(), self._counts.copy()
        return other

    def _reset(self, width: int) -> None:
        self._codes, self._scales, self._starts, self._counts = np.empty((0, width), np.int8), NO_SCALES, NOWHERE, NOWHERE
        self._used = 0

    @property
    def nbytes(self) -> int:
        """The bytes held."""
        return self._codes.nbytes + self._scales.nbytes + self._starts.nbytes + self._counts.nbytes

    def held(self, view: View, slots: Places, contents: Places, width: int) -> Held:
        """The words of the texts in some slots, none negative, whose contents stand beside them."""
        with self._lock:
            if self._codes.shape[1] != width or self._used * (width + 4) > MOST_BYTES:
                self._reset(width)
            self._reach(int(slots.max(initial=-1)) + 1)
            unknown = np.flatnonzero(self._starts[slots] == UNKNOWN)
            if len(unknown):
                self._read(view, slots[unknown], contents[unknown], width)
            starts, counts = self._starts[slots], self._counts[slots]
            at = np.arange(counts.sum()) + np.repeat(starts - counts.cumsum() + counts, counts)
            return Held(counts, self._codes.take(at, axis=0), self._scales.take(at))

    def _reach(self, slots: int) -> None:
        if slots > len(self._starts):
            more = np.full(max(slots, len(self._starts) * 3 // 2) - len(self._starts), UNKNOWN)
            self._starts, self._counts = np.append(self._starts, more), np.append(self._counts, np.zeros_like(more))

    def _read(self, view: View, slots: Places, contents: Places, width: int) -> None:
        """Take in the words that a View has; one that is behind this lane may not have all, and says nothing for those after it."""
        found = view.words(contents.tolist())
        there = np.array([content in found for content in contents.tolist()], np.bool_)
        slots, contents = slots[there], contents[there]
        if not len(slots):
            return
        bodies = [found[content] for content in contents.tolist()]
        sizes = np.array([len(body) // width if len(body) % width == 0 else 0 for body in bodies])
        codes = np.frombuffer(b"".join(body for body, size in zip(bodies, sizes, strict=True) if size), np.int8).reshape(-1, width)
        first = self._room(len(codes), width)
        self._codes[first : self._used] = codes
        lengths = np.sqrt(np.einsum("ij,ij->i", codes, codes, dtype=np.float32))
        self._scales[first : self._used] = 1 / np.maximum(lengths, 1)
        self._starts[slots], self._counts[slots] = first + sizes.cumsum() - sizes, sizes

    def _room(self, more: int, width: int) -> int:
        """Room for more words behind those there are."""
        first, self._used = self._used, self._used + more
        if self._used > len(self._scales):
            capacity = max(self._used, len(self._scales) * 2)
            codes, scales = np.empty((capacity, width), np.int8), np.empty(capacity, np.float32)
            codes[:first], scales[:first] = self._codes[:first], self._scales[:first]
            self._codes, self._scales = codes, scales
        return first


def best(query: NDArray[np.float32], held: Held) -> Floats:
    """For each word of a question and each text the greatest cosine, shape (words, texts); NaN for a text without words."""
    import numkong

    found = np.full((len(query), len(held.counts)), np.nan, np.float32)
    some = np.flatnonzero(held.counts)
    if not len(some):
        return found
    codes, scales = encode(query)
    cosines = np.asarray(numkong.cdist(codes, held.codes, metric="dot", out_dtype="float32")) * held.scales
    starts = (held.counts.cumsum() - held.counts)[some]
    found[:, some] = np.maximum.reduceat(cosines, starts, axis=1) * scales[:, None]
    return found


class Late:
    """What the words of one question find in a scope. Each counts by the idf of its rarest term.

    Both scores are over their greatest value among the first positions asked for: those that are candidates.
    """

    def __init__(self, scope: Scope, view: View, asked: Asked, idf: Mapping[str, float]) -> None:
        self._scope, self._view, self._rows = scope, view, asked.rows
        unseen = scope.statistics.idf(0)
        weights = np.array([max(idf.get(term, unseen) for term in each) for each in asked.terms], np.float32)
        self._weights = weights / weights.sum()
        self._greatest: tuple[np.float32, np.float32] | None = None

    def at(self, places: Places) -> tuple[Floats, Floats]:
        """How well the words are met at some positions, ascending: by the text, and by it and the two turns on each side together."""
        scope = self._scope
        wide = self._wide(places)
        found = self._found(wide)
        here = wide.searchsorted(places) if len(wide) > len(places) else np.arange(len(places))
        own = found.take(here, axis=1)
        near, sessions = own.copy(), scope.sessions.take(places)
        for distance in (*range(-REACH, 0), *range(1, REACH + 1)):
            beside = scope.fenced_sessions.take(places + distance + REACH) == sessions
            others = here + distance if len(wide) == len(places) else wide.searchsorted(places + distance)
            np.maximum(near, found.take(np.where(beside, others, here), axis=1), out=near)
        met, around = self._weights @ own, self._weights @ near
        if self._greatest is None:
            self._greatest = max(met.max(), LEAST), max(around.max(), LEAST)
        return met / self._greatest[0], around / self._greatest[1]

    def _wide(self, places: Places) -> Places:
        """The positions and their neighbours, ascending."""
        if len(places) == self._scope.n:
            return places
        chosen = np.zeros(self._scope.n, np.bool_)
        chosen[places] = True
        return np.flatnonzero(self._scope.with_neighbours(chosen))

    def _found(self, places: Places) -> Floats:
        """For each word and position the greatest cosine; what is usual where no words are known."""
        found = np.full((len(self._rows), len(places)), np.nan, np.float32)
        for state, here, slots, contents in self._scope.texts_at(places):
            found[:, here] = best(self._rows, state.words.held(self._view, slots, contents, self._rows.shape[1]))
        absent = np.isnan(found[0])
        if absent.any():
            found[:, absent] = found[:, ~absent].mean(axis=1, keepdims=True) if not absent.all() else 0
        return found
