"""Reading: how MemReader understood somebody's words, part by part, with where each part comes from and what it would not guess."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from memos.memcube.value import Value
from memos.memcube.window import Window

Intent = Literal[
    "store", "recall", "list", "summarise", "compare", "count", "history",
    "update", "forget", "archive", "restore", "confirm", "freeze", "unfreeze", "transfer", "share", "none",
]  # fmt: skip
"""What somebody wants of the memory; `none` where no memory is involved."""
Bearing = Literal["during", "before", "after", "since", "until", "around"]
"""How the time that is asked about lies to what an anchor names."""
Output = Literal["memories", "answer", "number", "digest", "comparison", "timeline", "table", "versions", "nothing"]
"""What the asker wants back."""


class TimePhrase(Value):
    """Words that name a time, where they stand in the text (code points), and the window that they mean in the asker's zone."""

    text: str
    start: int = Field(ge=0)
    end: int = Field(ge=0)
    window: Window


class Slot(Value):
    """Something that the words left out and the conversation gave: what stood for it, what it is, and in which turn that was said."""

    name: Literal["reference", "topic", "entity", "time", "intent", "speaker", "place", "content"]
    words: str = Field(description="what stands for it in the text, empty where nothing does")
    value: str
    turn: int = Field(ge=0, description="the number of the turn it comes from, among those given, from 0")


class Unresolved(Value):
    """Words that were understood as needing something that is not known, and why it was not guessed."""

    kind: Literal["time", "reference", "target", "content", "anchor", "scope", "schedule"]
    text: str
    reason: str


class Schedule(Value):
    """When a task is to be done: by a recurrence rule of RFC 5545, once at a time, or at an event in words."""

    rule: str | None = Field(default=None, description="an RRULE, e.g. FREQ=WEEKLY;BYDAY=MO;BYHOUR=9")
    once: Window | None = None
    event: str | None = None


class Reading(Value):
    """How a text was understood. What it says of intent, query, anchors and chain stands in the MemoryCall that has it."""

    said: str
    standalone: str = Field(description="the text as it would be said with no conversation before it")
    language: str = Field(default="en", description="ISO 639-1")
    zone: str = Field(default="UTC", description="the asker's time zone, an IANA name or an offset such as +02:00")
    confidence: float = Field(ge=0, le=1)
    topics: tuple[str, ...] = Field(default=(), description="the noun phrases that the text is about, without articles, lower case")
    entities: tuple[str, ...] = Field(default=(), description="the names in it, as they are written")
    output: Output = "memories"
    times: tuple[TimePhrase, ...] = ()
    slots: tuple[Slot, ...] = ()
    unresolved: tuple[Unresolved, ...] = ()
    schedule: Schedule | None = None
