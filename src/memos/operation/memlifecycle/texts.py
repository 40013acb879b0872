"""Texts: how the text of a memory grows: appended to, merged sentence by sentence, or changed by a three-way merge."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise

from memos.memcube.legal import same_fact

_END = re.compile(r"[.!?][\"'”’)]*\s+|\n+|[。！？]+\s*")
_ABBREVIATED = re.compile(
    r"(?:^|[\s(])(?:dr|mr|mrs|ms|prof|st|no|tel|vs|etc|approx|dept|fig|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec"
    r"|mon|tue|wed|thu|fri|sat|sun|e\.g|i\.e|a\.m|p\.m|[a-z])\.$",
    re.IGNORECASE,
)
"""What a full stop follows without ending a sentence."""
_CLOSED = re.compile(r"[.!?。！？][\"'”’)]*$")
Pieces = Sequence[str]
MOST = 2000
"""So many sentences of a side are compared; a longer text that both changed is a conflict as a whole: comparing may be quadratic."""


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
    """The change from base to ours, applied to theirs, by sentences and lines.

    What both changed differently within one sentence, or among neighbours that came or went, is a conflict: words of two sentences,
    joined, may say what nobody wrote. The method is diff3 (Khanna, Kunal, Pierce: A Formal Investigation of Diff3, 2007), with
    Python's difflib.
    """
    if theirs in (base, ours):
        return Merged(ours)
    if ours == base:
        return Merged(theirs)
    sides = sentences(base), sentences(ours), sentences(theirs)
    if max(map(len, sides)) > MOST:
        return Merged(ours, (Conflict(base, ours, theirs),))
    parts: list[str] = []
    conflicts: list[Conflict] = []
    for held, mine, other in _regions(*sides):
        if mine.rstrip() == other.rstrip():
            parts.append(max(mine, other, key=len))
        elif mine.rstrip() == held.rstrip():
            parts.append(other)
        else:
            parts.append(mine)
            if other.rstrip() != held.rstrip():
                conflicts.append(Conflict(held, mine, other))
    return Merged("".join(parts), tuple(conflicts))


def sentences(text: str) -> list[str]:
    """A text as sentences and lines, whose concatenation is the text."""
    ends = (match.end() for match in _END.finditer(text) if not _ABBREVIATED.search(text, max(0, match.start() - 8), match.start() + 1))
    cuts = [0, *ends, len(text)]
    return [text[start:end] for start, end in pairwise(cuts) if start < end]


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
        yield from _region(base[at[0] : ends[0]], ours[at[1] : ends[1]], theirs[at[2] : ends[2]])
        at = ends
    if at[1] < len(ours) or at[2] < len(theirs):
        yield "", "".join(ours[at[1] :]), "".join(theirs[at[2] :])


def _region(base: Pieces, ours: Pieces, theirs: Pieces) -> Iterator[tuple[str, str, str]]:
    """A changed stretch: sentence by sentence where both sides have as many as there were, else as one."""
    if len(base) == len(ours) == len(theirs):
        yield from zip(base, ours, theirs, strict=True)
    else:
        yield "".join(base), "".join(ours), "".join(theirs)


def _kept(base: Pieces, side: Pieces) -> dict[int, int]:
    """Which pieces of the base a side has kept, and where."""
    bare = [piece.rstrip() for piece in base], [piece.rstrip() for piece in side]  # the last of a text has no space behind it
    matcher = SequenceMatcher(None, *bare, autojunk=False)
    return {block.a + step: block.b + step for block in matcher.get_matching_blocks() for step in range(block.size)}
