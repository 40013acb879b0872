"""Edits: what stands for something in an utterance, and what is put in its place."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from memos.interface.memreader.dialogue.heard import Found, Moment
from memos.interface.memreader.dialogue.phrases import Token
from memos.memcube.reading import Slot, Unresolved


@dataclass(slots=True)
class Edit:
    """Words from `start` to `end` for which a text is put, and the slot that says so."""

    start: int
    end: int
    text: str
    slot: Slot


def word_at(words: Sequence[Token], at: int, step: int = 1) -> str:
    """A word some steps on, in lower case; empty where there is none."""
    return words[at + step].low if 0 <= at + step < len(words) else ""


def edit_of(
    words: Sequence[Token], at: int, length: int, found: Found, name: str = "reference", *, own: bool = False, rest: str = ""
) -> Edit:
    """The edit that puts an antecedent in the place of some words; `own` as its owner, `rest` what was contracted with them."""
    start, end = words[at].start, words[at + length - 1].end
    said = known(found.value)
    spoken = said + ("'s" if own and not said.endswith("'s") else "") + rest
    stood = " ".join(word.text for word in words[at : at + length])
    stood = re.split(r"['’]", stood)[0] if rest else stood
    return Edit(start, end, spoken, Slot.model_validate({"name": name, "words": stood, "value": plain(found.value), "turn": found.turn}))


def plain(value: str) -> str:
    """A value as a slot has it: without an article."""
    return re.sub(r"^(?:the|an?)\s+(?=\S)", "", known(value), flags=re.IGNORECASE)


def known(value: str) -> str:
    """A noun phrase as it is said of what is known: "a film" is "the film" then."""
    value = re.sub(r"^(?:an?|some|any)\s+(?=\S)", "the ", value, flags=re.IGNORECASE)
    first = value.split(" ", 1)[0]
    return value[0].lower() + value[1:] if first in {"The", "My", "Our", "His", "Her", "Their", "Your"} else value


Outcome = tuple[Edit | None, Unresolved | None]


def outcome(words: Sequence[Token], at: int, found: Found | None, what: str, *, own: bool = False, rest: str = "") -> Outcome:
    """The edit for what was found, or why nothing is put in."""
    said = words[at].text
    if found is None:
        return None, Unresolved(kind="reference", text=said, reason=f"nothing before it names the {what} that it stands for")
    if found.rival is not None:
        reason = f"it may stand for {plain(found.value)} or for {found.rival}"
        return None, Unresolved(kind="reference", text=said, reason=reason)
    return edit_of(words, at, 1, found, own=own, rest=rest), None


def time_edit(words: Sequence[Token], at: int, length: int, said: str, moment: Moment) -> Edit:
    """The edit that puts a time in the place of some words."""
    bare, turn = moment.span.bare, moment.turn
    edit = edit_of(words, at, length, Found(bare, turn, "time"), "time")
    edit.text = said
    return edit


Step = tuple[int, Edit | None, Unresolved | None]
"""How many words were read, and what becomes of them."""
