"""The plain model's rules: what governs a tenant, as loops over all documents and access lists there are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from memos.memcube.matching import acl_entries
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

    def _lists(self, *, branches: bool) -> Iterator[tuple[str, frozenset[str]]]:
        """Each access list in force, with the path of its namespace."""
        for tenant, path in self.state.last_seq:
            if tenant == self.tenant:
                yield path, self.state.inherited(tenant, path)
        for row in self.state.rows:
            if row.tenant == self.tenant and row.end == OPEN and (branches or not row.branch):
                yield row.cube.namespace, acl_entries(row.cube)

    def opened(self, entries: Sequence[str]) -> tuple[str, ...]:
        """See the port."""
        return tuple(sorted({path for path, listed in self._lists(branches=False) if not listed.isdisjoint(entries)}))

    def listed(self, prefix: str) -> tuple[str, ...]:
        """See the port."""
        return tuple(sorted({entry for _, listed in self._lists(branches=True) for entry in listed if entry.startswith(prefix)}))
