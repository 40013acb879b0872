"""MemCube: the unit of memory, a frozen value of header and payload."""

from __future__ import annotations

from pydantic import Field

from memos.memcube.payload import Payload, Plaintext
from memos.memcube.policy import Policy
from memos.memcube.provenance import Provenance
from memos.memcube.state import Layer, MemoryType, State
from memos.memcube.value import Instant, Metadata, Value

PREDICTED = ("kind", "sentiment", "source", "credibility", "anchor", "topic", "entity")
"""The names of all tags that are predicted; users may set tags of these names too."""


class Tag(Value):
    """A label with an optional value, set by a user or predicted with a confidence in [0, 1]."""

    name: str
    value: str | None = None
    by: str = Field(default="user", pattern="^(user|predicted)$")
    confidence: float = Field(default=1.0, ge=0.0, le=1.0)

    @property
    def key(self) -> str:
        """What filters compare: `name`, or `name=value`."""
        return self.name if self.value is None else f"{self.name}={self.value}"


class Path(Value):
    """Where a memory stands in its namespace's hierarchy."""

    topic: str | None = None
    concept: str | None = None
    fact: str | None = None


class Usage(Value):
    """How a memory has been used; unversioned, folded from the access log. `heat` decays over time."""

    count: int = 0
    last_used_at: Instant | None = None
    heat: float = 0.0


class MemCube(Value):
    """One version of one memory. `version` counts contents from 1; `seq` is the commit that wrote this row."""

    id: str
    namespace: str
    layer: Layer
    payload: Payload
    tags: tuple[Tag, ...] = ()
    path: Path | None = None
    state: State = State.GENERATED
    frozen: bool = False
    version: int = 1
    labels: tuple[str, ...] = ()
    policy: Policy
    provenance: Provenance
    usage: Usage = Usage.model_construct()
    valid_from: Instant | None = None
    valid_to: Instant | None = None
    said_at: Instant
    created_at: Instant
    updated_at: Instant
    speaker: str | None = None
    role: str | None = None
    session: str | None = None
    ordinal: int | None = None
    metadata: Metadata = Field(default_factory=dict)
    seq: int = 0

    @property
    def own_tags(self) -> tuple[Tag, ...]:
        """The tags that users have set; they alone are replaced when a user gives others."""
        return tuple(tag for tag in self.tags if tag.by == "user")

    @property
    def predicted_tags(self) -> tuple[Tag, ...]:
        """The tags that are predicted of what search may know of the text."""
        return tuple(tag for tag in self.tags if tag.by != "user")

    @property
    def text(self) -> str:
        """The text of a plaintext memory, else the empty string."""
        return self.payload.text if isinstance(self.payload, Plaintext) else ""

    @property
    def type(self) -> MemoryType:
        """What the payload is made of."""
        return MemoryType(self.payload.type)

    @property
    def owner(self) -> str:
        """Who owns the memory."""
        return self.policy.owner
