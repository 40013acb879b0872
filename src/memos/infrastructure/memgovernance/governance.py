"""MemGovernance: decides what a caller may see before retrieval, and re-decides each memory before it leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache, partial
from hashlib import blake2b

from memos.errors import Denied
from memos.infrastructure.memgovernance import access
from memos.infrastructure.memgovernance.permission import changing
from memos.infrastructure.memgovernance.permission.actions import fields_asked, reading, reads_past
from memos.infrastructure.memgovernance.permission.book import book_of
from memos.infrastructure.memgovernance.permission.derived import asked_for
from memos.infrastructure.memgovernance.permission.engine import Engine
from memos.infrastructure.memgovernance.permission.warrant import Heads, Warrant
from memos.infrastructure.memgovernance.privacy.labels import Privacy
from memos.infrastructure.memgovernance.privacy.redaction import hidden_words, redact, redact_text, redact_value, unplaced
from memos.infrastructure.memgovernance.trust import Trust
from memos.memcube.call import Caller, Grant, MemoryCall, MemoryReply
from memos.memcube.change import ChangeSet, CubeWrite
from memos.memcube.cube import MemCube
from memos.memcube.fields import METADATA
from memos.memcube.filter import Filter
from memos.memcube.policy import Policy, SensitiveSpan
from memos.memcube.restrictions import require_operation, restricted, roots
from memos.memcube.rule import Rule
from memos.ports.adapter import View
from memos.ports.rules import Rules

REVIEW = "review"
"""The operation by which those with the role see what is under quarantine, whatever policies say of the rest."""
SYSTEM_OPERATIONS = frozenset({"index", "use", "transition", "consolidate", "purge", "reclaim", "examine", "classify", "train"})
BESIDE = frozenset({"tags", "speaker", "session", "role"})
"""Fields of filters that tell of what is written beside a text, with those of metadata."""
USES = frozenset({"search", "get", "list", "tags", "catalogue", "history", "lineage", "diff", "log", "explain"}) | frozenset(
    {"compose", "extract", "trace", "manifest", "recognise", "graph", "entities", "count", "summarise", "compare", "none", "context"}
)
"""Operations that use memories, each under the conditions of its own; who owns one may change it whatever they say."""
TEXTLESS = frozenset({"search", "lineage", "log", "explain"})
"""Operations whose value, which may be long, holds ids and numbers and no memory."""


class MemGovernance:
    """The decisions on (identity, memory, context): by Cedar, compiled into every search, and once more for each memory that leaves."""

    def __init__(self, privacy: Privacy | None = None) -> None:
        self._privacy = privacy or Privacy()
        self._engine, self._trust = Engine(), Trust()

    def warrant(self, caller: Caller, view: View, now: datetime, heads: Heads | None = None) -> Warrant:
        """What one caller may see and do, in the snapshot of one View; `heads` where that is of the past or of a branch."""
        made = Warrant(self._engine, self._trust, view, caller, now)
        made.heads = heads
        return made

    def authorize(self, warrant: Warrant, caller: Caller, call: MemoryCall) -> Grant:
        """What this caller may see in this call; Denied when it may not make the call at all."""
        warrant.asked = asked_for(call)
        if caller.kind == "system":
            return _everything(warrant.everything(call.operation))
        if call.operation in SYSTEM_OPERATIONS:
            raise Denied(f"only the system itself may {call.operation}")
        require_operation(caller, call.operation)
        if call.operation == REVIEW:
            grant = access.review_grant(caller, warrant.identity.roles)
            return Grant(filter=restricted(grant.filter, caller.restrictions), policies=grant.policies)
        action, past = reading(call.operation, past=call.at is not None or call.branch is not None), reads_past(call)
        exempt = None if call.operation in USES else caller.principal
        asked = fields_asked(call)
        beside = any(name in BESIDE or name.startswith(METADATA) for name in asked)
        return Grant(filter=warrant.filter(action, past=past, exempt=exempt, beside=beside), policies=warrant.policies(action))

    def home(self, caller: Caller) -> str:
        """The namespace that is the caller's own, or what of it its credential leaves."""
        own = access.home(caller)
        return next(iter(roots((own,), caller.restrictions)), own)

    def own_roots(self, caller: Caller) -> tuple[str, ...]:
        """The namespaces, with all below, that are the caller's own."""
        return roots((access.home(caller), access.contexts(caller)), caller.restrictions)

    def branch_key(self, caller: Caller, name: str) -> str:
        """What the store calls a caller's branch: branches are their owner's alone."""
        return access.branch_key(caller, name)

    def require_changes(self, warrant: Warrant, before: Mapping[str, MemCube], writes: Iterable[CubeWrite]) -> None:
        """Denied unless the caller may make each of the writes, whichever call they come from; `before` are the rows that they replace."""
        if not warrant.system:
            changing.require(warrant, before, writes)

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

    def own_branches(self, caller: Caller) -> str:
        """How the names of the branches begin that the caller's erasures reach: the system's reach all."""
        return "" if caller.kind == "system" else access.branch_key(caller, "")

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

    def labelled(self, change: ChangeSet) -> ChangeSet:
        """A change whose new texts are labelled with what the detector finds in them, or await their examination as restricted."""
        return self._privacy.labelled(change)

    def examine(self, text: str) -> tuple[SensitiveSpan, ...]:
        """What the detector finds in a text that awaits its examination."""
        return self._privacy.detect(text)

    def examined(self, policy: Policy, found: tuple[SensitiveSpan, ...]) -> Policy:
        """A policy with the labels that an examination found, and the sensitivity that they give."""
        return self._privacy.examined(policy, found)

    def reveals(self, warrant: Warrant, cube: MemCube, span: SensitiveSpan) -> bool:
        """Whether a caller is shown a sensitive part of a memory, as policies decide the action "reveal" on its label and level."""
        return warrant.revealed(cube, span)

    def redacted(self, warrant: Warrant, cube: MemCube) -> MemCube:
        """The memory as this caller is shown it: its owner and the system see all of it.

        What is marked now is hidden in its past too, and so are the topics that it had for others then: these have words of other memories.
        """
        if warrant.owns(cube):
            return cube
        cube, head = warrant.without_hidden_parents(cube), warrant.standing(cube)
        if cube.path != head.path:
            cube = unplaced(cube)
        later = hidden_words(head, self._deciding(warrant, head)) if head.seq != cube.seq and head.policy.spans else {}
        return redact(cube, self._deciding(warrant, cube), self._privacy.glance, later)

    def told(self, warrant: Warrant, reply: MemoryReply) -> MemoryReply:
        """A reply as this caller is told it: its memories, those in its value, and the words of theirs in its value and warnings."""
        shown = (*reply.cubes, *(hit.cube for hit in reply.hits))
        others = [cube for cube in shown if not warrant.owns(cube)]
        if not others and (reply.value is None or (reply.call is not None and reply.call.operation in TEXTLESS)):
            return reply
        without = partial(self._without, warrant, others) if others else str
        redacted = partial(self.redacted, warrant)
        fields = {
            "cubes": tuple(map(redacted, reply.cubes)),
            "hits": tuple(hit.model_copy(update={"cube": redacted(hit.cube)}) for hit in reply.hits),
            "value": redact_value(reply.value, redacted, without),
            "warnings": tuple(map(without, reply.warnings)),
        }
        return reply.model_copy(update=fields)

    def _deciding(self, warrant: Warrant, cube: MemCube) -> Callable[[SensitiveSpan], bool]:
        """Whether parts of a memory are revealed; parts of one label and level are decided once."""
        decided: dict[tuple[str, str], bool] = {}

        def revealed(span: SensitiveSpan) -> bool:
            kind = span.label, span.sensitivity
            if kind not in decided:
                decided[kind] = self.reveals(warrant, cube, span)
            return decided[kind]

        return revealed

    def _without(self, warrant: Warrant, cubes: Sequence[MemCube], text: str) -> str:
        """A text that tells of some memories of others, without what they do not reveal."""
        for cube in cubes:
            revealed = self._deciding(warrant, cube)
            text = redact_text(text, revealed, self._privacy.glance, hidden_words(cube, revealed))
        return text

    def disclose(
        self, warrant: Warrant, grant: Grant, reply: MemoryReply, now: datetime, heads: Heads | None = None
    ) -> tuple[MemoryReply, tuple[str, ...]]:
        """The reply with each memory decided once more by itself and redacted, and the ids of those that are left out.

        `heads` gives the rows that decide where the reply's are of the past or of a branch.
        """
        cubes = [*reply.cubes, *(hit.cube for hit in reply.hits)]
        if warrant.system or not cubes:
            return self.told(warrant, reply), ()
        allowed = dict(zip(map(_key, cubes), self.permitted(warrant, grant, reply.call, cubes, now=now, heads=heads), strict=True))
        if all(allowed.values()):
            return self.told(warrant, reply), ()
        shown = tuple(cube for cube in reply.cubes if allowed[_key(cube)])
        hits = tuple(hit for hit in reply.hits if allowed[_key(hit.cube)])
        withheld = tuple(dict.fromkeys(cube.id for cube in cubes if not allowed[_key(cube)]))
        return self.told(warrant, reply.model_copy(update={"cubes": shown, "hits": hits})), withheld

    def permitted(
        self, warrant: Warrant, grant: Grant, call: MemoryCall | None, cubes: Sequence[MemCube], *, now: datetime, heads: Heads | None
    ) -> list[bool]:
        """Whether each of some memories may leave: all of the system's may; `heads` as for `disclose`."""
        if warrant.system:
            return [True] * len(cubes)
        return list(self._allowed(warrant, grant, call, cubes if heads is None else _heads(heads, cubes), now))

    def _allowed(self, warrant: Warrant, grant: Grant, call: MemoryCall | None, cubes: Sequence[MemCube], now: datetime) -> Iterable[bool]:
        """By the filter that retrieval used, by Cedar itself, and by the memory's own conditions."""
        operation, past = (call.operation, call.at is not None or call.branch is not None) if call is not None else ("get", False)
        handed = {cube.namespace: warrant.inherited(cube.namespace) for cube in cubes}
        tests = {entries: grant.filter.predicate(now=now, inherited=entries) for entries in set(handed.values())}
        passing = [tests[handed[cube.namespace]](cube) for cube in cubes]
        if operation == REVIEW:
            return passing
        decided = warrant.may(reading(operation, past=past), cubes)
        met, sourced = warrant.usable(cubes), warrant.sourced(grant.filter, cubes)
        return [all(each) for each in zip(passing, decided, met, sourced, strict=True)]

    def grant_hash(self, grant: Grant) -> str:
        """A short digest of a grant, for the access log."""
        return _digest(grant.filter)


def _key(cube: MemCube) -> tuple[str, int]:
    return cube.id, cube.seq


def _heads(heads: Heads, cubes: Sequence[MemCube]) -> list[MemCube]:
    found = heads(sorted({cube.id for cube in cubes}))
    return [found.get(cube.id, cube) for cube in cubes]


@lru_cache(maxsize=2)
def _everything(filter: Filter) -> Grant:
    return Grant(filter=filter, policies=("system",))


@lru_cache(maxsize=4096)
def _digest(filter: Filter) -> str:
    return blake2b(repr(filter.to_json()).encode(), digest_size=8).hexdigest()
