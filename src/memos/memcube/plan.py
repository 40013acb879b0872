"""Plan and Context: what MemScheduler decided to give a model, in which form and order and why, and what a caller sends."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from memos.memcube.filter import Filter
from memos.memcube.policy import Sensitivity
from memos.memcube.prompt import Part, TokenUsage
from memos.memcube.state import MemoryType
from memos.memcube.value import Instant, Metadata, Value

Task = Literal["dialogue", "procedure", "factual"]
"""What a request is: it goes on with a conversation, asks how something is done, or asks for what is so."""
Tier = Literal["ram", "mapped", "int8", "text"]
"""Where a KV block is: in memory, in a mapped float16 file, in a file of int8, or nowhere but in the text that it is made of."""


class Injection(Value):
    """A memory that a model is given: as which form, at which place (from 0), of how many tokens, and why.

    `via` is the derived memory, a KV block or an adapter, in which it is given; `cached` of its tokens need not be read again. One that is
    `pinned` stands before the conversation, in canonical order; an activation that is not is composed.
    """

    cube: str
    version: int
    form: MemoryType
    order: int = Field(ge=0)
    tokens: int = Field(ge=0)
    score: float
    reason: str
    cached: int = Field(default=0, ge=0)
    via: str | None = None
    pinned: bool = False


class Passed(Value):
    """A memory that was found and is not given, and why."""

    cube: str
    reason: str


class Move(Value):
    """A change of form or tier of a memory: from where to where, why, and the numbers that it was decided by."""

    cube: str
    version: int
    before: MemoryType
    after: MemoryType
    tier: Tier = "text"
    reason: str
    inputs: Metadata = Field(default_factory=dict)
    at: Instant | None = None


class Plan(Value):
    """What MemScheduler decided for one request. `tokens` are those of all that is injected, `read` those that the model has to read."""

    task: Task
    confidence: float = Field(ge=0.0, le=1.0)
    budget: int = Field(ge=0)
    tokens: int = Field(ge=0)
    read: int = Field(ge=0)
    injections: tuple[Injection, ...] = ()
    passed: tuple[Passed, ...] = ()
    conversions: tuple[Move, ...] = ()
    adapter: str | None = Field(default=None, description="the id of the one adapter that is routed to this request")
    policy: str = "memos"
    model: str | None = Field(default=None, description="the model for which it was decided, where there is one")
    inputs: Metadata = Field(default_factory=dict)


class Attachment(Value):
    """Something that is attached to a request instead of being sent: KV blocks for the first `tokens` of the prompt, or an adapter.

    `handle` is good in this process, until a memory of `sources` changes. With `exact` the answer is that of the full prompt; else `error`
    bounds, as it was measured for this model, the KL divergence of the next token's distribution from it, in nats.
    """

    kind: Literal["activation", "parameter"]
    model: str
    handle: str
    tokens: int = Field(default=0, ge=0)
    exact: bool = True
    error: float | None = None
    cubes: tuple[str, ...] = Field(default=(), description="the derived memories it is made of")
    sources: tuple[str, ...] = Field(default=(), description="the memories that these are made of")


class Answer(Value):
    """What a model answered. `plan` says which memories it was given and in which form; `turns` are the memories that keep both sides.

    Where they were to be kept and that was refused, `unkept` is the code of the error, and a warning of the reply says why.
    """

    text: str
    ended: Literal["stop", "length"]
    model: str
    usage: TokenUsage
    plan: Plan
    attachments: tuple[Attachment, ...] = ()
    turns: tuple[str, ...] = ()
    unkept: str | None = None


class Context(Value):
    """What to send to a model for a request, and what to attach. `messages` is all of it as text, for any chat endpoint, what an adapter
    has learnt too; `parts` are what the store's own model is given beside what is attached.

    Of what is made of it, an answer, `conditions` are those of all memories in it, under which alone it is to be used, `stated` the
    strictest sensitivity that somebody has stated of one of them, and `expires_at` when the first of them ends.
    """

    call_id: str
    messages: tuple[dict[str, str], ...]
    parts: tuple[Part, ...]
    attachments: tuple[Attachment, ...] = ()
    plan: Plan
    conditions: Filter | None = None
    stated: Sensitivity | None = None
    expires_at: Instant | None = None
    warnings: tuple[str, ...] = ()
