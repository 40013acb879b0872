"""MemGovernance: decides what a caller may see before retrieval, and re-decides each memory before it leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b

from memos.errors import Denied
from memos.infrastructure.memgovernance import access
from memos.infrastructure.memgovernance.permission.actions import reading
from memos.infrastructure.memgovernance.permission.book import book_of
from memos.infrastructure.memgovernance.permission.engine import Engine
from memos.infrastructure.memgovernance.permission.warrant import Warrant
from memos.infrastructure.memgovernance.trust import Trust
from memos.memcube.call import Caller, Grant, MemoryCall, MemoryReply
from memos.memcube.cube import MemCube
from memos.memcube.filter import Filter
from memos.memcube.rule import Rule
from memos.ports.adapter import View
from memos.ports.rules import Rules

REVIEW = "review"
"""The operation by which those with the role see what is under quarantine, whatever policies say of the rest."""
SYSTEM_OPERATIONS = frozenset({"index", "use", "transition", "consolidate", "purge", "reclaim"})
USES = frozenset({"search", "get", "list", "history", "lineage", "diff", "log", "explain", "compose", "trace", "manifest", "recognise"})
"""Operations that use memories, each under the conditions of its own; who owns one may change it whatever they say."""
Heads = Callable[[Sequence[str]], Mapping[str, MemCube]]
"""The rows that decide about some memories: their canonical ones, as they stand now."""


class MemGovernance:
    """The decisions on (identity, memory, context): by Cedar, compiled into every search, and once more for each memory that leaves."""

    def __init__(self) -> None:
        self._engine, self._trust = Engine(), Trust()

    def warrant(self, caller: Caller, view: View, now: datetime) -> Warrant:
        """What one caller may see and do, in the snapshot of one View."""
        return Warrant(self._engine, self._trust, view, caller, now)

    def authorize(self, warrant: Warrant, caller: Caller, call: MemoryCall) -> Grant:
        """What this caller may see in this call; Denied when it may not make the call at all."""
        if caller.kind == "system":
            return _everything()
        if call.operation in SYSTEM_OPERATIONS:
            raise Denied(f"only the system itself may {call.operation}")
        warrant.require_active()
        if call.operation == REVIEW:
            return access.review_grant(caller, warrant.identity.roles)
        action = reading(call.operation, past=call.at is not None)
        exempt = None if call.operation in USES else caller.user
        return Grant(filter=warrant.filter(action, past=action == "history", exempt=exempt), policies=warrant.policies(action))

    def home(self, caller: Caller) -> str:
        """The namespace that is the caller's own."""
        return access.home(caller)

    def own_roots(self, caller: Caller) -> tuple[str, ...]:
        """The namespaces, with all below, that are the caller's own."""
        return access.home(caller), access.contexts(caller)

    def branch_key(self, caller: Caller, name: str) -> str:
        """What the store calls a caller's branch: branches are their owner's alone."""
        return access.branch_key(caller, name)

    def require_govern(self, caller: Caller) -> None:
        """Denied unless the caller may write and read the documents by which its tenant is governed."""
        access.require_admin(caller)

    def may_govern(self, caller: Caller) -> bool:
        """Whether the caller governs its tenant."""
        return access.may_govern(caller)

    def require_sound(self, view: Rules, rules: Sequence[Rule]) -> None:
        """InvalidCall unless the tenant can be governed by its documents once these are among them."""
        kinds = {kind: dict(view.rules(kind)) for kind in ("policy", "role", "principal")}
        for rule in rules:
            if rule.kind in kinds and rule.body is not None:
                kinds[rule.kind][rule.key] = rule.body
            elif rule.kind in kinds:
                kinds[rule.kind].pop(rule.key, None)
        if any(rule.kind in kinds for rule in rules):
            book_of(kinds["policy"], kinds["role"], kinds["principal"], 0)

    def may_audit(self, caller: Caller) -> bool:
        """Whether every row of the tenant's logs is this caller's to read: ids and pseudonyms, never a text."""
        return access.may_audit(caller)

    def traced(self, caller: Caller, grant: Grant) -> Grant:
        """What a caller's text is compared with: what it may see, for auditors every memory of the tenant, told by its id alone."""
        return access.auditing_grant() if caller.kind == "user" and access.may_audit(caller) else grant

    def users(self, paths: Iterable[str]) -> tuple[str, ...]:
        """The users to whom namespaces of a tenant belong, as their paths tell."""
        return access.users(paths)

    def log_writers(self, caller: Caller, warrant: Warrant) -> tuple[Caller, ...] | None:
        """Whose rows in the logs may tell of what this caller may see, None for anybody's; nobody else's need be read."""
        return None if access.may_audit(caller) or warrant.shares() else (caller, access.system_of(caller.tenant))

    def system_of(self, tenant: str) -> Caller:
        """The system's own principal in a tenant."""
        return access.system_of(tenant)

    def disclose(
        self, warrant: Warrant, grant: Grant, reply: MemoryReply, now: datetime, heads: Heads | None = None
    ) -> tuple[MemoryReply, tuple[str, ...]]:
        """The reply with each memory decided once more by itself, and the ids of those that are left out.

        `heads` gives the rows that decide where the reply's are of the past or of a branch.
        """
        cubes = [*reply.cubes, *(hit.cube for hit in reply.hits)]
        if warrant.system or not cubes:
            return reply, ()
        deciding = cubes if heads is None else _heads(heads, cubes)
        allowed = dict(zip(map(_key, cubes), self._allowed(warrant, grant, reply, deciding, now), strict=True))
        if all(allowed.values()):
            return reply, ()
        shown = tuple(cube for cube in reply.cubes if allowed[_key(cube)])
        hits = tuple(hit for hit in reply.hits if allowed[_key(hit.cube)])
        withheld = tuple(dict.fromkeys(cube.id for cube in cubes if not allowed[_key(cube)]))
        return reply.model_copy(update={"cubes": shown, "hits": hits}), withheld

    def _allowed(self, warrant: Warrant, grant: Grant, reply: MemoryReply, cubes: Sequence[MemCube], now: datetime) -> Iterable[bool]:
        """By the filter that retrieval used, by Cedar itself, and by the memory's own conditions."""
        call = reply.call
        operation, past = (call.operation, call.at is not None) if call is not None else ("get", False)
        handed = {cube.namespace: warrant.inherited(cube.namespace) for cube in cubes}
        tests = {entries: grant.filter.predicate(now=now, inherited=entries) for entries in set(handed.values())}
        passing = [tests[handed[cube.namespace]](cube) for cube in cubes]
        if operation == REVIEW:
            return passing
        decided = warrant.may(reading(operation, past=past), cubes)
        met = warrant.usable(cubes)
        return [all(each) for each in zip(passing, decided, met, strict=True)]

    def grant_hash(self, grant: Grant) -> str:
        """A short digest of a grant, for the access log."""
        return _digest(grant.filter)


def _key(cube: MemCube) -> tuple[str, int]:
    return cube.id, cube.seq


def _heads(heads: Heads, cubes: Sequence[MemCube]) -> list[MemCube]:
    found = heads(sorted({cube.id for cube in cubes}))
    return [found.get(cube.id, cube) for cube in cubes]


@lru_cache(maxsize=1)
def _everything() -> Grant:
    return Grant(filter=Filter.everything(), policies=("system",))


@lru_cache(maxsize=4096)
def _digest(filter: Filter) -> str:
    return blake2b(repr(filter.to_json()).encode(), digest_size=8).hexdigest()
