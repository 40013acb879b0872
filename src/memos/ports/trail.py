"""Trail: the port to the logs of a store as they stand on its disk, row by row, for those who must not believe the store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class SealedRow:
    """One row of a log: `seal` is sha256(the seal of the row before it, or 32 zero bytes ‖ `body`)."""

    number: int
    body: bytes | None
    """The row's fields in their canonical bytes; None when one is of a kind that no store writes."""
    seal: bytes


@dataclass(frozen=True, slots=True)
class LoggedCall:
    """One row of a log as others may read it: ids and keyed pseudonyms, never content."""

    log: str
    number: int
    at: datetime
    tenant: str
    call_id: str
    caller: str
    """The caller's keyed pseudonym in hexadecimal."""
    operation: str
    status: str
    seq: int
    """The commit that was made, or read."""
    memories: tuple[tuple[str, int], ...]
    """(id, version) of each memory that was written or disclosed."""
    withheld: tuple[str, ...]
    took_us: int
    seal: str


class Trail(Protocol):
    """The logs of one store. Nothing else of the store is believed: no key, no setting and no model of it is used.

    What cannot be read at all is NotAStore.
    """

    directory: Path
    logs: tuple[str, ...]
    """The names of the logs, in the order in which checkpoints name them."""

    def store_id(self) -> str:
        """The id that the store gives itself now."""

    def rows(self, log: str) -> Iterator[SealedRow]:
        """Every row of a log as it is at one moment, by number; a log that is not there has none."""

    def calls(self, log: str, since: datetime | None = None, until: datetime | None = None) -> Iterator[LoggedCall]:
        """The rows of a log from one time on and before another, by number."""

    def settle(self) -> None:
        """Bring every row that was committed onto the disk, so that no power cut takes back what is about to be signed."""

    def signing_secret(self) -> bytes:
        """The 32 bytes of the store's signing key, made on first use; ReadOnlyStore where it cannot be."""
