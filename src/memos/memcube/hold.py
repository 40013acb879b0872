"""Hold: what a legal hold keeps, as a condition that is decided on every version of a memory since the hold began."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from memos.memcube.filter import Filter
from memos.memcube.governed import HoldRule
from memos.memcube.rule import Ruling


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold of this name keeps a memory of which a version that stood at or after the commit `since` passes the filter."""

    name: str
    filter: Filter
    since: int


@dataclass(frozen=True, slots=True)
class Holds:
    """The holds that stand, and what "now" means in their filters. False when there are none."""

    now: datetime
    each: tuple[Hold, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.each)


def standing(rulings: Sequence[Ruling], now: datetime) -> Holds:
    """The holds of a tenant's documents of the kind `hold`, in the order of their commits.

    One that was written over keeps what it kept: it holds since the first of an unbroken row of documents of its name.
    """
    began: dict[str, int] = {}
    ended: dict[str, int | None] = {}
    bodies: dict[str, HoldRule] = {}
    for ruling in rulings:
        if ruling.key not in ended or ended[ruling.key] != ruling.seq:
            began[ruling.key] = ruling.seq
        ended[ruling.key] = ruling.seq_end
        bodies[ruling.key] = HoldRule.model_validate(ruling.body)
    return Holds(now, tuple(Hold(name, bodies[name].condition(), began[name]) for name in sorted(bodies) if ended[name] is None))
