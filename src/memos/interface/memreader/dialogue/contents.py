"""Contents: "remember that", where "that" is all that was said before."""

from __future__ import annotations

import re
from collections.abc import Sequence

from memos.interface.memreader.dialogue import lexicon as lex
from memos.memcube.reading import Slot

_POLITE = (
    r"(?:(?:ok(?:ay)?|yes|please|and|so|great|good|perfect|nice|thanks|oh|also|then|well)[,.!]*\s+)*(?:(?:can|could|would|will)\s+you\s+)?"
)
_VERB = lex.any_of(
    "remember|save|note|store|keep|record|log|memori[sz]e|write|jot|add|put|file|make a note of|take a note of|don't forget|keep a note of"
)
_WHAT = lex.any_of("that|this|it|all (?:of )?(?:that|this)|what (?:i|you) (?:just )?said")
_AFTER = lex.any_of(
    "down|for (?:me|later|next time|the record|future reference)|in (?:my |your )?(?:memory|notes|mind)|to (?:my |your )?(?:memory|notes)",
    "please|too|as well|somewhere|now",
)
_KEEP = re.compile(rf"^(?P<before>{_POLITE}(?:please\s+)?{_VERB})\s+(?P<what>{_WHAT})(?P<after>(?:\s+{_AFTER})*)\s*[.!?]*$", re.IGNORECASE)


def content_of(text: str, turns: Sequence[tuple[str, str, int]]) -> tuple[str, Slot] | None:
    """The utterance with the turn that it tells to keep, and the slot for that."""
    match = _KEEP.match(text.strip())
    if match is None or not turns:
        return None
    source = _source(turns)
    if source is None:
        return None
    said, number = source
    plain = re.sub(r"\s*[.!]+$", "", said.strip())
    return f"{match['before']}{match['after']}: {plain}", Slot(name="content", words=match["what"], value=plain, turn=number)


def _source(turns: Sequence[tuple[str, str, int]]) -> tuple[str, int] | None:
    """The last turn that states something."""
    for role, text, number in reversed(turns[-4:]):
        short = len(text.split()) < (3 if role == "user" else 2)
        if not text.rstrip().endswith("?") and not short and not _EMPTY.match(text):
            return text, number
    return None


_PRAISE = "great|good|nice|wonderful|lovely|awesome|amazing|fun|interesting|cool|exciting|tough|sad"
_MOOD = lex.any_of(
    "ok(?:ay)?|got it|noted|i see|thanks|thank you|great|nice|cool|congratulations|congrats|sorry to hear|i'm sorry|understood|sure|done",
    "good to know",
)
_EMPTY = re.compile(
    rf"^(?:(?:that's|that\s+is|that\s+sounds|sounds|how|what\s+a|very|so)\s+(?:{_PRAISE})\b.{{0,40}}|{_MOOD}\b.{{0,40}})$", re.IGNORECASE
)
