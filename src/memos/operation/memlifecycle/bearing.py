"""Bearing: whether two texts that weigh like a succession say one: that they speak of the same thing, and that it changed.

The weights were fitted to pairs that belong together. Most pairs of a store do not, and there a shared weekday or colour, or a "no" beside
a shared noun, weighs as much as a change. So whatever is weighed, a succession needs another value of the same attribute of the same thing,
or a word of change that stands with what it retracts. A rule or a list of steps neither ends anything nor is ended without such a word.
"""

from __future__ import annotations

from collections.abc import Mapping

from memos.operation.memlifecycle.grammar import ABBREVIATED, TURNS, UNSAFE
from memos.operation.memlifecycle.reading import Unit
from memos.operation.memlifecycle.words import lexicon

_SAME_ATTRIBUTE = ("label same", "address changed")
_VALUES = ("number near", "slot changed", "state changed", "place changed")
_CHANGES = (*_VALUES, "word ends", "word begins")
_OF_A_PERSON = ("firm state", "place changed")
_BEGINNINGS = ("aligned start", "topic begins", "state changed", "place changed")
_SAME_MATTER = 0.25
"""From this cosine on two sentences that name no person in common may speak of the same."""
_CLOSE = 0.5
"""From this cosine on a word of change anywhere in a sentence is about what both speak of."""
_NEARLY_ALL = 0.7
"""From this cosine on two sentences say something of the same in the same words, and need no word of change."""


def bears(found: Mapping[str, float], old: Unit, new: Unit) -> bool:
    """Whether the features found between two units are those of one thing that changed."""
    things = _things(old, new)
    if _is_retracted(found, old, new, things):
        return True
    same_person = bool(found.get("same person"))
    if old.prescribes or new.prescribes:
        return same_person and _turns(found, "word") and not new.prescribes
    if _has(found, _SAME_ATTRIBUTE):
        return True
    return _of_a_person(found, old, new, things) if same_person else _of_a_thing(found, new, things)


def _things(old: Unit, new: Unit) -> frozenset[str]:
    """The stems that both speak of, but for people, times, colours and measures, which many things have in common."""
    words = lexicon()
    people = frozenset(words.stems[person] for person in old.people | new.people)
    return (old.telling & new.telling) - words.measures - words.circumstances - people - ABBREVIATED


def _has(found: Mapping[str, float], names: tuple[str, ...]) -> bool:
    return any(found.get(name) for name in names)


def _turns(found: Mapping[str, float], near: str) -> bool:
    """Whether a word of change stands near a shared word, or near a shared topic."""
    return any(found.get(f"{cue} by {near}") for cue in TURNS)


def _is_retracted(found: Mapping[str, float], old: Unit, new: Unit, things: frozenset[str]) -> bool:
    """Whether a word of change stands next to something of which both speak; what somebody else ended is somebody else's."""
    same_person, cosine = found.get("same person"), found.get("sentence cosine", 0.0)
    if not things or (not same_person and cosine < _SAME_MATTER):
        return False
    silent = set[str]()
    if new.others and not same_person and old.names.isdisjoint(new.names):
        silent.add("end")
    if old.prescribes or new.prescribes or not _has(found, _BEGINNINGS):
        silent.add("start")
    return any(
        cue not in silent and things & (near | sentence.cues[cue][0] if cosine >= _CLOSE else near)
        for sentence in new.sentences
        if not sentence.modes & UNSAFE
        for cue, near in sentence.turned.items()
    )


def _of_a_person(found: Mapping[str, float], old: Unit, new: Unit, things: frozenset[str]) -> bool:
    """Whether something changed for somebody of whom both speak."""
    if _turns(found, "word") or _turns(found, "topic") or _has(found, _OF_A_PERSON):
        return True
    named = bool(things - old.name_stems)
    return old.explicit and new.explicit and bool(found.get("slot changed") or (named and _has(found, _CHANGES)))


def _of_a_thing(found: Mapping[str, float], new: Unit, things: frozenset[str]) -> bool:
    """Whether something changed of which both speak, naming no person in common."""
    if found.get("slot changed") and (found.get("new by word") or any(sentence.turned for sentence in new.sentences)):
        return True
    if not things:
        return bool(found.get("number near") and found.get("replace by word"))
    whole = found.get("sentence cosine", 0.0) >= _NEARLY_ALL
    return (_turns(found, "word") and _has(found, _VALUES)) or (whole and _has(found, _CHANGES))
