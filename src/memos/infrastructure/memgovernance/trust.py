"""Trust: whose writing is put under quarantine, by the tenant's documents of the kinds `principal` and `source`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from memos.memcube.call import Caller
from memos.memcube.governed import SourceRule
from memos.memcube.namespace import within
from memos.memcube.normal import normalised
from memos.ports.rules import Rules

TENANTS = 4096
"""Of how many tenants it is kept at hand."""


@dataclass(frozen=True, slots=True)
class Distrusted:
    """The principals, such as `user:bob` and `agent:crawler`, and the namespaces of which a tenant says so."""

    principals: frozenset[str]
    namespaces: tuple[str, ...]

    def writer(self, caller: Caller, namespace: str) -> str | None:
        """The principal that is not trusted when a caller writes to a namespace; None when it is trusted."""
        for each in caller.answering:
            if normalised("NFC", each) in self.principals:
                return each
        if any(within(namespace, root) for root in self.namespaces):
            return f"agent:{caller.agent}" if caller.agent else f"user:{caller.user}"
        return None


class Trust:
    """Reads the documents once for each state of them."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[int, Distrusted]] = {}

    def distrusted(self, view: Rules, caller: Caller, namespace: str) -> str | None:
        """The principal for which what a caller writes to a namespace is put under quarantine; None when it is not."""
        if caller.kind == "system":
            return None
        known = self._known.get(caller.tenant)
        if known is None or known[0] != view.policy_epoch:
            if len(self._known) >= TENANTS:
                self._known.clear()
            known = self._known[caller.tenant] = view.policy_epoch, _read(view.rules("principal"), view.rules("source"))
        return known[1].writer(caller, namespace)


def _read(principals: Mapping[str, Mapping[str, Any]], sources: Mapping[str, Mapping[str, Any]]) -> Distrusted:
    """A principal's document is known by the name of a user, or by `user:` or `agent:` and a name."""
    untrusted = {key for key, body in principals.items() if body.get("trust") == "untrusted"}
    named = {key if key.startswith(("user:", "agent:")) else f"user:{key}" for key in untrusted}
    rules = [SourceRule.model_validate(body) for body in sources.values()]
    agents = {normalised("NFC", f"agent:{agent}") for rule in rules for agent in rule.agents}
    return Distrusted(frozenset(named | agents), tuple(path for rule in rules for path in rule.namespaces))
