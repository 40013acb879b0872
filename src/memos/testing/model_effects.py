"""The plain model's rules and access lists as a commit changes them."""

from __future__ import annotations

from memos.errors import NotFound
from memos.memcube.change import NamespaceAcl
from memos.memcube.namespace import within
from memos.memcube.rule import Rule
from memos.ports.feed import OPEN
from memos.testing.model import State


class ModelEffects:
    """What `ModelCommit` is over; it gives the state, the tenant and the commit's number."""

    state: State
    tenant: str
    seq: int
    acl_changed: bool

    def _rule(self, rule: Rule) -> None:
        state = self.state
        before = [each for each in state.rules if (each[0], each[1].kind, each[1].key, each[3]) == (self.tenant, rule.kind, rule.key, OPEN)]
        if rule.body is None and not before:
            raise NotFound("rule")
        ended = [(*each[:3], self.seq) for each in before]
        state.rules = [each for each in state.rules if each not in before] + ended
        state.rules += [(self.tenant, rule, self.seq, OPEN)] if rule.body is not None else []
        self.acl_changed = True

    def _hand_down(self, change: NamespaceAcl) -> None:
        state, changed = self.state, (self.tenant, change.namespace)
        state.make(*changed)
        below = [key for key in state.last_seq if key[0] == self.tenant and within(key[1], change.namespace)]
        before = {key: state.inherited(*key) for key in below}
        state.own[changed] = frozenset(f"{right}:{entry.principal}" for entry in change.acl for right in entry.rights)
        state.last_seq |= {key: self.seq for key in below if key == changed or state.inherited(*key) != before[key]}
        self.acl_changed = True
