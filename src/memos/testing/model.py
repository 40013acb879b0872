"""The plain model: a MemoryAdapter of lists and dicts, with no index and no file; the oracle to which every backend is held.

It says what a store must do in the shortest way there is, and keeps everything in memory; it is not fast and not durable.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from memos.memcube.change import CANONICAL, ChangeSet, Committed, Edge, ReadSet, Terms
from memos.memcube.cube import MemCube
from memos.memcube.heat import Heat
from memos.memcube.namespace import within
from memos.memcube.rule import Rule
from memos.memcube.staged import settled_change, settled_reads
from memos.ports.feed import OPEN

Key = tuple[str, str]
"""A tenant, and a name within it."""


@dataclass(frozen=True)
class Row:
    """One version row, valid for commits in [seq, end)."""

    number: int
    uid: int
    content: int
    tenant: str
    branch: str
    """Empty, or the name and the commit that opened it: a name may be used again."""
    seq: int
    end: int
    fact: str | None
    cube: MemCube


@dataclass(frozen=True)
class Content:
    """What a version is made of; `filled` is the commit that gave the vector."""

    tenant: str
    speaker: str | None
    cube: MemCube
    terms: Terms
    vector: Any
    wanted: bool
    filled: int
    attempts: int = 0
    words: bytes = b""


@dataclass(frozen=True)
class Relation:
    """An edge, from the commit `seq` on; `branch` as a row bears it."""

    tenant: str
    branch: str
    seq: int
    edge: Edge
    end: int = OPEN


@dataclass
class State:
    """All that a store holds. Its lists and dicts hold frozen values only, so that a copy of them is a snapshot."""

    rows: list[Row] = field(default_factory=list)
    contents: dict[int, Content] = field(default_factory=dict)
    relations: list[Relation] = field(default_factory=list)
    cubes: dict[str, tuple[int, str, str]] = field(default_factory=dict)
    """id → (uid, tenant, provenance id)."""
    usage: dict[str, tuple[int, Heat]] = field(default_factory=dict)
    own: dict[Key, frozenset[str]] = field(default_factory=dict)
    last_seq: dict[Key, int] = field(default_factory=dict)
    branches: dict[Key, tuple[int, int]] = field(default_factory=dict)
    """Branch → (base, opened)."""
    closed: set[tuple[str, int]] = field(default_factory=set)
    """(tenant, opened) of branches that ended."""
    snapshots: dict[tuple[str, str, str], int] = field(default_factory=dict)
    named: dict[tuple[str, str, str], datetime] = field(default_factory=dict)
    """When each was named."""
    horizons: dict[str, int] = field(default_factory=dict)
    purges: dict[Key, int] = field(default_factory=dict)
    numbers: int = 0
    uids: int = 0
    made: int = 0
    """How many rows, cubes and contents there have been."""
    log: list[dict[str, Any]] = field(default_factory=list)
    calls: dict[tuple[str, str, str, str], tuple[str, str, tuple[str, ...]]] = field(default_factory=dict)
    workers: dict[str, tuple[int, int]] = field(default_factory=dict)
    epoch: int = 0
    rules: list[tuple[str, Rule, int, int]] = field(default_factory=list)
    """(tenant, document, seq, seq_end)."""
    listings: set[tuple[str, str, frozenset[str]]] = field(default_factory=set)
    """(tenant, path, entries) of each list that a memory had of its own."""

    called: dict[tuple[str, int], str] = field(default_factory=dict)
    """(tenant, opened) of every branch there was → its name."""
    erased: dict[str, int] = field(default_factory=dict)
    """The last commit that erased memories of a tenant."""
    graves: list[tuple[str, str, str, int]] = field(default_factory=list)
    """(tenant, id, provenance id, the commit that erased it)."""

    @property
    def head(self) -> int:
        """The last commit."""
        return len(self.log)

    def stamp(self, tenant: str, path: str) -> int:
        """The last commit that touched a namespace; of one that is not there the last erasure."""
        return self.last_seq.get((tenant, path), self.erased.get(tenant, 0))

    def make(self, tenant: str, path: str) -> None:
        """A namespace that may not be there yet: to who knew it before an erasure it is as purged."""
        if (tenant, path) not in self.last_seq:
            self.last_seq[tenant, path] = self.purges[tenant, path] = self.erased.get(tenant, 0)

    def copied(self) -> State:
        """A snapshot."""
        return State(**{name: copy(value) for name, value in vars(self).items()})

    def visible(self, tenant: str, branch: str, at: int) -> list[Row]:
        """What a branch shows at a commit: its own rows, and the canonical ones of the memories that it has no row of."""
        rows = [row for row in self.rows if row.tenant == tenant]
        if not branch:
            return [row for row in rows if not row.branch and row.seq <= at < row.end]
        base = min(self.branches[tenant, branch][0], at)
        own = [row for row in rows if row.branch == self.key(tenant, branch) and row.seq <= at < row.end]
        hidden = {row.uid for row in own}
        return own + [row for row in rows if not row.branch and row.seq <= base < row.end and row.uid not in hidden]

    def key(self, tenant: str, branch: str) -> str:
        """What rows of a branch bear."""
        return f"{branch}\n{self.branches[tenant, branch][1]}" if branch else ""

    def inherited(self, tenant: str, path: str) -> frozenset[str]:
        """The access list in force at a path."""
        return frozenset().union(*(entries for (owner, above), entries in self.own.items() if owner == tenant and within(path, above)))


class ModelAdapter:
    """Implements `memos.ports.adapter.MemoryAdapter`; not for use by several threads."""

    store_id = "00000000-0000-7000-8000-000000000000"

    def __init__(self, dimensions: int | None = None) -> None:
        self.dimensions = dimensions
        self.state = State()

    @contextmanager
    def view(self, tenant: str, *, at: int | None = None, branch: str = CANONICAL) -> Iterator[Any]:
        """See the port."""
        from memos.testing.model_view import ModelView

        yield ModelView(self.state.copied(), tenant, branch, at, self.dimensions)

    def commit(self, change: ChangeSet, reads: ReadSet) -> Committed:
        """See the port."""
        return self.commit_all(((change, reads),))[0]

    def commit_all(self, changes: Sequence[tuple[ChangeSet, ReadSet]]) -> tuple[Committed, ...]:
        """See the port."""
        from memos.testing.model_commit import ModelCommit

        state, committed = self.state.copied(), list[Committed]()
        for change, reads in changes:
            seqs = [each.seq for each in committed]
            committed.append(ModelCommit(state, settled_change(change, seqs), self.dimensions).run(settled_reads(reads, seqs)))
        self.state = state
        return tuple(committed)

    def tenants(self) -> tuple[str, ...]:
        """See the port."""
        return tuple(sorted({row["tenant"] for row in self.state.log}))

    def rule(self, kind: str, key: str) -> tuple[tuple[str, Mapping[str, Any]], ...]:
        """See the port."""
        standing = [(tenant, each) for tenant, each, _, end in self.state.rules if end == OPEN and (each.kind, each.key) == (kind, key)]
        return tuple(sorted((tenant, each.body or {}) for tenant, each in standing))

    def secret(self, purpose: str) -> bytes:
        """See the port."""
        return sha256(purpose.encode()).digest()

    def elect(self, worker: str) -> int:
        """See the port."""
        fence, cursor = self.state.workers.get(worker, (0, 0))
        self.state.workers[worker] = fence + 1, cursor
        return fence + 1

    def cursor(self, worker: str) -> int:
        """See the port."""
        return self.state.workers.get(worker, (0, 0))[1]

    def events(self, after: int, limit: int = 1000) -> tuple[dict[str, Any], ...]:
        """See the port."""
        return tuple(self.state.log[after : after + limit])

    def close(self) -> None:
        """Nothing to release."""


def edges_seen(state: State, tenant: str, branch: str, at: int) -> list[Edge]:
    """The edges that a branch shows at a commit."""
    base, key = (min(state.branches[tenant, branch][0], at) if branch else at), state.key(tenant, branch)
    mine = [relation for relation in state.relations if relation.tenant == tenant]
    upto = [(each, base if not each.branch else at) for each in mine if each.branch in {"", key}]
    return [each.edge for each, last in upto if each.seq <= last < each.end]
