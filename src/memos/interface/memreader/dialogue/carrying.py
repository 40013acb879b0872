"""Carrying: an utterance that is only a part of a question, put into the question before it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from memos.interface.memreader.dialogue import lexicon as lex
from memos.interface.memreader.dialogue.frames import Frame, put
from memos.interface.memreader.dialogue.pieces import Part, elements, parts, predicate
from memos.interface.memreader.dialogue.referents import times
from memos.interface.memreader.dialogue.talk import Talk
from memos.memcube.reading import Slot

_SAID = lex.any_of(
    "okay|ok|so|well|hm+|right|yes|yeah|no|nope|thanks|thx|great|alright|fine|good|cool|got it|i see|sure|oh|ah|actually|wait|sorry"
)
SOFT = rf"(?:{_SAID}\b[,.!;]*\s+)*"
"""What is said before a question and is no part of it."""
_SAME = r"(?:and\s+|do\s+|now\s+)?(?:the\s+)?same(?:\s+(?!for\b|with\b|in\b|on\b)\w+)?(?:\s*,?\s*but)?"
_LEAD = re.compile(
    rf"""^{SOFT}(?P<lead>
      (?:and\s+|but\s+|or\s+)?(?:what|how)\s+about\s+ | (?:and\s+)?what\s+of\s+
    | {_SAME}(?:\s+(?:for|with|as\s+for)\s+|\s+(?=(?:in|on|at|during|about)\b))
    | (?:and\s+)?(?:once\s+)?again\s*,?\s*(?:but\s+)?(?:for\s+|with\s+|only\s+)?
    | (?:and\s+)?compared\s+(?:to|with)\s+ | (?:and\s+)?(?:better|worse|more|less|higher|lower|longer|shorter|cheaper|different)\s+than\s+
    | (?:and|or|but|also|plus)\s+(?:also\s+|then\s+|only\s+|for\s+(?!how)|what\s+about\s+)? | (?:now|only|just)\s+(?:for\s+)? | now\s+
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_ENDING = re.compile(r"(?:[\s,]+(?:too|as\s+well|then|though|again|please|instead|only|specifically|also))*\s*[?.!…]*\s*$", re.IGNORECASE)


_NO_TOPIC = lex.ADVERBS | lex.ONLY_VERBS | lex.CHITCHAT | lex.PRONOUNS | lex.CONJUNCTIONS | {"such", "like", "true", "correct", "anyone"}


class Carried(NamedTuple):
    """A question made of a fragment and a frame, and the slots that the frame gave."""

    text: str
    slots: tuple[Slot, ...]
    root: int


def fragment(text: str, *, asked: bool) -> list[Part] | None:
    """The parts of an utterance that is only a part of a question; `asked` that it answers one."""
    lead = _LEAD.match(text)
    core = _ENDING.sub("", text[lead.end() :] if lead else re.sub(f"^{SOFT}", "", text, flags=re.IGNORECASE))
    if not core.strip() or (not lead and not asked and len(core.split()) > 5):
        return None
    found = parts(core)
    if not found:
        return None
    if lead or asked:
        return found
    marked = text.rstrip().endswith("?")
    short = len(core.split()) <= 5
    timely = all(part.kind == "time" for part in found)
    begins = core.split()[0].lower()
    alone = (
        begins in lex.PREPOSITIONS or begins in {"the", "which"} or all(part.kind in {"time", "person", "name", "place"} for part in found)
    )
    bare = marked and len(core.split()) <= 2 and all(part.kind == "topic" for part in found) and begins not in _NO_TOPIC
    if bare and short and not timely and core.islower():
        return [part._replace(asked=True) for part in found]
    return found if short and (timely or (marked and alone) or (begins in lex.PREPOSITIONS and len(found) == 1)) else None


def carry(found: list[Part], frame: Frame, talk: Talk, words: str = "") -> Carried:
    """The frame with the parts of a fragment in it."""
    text = opened(frame.text)
    gone = list[str]()
    for part in found:
        placed = put(text, part)
        text = placed.text
        gone += placed.gone
    said = " ".join(part.said for part in found).lower()
    return Carried(text, tuple(carried(frame, text, talk, said=said, gone=gone, words=words)), frame.root)


def opened(text: str) -> str:
    """A question without the word that joins it to what was before."""
    return re.sub(r"^(?:and|but|so|ok(?:ay)?)[,.]?\s+(?=\w+\s)", "", text, flags=re.IGNORECASE)


def carried(frame: Frame, text: str, talk: Talk, *, said: str, gone: Sequence[str] = (), words: str = "") -> list[Slot]:
    """The slots for what stands in a text and came from a frame."""
    slots = list[Slot]()
    lost = " | ".join(gone).lower()

    def slot(name: str, value: str, turn: int) -> None:
        if turn >= 0 and value and not any(each.value.lower() == value.lower() and each.turn == turn for each in slots):
            slots.append(Slot.model_validate({"name": name, "words": words, "value": value, "turn": turn}))

    for each in times(text):
        if each.bare.lower() not in said and each.bare.lower() not in lost:
            turn = next((moment.turn for moment in reversed(talk.times) if moment.span.bare.lower() == each.bare.lower()), frame.turn)
            slot("time", each.bare, turn)
    for name, value, head in elements(text):
        if value.lower() in said or head in said.split() or (lost and value.lower() in lost):
            continue
        heard = [each for each in talk.heard if each.referent.value.lower() == value.lower() or each.referent.core.lower() == value.lower()]
        if not heard:
            heard = [each for each in talk.heard if each.referent.head == head]
        if heard:
            latest = talk.latest(heard[-1].referent)
            slot(name, latest.referent.core, latest.turn)
        else:
            slot(name, value, frame.root)
    slot("topic", predicate(frame.text, text), frame.root)
    return slots
