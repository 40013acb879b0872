"""Normal forms of Unicode, in time that grows with the text and no faster.

Normalisation sorts each run of combining marks, in quadratic time, and nothing bounds a run: 80 KB of accents took minutes. UAX #15
(Unicode Standard Annex 15, section 13, Stream-Safe Text Format) breaks a run after 30 marks by U+034F; no language writes that many.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Literal

MARKS = 30
BREAK = "\u034f"
LAST_MARK = 0x1FFFF
"""No character above it combines."""
DISGUISED = "\u0f73\u0f75\u0f81"
"""Starters that decompose to nothing but marks."""


@cache
def _long_run() -> re.Pattern[str]:
    marks = "".join(map(chr, filter(lambda code: unicodedata.combining(chr(code)), range(0x300, LAST_MARK)))) + DISGUISED
    return re.compile(f"[{marks}]{{{MARKS}}}(?=[{marks}])")


def normalised(form: Literal["NFC", "NFKC", "NFKD"], text: str) -> str:
    """The text in a normal form, a run of more than 30 combining marks broken before."""
    if text.isascii():
        return text
    sample = text[:: MARKS + 1]  # a run that is too long has one of them at least
    if any(map(unicodedata.combining, sample)) or any(mark in sample for mark in DISGUISED):
        text = _long_run().sub(lambda run: run.group() + BREAK, text)
    return unicodedata.normalize(form, text)
