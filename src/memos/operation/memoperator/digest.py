"""Digest: the sentences that tell most of some texts, each with where it stands, chosen so that they repeat each other little.

Maximal marginal relevance (Carbonell and Goldstein 1998) over the rare terms of the texts themselves; deterministic, no model.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from memos.operation.memoperator.analysis import stems, words

READ, SENTENCES = 20_000, 2_000
"""Of a text so many characters are read, and of all texts so many sentences."""
ASKED = 3.0
"""How much more a term tells that the question names."""
LONGEST = 400
"""A sentence of more characters is cut at a word."""
REPEATING = 0.55
"""How much likeness to a sentence that was chosen before counts against the next."""
_END = re.compile(r"(?<=[.!?…。！？])[\"'”’)\]]{0,2}(?:\s+|(?=[^\x00-\x7f]))|\n+")
_ABBREVIATION = re.compile(r"(?:^|[\s(])(?:[A-Z]|Dr|Mr|Mrs|Ms|St|Prof|Jr|Sr|vs|etc|e\.g|i\.e|No|approx|a\.m|p\.m)\.$")


class Source(NamedTuple):
    """A text to be digested: whose it is, and how well it answers, from 0 to 1."""

    id: str
    text: str
    relevance: float = 1.0


class Cited(NamedTuple):
    """A sentence and where it stands: the id of its text, and the code points from `start` to before `end`."""

    id: str
    start: int
    end: int
    text: str


def sentences(text: str) -> list[tuple[int, int]]:
    """Where the sentences of a text stand, without the space around them; lines are ends too."""
    found, begin = [], 0
    for match in (*_END.finditer(text[:READ]), None):
        stop = len(text[:READ]) if match is None else match.start()
        if match is not None and "\n" not in match[0] and _ABBREVIATION.search(text[max(begin, stop - 8) : stop]):
            continue
        piece = text[begin:stop]
        lead = len(piece) - len(piece.lstrip())
        if piece.strip():
            found.append((begin + lead, begin + len(piece.rstrip())))
        begin = stop if match is None else match.end()
    return found


def digest(sources: Sequence[Source], about: str = "", most: int = 7) -> list[Cited]:
    """At most so many sentences of the texts, in the order of the texts: what many of them speak of, and what the question asks for.

    O(sentences · `most`); sentences of fewer than three words only where there is nothing else.
    """
    cited = [cited for source in sources for cited in _of(source)][:SENTENCES]
    bags = [Counter(stems(words(each.text))) for each in cited]
    full = [place for place, bag in enumerate(bags) if bag and len(words(cited[place].text)) >= 3]
    full = full or [place for place, bag in enumerate(bags) if bag]
    asked, weight = frozenset(stems(words(about))), _weights(bags)
    relevance = {source.id: source.relevance for source in sources}
    worth = {place: _worth(bags[place], weight, asked) * (0.25 + relevance[cited[place].id]) for place in full}
    chosen: list[int] = []
    nearest = dict.fromkeys(full, 0.0)
    while worth and len(chosen) < most:
        best = max(worth, key=lambda place: (worth[place] * (1 - REPEATING * nearest[place] - 0.45 * (nearest[place] > 0.8)), -place))
        chosen.append(best)
        del worth[best]
        for place in worth:
            nearest[place] = max(nearest[place], _likeness(bags[place], bags[best], weight))
        worth = {place: value for place, value in worth.items() if nearest[place] < 0.9}
    return [cited[place] for place in sorted(chosen)]


def telling(sources: Sequence[Source], others: Sequence[Source], most: int = 5) -> list[str]:
    """The words that stand in some texts and in none of others, those of most texts first, as they are written."""
    mine, theirs = [_written(each.text) for each in sources], [_written(each.text) for each in others]
    known = {stem for each in theirs for stem in each}
    counts = Counter(stem for each in mine for stem in each if stem not in known)
    spelt = {stem: word for each in reversed(mine) for stem, word in each.items()}
    return [spelt[stem] for stem, _ in sorted(counts.items(), key=lambda item: (-item[1], -len(item[0]), item[0]))[:most]]


def _of(source: Source) -> list[Cited]:
    found = []
    for start, end in sentences(source.text):
        if end - start > LONGEST:
            cut = source.text.rfind(" ", start, start + LONGEST)
            end = cut if cut > start else start + LONGEST
        found.append(Cited(source.id, start, end, source.text[start:end]))
    return found


def _written(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for word in words(text[:READ]):
        for stem in stems([word]):
            if len(stem) > 2:
                found.setdefault(stem, word)
    return found


def _weights(bags: Sequence[Counter[str]]) -> dict[str, float]:
    """How much a term tells: what several sentences speak of, not what all do (tf·idf over the sentences, once a sentence)."""
    there = Counter(term for bag in bags for term in bag)
    return {term: math.log1p(count) * math.log1p(len(bags) / count) for term, count in there.items()}


def _worth(bag: Counter[str], weight: dict[str, float], asked: frozenset[str]) -> float:
    told = sum(weight[term] * (ASKED if term in asked else 1.0) for term in bag)
    return told / math.sqrt(8 + len(bag))


def _likeness(one: Counter[str], other: Counter[str], weight: dict[str, float]) -> float:
    common = sum(weight[term] for term in one.keys() & other.keys())
    least = min(sum(weight[term] for term in one), sum(weight[term] for term in other))
    return common / least if least else 0.0
