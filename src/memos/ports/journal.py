"""AccessJournal: the port to the log of reads, denials and failures, apart from the store that they must not slow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from memos.memcube.call import Caller
from memos.memcube.log import EVERY_ROW, LogFilter, Place

BESIDE = "beside"
"""The lane of a memory that was disclosed beside what was asked for, such as what fills a prompt: that is no use of it."""


@dataclass(frozen=True, slots=True)
class AccessRow:
    """One call that wrote nothing: who, what, under which grant, and which (id, version, lanes, form) were disclosed, in which order."""

    at: datetime
    call_id: str
    caller: Caller
    operation: str
    status: str
    grant: str
    """A hash of the grant's policies and filter."""
    seq: int
    hits: tuple[tuple[str, int, str, str], ...] = ()
    branch: str = ""
    withheld: tuple[str, ...] = ()
    """The ids of memories that retrieval had found and the last decision kept back."""
    took: int = 0
    """Microseconds from the call's arrival to this row."""


@dataclass(frozen=True, slots=True)
class AccessUse:
    """What the journal tells of disclosed memories, for folding into usage: (tenant, id, at) of each."""

    upto: int
    uses: tuple[tuple[str, str, datetime], ...]


class Marks(Protocol):
    """The part of a View that tells whom and what the rows of a journal name."""

    def pseudonym(self, caller: Caller) -> str:
        """The keyed name under which both logs know a caller: that of a user of a tenant, whatever its context."""

    def branch_mark(self, caller: Caller, name: str) -> str:
        """The keyed mark under which the journal knows a branch by the name that its owner calls it by."""

    def branch_names(self, prefix: str) -> tuple[str, ...]:
        """The names of the tenant's branches that begin so, of those that ended too, sorted."""


class AccessLog(Protocol):
    """The part of a journal that is read."""

    def log(
        self, tenant: str, wanted: LogFilter = EVERY_ROW, *, descending: bool = False, after: Place | None = None, limit: int = 100
    ) -> Sequence[dict[str, object]]:
        """Rows of one tenant as `rows` tells them, ordered by (at, aseq), those after a place; Unavailable when it cannot be read."""

    def last(self) -> int:
        """The number of the last row, 0 when there is none."""


class AccessJournal(AccessLog, Protocol):
    """Append-only, chained by hash, group-committed."""

    def append(self, row: AccessRow) -> int:
        """Append and return the row's number once it is committed; Unavailable when it cannot be."""

    def uses(self, after: int, limit: int = 10_000) -> AccessUse:
        """The memories disclosed after a row number, those of branches left out, and those that were given beside what was asked for."""

    def rows(self, *, after: int = 0, limit: int = 100) -> Sequence[dict[str, object]]:
        """Rows as stored: aseq, at, call_id, tenant, caller (a keyed pseudonym), operation, status, grant, seq, branch, hits,
        withheld, took.

        `grant` is a keyed hash in hexadecimal of the row's, '' for none, `branch` a mark as `Marks.branch_mark` gives it, '' for none.
        """

    def close(self) -> None:
        """Release the file."""
