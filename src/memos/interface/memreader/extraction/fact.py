"""Fact and Source: what is read, and what was found in it, as values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Kind = Literal["fact", "preference", "plan", "event"]
KINDS: tuple[Kind, ...] = ("fact", "preference", "plan", "event")
Span = tuple[int, int]
"""A part of a source's text, in code points `[start, end)`."""
Period = tuple[datetime | None, datetime | None]
"""A half-open interval of time; None is open."""
LONGEST = 20_000
"""Characters of a source that are read."""
MOST = 64
"""Facts that one source gives at most."""


@dataclass(frozen=True, slots=True)
class Source:
    """A message: its text, who said it, in which role, and when (aware). `speaker` None where nobody is named or it may not be told."""

    text: str
    said_at: datetime
    speaker: str | None = None
    role: str | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """A sentence that stands by itself, and the parts of the source that say it, in their order.

    `times` are the periods that it tells of, `entities` the names in it, `confidence` lies in [0, 1].
    """

    text: str
    kind: Kind
    subject: str | None
    spans: tuple[Span, ...]
    times: tuple[Period, ...] = ()
    entities: tuple[str, ...] = ()
    confidence: float = 0.6
