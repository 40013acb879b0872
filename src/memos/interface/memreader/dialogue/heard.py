"""Heard: one thing that was spoken of, and how it stood in its turn."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from memos.interface.memreader.dialogue import lexicon as lex
from memos.interface.memreader.dialogue.moments import Span
from memos.interface.memreader.dialogue.phrases import NUMBERS, UNITS, content, tokens
from memos.interface.memreader.dialogue.referents import Referent, kind_of_noun, times

_LOCATED = re.compile(r"(?<!\w)(in|on|at|under|behind|inside|beside|near)\s+$", re.IGNORECASE)
_TOPIC = re.compile(r"\b(?:about|on|regarding|how\s+many|which|all|every|list|summari[sz]e|compare)\s+$", re.IGNORECASE)


_TAIL = re.compile(
    r"(?P<tail>\s(?:in|from|with|at|for|on|about|of|against)\s(?:(?:the|an?|my|our|his|her|their)\s)?(?P<word>[\w'’-]+))(?=\s*(?:[?.!,;]|$)|\s(?P<next>\w+))",
    re.IGNORECASE,
)


_VERBAL = lex.ONLY_VERBS | lex.AUXILIARIES
_NO_TAIL = lex.PRONOUNS | lex.ADVERBS | lex.DETERMINERS
_NO_ITEM = lex.PREPOSITIONS | lex.VERBS | lex.COMMANDS | lex.PRONOUNS | lex.CONJUNCTIONS
_NO_HEAD = lex.CHITCHAT | UNITS | NUMBERS
_LED = re.compile(r"^\s*(?:(?:yes|no)[,.]\s+)?(?:at|in|on|by|with|from|to|for)\s+(?:the\s+)?$", re.IGNORECASE)


class Heard(NamedTuple):
    """A referent in the conversation: `turn` says it in words, `clock` is when it was last meant, `answer` that it alone was the answer."""

    referent: Referent
    key: str
    """What is the same for all words that mean the same."""
    turn: int
    clock: int
    answer: bool
    mine: bool
    topic: bool = False
    """Whether it stands after "about", or is what is counted, listed or summarised."""
    first: bool = False
    """Whether its turn begins with it."""
    located: str = ""
    """The preposition by which something is said to be in, on or at it."""
    within: bool = False
    """Whether it stands in an answer that only goes on with the question: "that the roof leaks"."""
    again: bool = False
    """Whether a pronoun meant it."""
    tail: str = ""
    """What completes it in one word more: "in the bathroom"."""


class Found(NamedTuple):
    """The antecedent of some words, and the turn that says it; `rival` is one that is as good."""

    value: str
    turn: int
    kind: str
    rival: str | None = None


class Moment(NamedTuple):
    """Words that name a time, and the turn that says them."""

    span: Span
    turn: int
    clock: int
    asked: bool = False
    """Whether the user asked about it."""


def heard_of(text: str, one: Referent, turn: int, clock: int, *, alone: bool, mine: bool, within: bool) -> Heard:
    """A referent as it stands in the text of a turn."""
    before = text[: one.start]
    first = not re.search(r"\w{2}", _LED.sub("", before))
    tail = _TAIL.match(text[one.end :]) if one.rank and one.head.islower() and one.value.split()[-1].islower() and not one.plural else None
    ends = tail is not None and (tail["next"] is None or tail["next"].lower() in _VERBAL)
    told = tail["tail"] if tail and ends and not times(tail["tail"]) and tail["word"].lower() not in _NO_TAIL else ""
    return Heard(one, key_of(one), turn, clock, alone, mine, bool(_TOPIC.search(before)), first, _located(before), within, tail=told)


def clause(text: str) -> str:
    """An answer such as "To rest more.", as the end of a sentence."""
    said = re.split(r"[.!?;](?:\s|$)", text, maxsplit=1)[0]
    first = said.split(" ", 1)[0]
    small = first.lower() in lex.DETERMINERS | lex.PREPOSITIONS | lex.PRONOUNS | {"to", "that"} and first != "I"
    return turned(said[:1].lower() + said[1:] if small else said)


def _located(before: str) -> str:
    match = _LOCATED.search(before)
    return match[1].lower() if match else ""


def bare(value: str) -> str:
    """Words without an article, in lower case, as slots are compared."""
    return re.sub(r"^(?:the|an?)\s+", "", value.lower())


def items(listed: Sequence[str], text: str, found: Sequence[Referent]) -> list[Referent]:
    """The things listed that nothing else shows to be noun phrases."""
    items = []
    for each in listed:
        at, words = text.lower().find(each.lower()), tokens(each)
        if (
            at < 0
            or not words
            or len(words) > 5
            or words[0].text[0].isdigit()
            or any(one.start <= at and at + len(each) <= one.end and one.rank and not one.plural for one in found)
        ):
            continue
        bare = words[0].low in _NO_ITEM or words[-1].low in _NO_HEAD or words[-1].low.endswith("ly")
        if not bare and content(words[-1]) and words[-1].low.isalpha() and not times(each):
            items.append(Referent(each, kind_of_noun(words[-1].low), "n", False, lex.singular(words[-1].low), at, at + len(each), 2))
    return items


def turned(value: str) -> str:
    """What an assistant says of the user's, as the user would say it."""
    return re.sub(r"\b([Yy])our\b", lambda _: "my", value, count=2)


def key_of(referent: Referent) -> str:
    """What is the same for all words that mean the same."""
    if referent.plural and (" and " in referent.value or ", " in referent.value):
        return referent.core.lower()
    if referent.plural or referent.kind not in {"person", "name"}:
        return referent.head if referent.core[0].isupper() else f"the {referent.head}"
    return referent.head if referent.head in lex.FOLK else referent.value.lower().split()[-1]
