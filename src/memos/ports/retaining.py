"""Retaining: what a View tells of what is worn out, what is held, and how much stands and is used in each namespace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from memos.memcube.filter import Filter
from memos.memcube.hold import Holds
from memos.memcube.state import State


@dataclass(frozen=True, slots=True)
class Worn:
    """Canonical memories in some states that pass a filter and were used little, but for what holds keep and, unless wanted, the frozen.

    `idle`: neither written, moved nor used for a span, which doubles with every 25 points of priority. `heat`: less hot than that now.
    """

    filter: Filter
    states: tuple[State, ...]
    idle: timedelta | None = None
    heat: float | None = None
    spare: Holds | None = None
    frozen: bool = False


@dataclass(frozen=True, slots=True)
class Idle:
    """A page of worn memories by id, in the order of their birth, and after which number the next one goes on, None for the last."""

    ids: tuple[str, ...]
    more: int | None


@dataclass(frozen=True, slots=True)
class Tally:
    """What stands in one namespace: how many memories, the bytes of their texts as stored, their heat now, when one was used last."""

    namespace: str
    memories: int
    bytes: int
    heat: float
    last_used_at: datetime | None
    idle: int
    """How many of them were neither written, moved nor used for the span that was asked for."""


class Retaining(Protocol):
    """The part of a View that retention, holds and the map of heat read; all of it speaks of the canonical memory as it is now."""

    def held(self, ids: Sequence[str], holds: Holds) -> dict[str, str]:
        """Which of many memories holds keep, each with the name of the first hold that does; it does not matter who may see them."""

    def worn(self, wanted: Worn, now: datetime, *, after: int = 0, limit: int = 1000) -> Idle:
        """One page of what is worn."""

    def tally(self, wanted: Worn, *, grant: Filter, now: datetime, idle: timedelta) -> tuple[Tally, ...]:
        """What stands in each namespace of what is wanted and granted, by path."""

    def hottest(self, now: datetime, limit: int) -> tuple[tuple[str, float], ...]:
        """The namespaces whose memories that stand have most heat, each with that; those without any are left out."""
