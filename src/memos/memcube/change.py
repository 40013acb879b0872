"""ChangeSet and ReadSet: what a call will change, as a value, and what it was computed from."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from memos.memcube.call import Caller
from memos.memcube.cube import MemCube
from memos.memcube.policy import AclEntry
from memos.memcube.rule import Rule

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from memos.memcube.hold import Holds

CANONICAL = ""
"""The name of the branch that is no branch."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What the lexical lane keeps of a text: its analysed terms with counts, its length in terms, and feature bits."""

    counts: dict[str, int]
    length: int
    flags: int = 0


@dataclass(frozen=True, slots=True)
class CubeWrite:
    """A new version row. With `terms` None the content, term and vector rows of the standing version are reused.

    `vector` None with terms given leaves the vector pending, unless the store has no embedder; `words` are the vectors of its words, as
    the operator packs them, kept with it. `fact` is the normalised text under
    which an equal fact must be absent from the namespace. With `turn`, a birth with `cube.ordinal` None gets the next ordinal of its
    session at the commit; a note may have a session without an ordinal. `birth` says that the cube is new. `like` names the row of an
    earlier version of the memory, by its seq, of whichever branch, whose content, term and vector rows are used again. With `adopt` a
    memory that was born in a branch, and of which nothing stands here, gets its first canonical row.
    """

    cube: MemCube
    birth: bool
    terms: Terms | None = None
    vector: NDArray[np.float32] | None = None
    words: bytes = b""
    fact: str | None = None
    turn: bool = False
    like: int | None = None
    adopt: bool = False


@dataclass(frozen=True, slots=True)
class Edge:
    """A relation between two memories, valid from this commit on."""

    source: str
    target: str
    relation: str


@dataclass(frozen=True, slots=True)
class VectorFill:
    """A pending vector that has been computed: the content it belongs to, its row, and those of its words; None counts a failed attempt."""

    content: int
    vector: NDArray[np.float32] | None
    words: bytes = b""


@dataclass(frozen=True, slots=True)
class UsageFold:
    """Unversioned use of one memory, folded from the access log: how often more, when last, and its heat then.

    One journal serves all tenants, and its cursor moves once: a fold may be of another `tenant` than its ChangeSet's, None being that.
    """

    id: str
    count: int
    last_used_at: datetime
    heat: float
    tenant: str | None = None


@dataclass(frozen=True, slots=True)
class Idempotency:
    """The key under which a caller may repeat a call, the call's canonical JSON, and the ids that its reply names, in order.

    The store keeps keyed hashes of the first two. `call_id` is the call's where it is another than its ChangeSet's.
    """

    key: str
    fingerprint: str
    ids: tuple[str, ...] = ()
    call_id: str | None = None


@dataclass(frozen=True, slots=True)
class NamespaceAcl:
    """The access list that a namespace hands down to all below it, from this commit on."""

    namespace: str
    acl: tuple[AclEntry, ...]


@dataclass(frozen=True, slots=True)
class BranchOpen:
    """A new overlay over the canonical memory as it was at the commit `base`."""

    name: str
    base: int


@dataclass(frozen=True, slots=True)
class BranchClose:
    """The end of an overlay: nobody reads it any more, its name is free again, and what only it held is to be purged.

    With `upto` it ends only if no commit after that one has written to it.
    """

    name: str
    upto: int | None = None


@dataclass(frozen=True, slots=True)
class SnapshotName:
    """A name that a caller gives to a commit, or with `seq` None takes away again."""

    owner: str
    name: str
    seq: int | None


@dataclass(frozen=True, slots=True)
class Purge:
    """What is to leave the store for good: the closed rows of memories that ended at or before a commit, and memories that are expired.

    `horizon` None purges no closed rows; otherwise the past before it can no longer be read. `branches` purges what closed branches held.
    What the holds keep stays, in all its versions. Closed rows that ended at or before `above` were gone through before, and are left.
    """

    horizon: int | None = None
    cubes: tuple[str, ...] = ()
    branches: bool = False
    spare: Holds | None = None
    above: int = 0


@dataclass(frozen=True, slots=True)
class Allowance:
    """How much may stand once a ChangeSet is committed, that adds to it: of one owner, or with `owner` None of the whole tenant.

    `memories` counts those that are not expired, of every branch, `bytes` those of their texts as they are stored. QuotaExceeded otherwise.
    """

    name: str
    owner: str | None
    memories: int | None = None
    bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """A person who leaves: the snapshots of an owner, and the branches whose names begin so, go with the memories."""

    owner: str
    branches: str


@dataclass(frozen=True, slots=True)
class Erase:
    """Memories that leave the store for good, with every row of the past, the present and all branches; tombstones stand in their place.

    VersionConflict when one of them is not there, or when something was made of one by a commit after `upto` and does not go with it.
    What closed branches held goes too, but for memories that the holds `spare` keep. `told` is a JSON object that is kept for the
    receipt; it holds ids, counts and keyed names.
    """

    cubes: tuple[str, ...]
    upto: int
    told: str = "{}"
    person: Person | None = None
    spare: Holds | None = None


DERIVATIONS = ("composed_of", "derived_from", "merged_from")
"""The relations of a memory to those whose content it holds."""


@dataclass(frozen=True, slots=True)
class Economy:
    """Room to be saved: the texts of some contents, as `View.packable` names them, deflated; free pages given back."""

    texts: tuple[int, ...] = ()
    pages: int = 0


@dataclass(frozen=True, slots=True)
class Fence:
    """A worker's claim on its post: its fencing number, and the cursor that it moves in this commit."""

    worker: str
    number: int
    cursor: int | None = None


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """All that one call changes; committed whole or not at all, under one seq."""

    tenant: str
    caller: Caller
    call_id: str
    operation: str
    at: datetime
    branch: str = CANONICAL
    writes: tuple[CubeWrite, ...] = ()
    edges: tuple[Edge, ...] = ()
    unties: tuple[Edge, ...] = ()
    """Edges that hold no more from this commit on; NotFound for one that this branch does not have of its own."""
    fills: tuple[VectorFill, ...] = ()
    usage: tuple[UsageFold, ...] = ()
    acls: tuple[NamespaceAcl, ...] = ()
    rules: tuple[Rule, ...] = ()
    opens: BranchOpen | None = None
    closes: BranchClose | None = None
    names: tuple[SnapshotName, ...] = ()
    purge: Purge | None = None
    economy: Economy | None = None
    erase: Erase | None = None
    idempotency: Idempotency | None = None
    remembers: tuple[Idempotency, ...] = ()
    """Calls that had nothing to write, and are remembered with this one."""
    fence: Fence | None = None
    allowances: tuple[Allowance, ...] = ()
    took: int = 0
    """Microseconds from the call's arrival until this was handed to the store."""


@dataclass(frozen=True, slots=True)
class Underived:
    """That no KV block or adapter that stands was written by a commit after `after`: of some sources, or with None of whichever."""

    after: int
    sources: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class ReadSet:
    """What a ChangeSet rests on: the seq of each version read, the `last_seq` of each namespace searched, what was not derived."""

    versions: dict[str, int] = field(default_factory=dict)
    namespaces: dict[str, int] = field(default_factory=dict)
    policy_epoch: int | None = None
    underived: Underived | None = None


@dataclass(frozen=True, slots=True)
class Committed:
    """What a commit gave: its seq, and the ordinals that it assigned to turns, by cube id."""

    seq: int
    ordinals: dict[str, int] = field(default_factory=dict)
