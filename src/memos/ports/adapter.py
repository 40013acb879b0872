"""MemoryAdapter and View: the one port to a store. Backends store and feed; they do not rank."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from memos.memcube.call import Caller
from memos.memcube.change import ChangeSet, Committed, Edge, Idempotency, ReadSet
from memos.memcube.cube import MemCube
from memos.memcube.filter import Filter
from memos.memcube.log import EVERY_ROW, LogFilter, Place

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a listing; `cursor` is given back to get the next, None at the end."""

    cubes: tuple[MemCube, ...]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class Feed:
    """Rows of one namespace that changed after a stamp; times are microseconds since 1970, None absent.

    Each of `rows` describes one version row; `vectors` are those of `contents` that came since. Chunks of one feed come in order of the
    row's seq.
    The last chunk alone carries `ended` and a new `stamp`, up to which the namespace is then known; those before it repeat the stamp
    asked for.
    """

    namespace: str
    stamp: int
    rows: tuple[FeedRow, ...]
    ended: tuple[tuple[int, int], ...]
    """(row, seq_end) of rows, old and new, that were closed after the stamp asked for.

    A row left the namespace when it has no successor here.
    """
    contents: NDArray[np.int64]
    """The contents whose vectors follow, shape (m,)."""
    vectors: NDArray[np.float32]
    """Shape (m, d)."""
    inherited: tuple[str, ...] = ()
    """`right:principal` entries in force for every row of the namespace now, beside the row's own; they replace those of earlier feeds."""


class FeedRow(NamedTuple):
    """One version row with its term row. `row` and `uid` are the store's integers; `hashes` uint64 of the terms."""

    row: int
    uid: int
    id: str
    content: int
    seq: int
    seq_end: int
    branch: str
    state: str
    type: str
    frozen: bool
    layer: str
    owner: str
    acl: tuple[str, ...]
    """`right:principal`, e.g. `read:user:bob`, of the memory's own list; what the namespace adds stands in `Feed.inherited`."""
    sensitivity: str
    priority: int
    tags: tuple[str, ...]
    """The key of each tag, `name` or `name=value`, sorted."""
    speaker: str | None
    role: str | None
    session: str | None
    ordinal: int | None
    said_at: int
    created_at: int
    updated_at: int
    valid_from: int | None
    valid_to: int | None
    expires_at: int | None
    metadata: str
    """A JSON object."""
    hashes: bytes
    """uint64, little endian."""
    counts: bytes
    """uint16 a term, little endian, in the order of `hashes`."""
    length: int
    flags: int


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


OPEN = 2**63 - 1
"""The `seq_end` of a row that is still valid."""


class View(Protocol):
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
    def policy_epoch(self) -> int:
        """Counts every change of a policy or of an access list."""

    @property
    def dimensions(self) -> int | None:
        """The width of this store's vectors, None when it has no embedder."""

    def get(self, ids: Sequence[str], *, grant: Filter, now: datetime) -> dict[str, MemCube]:
        """The visible version of each id that the grant allows; others are simply missing."""

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

    def feed(self, namespace: str, after: int) -> Iterator[Feed]:
        """What changed in a namespace after the commit `after` (-1 for all), for every branch, in chunks.

        Empty chunks are not sent but one.
        """

    def last_seq(self, namespace: str) -> int:
        """The last commit that touched a namespace, 0 when none has.

        Vector fills and inherited access lists count, usage and edges do not.
        """

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

    def load(self, rows: Sequence[int]) -> list[MemCube]:
        """The cubes of version rows that a feed named, in that order; rows must be visible in this View."""

    def facts(self, namespace: str, facts: Sequence[str]) -> dict[str, str]:
        """The ids of memories that stand for equal facts: normalised text → cube id, for those there are."""

    def turns(self, namespace: str, session: str, ordinals: Sequence[int]) -> dict[int, str]:
        """The ids of the turns of a session that have these ordinals."""

    def next_ordinal(self, namespace: str, session: str) -> int:
        """The ordinal that the next turn of a session would get."""

    def versions(self, id: str, *, grant: Filter, now: datetime) -> tuple[MemCube, ...]:
        """Every version row of a memory up to this View, oldest first, changes of state included; () when the grant hides it."""

    def neighbours(self, ids: Sequence[str], relations: Sequence[str] | None, depth: int) -> tuple[Edge, ...]:
        """The edges reached from the ids in at most `depth` steps, in both directions; relations None means all."""

    def pending(self, limit: int) -> Pending:
        """Contents of this tenant whose vectors are still to be computed, fewest failed attempts first, then oldest.

        After 8 failures none.
        """

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

    def pseudonym(self, caller: Caller) -> str:
        """The keyed name under which both logs know a caller: that of a user of a tenant, whatever its context."""

    def seen(self, ids: Sequence[str], *, grant: Filter, now: datetime) -> frozenset[str]:
        """Those of the ids that `get` would answer with."""

    def stood(self, versions: Sequence[tuple[str, int]]) -> dict[tuple[str, int], frozenset[tuple[str, str]]]:
        """(namespace, type) of each version of this tenant, whatever branch it is of; versions that are not there are missing."""

    def seal(self, text: str) -> str:
        """The text in letters and digits that this store alone can read, and nobody can make or change: for cursors."""

    def unseal(self, sealed: str) -> str | None:
        """The text that was sealed; None when this store never sealed it."""


class MemoryAdapter(Protocol):
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
