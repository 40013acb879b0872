"""Plain: a text as patterns read it, without disguises, and where each of its characters stands in the original."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache

LONGEST_EXPANSION = 3
"""A character whose compatibility form is longer is left as it is: no digit or letter of an identifier is, and texts could grow 18-fold."""
INVISIBLE = frozenset("\u00ad\u034f\u061c\u115f\u1160\u180e\u200b\u200c\u200d\u200e\u200f\u2060\u2061\u2062\u2063\u2064\ufeff") | {
    chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))
}
ALIKE = {
    **dict.fromkeys("‐‑‒–—―−﹘﹣－⁃", "-"),
    **dict.fromkeys("‘’‛′ʼ", "'"),
    **dict.fromkeys("“”„‟«»", '"'),
    "․": ".",
    "。": ".",
    "∶": ":",
}


@dataclass(frozen=True, slots=True)
class Plain:
    """A text with full-width and styled characters, invisible ones, foreign digits, dashes and quotes made plain."""

    text: str
    lower: str
    places: list[int] | None
    """For each character the place of the original one; None where nothing was changed."""

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The code points of the original text that `[start, end)` stands for."""
        return (start, end) if self.places is None else (self.places[start], self.places[end - 1] + 1)


def plain(text: str) -> Plain:
    """A text made plain, in time that grows with it and no faster."""
    if text.isascii():
        return Plain(text, text.lower(), None)
    pieces = [_plain(each) for each in text]
    places = [place for place, piece in enumerate(pieces) for _ in piece]
    made = "".join(pieces)
    return Plain(made, _lowered(made), None if made == text else places)


def _lowered(text: str) -> str:
    """Lower case, one character for one."""
    lower = text.lower()
    return lower if len(lower) == len(text) else "".join(one if len(one := each.lower()) == 1 else each for each in text)


@lru_cache(maxsize=4096)
def _plain(character: str) -> str:
    if character.isascii():
        return character
    if character in INVISIBLE:
        return ""
    if character in ALIKE:
        return ALIKE[character]
    if (digit := unicodedata.decimal(character, None)) is not None:
        return str(digit)
    made = unicodedata.normalize("NFKC", character)
    return made if 0 < len(made) <= LONGEST_EXPANSION else character
