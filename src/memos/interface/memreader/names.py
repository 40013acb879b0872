"""Names: those of people that somebody writes in lower case, "what did bob say", told by where they stand."""

from __future__ import annotations

import re

from memos.interface.memreader.words import (
    ADVERBS,
    ASKING,
    CONJUNCTIONS,
    DETERMINERS,
    HOMOGRAPHS,
    KIN,
    LIFE,
    MODALS,
    PREPOSITIONS,
    PRONOUNS,
    VERBS,
    listed,
)  # fmt: skip
from memos.operation.memoperator.gazetteer import gazetteer

_PLACE = re.compile(
    r"(?:\b(?:did|does|has|had|is|was|will|would|can|could|should|with|from|to|for|by|about|told|tell|met|ask|asked|called|let|and"
    r"|give|gave|show)\s+)([a-z][a-z'-]{1,20})\b"
    r"|\b([a-z][a-z-]{1,20})'s\s+\w+|^([a-z][a-z'-]{1,20})\s+(?:is|was|has|said|told|moved|likes|loves|prefers|wants|lives|works"
    r"|called|will|and)\b"
)
_WORDS = listed("""
will may mark art bill rose hope grace faith joy dawn iris lily ivy summer april june august jack frank grant chase chance max guy pat
rob sue drew gene dale rich dean wade reed ray robin jay bob penny olive daisy violet ruby pearl amber crystal heather holly misty sandy
sunny carol melody harmony precious angel christian page story justice king major prince earl duke star honey sky mason hunter taylor
carter cooper parker gray brook glen cliff forest ford miles van an so la my in on lee see kim ha ho hung long song young rain river
paris london lane kit don ed al jo bo ty lo che mo
""")
"""First names that are words as well; they count with a possessive or as the subject of a verb of speech alone."""


_OPENS = re.compile(
    r"^(?P<name>[A-Z][a-z]{2,15})(?:\s+(?:owes|likes|loves|hates|said|says|told|thinks|prefers|wants|lives|asked|promised|owns|knows|speaks|plays|eats|drinks)\b"
    r"|\s+(?:project|account|contract|deal|trip|meeting|office|team|case|report)(?:['\u2019]s|s)?\s+(?:is\b|has\b|was\b|finished\b|done\b|over\b|ended\b))"
)
_GIVEN_TO = re.compile(r"^(?:share|give|send|show|lend|forward)\s+(?P<name>[a-z]{3,15})\s+(?:the|my|our|that|this)\s")


def opening(text: str) -> str | None:
    """A name that no table knows, by what stands behind it: "Kemal owes me …", "share jonno the …"; None where there is none."""
    found = _OPENS.match(text) or _GIVEN_TO.match(text)
    word = found["name"].lower() if found is not None else ""
    return found["name"] if found is not None and word not in _NOBODY else None


_NOBODY = listed("people everyone everybody nobody someone somebody work school life finance accounting sales legal support") | (
    VERBS | DETERMINERS | PREPOSITIONS | MODALS | ADVERBS | KIN | LIFE | HOMOGRAPHS | PRONOUNS | ASKING | CONJUNCTIONS
)


def lowered(text: str) -> tuple[str, ...]:
    """First names in lower case; only of texts that are written without capitals throughout is anything told."""
    if any(letter.isupper() for letter in text.replace("I'", "").replace("I ", "")):
        return ()
    given, found = gazetteer().given, dict[str, None]()
    for match in _PLACE.finditer(text.replace("\u2019", "'")):
        word = (match[1] or match[2] or match[3]).removesuffix("'s")
        if (
            word not in given
            or word in KIN
            or word in VERBS
            or word in DETERMINERS
            or word in PREPOSITIONS
            or word in MODALS
            or word in ADVERBS
        ):
            continue
        if (
            word not in _WORDS
            or match[2]
            or re.search(rf"\b(?:did|does|has)\s+{word}\s+(?:say|tell|want|think|mention|ask|like|call|write)\b", text)
        ):
            found[word] = None
    return tuple(found)
