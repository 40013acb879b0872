"""What a dialogue is given as, and what comes out of reading the last of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from memos.memcube.reading import Slot, Unresolved


@dataclass(frozen=True, slots=True)
class Turn:
    """What was said before: by the user or the assistant, by whom of several if that is known, and when, if that is known."""

    role: Literal["user", "assistant"]
    text: str
    name: str | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Standalone:
    """An utterance as it would be said with nothing before it.

    `slots` are what the conversation gave, `unresolved` what it left open; `fresh` says that nothing was taken from it.
    `entities` are the names and things spoken of, the last first.
    """

    text: str
    slots: tuple[Slot, ...] = ()
    unresolved: tuple[Unresolved, ...] = ()
    fresh: bool = True
    entities: tuple[str, ...] = ()
