"""Answers: which part of what the assistant said is the answer, and what it names."""

from __future__ import annotations

import re

from memos.interface.memreader.dialogue import lexicon as lex
from memos.interface.memreader.dialogue.heard import clause, turned
from memos.interface.memreader.dialogue.moments import moments
from memos.interface.memreader.dialogue.phrases import tokens
from memos.interface.memreader.dialogue.referents import Referent

_FINITE = re.compile(
    r"\b(?:is|are|was|were|has|have|had|will|would|can|could|should|did|does|do|said|says|\w{3,}ed)\b|n't\b|\w['’](?:ll|re|ve|d)\b",
    re.IGNORECASE,
)

_THIRD = lex.INFLECTED - lex.NOUN_TOO - {word for word in lex.INFLECTED if word.endswith("ing")}
_PLAIN = re.compile(
    r"^(?:(?:[Yy]es|[Nn]o|[Yy]eah|[Ss]ure)[,.]\s+)?(?:(?:in|at|with|by)\s+(?=`))?(?P<said>`[^`]+`|\+?\d[\d -]{5,}\d|"
    r"[\w.]*_[\w.]+|[\w-]+-\w+(?:\s\w+)?|"
    r"[A-Z]\w+(?:\s(?:of|the|and)|\s[A-Z]\w*){1,4})(?=[.,;]|$)"
)


def answer_of(text: str, asked: str) -> list[Referent]:
    """What an answer names that is no noun phrase: a number to call, the name of a function."""
    match = _PLAIN.match(text.strip())
    if (
        match is None
        or (match["said"].istitle() and (lex.gender(match["said"]) != "?" or moments(match["said"])))
        or asked in {"who", "when", "where", "how"}
    ):
        return []
    said = match["said"].strip("`")
    start = text.index(said)
    return [Referent(said, "thing", "n", False, said.split()[-1].lower(), start, start + len(said), 3)]


def answer_until(text: str) -> int:
    """Where the part of an answer ends that alone is the answer: before what is told beside it; 0 where it is a sentence."""
    start = match.end() if (match := re.match(r"(?:yes|no|yeah|sure|nope)[,.:]\s+", text, re.IGNORECASE)) else 0
    if len(tokens(text)) <= 16 and not finite(text):
        return len(text)
    end = re.search(r"[,;:.!](?:\s|$)", text[start:])
    until = start + end.start() if end else len(text)
    return until if len(text[start:until].split()) <= 6 and not finite(text[start:until]) else 0


def first_sentence(text: str) -> str:
    """The first sentence of an answer, without yes or no before it, as the user would say it."""
    said = re.sub(r"^(?:yes|no|yeah|nope|correct|right)\b[,.!:]*\s+", "", text, flags=re.IGNORECASE)
    return turned(clause(said))


def finite(text: str) -> bool:
    """Whether a text has a verb that says when."""
    return bool(_FINITE.search(text)) or any(word.low in lex.IRREGULAR or word.low in _THIRD for word in tokens(text))
