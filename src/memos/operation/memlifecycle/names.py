"""Names: whom a sentence speaks of, and which names in it are places or other values."""

from __future__ import annotations

from memos.operation.memlifecycle.grammar import (
    ABBREVIATED,
    FIRST,
    GENERIC,
    GREETINGS,
    MARKS,
    PERSON_AFTER,
    PERSON_BEFORE,
    PLACE_AFTER,
)
from memos.operation.memlifecycle.reading import Draft
from memos.operation.memlifecycle.words import Lexicon

_NO_NAME = ("ing", "ed", "ly", "th")


def read_names(draft: Draft, written: tuple[str, ...], low: tuple[str, ...], bases: tuple[str, ...]) -> None:
    """Add the people and the names of a sentence; `bases` are its tokens in lower case without the possessive."""
    previous, kin = "", draft.lexicon.kin
    for place, spelt in enumerate(written):
        word = bases[place]
        if low[place] in FIRST:
            relative = next((kin[base] for base in bases[place + 1 : place + 3] if base in kin), "")
            draft.people.add(f"{draft.me}'s {relative}" if relative and low[place] in ("my", "our") else draft.me)
        elif spelt[0].isupper() and word in GENERIC:
            draft.people.add(word)
        elif spelt[0].isupper() and _is_name(draft.lexicon, word, place):
            previous = _read_name(draft, place, low, bases, previous)
            continue
        previous = previous if spelt == "." and place and bases[place - 1] in ABBREVIATED else ""


def _is_name(words: Lexicon, word: str, place: int) -> bool:
    """Whether a capitalised word is a name; at the beginning of a sentence it must be no known word."""
    if place:
        return word not in words.stop
    return word not in words.known and word not in words.numbers and not word.endswith(_NO_NAME)


def _read_name(draft: Draft, place: int, low: tuple[str, ...], bases: tuple[str, ...], previous: str) -> str:
    """Add a name and return the part it plays, which the next word of the same name plays too."""
    word, known = bases[place], draft.lexicon.known
    before = low[place - 1] if place else ""
    after = bases[place + 1] if place + 1 < len(bases) else ""
    if after in MARKS and ((before == "," and after in "!.?") or before in GREETINGS or (not before and after == ",")):
        return ""  # somebody spoken to, not spoken of
    owns = low[place].endswith("'s")
    draft.names.add(word)
    if owns:
        draft.holders.add(word)
    if not place and owns and after in draft.lexicon.kin:
        draft.people.add(f"{word}'s {draft.lexicon.kin[after]}")
        return "person"
    does = before != "in" and _is_verb(draft.lexicon, after)
    acts = before in PERSON_AFTER or bases[place - 1] in draft.lexicon.kin or owns or does
    part = previous or ("person" if acts and word not in known else "value")
    (draft.values if part == "value" else draft.people).add(word)
    if part == "value" and before in PLACE_AFTER:
        draft.places.add(word)
    return part


def _is_verb(words: Lexicon, word: str) -> bool:
    return word in PERSON_BEFORE or word in words.past or word in words.present or (len(word) > 3 and word.endswith(("s", "ed")))
