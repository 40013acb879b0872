"""The plain model's rules: what governs a tenant, as loops over all documents and access lists there are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from memos.memcube.gate import GATE
from memos.memcube.rule import Ruling
from memos.ports.feed import OPEN
from memos.testing.model import State


class ModelRules:
    """What `ModelView` is over; it gives the state and the tenant."""

    state: State
    tenant: str

    def rules(self, kind: str) -> dict[str, Mapping[str, Any]]:
        """See the port."""
        return {each.key: each.body for each in self._told(kind) if each.seq_end is None}

    def rule(self, kind: str, key: str) -> Mapping[str, Any] | None:
        """See the port."""
        return self.rules(kind).get(key)

    def ruled(self, kind: str | None = None) -> tuple[Ruling, ...]:
        """See the port."""
        return tuple(sorted(self._told(kind), key=lambda each: (each.seq, each.kind, each.key)))

    def _told(self, kind: str | None) -> list[Ruling]:
        log, mine = self.state.log, [each for each in self.state.rules if each[0] == self.tenant and kind in {None, each[1].kind}]
        return [
            Ruling(
                rule.kind, rule.key, rule.body or {}, seq, None if end == OPEN else end, log[seq - 1]["at"], log[seq - 1]["caller"],
                None if end == OPEN else log[end - 1]["at"], None if end == OPEN else log[end - 1]["caller"],
            )
            for _, rule, seq, end in mine
        ]  # fmt: skip

    def _lists(self) -> Iterator[tuple[str, frozenset[str]]]:
        """Each access list that is set on a namespace, or that a memory had, with the path of its namespace."""
        yield from ((path, entries) for (tenant, path), entries in self.state.own.items() if tenant == self.tenant)
        yield from ((path, entries) for tenant, path, entries in self.state.listings if tenant == self.tenant)

    def opened(self, entries: Sequence[str]) -> tuple[str, ...]:
        """See the port."""
        return tuple(sorted({path for path, listed in self._lists() if not listed.isdisjoint(entries)}))

    def shared(self) -> bool:
        """See the port."""
        return any(entries for _, entries in self._lists())

    def gates(self) -> tuple[str, ...]:
        """See the port."""
        return tuple(sorted({entry for _, listed in self._lists() for entry in listed if entry.startswith(GATE)}))

    def inherited(self, namespace: str) -> tuple[str, ...]:
        """See the port."""
        return tuple(sorted(self.state.inherited(self.tenant, namespace)))
