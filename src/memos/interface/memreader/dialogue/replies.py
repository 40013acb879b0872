"""Replies: an utterance that answers the assistant's question, or corrects what was said before."""

from __future__ import annotations

import re

from memos.interface.memreader.dialogue import lexicon as lex
from memos.interface.memreader.dialogue.phrases import tokens
from memos.interface.memreader.dialogue.pieces import Part, parts

_AGREED = lex.any_of(
    "yes|yeah|yep|yup|sure|ok(?:ay)?|please do|please|correct|exactly|right|absolutely|of course|definitely|go ahead|do (?:it|that|so)",
    "sounds good|go for it",
)
_YES = re.compile(rf"^(?:{_AGREED}\b[,.!\s]*)+$", re.IGNORECASE)
_OFFERS = lex.any_of(
    "shall i|should i|(?:do )?you want me to|would you like me to|want me to|may i|can i|could i|am i to|would you like to",
    "do you (?:really )?want to|are you sure (?:that )?you want to|really",
)
_OFFER = re.compile(rf"\b{_OFFERS}\s+(?P<what>[^?]{{3,200}})\?", re.IGNORECASE)
_START = r"(?:no|nope|nah|sorry|oops|wait|actually|hm+|ah|oh)\b[,.!]*\s*(?:no\b[,.]?\s*)?(?:wait[,.]?\s*)?(?:sorry[,.]?\s*)?"
_MEANT = (
    r"(?:i\s+meant?(?:\s+to\s+say)?|make\s+(?:that|it)|rather|(?:it|that)(?:'s|\s+is|\s+was|\s+should\s+be|\s+were)"
    r"|change\s+(?:that|it)\s+to|should\s+be)\s+"
)
_CORRECTION = re.compile(
    rf"^(?:(?P<start>{_START})(?P<meant>{_MEANT})?|(?P<only>(?:i\s+meant?|make\s+(?:that|it)|or\s+rather|rather)\s+))(?P<what>.+)$",
    re.IGNORECASE,
)
_NOT_BUT = re.compile(rf"^(?:{_START})?not\s+(?P<wrong>[^,;]{{1,60}}?)\s*(?:,|;|\s+but)\s*(?:but\s+)?(?P<what>.{{1,80}})$", re.IGNORECASE)
_BUT_NOT = re.compile(rf"^(?:{_START})?(?:{_MEANT})?(?P<what>[^,;]{{1,60}}?)\s*[,;]?\s+not\s+(?P<wrong>.{{1,60}})$", re.IGNORECASE)
_END = re.compile(r"(?:[\s,]+(?:instead|please|rather|of\s+course))*\s*[.!?]*\s*$", re.IGNORECASE)


def offered(text: str) -> str | None:
    """What the assistant offers to do in a question."""
    found = list(_OFFER.finditer(text))
    if not found:
        return None
    what = found[-1]["what"].strip()
    return re.sub(r"\byour\b", "my", re.sub(r"\byou\b", "me", what))


def asks(text: str) -> bool:
    """Whether a turn ends with a question."""
    return text.rstrip().rstrip("\"'”)").endswith("?")


def agrees(text: str) -> bool:
    """Whether an utterance only says yes."""
    return bool(_YES.match(text.strip()))


def correction(text: str) -> tuple[list[Part], str | None] | None:
    """What a correction says is meant, and in the place of what, where it says so."""
    if len(text) > 160:
        return None
    for pattern in (_NOT_BUT, _BUT_NOT):
        match = pattern.match(text)
        if match and (found := parts(_END.sub("", match["what"]))) and parts(_END.sub("", match["wrong"])):
            return found, _END.sub("", match["wrong"])
    match = _CORRECTION.match(text)
    if match is None:
        return None
    what = _END.sub("", match["what"])
    explicit = bool(match["meant"] or match["only"]) or (match["start"] or "").lower().startswith(
        ("no", "sorry", "oops", "wait", "actually")
    )
    found = parts(what)
    return (found, None) if explicit and found and len(tokens(what)) <= 6 else None
