"""Stating: whether somebody states what a clause says: asks, orders, wishes and what is only supposed state nothing."""

from __future__ import annotations

import re

from memos.interface.memreader.extraction.chat import chats
from memos.interface.memreader.extraction.fact import KINDS, Kind
from memos.operation.memoperator.credibility import credibility
from memos.operation.memoperator.kinds import kind
from memos.operation.memoperator.utterance import Utterance, read

_PRETENCE = re.compile(
    r"^(?:(?:now|ok|okay|so|please|just)[, ]+)*(?:imagine|pretend|suppose|supposing|assume|assuming|let(?:'s| us) (?:say"
    r"|imagine|pretend|assume)"
    r"|hypothetically|role-?play|act as|say (?:that )?i\b|in (?:my|the|this) (?:dream|story|novel|game)\b"
    r"|(?:write|tell)(?: me)? (?:a|an|the|some) (?:\w+ )?(?:story|poem|scene|joke|dialogue|letter))",
    re.IGNORECASE,
)
"""What begins so holds for all that follows in the message."""
_SUPPOSED = re.compile(
    r"^(?:and |but |so |well,? |or )*(?:if|what if|even if|unless|as if|as though|in case|whether|were i|had i|should you)\b"
    r"|\b(?:if only|i wish|i(?:'d| would) wish|as if|would have|could have|should have|might have|what if)\b"
    r"|\bif\b.*\b(?:would|could|might|'d)\b"
    r"|\b(?:would|could|might|'d)\b.*\bif\b",
    re.IGNORECASE,
)
_WOULD = re.compile(r"(?:\b(?:would|wouldn't)|'d)\s+(?!(?:\w+ly\s+)?(?:like|love|prefer|rather|hate|been|had)\b)", re.IGNORECASE)
_WISHED = re.compile(r"(?:\bwould|'d)\s+(?:\w+ly\s+)?(?:like|love|prefer|rather|hate)\b", re.IGNORECASE)
_YOURS = re.compile(r"\b(?:you|your|yours|you're|you've|you'll|you'd|y'all)\b", re.IGNORECASE)
"""What is said of, or to, whom one speaks to is seldom a fact of either, and stands by itself in no case."""
_TIMES = (
    "Yesterday|Today|Tonight|Tomorrow|Now|Then|Later|Once|Recently|Finally|Lately|Afterwards|Eventually|Sometimes|Usually"
    "|Unfortunately|Luckily"
)
_LEAD = re.compile(
    r"^(?:(?:no|yes|yeah|yep|nope|well|oh|ah|ok|okay|hey|hi|hello|anyway|honestly|actually|lol|haha|sure|right|yup|hmm|um|uh"
    r"|then|anyways|wow|by the way|btw"
    r"|good (?:morning|evening)|fun fact|fyi|news|update|guess what|for the record)[,:!–-]+\s+|(?:and|but|so|also|plus|anyway"
    r"|oh|hey|well|lol|haha),?\s+"
    r"|(?:please )?(?:remember|note|keep in mind|don't forget|bear in mind|fyi)(?: that|:|,)?\s+(?=(?:i|i'm|i've|we|my|our|the)\b)"
    rf"|(?-i:(?!{_TIMES})[A-Z][a-z]+,\s+)(?=(?:i|i'm|i've|i'll|we|we're|my|our|yeah|yes|no|let's|it|it's|been)\b))+",
    re.IGNORECASE,
)
"""Words before a clause that say nothing of their own, or whom it is said to; "No," is one, "no" before a noun denies."""
_ELLIPTIC = re.compile(
    r"\b(?:\w+n't|did|do|does|has|have|had|was|were|is|am|are|can|could|will|would|should|too|either)[.! ]*$", re.IGNORECASE
)
"""How a clause ends of which the verb is left out: "Nah, I haven't"."""
_ASSURANCE = {"firm": 1.0, "stated": 0.95, "hedged": 0.6, "hearsay": 0.7}
"""By how much a statement is less sure for how it is made."""
_HABIT = re.compile(r"^(?:i|we) (?:don't|never|do not|no longer) (?:eat|drink|like|want|watch|smoke|enjoy|do|use)\b", re.IGNORECASE)
_HAS = re.compile(r"^(?:i|we|they|he|she)(?:'ve| have|'s| has) (?:got|had) ", re.IGNORECASE)
_COMING = re.compile(
    r"^(?:i|we|my|our)\b.*\b(?:won't|will|can't make|start|starts|leave|leaves|begins?)\b.*\b(?:on|at|next|tomorrow|tonight"
    r"|in)\b|^(?:i|we)'ll\b",
    re.IGNORECASE,
)


def pretends(sentence: str) -> bool:
    """Whether a sentence opens a game or a story, in which nothing is stated."""
    return _PRETENCE.match(sentence) is not None


def supposes(sentence: str) -> bool:
    """Whether a sentence only supposes what it says."""
    plain = sentence.replace("’", "'")
    return _SUPPOSED.search(plain) is not None


def lead(clause: str) -> int:
    """How many characters of a clause say nothing: "No, ", "Well, ", "And "."""
    match = _LEAD.match(clause)
    return match.end() if match is not None and match.end() < len(clause) else 0


def stated(clause: str) -> tuple[Kind, float, Utterance] | None:
    """What kind of statement a clause is, how sure it is, and the clause as it was read; None for what states nothing."""
    plain = clause.replace("’", "'").strip()
    if (
        plain.endswith("?")
        or _ELLIPTIC.search(plain)
        or len(plain.split()) < 2
        or _YOURS.search(plain)
        or pretends(plain)
        or supposes(plain)
        or _WOULD.search(plain)
    ):
        return None
    utterance = read(plain)
    does, sure = kind(utterance)
    wished = _WISHED.search(plain) is not None
    if does not in KINDS or chats(plain):
        return None
    level, _ = credibility(utterance)
    if level == "speculative":
        return None
    return _refined(plain, does, wished=wished), round(sure * _ASSURANCE[level], 3), utterance


def _refined(plain: str, does: str, *, wished: bool) -> Kind:
    """The kind of a clause by itself, where the beginning of the clause tells it better than the words of the whole."""
    if does in {"fact", "event"} and _HABIT.match(plain):
        return "preference"
    if does == "event" and _HAS.match(plain):
        return "fact"
    if does in {"fact", "event"} and (wished or _COMING.match(plain)):
        return "plan"
    return next(each for each in KINDS if each == does)
