"""Senses: what the verb or adjective beside a pronoun lets it stand for, by a few classes of verbs and of nouns."""

from __future__ import annotations

from collections.abc import Sequence

from memos.interface.memreader.dialogue import lexicon as lex
from memos.interface.memreader.dialogue.edits import word_at
from memos.interface.memreader.dialogue.phrases import Token
from memos.interface.memreader.dialogue.referents import Referent


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


FOOD = _set(
    """soup bread cake pizza pasta salad dish meal curry stew pie risotto wine beer coffee tea cheese sauce dessert dough dhal burger
    sandwich sushi roast steak noodles"""
)
TIMED = _set("meeting appointment exam course session class flight train show concert event lesson call delivery service inspection")
_VERBS: tuple[tuple[frozenset[str], str], ...] = (
    (_set("close closes closed open opens opened stay stayed located busy crowded"), "place"),
    (_set("cost costs charge charged pay paid buy bought sell sold cheap cheaper expensive order ordered deliver delivered wear"), "goods"),
    (_set("attend attended reschedule rescheduled postpone postponed held rebook rebooked starts started ends"), "event"),
    (_set("due finish finished submit submitted hand handed sign signed"), "task"),
    (_set("cook cooked taste tasted bake baked eaten spicy tasty delicious"), "food"),
    (
        _set("archive delete erase share transfer freeze unfreeze restore unarchive print read write wrote written draft drafted"),
        "document",
    ),
)
_KINDS = {
    "place": lex.PLACES | lex.ORGANISATIONS,
    "event": lex.EVENTS,
    "food": FOOD,
    "document": lex.DOCUMENTS,
    "task": lex.DOCUMENTS | TIMED,
}


def wanted(words: Sequence[Token], at: int) -> str:
    """The class of things of which what stands beside a word is said; empty where nothing tells."""
    near = [word_at(words, at, -1), *(word_at(words, at, step) for step in (1, 2))]
    if word_at(words, at) in lex.AUXILIARIES:
        near.append(word_at(words, at, 3))
    if word_at(words, at, -1) in lex.DETERMINERS | lex.PREPOSITIONS:
        near.append(word_at(words, at, -2))
    return next((sense for word in near for verbs, sense in _VERBS if word in verbs), "")


HANDLING = _set(
    """archive delete erase share transfer freeze unfreeze restore unarchive send forward compare change correct update edit forget
    remove move export print send forward lock unlock hide
    back recover rename"""
)
"""What is done to a memory as a whole."""


def handled(words: Sequence[Token], at: int) -> bool:
    """Whether a word is what an operation is to be done to: "delete it", "bring that back"."""
    return (
        any(word.low in HANDLING for word in words[max(0, at - 2) : at])
        or word_at(words, at) == "compare"
        or (word_at(words, at) == "back" and words[max(0, at - 1)].low in {"bring", "get", "put", "have"})
    )


def suits(one: Referent, sense: str) -> float:
    """How well something is such as is wanted: more than nothing where its noun is one of the class, less where it is one of another."""
    if not sense:
        return 0
    if sense == "goods":
        return 0 if one.kind in {"place", "organisation"} or one.head in lex.DOCUMENTS else 0.3
    if one.head in _KINDS[sense] or one.kind == sense or (sense == "place" and one.kind == "organisation"):
        return 1.2
    if sense in {"task", "document"}:
        return 0
    return -0.6 if any(one.head in heads for name, heads in _KINDS.items() if name != sense) else 0
