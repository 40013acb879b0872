"""Rules: the facts of a message with no model, from how English is built. What is not certain is left out, or left as it was said."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from memos.interface.memreader.extraction.fact import LONGEST, MOST, Fact, Kind, Source
from memos.interface.memreader.extraction.persons import told_of
from memos.interface.memreader.extraction.sentences import Part, clauses, predicated, sentences
from memos.interface.memreader.extraction.stating import lead, pretends, stated, supposes
from memos.interface.memreader.extraction.telling import times_of
from memos.operation.memoperator.analysis import by_assistant, personal_name
from memos.operation.memoperator.entities import mentions

NAME = "rules/1"
"""The extractor as provenance names it; the number rises when it finds other facts."""
SENTENCE = 500
"""Characters of a sentence that is read: longer ones are no sentences."""
JOINED = 3
"""Sentences that one fact has at most: those that go on about "it" and "she" hang on the one before."""
_CARRIED = re.compile(r"^(?:he|she|it|they|his|her|its|their)(?:'\w+)?\b", re.IGNORECASE)
_POINTING = re.compile(
    r"\b(?:them|him|that one|this one|the same)\b|\b(?:it|this|that|these|those|so)"
    r"(?=$|[.!]|\s+(?:as|in|on|at|to|for|from|with|up|down|off|out|over|back|again|twice|once|yesterday|last|all|because|and|myself)\b)",
    re.IGNORECASE,
)
"""What points to something named before."""
_REFERRING = re.compile(r"^(?:that|this|those|these|there)\b(?!\s+(?:is|are|was|were)\s+(?:a|an|no|two|three|\d))", re.IGNORECASE)
_OWN = re.compile(r"\b(?:i|my|me|we|our|us)\b", re.IGNORECASE)
_CODE = re.compile(r"```.*?(?:```|$)|`[^`]*`|https?://\S+", re.DOTALL)


def facts_of(source: Source) -> tuple[Fact, ...]:
    """The facts that a message states, in their order, of what a person says; what a machine says is nobody's statement."""
    if by_assistant(source.speaker, source.role):
        return ()
    return tuple(_dated(_Reader(source).facts(), source))[:MOST]


@dataclass(slots=True)
class _Reader:
    source: Source

    def facts(self) -> list[Fact]:
        found: list[Fact] = []
        last: Fact | None = None
        code = [match.span() for match in _CODE.finditer(self.source.text[:LONGEST])]
        for sentence in sentences(self.source.text[:LONGEST]):
            if pretends(sentence.text):
                break
            if any(start < sentence.end and sentence.start < end for start, end in code) or not _readable(sentence.text):
                last = None
                continue
            for clause in clauses(sentence):
                last = self._take(_trimmed(clause), found, last)
        return found

    def _take(self, clause: Part, found: list[Fact], last: Fact | None) -> Fact | None:
        """Add what a clause states; the fact that the next clause may go on about."""
        judged = stated(clause.text)
        if judged is None or _REFERRING.match(clause.text) or not predicated(clause.text):
            return None
        does, sure, utterance = judged
        if _CARRIED.match(clause.text) or _POINTING.search(clause.text):
            if last is None or len(last.spans) >= JOINED:
                return None
            joined = replace(last, text=f"{last.text} {_sentence(clause.text)}", spans=(*last.spans, (clause.start, clause.end)))
            found[-1] = joined
            return joined
        fact = self._fact(clause, does, sure, reported=utterance.reported)
        found.append(fact)
        return fact

    def _fact(self, clause: Part, does: Kind, sure: float, *, reported: bool) -> Fact:
        name = " ".join((self.source.speaker or "").split()) if personal_name(self.source.speaker) else None
        own = _OWN.search(clause.text) is not None
        told = (
            told_of(clause.text, name)
            if name is not None and own and not (reported and re.search(r"\bi\b", clause.text, re.IGNORECASE))
            else None
        )
        subject = name if own else next((each.name for each in mentions(clause.text, None)), None)
        return Fact(_sentence(told or clause.text), does, subject, ((clause.start, clause.end),), confidence=sure)


def _readable(sentence: str) -> bool:
    """Whether a sentence is one: neither a list of data nor a question, and not only supposed."""
    letters = sum(letter.isalpha() or letter.isspace() for letter in sentence)
    return (
        len(sentence) <= SENTENCE
        and letters >= 0.7 * len(sentence)
        and not sentence.rstrip("\"'”’)").endswith("?")
        and not supposes(sentence)
    )


def _trimmed(clause: Part) -> Part:
    """A clause without the words before and the marks after it that say nothing."""
    start = lead(clause.text)
    text = clause.text[start:].rstrip(" ,;:-–")
    return Part(clause.start + start, clause.start + start + len(text), text)


def _sentence(text: str) -> str:
    """The words as a sentence: with a capital and a full stop."""
    bare = text.rstrip(" ,;:!….-–")
    return f"{bare[:1].upper()}{bare[1:]}."


def _dated(found: list[Fact], source: Source) -> Iterator[Fact]:
    for fact in found:
        named = dict.fromkeys(mention.name for mention in mentions(fact.text, None))
        yield replace(fact, times=times_of(fact.text, source.said_at, fact.kind), entities=tuple(named))
