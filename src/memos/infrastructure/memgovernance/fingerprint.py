"""Fingerprint: winnowing (Schleimer, Wilkerson and Aiken 2003, "Winnowing: Local Algorithms for Document Fingerprinting") over folded text.

Two texts that share 23 letters in a row, however spaced, punctuated or capitalised, share a fingerprint; from there a passage is followed
letter by letter to both its ends, so that what is told is the passage and no coincidence of hashes. Nothing is stored.
"""

from __future__ import annotations

import unicodedata
from hashlib import blake2b
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from memos.memcube.normal import normalised

GRAM, WINDOW = 18, 6
CERTAIN = GRAM + WINDOW - 1
"""A passage of so many letters in a row is always found; a shorter one is not told of."""
REPEATED = 8
"""How many places of one gram are followed in a source: in a text that repeats itself without end the others are the same again."""
PATIENCE = 16
"""How often a text may be followed from end to end before what is covered already is left alone."""
_PACE = 512
_FACTOR = np.array([0x9E3779B97F4A7C15], np.uint64)
_MIXERS = (np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53))
_SHIFT = np.uint64(33)
_UNSEEN = frozenset([*map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0), *range(0x180B, 0x1810))), "\u034f", "\u17b4", "\u17b5"])
"""Marks that show nothing by themselves: variation selectors, and fillers."""
_DENSE = ((0x1100, 0x11FF), (0x3040, 0x30FF), (0x3400, 0x9FFF), (0xAC00, 0xD7AF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF))
"""Han, Kana and Hangul, of which one character says as much as two letters and counts as two."""

Places = NDArray[np.int64]
Codes = NDArray[np.uint32]


class _Folds(dict[int, str]):
    """Character → the letters that it counts as, none for what is no letter, digit or mark. At most 2^21 are ever asked for."""

    def __missing__(self, code: int) -> str:
        found = "".join(map(_counted, unicodedata.normalize("NFKD", chr(code)).casefold()))
        self[code] = found
        return found


def _counted(letter: str) -> str:
    if unicodedata.category(letter)[0] not in "LNM" or letter in _UNSEEN:
        return ""
    return letter * 2 if any(low <= ord(letter) <= high for low, high in _DENSE) else letter


_folds = _Folds()


class Folded(NamedTuple):
    """The letters of a text, and where in it each stands."""

    codes: Codes
    places: Places


def folded(text: str) -> Codes:
    """The letters, digits and marks of a text (NFKD, case folded) as code points; what shows nothing or only divides is left out."""
    kept = normalised("NFKD", text).translate(_folds)
    return np.frombuffer(kept.encode("utf-32-le"), np.uint32)


def folded_with_places(text: str) -> Folded:
    """The same with the place of each in the text. Where two texts differ in the order of marks alone, places are those of the letter."""
    codes = folded(text)
    sizes = np.fromiter((len(_folds[ord(letter)]) for letter in text), np.int64, len(text))
    return Folded(codes, np.repeat(np.arange(len(text)), sizes))


class Prints(NamedTuple):
    """The fingerprints of a text, by their place among its letters."""

    codes: Codes
    places: Places
    hashes: NDArray[np.uint64]


def winnowed(codes: Codes, key: int) -> Prints:
    """Of each six grams of 18 letters in a row the one with the least keyed hash, the last of those that are equal."""
    hashes = _hashes(codes, key)
    count = len(hashes) - WINDOW + 1
    if count < 1:
        places = np.array([len(hashes) - 1 - int(hashes[::-1].argmin())] if len(hashes) else [], np.int64)
        return Prints(codes, places, hashes[places])
    windows = [hashes[place : place + count] for place in range(WINDOW)]
    least = np.minimum.reduce(windows)
    chosen, waiting = np.zeros(len(hashes), np.bool_), np.ones(count, np.bool_)
    for place in reversed(range(WINDOW)):
        here = waiting & (windows[place] == least)
        chosen[place : place + count] |= here
        waiting &= ~here
    places = np.flatnonzero(chosen)
    return Prints(codes, places, hashes[places])


def _hashes(codes: Codes, key: int) -> NDArray[np.uint64]:
    """The hash of each gram: a polynomial over its letters, of halves that are known already, under the key."""
    if len(codes) < GRAM:
        return np.empty(0, np.uint64)
    size, power, hashes = 1, _FACTOR, codes.astype(np.uint64)
    pairs, squared = hashes[:-1] * power + hashes[1:], power * power
    while size < 16:
        hashes = hashes[:-size] * power + hashes[size:]
        size, power = size * 2, power * power
    hashes = hashes[:-2] * squared + pairs[16:]
    hashes ^= np.uint64(key)
    for mixer in _MIXERS:
        hashes = (hashes ^ (hashes >> _SHIFT)) * mixer
    mixed: NDArray[np.uint64] = hashes ^ (hashes >> _SHIFT)
    return mixed


class Passage(NamedTuple):
    """Letters `[start, end)` of one text that stand in another from its letter `there` on."""

    start: int
    end: int
    there: int


class Quote:
    """A text that is compared with many: its fingerprints, and where each stands."""

    def __init__(self, prints: Prints) -> None:
        self.codes = prints.codes
        self.hashes = np.unique(prints.hashes)
        self.places: dict[int, list[int]] = {}
        for hash_, place in zip(prints.hashes.tolist(), prints.places.tolist(), strict=True):
            self.places.setdefault(hash_, []).append(place)


def passages(quote: Quote, source: Prints) -> list[Passage]:
    """The longest runs of letters, of 23 at least, that both texts have, in their order in the quote.

    In texts that repeat themselves without end not every run is told of, and yet every letter that is in one, but for some at its ends.
    """
    found: list[Passage] = []
    reached: dict[int, int] = {}
    covered, work = 0, PATIENCE * (len(quote.codes) + GRAM)
    for here, there in _shared(quote, source):
        if reached.get(there - here, -1) > here or (work < 0 and here + GRAM <= covered):
            continue
        run = _followed(quote.codes, source.codes, here, there)
        reached[there - here], covered, work = run.end, max(covered, run.end), work - (run.end - run.start)
        found += [run] if run.end - run.start >= CERTAIN else []
    return sorted(found)


def _shared(quote: Quote, source: Prints) -> list[tuple[int, int]]:
    """(place in the quote, place in the source) of the fingerprints that both have, in the order of the quote."""
    if not len(quote.hashes):
        return []
    near = np.minimum(np.searchsorted(quote.hashes, source.hashes), len(quote.hashes) - 1)
    held = quote.hashes[near] == source.hashes
    places: dict[int, list[int]] = {}
    for hash_, there in zip(source.hashes[held].tolist(), source.places[held].tolist(), strict=True):
        places.setdefault(hash_, []).append(there)
    return sorted((here, there) for hash_, some in places.items() for here in quote.places[hash_] for there in some[:REPEATED])


def _followed(quote: Codes, source: Codes, here: int, there: int) -> Passage:
    back = _equal(quote[:here][::-1], source[:there][::-1])
    return Passage(here - back, here + _equal(quote[here:], source[there:]), there - back)


def _equal(one: Codes, other: Codes) -> int:
    """How many letters the two have in common from their beginnings."""
    size = min(len(one), len(other))
    for start in range(0, size, _PACE):
        differ = one[start : min(start + _PACE, size)] != other[start : min(start + _PACE, size)]
        if differ.any():
            return start + int(differ.argmax())
    return size


def sketch(text: str, key: bytes, most: int) -> tuple[str, ...]:
    """At most so many fingerprints of a text, those of the least value, as 64-bit keyed hashes in hexadecimal, ascending.

    Of two texts under one key the share that they have in common estimates how much of their passages they share (Broder 1997).
    """
    codes = folded(text)
    grams = (codes[place : place + GRAM].tobytes() for place in winnowed(codes, 0).places.tolist())
    return tuple(sorted({blake2b(gram, key=key, digest_size=8).hexdigest() for gram in grams})[:most])


def resemblance(one: tuple[str, ...], other: tuple[str, ...]) -> float:
    """The share of passages that two texts have in common, estimated from their sketches; 0 where one has none."""
    if not one or not other:
        return 0.0
    both = set(sorted({*one, *other})[: min(len(one), len(other))])
    return len(both & set(one) & set(other)) / len(both)
