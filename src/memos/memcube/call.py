"""Caller, MemoryCall, MemoryQuery, Grant and MemoryReply: what goes through the one door and comes back."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Annotated, Any, Literal, NoReturn

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from memos.errors import BackendError, InvalidCall, MemOSError, tree
from memos.memcube.cube import MemCube, Path, Tag
from memos.memcube.filter import Filter
from memos.memcube.gate import legal_conditions
from memos.memcube.hit import Hit, group_of
from memos.memcube.legal import (
    legal_acl,
    legal_body,
    legal_id,
    legal_links,
    legal_metadata,
    legal_moment,
    legal_name,
    legal_namespace,
    legal_principal,
    legal_question,
    legal_step,
    legal_tags,
)
from memos.memcube.policy import AclEntry, SensitiveSpan, Sensitivity
from memos.memcube.rank import Rank
from memos.memcube.reading import Bearing, Reading
from memos.memcube.spans import legal_spans
from memos.memcube.state import Layer, MemoryType, State
from memos.memcube.value import Instant, Known, Metadata, Text, Value, invalid
from memos.memcube.vector import Reranking, Vector, WordVectors
from memos.memcube.window import Window

Operation = Literal[
    "add", "search", "get", "list", "update", "forget", "history", "lineage", "transfer", "compose",
    "count", "summarise", "compare", "extract", "none", "context", "convert",
    "graph", "relate", "entities", "resolve",
    "confirm", "freeze", "unfreeze", "archive", "restore",
    "snapshot", "snapshots", "moment", "diff", "branch", "branches", "merge", "discard",
    "log", "explain",
    "trace", "manifest", "recognise",
    "tags", "rename", "catalogue",
    "share", "acl", "access", "who", "preview", "govern", "governed", "retain", "heat", "review",
    "issue", "delegate", "revoke", "authenticate",
    "erase",
    "index", "use", "transition", "consolidate", "purge", "reclaim", "examine", "classify", "train",
]  # fmt: skip


Name = Annotated[str | None, BeforeValidator(legal_name)]
Namespace = Annotated[str | None, BeforeValidator(legal_namespace)]
CubeId = Annotated[str, BeforeValidator(legal_id)]


class CallingContext(Value):
    """For what, and from where, a caller asks; what it says is checked when the door makes the Caller."""

    agent: Name = None
    purpose: Name = None
    task: Name = None
    model: Name = None
    session: Name = None
    request: Name = Field(default=None, description="the id that a remote face gave to the request")


class Restrictions(Value):
    """What a credential leaves of its holder's rights; None restricts nothing, an empty list leaves nothing."""

    operations: tuple[Operation, ...] | None = None
    namespaces: tuple[Annotated[str, BeforeValidator(legal_namespace)], ...] | None = Field(default=None, description="with all below")
    memories: tuple[CubeId, ...] | None = None
    read_only: bool = False
    until: Instant | None = None
    purpose: Name = None
    contract: Name = None
    count: int | None = Field(default=None, ge=0, lt=2**53, strict=True, description="calls that the contract allows")


class Credential(Value):
    """What a Caller's identity rests on, so that each call can ask whether it stands still; no secret is in it."""

    kind: Literal["key", "issuer", "token"]
    rule: tuple[str, str] | None = Field(default=None, description="kind and key of the document that must stand")
    mark: str = Field(default="", description="a digest of that document, as it was")
    revocable: tuple[str, ...] = Field(default=(), description="ids under which a delegated token may be revoked")
    agent: Name = Field(default=None, description="the agent whose credential it is")


class Caller(CallingContext):
    """Who asks, in which calling context; made at the door from a credential, never read from a call.

    One who acts on behalf of another has that one's rights and roles, as far as `restrictions` leave them.
    """

    user: Annotated[str, BeforeValidator(legal_principal)]
    tenant: Annotated[str, BeforeValidator(legal_principal)] = "default"
    roles: tuple[str, ...] = ()
    kind: Literal["user", "system", "unknown"] = "user"
    behalf: Annotated[str, BeforeValidator(legal_principal)] | None = Field(
        default=None, description="whose rights a delegated token lends"
    )
    restrictions: Restrictions | None = None
    credential: Credential | None = None
    seal: str = Field(default="", repr=False, description="the door's own mark; a Caller without it is refused")

    @property
    def vouched_agent(self) -> str | None:
        """The agent through which it acts, where more than its own word says so; what is shared with an agent is not anybody's to claim."""
        return self.agent if self.credential is None or self.credential.agent == self.agent else None

    @property
    def bound_agent(self) -> str | None:
        """The agent to which its credential is bound, or as whose the door took it without one; what it makes is bound to that too."""
        return self.agent if self.credential is None else self.credential.agent

    @property
    def answering(self) -> tuple[str, ...]:
        """All who answer for what it does, such as `user:bob` and `agent:crawler`; what it says of itself hides none of them."""
        agents = {self.agent: None, self.bound_agent: None}
        return (*dict.fromkeys((f"user:{self.user}", f"user:{self.principal}")), *(f"agent:{each}" for each in agents if each is not None))

    @property
    def principal(self) -> str:
        """Whose rights count, and whose memories are its own: the user, or the one on whose behalf it acts."""
        return self.user if self.behalf is None else self.behalf


Relation = Literal[
    "next", "previous",
    "derived_from", "composed_of", "merged_from", "supersedes", "contradicts", "depends_on", "follows",
]  # fmt: skip
"""What a query may follow from its hits: the turns beside one in its session, and the edges of the graph, in both directions."""


class MemoryQuery(Known):
    """The retrieval part of a call: what the memories are to be like, and how the best of them are to be ranked and arranged.

    Every condition holds: `filter`, `window`, `path`, `types`, `states`, and where to look: `namespaces` and all below them, and `layers`
    of what a search reads by default. `limit` counts hits, with `group` it counts groups.
    """

    text: Annotated[str, BeforeValidator(legal_question)] = ""
    vector: Vector | None = None
    words: WordVectors | None = Field(default=None, exclude=True, repr=False, description="the text's words as the embedder read them")
    reranked: Reranking | None = Field(default=None, exclude=True, repr=False, description="what a reranker says of those found first")
    filter: Filter | None = None
    window: Window | None = None
    path: Path | None = Field(default=None, description="the memories below a topic, or a concept of it; read from the tags of these names")
    types: tuple[MemoryType, ...] | None = None
    states: tuple[State, ...] | None = None
    namespaces: tuple[Annotated[str, BeforeValidator(legal_namespace)], ...] | None = None
    layers: tuple[Layer, ...] | None = None
    at: Annotated[int | str | None, BeforeValidator(legal_moment)] = Field(
        default=None, description="as of then: a snapshot's name, a time, or the number of a commit"
    )
    limit: int = Field(default=10, ge=1, le=1000, strict=True)
    rank: Rank = Field(default_factory=Rank)
    group: str | None = Field(
        default=None, pattern=r"^(session|namespace|speaker|tag:[^=]+)$", description="session, namespace, speaker or tag:NAME"
    )
    per_group: int = Field(default=3, ge=1, le=100, strict=True, description="hits of one group at most")
    expand: tuple[Relation, ...] = Field(default=(), description="what is followed one step from each hit; not counted by `limit`")
    standing: int = Field(default=0, ge=0, le=100, strict=True, description="how many of the caller's standing instructions to bring")
    explain: bool = Field(default=False, strict=True, description="tell in `details` how the query was understood")

    @model_validator(mode="after")
    def _has_a_whole_path(self) -> MemoryQuery:
        if self.path is not None:
            for step in (self.path.topic, self.path.concept, self.path.fact):
                legal_step(step)
            if self.path.topic is None or (self.path.concept is None and self.path.fact is not None):
                raise InvalidCall("a path begins with its topic: topic, then concept, then fact, with none left out")
        return self

    @property
    def places(self) -> dict[str, str]:
        """The tags that a memory on the path bears, by name."""
        given = {} if self.path is None else {"topic": self.path.topic, "concept": self.path.concept, "fact": self.path.fact}
        return {name: step for name, step in given.items() if step is not None}

    def fields(self) -> frozenset[str]:
        """The fields of memories that the query's own conditions read."""
        named = self.filter.referenced_fields() if self.filter is not None else frozenset()
        return named | {"tags"} if self.path is not None else named


def query_of(given: Any) -> MemoryQuery:
    """A query from its JSON form, or itself; InvalidCall names the first field that is wrong."""
    if isinstance(given, MemoryQuery):
        return given
    if not isinstance(given, Mapping):
        raise InvalidCall(f"a query is a MemoryQuery or a JSON object of its fields, not a {type(given).__name__}")
    try:
        return MemoryQuery.model_validate(dict(given))
    except ValidationError as error:
        raise invalid(error) from None


class CubeDraft(Value):
    """A memory to be made. `namespace` and `layer` default to the caller's own; `said_at` to now."""

    text: Annotated[str, BeforeValidator(legal_body)]
    namespace: Namespace = None
    layer: Layer | None = None
    tags: Annotated[tuple[Tag, ...], BeforeValidator(legal_tags)] = ()
    expires_at: Instant | None = None
    priority: int = Field(default=0, ge=-100, le=100, strict=True)
    sensitivity: Sensitivity | None = None
    acl: Annotated[tuple[AclEntry, ...], BeforeValidator(legal_acl)] = ()
    conditions: Annotated[Filter | None, BeforeValidator(legal_conditions)] = None
    metadata: Annotated[Metadata, BeforeValidator(legal_metadata)] = Field(default_factory=dict)
    links: Annotated[tuple[Text, ...], BeforeValidator(legal_links)] = ()
    spans: Annotated[tuple[SensitiveSpan, ...], BeforeValidator(legal_spans)] = ()
    vector: Vector | None = None
    said_at: Instant | None = None
    speaker: Name = None
    role: Name = None
    session: Name = None
    ordinal: int | None = Field(default=None, ge=0, lt=2**53, strict=True)
    turn: bool = Field(default=False, description="a turn, or a piece of a document: verbatim, ordered, never de-duplicated")
    origin: Literal["document"] | None = Field(default=None, description="what it was read from, if it is no word of the caller's")


class CubeRef(Value):
    """A memory that the call names; `version` None is the one in view."""

    id: CubeId
    version: int | None = Field(default=None, ge=1)


class MemoryCall(Value):
    """One request. `then` is the ordered rest of a chain; `at` is a seq of the past, `branch` the name of one of the caller's overlays.

    `moment` is the time as of which the past is read, where it is another than that of the commit `at`.
    """

    id: CubeId
    operation: Operation
    intent: str | None = None
    query: MemoryQuery | None = None
    drafts: tuple[CubeDraft, ...] = ()
    cubes: tuple[CubeRef, ...] = ()
    anchors: tuple[Text, ...] = Field(default=(), max_length=16, description="what names a time by what happened then")
    bearing: Bearing = Field(default="during", description="how the time asked about lies to the anchors")
    options: Metadata = Field(default_factory=dict)
    then: tuple[MemoryCall, ...] = ()
    idempotency_key: str | None = Field(default=None, min_length=1, max_length=256)
    at: int | None = Field(default=None, ge=0)
    moment: Instant | None = None
    branch: Name = None
    reading: Reading | None = Field(default=None, description="how the words were understood from which the call was made")


class Grant(Value):
    """What a caller may see now, as a Filter on the head of each memory, and the policies that said so."""

    filter: Filter
    policies: tuple[str, ...]


class MemoryReply(Value):
    """The answer. `status` is "ok" or an error's code; `call_id` finds the access or audit row."""

    call_id: str
    status: str = "ok"
    message: str = ""
    retryable: bool = False
    cubes: tuple[MemCube, ...] = ()
    hits: tuple[Hit, ...] = ()
    value: Any = None
    next: str | None = None
    call: MemoryCall | None = None
    warnings: tuple[str, ...] = ()
    seq: int | None = Field(default=None, description="the commit that this reply wrote, or the one that it read")
    details: Metadata = Field(default_factory=dict)
    then: tuple[MemoryReply, ...] = Field(default=(), description="the replies to the rest of a chain, in its order")

    @property
    def groups(self) -> tuple[tuple[Hit, ...], ...]:
        """The hits of a search that groups, group by group; what was reached from them is in none."""
        grouped = (hit for hit in self.hits if hit.group is not None)
        return tuple(tuple(members) for _, members in groupby(grouped, key=group_of))

    def __iter__(self) -> NoReturn:
        """A reply is no list: pydantic's own iteration, over the names of its fields, would only mislead."""
        raise TypeError("a MemoryReply is no list: go through its .hits after search, through its .cubes after what else gives memories")


def raising(reply: MemoryReply) -> MemoryReply:
    """The reply, if it is no error; else the error that its status names is raised."""
    if reply.status == "ok":
        return reply
    kind: type[MemOSError] = tree().get(reply.status, BackendError)
    raise kind(reply.message, **reply.details)
