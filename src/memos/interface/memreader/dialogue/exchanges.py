"""Exchanges: a question of the one and an answer of the other, and what the next utterance takes from both."""

from __future__ import annotations

import re
from collections.abc import Sequence

from memos.interface.memreader.dialogue import lexicon as lex
from memos.interface.memreader.dialogue.carrying import Carried, carried
from memos.interface.memreader.dialogue.edits import plain
from memos.interface.memreader.dialogue.frames import Frame
from memos.interface.memreader.dialogue.options import Options
from memos.interface.memreader.dialogue.phrases import tokens
from memos.interface.memreader.dialogue.pieces import Part
from memos.interface.memreader.dialogue.referents import referents, times
from memos.interface.memreader.dialogue.talk import Talk
from memos.interface.memreader.dialogue.wording import opened
from memos.memcube.reading import Slot

_JOINING = frozenset({"and", "so", "but", "ok"})


def asked_for(frame: Frame | None) -> str:
    """The question word of what was asked last; "who" where it asks for people, "what" where for things of a kind."""
    last = re.split(r"(?<=[.?!,])\s+(?=(?:what|who|which|where|when|how)\b)", frame.text, flags=re.IGNORECASE)[-1] if frame else ""
    words = [word.low.split("'")[0] for word in tokens(opened(last)) if word.low not in _JOINING]
    first = words[0] if words else ""
    if first in {"what", "how"} and words[-2:-1] and words[-2] in {"called", "named"}:
        return ""
    if first not in {"which", "what", "list", "show", "find", "give", "name"}:
        return first
    named = not {"name", "called", "named"}.isdisjoint(words)
    if any(lex.singular(word) in lex.FOLK - lex.ORGANISATIONS or word in lex.PLURAL_FOLK for word in words[1 : 9 if named else 4]):
        return "who"
    return "" if named else "what"


def said_instead(text: str, found: Sequence[Part], answer: tuple[str, int] | None) -> tuple[Slot, ...]:
    """The time in the last answer, where "make that the 3rd" puts another in its place."""
    that = re.search(r"\b(?:make|change)\s+(that|it)\b", text, re.IGNORECASE)
    if that is None or answer is None or not any(part.kind in {"time", "number"} for part in found):
        return ()
    when = next(iter(times(answer[0])), None)
    return (Slot(name="reference", words=that[1], value=when.bare, turn=answer[1]),) if when else ()


def beside(found: list[Part], frame: Frame, given: Sequence[Options], talk: Talk) -> Carried | None:
    """The frame with one of several things in the place of another of them: of what was listed, each may be asked for."""
    if len(found) != 1 or found[0].kind == "time":
        return None
    said = found[0].said
    for listed in reversed(given):
        if not any(plain(item).lower() == plain(said).lower() for item in listed.items):
            continue
        for item in listed.items:
            place = re.search(rf"(?<!\w)(?:the last of |the first of )?{re.escape(plain(item))}(?!\w)", frame.text, re.IGNORECASE)
            if place and plain(item).lower() != plain(said).lower():
                new = plain(said) if frame.text[: place.start()].lower().endswith(("the ", "my ")) else said
                text = frame.text[: place.start()] + new + frame.text[place.end() :]
                return Carried(text, tuple(carried(frame, text, talk, said=said.lower(), gone=[item])), frame.root)
    return None


def accepted(text: str, offer: str, turn: int) -> Carried:
    """What the assistant offered to do, which the user now asks for."""
    thing = next((each for each in referents(offer) if each.rank), None)
    words = text.strip()
    slots = [Slot(name="reference", words=words, value=thing.core, turn=turn)] if thing else []
    return Carried(offer, (*slots, Slot(name="content", words=words, value=offer, turn=turn)), turn)
