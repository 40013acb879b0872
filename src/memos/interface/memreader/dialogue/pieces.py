"""Pieces: what a fragment of a question is made of, and what of a whole one may be carried on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from memos.interface.memreader.dialogue import lexicon as lex
from memos.interface.memreader.dialogue.phrases import tokens
from memos.interface.memreader.dialogue.referents import kind_of_noun, referents, times

NUMBER = re.compile(r"[#$€£]?\d[\d.,:]*\d?[#%]?(?!\w)")
"""A number, with its signs."""
COUNT = re.compile(r"\b(?:once|twice|(?:two|three|four|five|six|seven|eight|nine|ten|\d+)\s+times)\b", re.IGNORECASE)
"""How many times."""


class Part(NamedTuple):
    """A piece of a fragment: a time, a person, a place, a number or a topic, with the preposition before it."""

    kind: str
    said: str
    before: str = ""
    owner: bool = False
    asked: bool = False
    """Whether it is asked for by itself, of what was spoken of: "colour?"."""


_OPENING = re.compile(
    r"""^(?:(?:and|so|ok|okay|well|please|also|then|but)[,.]?\s+|(?:can|could|would|will)\s+you\s+(?:please\s+)?
    |(?:remind|tell|show|give)\s+(?:me|us)\s+|(?:list|find|pull\s+up|look\s+up|summari[sz]e|compare|count)\s+|(?:all|everything)\s+)+""",
    re.IGNORECASE | re.VERBOSE,
)


def predicate(frame: str, kept: str) -> str:
    """What a frame says that is no name, no time and stands in `kept` too, without the words by which it asks."""
    cut = [(each.start, each.end) for each in times(frame)]
    cut += [(each.start, each.end) for each in referents(frame) if each.value[:1].isupper() or each.value.lower() not in kept.lower()]
    words = []
    opening = _OPENING.match(frame)
    for word in tokens(frame):
        inside = any(start <= word.start < end for start, end in cut) or (opening and word.start < opening.end())
        if not inside and word.low[0].isalnum() and word.low not in lex.AUXILIARIES | lex.WH | lex.DETERMINERS and word.low not in _SMALL:
            words.append(word.text)
    while words and words[-1].lower() in lex.PREPOSITIONS - {"against"}:
        words.pop()
    return " ".join(words)


BESIDE = re.compile(
    r"^(?P<before>in\s+|on\s+)?(?P<said>the\s+(?:day|week|weekend|month|quarter|year)\s+(?:before|after)\s+\S.{0,60})$", re.IGNORECASE
)
_SMALL = frozenset(
    {"i", "we", "you", "me", "us", "much", "many", "please", "else", "there", "anything", "something", "again", "any", "not", "ever"}
)


def parts(text: str) -> list[Part] | None:
    """The parts of a fragment, None where it is more than a fragment."""
    beside = BESIDE.match(text)
    if beside:
        return [Part("time", beside["said"], (beside["before"] or "").strip().lower())]
    if text.strip().lower() == "now":
        return [Part("time", "now")]
    found, rest = list[Part](), text
    for each in reversed(times(text)):
        before = each.text[: len(each.text) - len(each.bare)].strip().lower()
        found.append(Part("time", each.bare, before))
        rest = rest[: each.start] + "\n" + rest[each.end :]
    for piece in reversed([each.strip(" ,;:.") for each in rest.split("\n")]):
        if not piece or piece.lower() in {"and", "or", "the", "please", "then"}:
            continue
        part = _part(piece)
        if part is None:
            return None
        found.append(part)
    return found[::-1]


def _part(piece: str) -> Part | None:
    words = tokens(piece)
    past = any(
        word.low.endswith("ed") and len(word.low) > 4 and words[at].low not in lex.DETERMINERS | lex.PREPOSITIONS and at + 2 < len(words)
        for at, word in enumerate(words[1:])
    )
    if not words or past or len(words) > 7 or any(_verbal(word.low) for word in words[1:]) or words[0].low in lex.AUXILIARIES | lex.WH:
        return None
    if len(words) > 1 and words[1].low in lex.DETERMINERS and words[0].low not in lex.PREPOSITIONS | lex.DETERMINERS:
        return None
    before = words[0].low if words[0].low in lex.PREPOSITIONS and len(words) > 1 else ""
    said = piece[words[1].start :] if before else piece
    if not said or said.lower() in lex.PRONOUNS | lex.ADVERBS | lex.CHITCHAT or words[-1].low in lex.AUXILIARIES:
        return None
    if NUMBER.fullmatch(said) or COUNT.fullmatch(said):
        return Part("number", said, "")
    if before in {"during", "since", "before", "after", "until"}:
        return Part("time", said, before)
    owner = said.endswith(("'s", "’s"))
    said = said[:-2] if owner else said
    return Part(_kind(said), said, before, owner) if said.strip() else None


def _verbal(low: str) -> bool:
    return low in lex.AUXILIARIES or low in {"i", "we", "you", "he", "she", "they", "it"} or low in lex.ONLY_VERBS - {"eat", "live"}


def _kind(said: str) -> str:
    top = next((each for each in referents(said) if each.start == 0 and each.end == len(said)), None)
    if top is None and said.split(" ", 1)[0].lower() not in lex.DETERMINERS:
        top = next((each for each in referents("about " + said) if each.start == 6 and each.end == len(said) + 6), None)
    if top is None:
        return {"person": "person"}.get(kind_of_noun(said.rsplit(maxsplit=1)[-1].lower()), "topic")
    kind = top.kind
    if kind == "place" and top.value[:1].islower():
        return "topic"
    return kind if kind in {"person", "name", "place"} else "topic"


def elements(text: str) -> Iterator[tuple[str, str, str]]:
    """What a text speaks of that may be carried: the name of the slot, the words, and the head."""
    for each in referents(text):
        if each.head in lex.VAGUE:
            continue
        if each.kind == "place" and each.value[:1].isupper():
            yield "place", each.value, each.head
        elif each.value[:1].isupper() and each.value.split(" ", 1)[0].lower() not in lex.DETERMINERS:
            yield "entity", each.value, each.head
        elif each.rank:
            yield "entity" if each.kind == "person" else "topic", each.core, each.head
