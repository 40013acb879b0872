"""MemoryAdapter and View: the one port to a store. Backends store and feed; they do not rank."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from memos.memcube.call import Caller
from memos.memcube.change import ChangeSet, Committed, Idempotency, ReadSet
from memos.memcube.cube import MemCube
from memos.memcube.filter import Filter
from memos.memcube.hold import Holds
from memos.memcube.log import EVERY_ROW, LogFilter, Place
from memos.ports.erasing import Graves
from memos.ports.feed import Feed, FeedRow
from memos.ports.journal import Marks
from memos.ports.relating import Relating
from memos.ports.retaining import Retaining
from memos.ports.rules import Governing, Rules

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a listing; `cursor` is given back to get the next, None at the end."""

    cubes: tuple[MemCube, ...]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class NamespaceInfo:
    """A namespace with what stands in it now."""

    path: str
    memories: int
    pending_vectors: int
    last_seq: int


@dataclass(frozen=True, slots=True)
class Pending:
    """Contents that still want a vector: (content, its speaker, its text)."""

    items: tuple[tuple[int, str | None, str], ...]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A commit that a caller has named, and when."""

    name: str
    seq: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Branch:
    """An overlay that stands: the commit whose canonical memory it shows, the commit that opened it, and when that was."""

    name: str
    base: int
    opened: int
    at: datetime


class View(Rules, Relating, Retaining, Graves, Marks, Protocol):
    """A consistent read of one tenant: of the present, of the past (`at`), or of a branch. Close it soon.

    `filter` arguments read the columns of this View; `grant` arguments always read the head of each memory now, in this View's snapshot.
    """

    @property
    def tenant(self) -> str:
        """The tenant whose memories this View reads."""

    @property
    def seq(self) -> int:
        """The commit that this View shows."""

    @property
    def head(self) -> int:
        """The last commit of the store in this View's snapshot; equal to `seq` unless the View is of the past."""

    @property
    def branch(self) -> str:
        """The branch that overlays the canonical memory here, "" for none."""

    @property
    def base(self) -> int | None:
        """The commit at which the branch shows the canonical memory (or the View's own, where that is earlier); None without a branch."""

    @property
    def horizon(self) -> int:
        """The commit before which the tenant's past has been purged, 0 when none has; a View of an earlier one is InvalidCall."""

    @property
    def dimensions(self) -> int | None:
        """The width of this store's vectors, None when it has no embedder."""

    def get(self, ids: Sequence[str], *, grant: Filter, now: datetime) -> dict[str, MemCube]:
        """The visible version of each id that the grant allows; others are simply missing."""

    def allowed(self, ids: Sequence[str], *, grant: Filter, now: datetime) -> frozenset[str]:
        """Which of many ids `get` would give: one question for all of them."""

    def find(
        self,
        filter: Filter,
        *,
        grant: Filter,
        now: datetime,
        order: str = "created_at",
        descending: bool = False,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page:
        """One page of the memories that pass both filters, in a stable order (ties by id). InvalidCall for a cursor that is none."""

    def count(self, filter: Filter, *, grant: Filter, now: datetime) -> int:
        """How many memories pass both filters."""

    def feed(self, namespace: str, after: int, *, cold: bool = False) -> Iterator[Feed]:
        """What changed in a namespace after the commit `after` (-1 for all), for every branch, in chunks.

        Rows whose state is archived or expired are told to who asks for what is `cold`, all others to who does not. Empty chunks are not
        sent but one. After a purge (`last_purge`) what was told before does not hold any more: read the namespace anew, from -1.
        """

    def last_seq(self, namespace: str) -> int:
        """The last commit that touched a namespace, `last_erasure` for none; vector fills and inherited access lists count, usage not."""

    def last_purge(self, namespace: str) -> int:
        """The last commit that took rows of a namespace away for good, 0 when none has; of one that is not there `last_erasure`."""

    def moment(self, when: datetime) -> int:
        """The tenant's last commit at or before a time, 0 when all came later."""

    def time_of(self, seq: int) -> datetime | None:
        """When the tenant's last commit up to this one was made, None when there is none."""

    def snapshots(self, owner: str) -> tuple[Snapshot, ...]:
        """The commits that an owner has named, in their order."""

    def branches(self, prefix: str = "") -> tuple[Branch, ...]:
        """The tenant's branches that stand and whose names begin so, by name."""

    def needed(self) -> int | None:
        """The earliest commit that a snapshot or a branch needs, None when nothing needs the past."""

    def left_behind(self, spare: Holds | None = None) -> bool:
        """Whether branches that were closed still hold rows, but for those of memories that holds keep."""

    def packable(self, least: int, after: int, limit: int) -> tuple[int, ...]:
        """Contents numbered above `after`, texts of archived memories of so many bytes at least, that an `Economy` would deflate."""

    def overlaid(self) -> tuple[str, ...]:
        """The ids of memories of which this View's branch shows a row of its own, () without a branch."""

    def purgeable(self, upto: int, above: int = 0) -> bool:
        """Whether canonical rows ended at or before a commit, and after the commit `above`."""

    def changed(self, namespaces: Sequence[str], after: int, upto: int) -> tuple[str, ...]:
        """Whoever may see them, the memories at and below namespaces of which this branch got or lost rows in commits (after, upto]."""

    def due(self, now: datetime, limit: int, spare: Holds | None = None) -> tuple[str, ...]:
        """Canonical memories, not frozen, whose time is over and whose state does not say so yet, the longest over first.

        Those that holds keep are left out, here and below.
        """

    def forgotten(self, upto: int, limit: int, spare: Holds | None = None) -> tuple[str, ...]:
        """Canonical memories that expired at or before a commit, the earliest first."""

    def unexamined(self, limit: int) -> tuple[str, ...]:
        """Canonical memories whose texts the detector has not read yet, the earliest written first."""

    def last_fill(self) -> int:
        """The last commit that filled vectors, 0 when none has."""

    def namespaces(self, prefix: str = "") -> tuple[NamespaceInfo, ...]:
        """The namespaces at and below a path, sorted; with memories or not."""

    def paths(self, prefix: str) -> tuple[str, ...]:
        """The paths of the namespaces at and below a path, sorted; cheap, counts nothing."""

    def hash_terms(self, terms: Sequence[str]) -> NDArray[np.uint64]:
        """The keyed hashes under which this tenant's feed names terms, shape (len(terms),)."""

    def vectors(self, contents: Sequence[int]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The contents among those asked that have a vector, (m,), and their rows, (m, d)."""

    def words(self, contents: Sequence[int]) -> dict[int, bytes]:
        """What came with the vectors of some contents as the vectors of their words, b"" where nothing did; without a vector, nothing."""

    def vectors_of(self, ids: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """The vector, (d,), of each memory among those asked that is visible and has one."""

    def rows(self, wanted: Sequence[tuple[str, int | None]]) -> dict[tuple[str, int | None], FeedRow]:
        """Version rows as a feed tells them, by (id, seq): with None the visible one, else that of a commit, of whichever branch."""

    def load(self, rows: Sequence[int]) -> list[MemCube]:
        """The cubes of version rows that a feed named, in that order; rows must be visible in this View."""

    def facts(self, namespace: str, facts: Sequence[str], owner: str) -> dict[str, str]:
        """The ids of an owner's memories that stand for equal facts: normalised text → cube id, for those there are."""

    def turns(self, namespace: str, session: str, ordinals: Sequence[int]) -> dict[int, str]:
        """The ids of the turns of a session that have these ordinals."""

    def next_ordinal(self, namespace: str, session: str) -> int:
        """The ordinal that the next turn of a session would get."""

    def versions(self, id: str, *, grant: Filter, now: datetime) -> tuple[MemCube, ...]:
        """Every version row of a memory up to this View, oldest first, changes of state included; () when the grant hides it."""

    def pending(self, limit: int) -> Pending:
        """Contents of this tenant whose vectors are still to be computed, fewest failed attempts first, then oldest."""

    def replay(self, idempotency: Idempotency, caller: Caller) -> tuple[str, tuple[str, ...]] | None:
        """For a key that this caller has used: (call id, the ids of the reply, in order), else None.

        InvalidCall when the key was first used for a call of another fingerprint (kept and compared as a keyed hash).
        """

    def log(
        self, wanted: LogFilter = EVERY_ROW, *, descending: bool = False, after: Place | None = None, limit: int = 100
    ) -> tuple[dict[str, Any], ...]:
        """Audit rows of this tenant up to this View, ordered by (at, seq), those after a place: seq, at, tenant, branch, operation,
        call_id, caller (a keyed pseudonym), writes ((id, version) of each), counts, took. The status of every row is "ok".
        """

    def stood(self, versions: Sequence[tuple[str, int]]) -> dict[tuple[str, int], frozenset[tuple[str, str]]]:
        """(namespace, type) of each version of this tenant, whatever branch it is of; versions that are not there are missing."""

    def seal(self, text: str) -> str:
        """The text in letters and digits that this store alone can read, and nobody can make or change: for cursors."""

    def unseal(self, sealed: str) -> str | None:
        """The text that was sealed; None when this store never sealed it."""


class MemoryAdapter(Governing, Protocol):
    """A store. Raises the errors under BackendError; every write is whole or not at all."""

    @property
    def store_id(self) -> str:
        """The identity of this copy of the store; renewed on restore or copy."""

    def view(self, tenant: str, *, at: int | None = None, branch: str = "") -> AbstractContextManager[View]:
        """Open a View; NotFound for a branch that is not there, InvalidCall for an `at` beyond the head."""

    def commit(self, change: ChangeSet, reads: ReadSet) -> Committed:
        """Commit whole, or raise VersionConflict and change nothing.

        Verified under the write lock: the seq of each version read, the last_seq of each namespace searched, the policy epoch, that facts
        named
        are absent and that explicit ordinals of turns are free.
        """

    def commit_all(self, changes: Sequence[tuple[ChangeSet, ReadSet]]) -> tuple[Committed, ...]:
        """Commit several in their order, all of them or none, each under a seq of its own and with no other commit between them.

        Each is verified as it stands once those before it are written. In `ReadSet.versions` and `CubeWrite.like` the number
        `STAGED + i` of `memcube.staged` stands for the seq that the i-th of them, which comes before, gets.
        """

    def tenants(self) -> tuple[str, ...]:
        """Every tenant that has written."""

    def elect(self, worker: str) -> int:
        """A new fencing number for the one worker of this name: commits that carry an older one are refused with VersionConflict."""

    def cursor(self, worker: str) -> int:
        """How far a worker has come in what it reads, 0 at first."""

    def events(self, after: int, limit: int = 1000) -> tuple[dict[str, Any], ...]:
        """The outbox: audit rows of all tenants after a seq."""

    def close(self) -> None:
        """Release every connection; later calls raise BackendError."""
