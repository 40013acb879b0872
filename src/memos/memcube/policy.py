"""Policy: who owns a memory, who may use it, for how long and under which conditions."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from memos.memcube.filter import Filter
from memos.memcube.gate import gate_entry, legal_conditions
from memos.memcube.value import Instant, Value

Right = Literal["read", "write", "history", "share", "forget", "admin", "review"]
Sensitivity = Literal["public", "internal", "confidential", "restricted"]
SENSITIVITIES: tuple[Sensitivity, ...] = ("public", "internal", "confidential", "restricted")
"""In rising order."""


VEILED = "veiled:1"
"""The entry of access lists by which a memory is passed over where others ask for it by what stands beside its text."""


class AclEntry(Value):
    """Rights of one principal, e.g. `user:bob` or `role:nurse`."""

    principal: str = Field(pattern=r"^(user|role|agent):.+$")
    rights: tuple[Right, ...] = Field(min_length=1)


class SensitiveSpan(Value):
    """A part of the text, in code points `[start, end)`, with a sensitivity of its own, marked by a user or found by the detector."""

    start: int = Field(ge=0)
    end: int = Field(ge=0)
    label: str = Field(min_length=1, max_length=64, pattern=r"^[A-Za-z][A-Za-z0-9_\-]*$")
    sensitivity: Sensitivity
    by: Literal["user", "predicted"] = "user"


class Policy(Value):
    """The governance part of a header. `priority` runs from -100 to 100; `conditions` gate the memory's use.

    `stated` is the sensitivity that a user gave the memory; it holds whatever is found in the text. Until the detector has `examined` the
    text the memory counts as restricted to everybody but its owner.
    """

    owner: str
    acl: tuple[AclEntry, ...] = ()
    expires_at: Instant | None = None
    priority: int = Field(default=0, ge=-100, le=100)
    sensitivity: Sensitivity = "internal"
    stated: Sensitivity | None = None
    examined: bool = True
    veiled: bool = Field(default=False, description="whether something beside the text is more sensitive than the memory")
    spans: tuple[SensitiveSpan, ...] = ()
    conditions: Annotated[Filter | None, BeforeValidator(legal_conditions)] = None
    licence: str | None = None

    def entries(self) -> frozenset[str]:
        """The memory's own access list as `right:principal`, and its conditions as one more entry."""
        listed = frozenset(f"{right}:{entry.principal}" for entry in self.acl for right in entry.rights)
        marks = {gate_entry(self.conditions)} if self.conditions is not None else set()
        return listed | marks | ({VEILED} if self.veiled else set())
