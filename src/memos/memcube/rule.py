"""Rules: the documents by which a tenant is governed: its policies, principals, roles, keys, holds, quotas and the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Rule:
    """A document of one kind, known by a key; with `body` None the one that stands is withdrawn."""

    kind: str
    key: str
    body: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Ruling:
    """A document as it stood: since the commit `seq`, and until `seq_end` where it stands no more."""

    kind: str
    key: str
    body: Mapping[str, Any]
    seq: int
    seq_end: int | None
    at: datetime
    by: str
    """The pseudonym under which the logs know who made it."""
    ended_at: datetime | None = None
    ended_by: str | None = None
