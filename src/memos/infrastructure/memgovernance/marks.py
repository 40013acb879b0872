"""Marks: a recipient's code, written between the words of a text in characters that show nothing.

The code is ASCII that only the store can make and read. Each of its characters becomes a variation selector supplement (U+E0100 and
after), of which no writing has two in a row, so that the joiners of emoji and of Indic scripts, and the selectors of ideographs, stay
what they are. It stands in the text again and again; where copies were damaged, they are mended from each other, place by place.
Whoever looks for such a mark can take it out: it finds careless copies, and proves nothing.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from itertools import pairwise

from memos.errors import InvalidCall

FENCE = "\u2060"
"""WORD JOINER, on both sides: after an ideograph a selector would belong to it."""
_FIRST = 0xE0100 - 0x20
_HIDDEN = f"[{chr(_FIRST + 0x20)}-{chr(_FIRST + 0x7E)}]"
_MARK = re.compile(f"{FENCE}?({_HIDDEN}{{2,}}){FENCE}?")
_GAP = re.compile(r"(?<=\s)(?=\S)|(?<=[。、，．！？；：])")
EVERY, LEAST, MOST = 240, 3, 64
"""A copy for so many characters, but no fewer and no more than this, as far as there are gaps for them."""


def marked(text: str, code: str) -> str:
    """The text with the code between its words, over and over. InvalidCall where it has no gap between words."""
    gaps = [gap.start() for gap in _GAP.finditer(text)]
    if not gaps:
        raise InvalidCall("a mark stands between words, and this text has only one; leave the mark out")
    copies = min(len(gaps), max(LEAST, min(MOST, len(text) // EVERY)))
    chosen = [gaps[(2 * copy + 1) * len(gaps) // (2 * copies)] for copy in range(copies)]
    hidden = FENCE + code.translate({code: code + _FIRST for code in range(0x20, 0x7F)}) + FENCE
    edges = [0, *chosen, len(text)]
    return hidden.join(text[start:end] for start, end in pairwise(edges))


def unmarked(text: str) -> str:
    """The text without marks; one character of theirs that stands alone may belong to an ideograph, and stays."""
    return _MARK.sub("", text) if not text.isascii() else text


def codes(text: str) -> list[str]:
    """The codes that may stand in a text, the commonest first: each as it is found, and for each length the one most copies agree on."""
    if text.isascii():
        return []
    found = Counter(each.translate({code + _FIRST: code for code in range(0x20, 0x7F)}) for each in _MARK.findall(text))
    by_length: dict[int, list[str]] = defaultdict(list)
    for each in found.elements():
        by_length[len(each)].append(each)
    mended = ["".join(Counter(column).most_common(1)[0][0] for column in zip(*copies, strict=True)) for copies in by_length.values()]
    return list(dict.fromkeys([*(each for each, _ in found.most_common()), *mended]))[:MOST]
