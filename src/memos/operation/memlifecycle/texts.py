"""Texts: how the text of a memory grows: appended to, merged sentence by sentence, or changed by a three-way merge."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise

from memos.memcube.legal import same_fact

_END = re.compile(r"[.!?][\"'”’)]*\s+|\n+|[。！？]+\s*")
_CLOSED = re.compile(r"[.!?。！？][\"'”’)]*$")
_WORD = re.compile(r"\s+|\w+|[^\w\s]")
Pieces = Sequence[str]
MOST = 2000
"""So many pieces of a side are compared; a longer one that both sides changed is a conflict as a whole, since comparing is quadratic."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """A place that both sides changed, each in its own way: what stood in the base, what the caller wrote, what stands now."""

    base: str
    ours: str
    theirs: str


@dataclass(frozen=True, slots=True)
class Merged:
    """The outcome of a three-way merge. With conflicts `text` holds the caller's side of each."""

    text: str
    conflicts: tuple[Conflict, ...] = ()


def appended(standing: str, more: str) -> str:
    """The standing text with more below it."""
    return f"{standing.rstrip()}\n{more.lstrip()}"


def united(standing: str, more: str) -> str:
    """The standing text with those sentences of another that it does not say yet (equal after NFC, case and space folding)."""
    said = {same_fact(piece) for piece in sentences(standing)}
    fresh = []
    for piece in sentences(more):
        folded = same_fact(piece)
        if folded and folded not in said:
            said.add(folded)
            fresh.append(piece.strip())
    if not fresh:
        return standing
    prose = "\n" not in standing and all(_CLOSED.search(piece) for piece in (standing.rstrip(), *fresh[:-1]))
    return f"{standing.rstrip()} {' '.join(fresh)}" if prose else appended(standing, "\n".join(fresh))


def three_way(base: str, ours: str, theirs: str) -> Merged:
    """The change from base to ours, applied to theirs.

    Sentences and lines first; where both sides changed one sentence, its words. What both changed differently, or what touches, is a
    conflict. The method is diff3 (Khanna, Kunal, Pierce: A Formal Investigation of Diff3, 2007) over Python's difflib.
    """
    if theirs in (base, ours):
        return Merged(ours)
    if ours == base:
        return Merged(theirs)
    return _merge(base, ours, theirs, sentences, _by_words)


def sentences(text: str) -> list[str]:
    """A text as sentences and lines, whose concatenation is the text."""
    cuts = [0, *(match.end() for match in _END.finditer(text)), len(text)]
    return [text[start:end] for start, end in pairwise(cuts) if start < end]


def words(text: str) -> list[str]:
    """A text as words, marks and white space, whose concatenation is the text."""
    return _WORD.findall(text)


def _by_words(base: str, ours: str, theirs: str) -> Merged:
    return _merge(base, ours, theirs, words, _conflicting)


def _conflicting(base: str, ours: str, theirs: str) -> Merged:
    return Merged(ours, (Conflict(base, ours, theirs),))


def _merge(
    base: str, ours: str, theirs: str, split: Callable[[str], Pieces], closer: Callable[[str, str, str], Merged]
) -> Merged:  # fmt: skip
    """diff3 over pieces; `closer` looks at what both sides changed."""
    sides = split(base), split(ours), split(theirs)
    if max(map(len, sides)) > MOST:
        return _conflicting(base, ours, theirs)
    parts: list[str] = []
    conflicts: list[Conflict] = []
    for held, mine, other in _regions(*sides):
        if mine in (held, other):
            parts.append(other)
        elif other == held:
            parts.append(mine)
        else:
            inner = closer(held, mine, other)
            parts.append(inner.text)
            conflicts += inner.conflicts
    return Merged("".join(parts), tuple(conflicts))


def _regions(base: Pieces, ours: Pieces, theirs: Pieces) -> Iterator[tuple[str, str, str]]:
    """Stretches of the three in order, stable ones and changed ones in turn."""
    mine, other = _kept(base, ours), _kept(base, theirs)
    at = [0, 0, 0]
    place = 0
    while place < len(base):
        if place in mine and place in other and [mine[place], other[place]] == [at[1], at[2]]:
            yield base[place], ours[at[1]], theirs[at[2]]
            at = [place + 1, at[1] + 1, at[2] + 1]
            place += 1
            continue
        place = next((each for each in range(place, len(base)) if each in mine and each in other), len(base))
        ends = [place, mine.get(place, len(ours)), other.get(place, len(theirs))]
        yield tuple("".join(side[start:end]) for side, start, end in zip((base, ours, theirs), at, ends, strict=True))  # type: ignore[misc]
        at = ends
    if at[1] < len(ours) or at[2] < len(theirs):
        yield "", "".join(ours[at[1] :]), "".join(theirs[at[2] :])


def _kept(base: Pieces, side: Pieces) -> dict[int, int]:
    """Which pieces of the base a side has kept, and where."""
    matcher = SequenceMatcher(None, base, side, autojunk=False)
    return {block.a + step: block.b + step for block in matcher.get_matching_blocks() for step in range(block.size)}
