"""Vague: words that speak of a time without saying which; they are named as unresolved instead of guessed."""

from __future__ import annotations

import re
from functools import cache

from memos.memcube.reading import Unresolved

_NO_BOUNDS = "it names no bounds; say since when or in which period"
_FISCAL = "which months a fiscal year has is not known; say them, or the dates"


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    loose = (
        r"\b(?:recently|lately|the other (?:day|week|month)"
        r"|(?:quite )?(?:a|some) (?:long )?(?:while|time) (?:ago|back)|a long time ago|long ago|ages ago"
        r"|(?:many )?(?:years|months|weeks|days|hours|minutes) (?:ago|back)|in recent (?:days|weeks|months|years)|these days|nowadays"
        r"|one of these days|some ?day soon|some ?day|sometime(?: soon)?|back then|in the (?:old|early) days|a moment ago|just now"
        r"|before long|at some point|in the (?:near |distant )?(?:future|past)|once upon a time|the (?:past|last) (?:while|little while)"
        r"|(?:the )?last time|next time)\b"
    )
    fiscal = r"\b(?:FY ?'?[0-9]{2,4}|(?:this |last |next |the )?(?:fiscal|financial|tax) (?:year|quarter)(?: [0-9]{4})?)\b"
    return (re.compile(loose, re.IGNORECASE), _NO_BOUNDS), (re.compile(fiscal, re.IGNORECASE), _FISCAL)


def vague_times(text: str, taken: list[tuple[int, int]], known: list[Unresolved]) -> list[Unresolved]:
    """What speaks of a time without naming one, in the order of the text, but for what stands in a time that was read."""
    found = [(m.start(), m.end(), reason) for pattern, reason in _patterns() for m in pattern.finditer(text)]
    return [
        Unresolved(kind="time", text=text[start:end], reason=reason)
        for start, end, reason in sorted(found)
        if not any(start < last and first < end for first, last in taken) and not any(text[start:end] in each.text for each in known)
    ]
