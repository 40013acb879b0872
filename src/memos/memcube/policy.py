"""Policy: who owns a memory, who may use it, for how long and under which conditions."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from memos.memcube.filter import Filter
from memos.memcube.value import Instant, Value

Right = Literal["read", "write", "history", "share", "forget", "admin", "review"]
Sensitivity = Literal["public", "internal", "confidential", "restricted"]
SENSITIVITIES: tuple[Sensitivity, ...] = ("public", "internal", "confidential", "restricted")
"""In rising order."""


class AclEntry(Value):
    """Rights of one principal, e.g. `user:bob` or `role:nurse`."""

    principal: str = Field(pattern=r"^(user|role|agent):.+$")
    rights: tuple[Right, ...] = Field(min_length=1)


class SensitiveSpan(Value):
    """A part of the text, in code points `[start, end)`, with a sensitivity of its own."""

    start: int = Field(ge=0)
    end: int = Field(ge=0)
    label: str
    sensitivity: Sensitivity


class Policy(Value):
    """The governance part of a header. `priority` runs from -100 to 100; `conditions` gate the memory's use."""

    owner: str
    acl: tuple[AclEntry, ...] = ()
    expires_at: Instant | None = None
    priority: int = Field(default=0, ge=-100, le=100)
    sensitivity: Sensitivity = "internal"
    spans: tuple[SensitiveSpan, ...] = ()
    conditions: Filter | None = None
    licence: str | None = None
