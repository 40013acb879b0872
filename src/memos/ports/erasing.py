"""Erasing: the port to what is left of an erasure after its commit: the disk, the copies, the blobs, and the receipt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol


class Graves(Protocol):
    """The part of a View that tells of what was erased, and how much an erasure would take."""

    @property
    def last_erasure(self) -> int:
        """The last commit that erased memories of this tenant, 0 when none has."""

    def erased(self, ids: Sequence[str]) -> dict[str, int]:
        """Those of some memories that were erased, each with the commit that did it. Nothing is decided about who may know."""

    def extent(self, ids: Sequence[str]) -> dict[str, int]:
        """How much there is of some memories in all times and branches: memories, versions (rows), contents, vectors."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """An erasure that was committed; `receipt` is None until it is finished."""

    seq: int
    at: datetime
    tenant: str
    call_id: str
    caller: str
    """The caller's keyed pseudonym in hexadecimal."""
    ids: tuple[str, ...]
    told: dict[str, Any]
    """What its ChangeSet told of it, and `counts`, what went."""
    receipt: str | None


@dataclass(frozen=True, slots=True)
class Scrubbed:
    """What was done about the rests of an erasure."""

    copies: int
    """Memories whose keys for copies were destroyed."""
    blobs: int
    """Blobs that were removed."""
    searched: int | None
    """For how many pieces of what was erased the bytes of the files were searched; None when they are in no memory any more."""
    remains: tuple[str, ...]
    """Why it is not finished; () when nothing is left and that was verified."""


class Erasing(Protocol):
    """The erasures of a store. Everything may be done again after it was cut short."""

    def erasures(self, tenant: str) -> tuple[Erasure, ...]:
        """All that a tenant has erased, oldest first."""

    def pending(self) -> tuple[Erasure, ...]:
        """Those of all tenants that are not finished, oldest first."""

    def made_by(self, call_id: str) -> Erasure | None:
        """The one that a call made, None when it made none."""

    def scrub(self, erasure: Erasure, seconds: float) -> Scrubbed:
        """Destroy the keys of copies, remove blobs, bring the erasure onto the disk, and verify it; wait for others at most so long."""

    def settle(self, seq: int, receipt: str) -> None:
        """Keep the receipt: the erasure is finished. One that is kept already stays."""
