"""MemGovernance: decides what a caller may see before retrieval, and re-decides each memory before it leaves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b

from memos.errors import Denied
from memos.infrastructure.memgovernance import access
from memos.infrastructure.memgovernance.trust import Trust
from memos.memcube.call import Caller, Grant, MemoryCall, MemoryReply
from memos.memcube.filter import Filter
from memos.memcube.rule import Rule
from memos.ports.rules import Rules

SYSTEM_OPERATIONS = frozenset({"index", "use", "transition", "consolidate", "purge", "reclaim"})


class MemGovernance:
    """The decisions on (identity, memory, context). At this stage one policy stands: what is private is its owner's alone."""

    def __init__(self) -> None:
        self._trust = Trust()

    def authorize(self, caller: Caller, call: MemoryCall) -> Grant:
        """What this caller may see in this call; Denied when it may not make the call at all."""
        if caller.kind == "system":
            return _everything()
        if call.operation in SYSTEM_OPERATIONS:
            raise Denied(f"only the system itself may {call.operation}")
        if call.operation == "review":
            return access.review_grant(caller)
        return access.caller_grant(caller, past=call.operation in access.READS_PAST or call.at is not None)

    def past(self, caller: Caller) -> Grant:
        """What this caller may see with the right `history`: the forgotten and the expired too."""
        return _everything() if caller.kind == "system" else access.caller_grant(caller, past=True)

    def own_roots(self, caller: Caller) -> tuple[str, ...]:
        """The namespaces, with all below, that are the caller's own."""
        return access.home(caller), access.contexts(caller)

    def branch_key(self, caller: Caller, name: str) -> str:
        """What the store calls a caller's branch: branches are their owner's alone."""
        return access.branch_key(caller, name)

    def default_scope(self, caller: Caller) -> tuple[str, ...]:
        """The namespaces that a call reads unless it names others."""
        return access.default_scope(caller)

    def readable(self, caller: Caller, namespace: str) -> bool:
        """Whether anything below a namespace may be this caller's to read; retrieval need not look elsewhere."""
        return caller.kind == "system" or access.is_own(caller, namespace)

    def require_write(self, caller: Caller, namespace: str) -> None:
        """Denied unless the caller may write to a namespace."""
        access.require_own(caller, namespace)

    def distrusted(self, view: Rules, caller: Caller, namespace: str) -> str | None:
        """The principal, such as `agent:crawler`, for which what a caller writes is put under quarantine; None when it is trusted."""
        return self._trust.distrusted(view, caller, namespace)

    def may_write(self, caller: Caller, namespace: str) -> bool:
        """Whether the caller may write to a namespace, where what he may not is left out and no error."""
        return access.is_own(caller, namespace)

    def roles(self, caller: Caller, view: Rules) -> frozenset[str]:
        """Every role that a caller has in its tenant."""
        return frozenset(caller.roles)

    def require_govern(self, caller: Caller) -> None:
        """Denied unless the caller may write and read the documents by which its tenant is governed."""
        access.require_admin(caller)

    def require_sound(self, view: Rules, rules: Sequence[Rule]) -> None:
        """InvalidCall unless the tenant can be governed by its documents once these are among them."""

    def may_audit(self, caller: Caller) -> bool:
        """Whether every row of the tenant's logs is this caller's to read: ids and pseudonyms, never a text."""
        return access.may_audit(caller)

    def log_writers(self, caller: Caller) -> tuple[Caller, ...] | None:
        """Whose rows in the logs may tell of what this caller may see, None for anybody's; nobody else's need be read."""
        return access.log_writers(caller)

    def system_of(self, tenant: str) -> Caller:
        """The system's own principal in a tenant."""
        return access.system_of(tenant)

    def disclose(self, grant: Grant, reply: MemoryReply, now: datetime) -> tuple[MemoryReply, tuple[str, ...]]:
        """The reply with each memory decided once more by itself, and the ids of those that the grant does not allow and are left out."""
        allowed = grant.filter.predicate(now=now)
        cubes = tuple(cube for cube in reply.cubes if allowed(cube))
        hits = tuple(hit for hit in reply.hits if allowed(hit.cube))
        if len(cubes) == len(reply.cubes) and len(hits) == len(reply.hits):
            return reply, ()
        found = [*(cube.id for cube in reply.cubes), *(hit.cube.id for hit in reply.hits)]
        shown = {*(cube.id for cube in cubes), *(hit.cube.id for hit in hits)}
        withheld = tuple(dict.fromkeys(each for each in found if each not in shown))
        return reply.model_copy(update={"cubes": cubes, "hits": hits}), withheld

    def grant_hash(self, grant: Grant) -> str:
        """A short digest of a grant, for the access log."""
        return _digest(grant.filter)


@lru_cache(maxsize=1)
def _everything() -> Grant:
    return Grant(filter=Filter.everything(), policies=("system",))


@lru_cache(maxsize=4096)
def _digest(filter: Filter) -> str:
    return blake2b(repr(filter.to_json()).encode(), digest_size=8).hexdigest()
