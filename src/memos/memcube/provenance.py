"""Provenance: where a memory came from, kept under one id through versions, merges, dumps and loads."""

from __future__ import annotations

from pydantic import Field

from memos.memcube.value import Instant, Value


class CallContext(Value):
    """The calling context of a birth or a mutation."""

    user: str
    agent: str | None = None
    session: str | None = None
    purpose: str | None = None
    task: str | None = None
    call: str | None = Field(default=None, description="the id of the MemoryCall")


class Parent(Value):
    """A memory that this one was made from."""

    id: str
    version: int = Field(ge=1)
    relation: str = "derived_from"


class ProvenanceRecord(Value):
    """A further time at which the same fact was given to the store."""

    at: Instant
    origin: str
    trigger: str | None = None
    context: CallContext
    links: tuple[str, ...] = ()
    model: str | None = None


class Provenance(Value):
    """`id` is given at birth; the rest tells of the version that carries it; `records` of later equal facts."""

    id: str
    origin: str
    trigger: str | None = None
    context: CallContext
    model: str | None = None
    links: tuple[str, ...] = ()
    parents: tuple[Parent, ...] = ()
    records: tuple[ProvenanceRecord, ...] = ()
