"""Sight: what is looked at while an utterance is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from memos.interface.memreader.dialogue.options import Options
from memos.interface.memreader.dialogue.phrases import Token
from memos.interface.memreader.dialogue.referents import Referent
from memos.interface.memreader.dialogue.talk import Talk


@dataclass(frozen=True, slots=True)
class Sight:
    """What is in sight while a text is read: its words, what it speaks of itself, and what was spoken of before."""

    words: Sequence[Token]
    here: Sequence[Referent]
    talk: Talk
    options: Sequence[Options]
    taken: set[str] = field(default_factory=set)
