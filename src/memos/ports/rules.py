"""Rules: what a View tells of how its tenant is governed. Whatever the View shows, the rules are those of now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from memos.memcube.rule import Ruling


class Rules(Protocol):
    """The governing half of a View, in its snapshot of the store."""

    @property
    def policy_epoch(self) -> int:
        """Counts every change of a rule or of an access list, of all tenants."""

    def rules(self, kind: str) -> dict[str, Mapping[str, Any]]:
        """The documents of a kind that stand for the tenant now, by key."""

    def rule(self, kind: str, key: str) -> Mapping[str, Any] | None:
        """The document of that kind and key that stands for the tenant now, None when none does."""

    def ruled(self, kind: str | None = None) -> tuple[Ruling, ...]:
        """Every document that stands or stood, of one kind or of all, in the order of their commits."""

    def opened(self, entries: Sequence[str]) -> tuple[str, ...]:
        """The paths of namespaces whose own access list has one of the entries, or where memories with such a list stand or stood."""

    def shared(self) -> bool:
        """Whether any access list was set in the tenant, or a memory of it has or had one."""

    def gates(self) -> tuple[str, ...]:
        """The conditions that memories of the tenant have or had, as entries of access lists, sorted."""

    def inherited(self, namespace: str) -> tuple[str, ...]:
        """The entries in force for all in a namespace, those set on it and on all above it, sorted; it need not be there yet."""


class Governing(Protocol):
    """The governing half of a store: what is asked before anybody knows of which tenant a caller is."""

    def rule(self, kind: str, key: str) -> tuple[tuple[str, Mapping[str, Any]], ...]:
        """(tenant, body) of each document of that kind and key that stands, of whichever tenant."""

    def secret(self, purpose: str) -> bytes:
        """32 bytes that come of the store's secret and are the same each time; those of one purpose tell nothing of another's."""
