"""Warrant: what one caller may see and do in one call, in the call's own snapshot of the store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property, lru_cache

from memos.errors import Denied, NotFound
from memos.infrastructure.memgovernance import access
from memos.infrastructure.memgovernance.permission.actions import Action
from memos.infrastructure.memgovernance.permission.derived import EVERY, PLAIN, Asked, sourced, with_derived
from memos.infrastructure.memgovernance.permission.engine import Asking, Class, Engine, Part
from memos.infrastructure.memgovernance.permission.identity import Identity, identified
from memos.infrastructure.memgovernance.permission.nodes import may_hold, named_in
from memos.infrastructure.memgovernance.trust import Trust
from memos.memcube import quarantine
from memos.memcube.call import Caller
from memos.memcube.conditions import And, Node, Or, Test, join
from memos.memcube.cube import MemCube
from memos.memcube.derivation import TEXTS
from memos.memcube.filter import Filter
from memos.memcube.gate import Situation, gated, memories_of, met
from memos.memcube.namespace import layer_of, within
from memos.memcube.payload import Plaintext
from memos.memcube.policy import SENSITIVITIES, VEILED, Policy, SensitiveSpan, Sensitivity
from memos.memcube.provenance import CallContext, Provenance
from memos.memcube.restrictions import authority, left_to, require_writable, restricted, roots
from memos.ports.adapter import View

NOBODY = "00000000-0000-7000-8000-000000000000"
"""The id of a memory that is only imagined: one that might be made."""
CHANGES: frozenset[Action] = frozenset({"write", "forget", "share", "erase"})
"""What untrusted writers do to nothing but what is under quarantine."""
OPEN_ROOTS = ("shared", "expert", "pipeline", "global")
"""What a search reads beside the caller's own, as far as policies open it."""


Heads = Callable[[Sequence[str]], Mapping[str, MemCube]]
"""The rows that decide about some memories: their canonical ones, as they stand now."""


class Warrant:
    """Made for each attempt at a call; every answer is computed when it is asked for, and of the call's own snapshot."""

    def __init__(self, engine: Engine, trust: Trust, view: View, caller: Caller, now: datetime) -> None:
        self.heads: Heads | None = None
        """How rows of now are found, where the View is of the past or of a branch."""
        self.asked: Asked = ()
        """Of which memories derived ones are asked for."""
        self._standing = dict[str, MemCube]()
        self.writer, self.now = caller, now
        self._trust, self._writer, self._left = trust, caller, caller.restrictions
        self._engine, self._view, self._caller, self._now = engine, view, authority(caller), now
        self.system = caller.kind == "system"
        self._inherited: dict[str, tuple[str, ...]] = {}
        self._derived: dict[tuple[Filter, Filter, Asked, bool], Filter] = {}

    def standing(self, cube: MemCube) -> MemCube:
        """The canonical row of a memory as it stands now, or itself where there is none."""
        found = self._standing.get(cube.id)
        if found is None:
            found = self._standing[cube.id] = self.heads([cube.id]).get(cube.id, cube) if self.heads is not None else cube
        return found

    def without_hidden_parents(self, cube: MemCube) -> MemCube:
        """A memory of another without the parents that the caller may not see: neither their ids nor their number is told."""
        parents = cube.provenance.parents
        if not parents:
            return cube
        seen = self._view.allowed([each.id for each in parents], grant=self.filter("read", past=False), now=self._now)
        kept = tuple(each for each in parents if each.id in seen)
        return cube if kept == parents else cube.model_copy(update={"provenance": cube.provenance.model_copy(update={"parents": kept})})

    def sourced(self, grant: Filter, cubes: Sequence[MemCube]) -> list[bool]:
        """Whether each memory may be seen with regard to what it is made of, as a grant shows that."""
        return sourced(self._view, grant, cubes, self._now)

    def with_derived(self, shown: Filter) -> Filter:
        """What a filter of the present shows, and what is derived of nothing but that."""
        if not self._view.derives():
            return shown
        found = Filter.everything() if self.system else self._texts_or_derived("read", past=False, exempt=None)
        return with_derived(found, shown, self._view, EVERY, self._now, gone=False)

    def everything(self, operation: str) -> Filter:
        """What the system sees in a call: what is derived where it is asked for, or where the operation does not go through memories."""
        return TEXTS if self.asked == () and operation in PLAIN and self._view.derives() else Filter.everything()

    def owns(self, cube: MemCube) -> bool:
        """Whether the memory is the caller's own; the system's are all."""
        return self.system or cube.policy.owner == self._caller.user

    @property
    def home(self) -> str:
        """The namespace that is the caller's own."""
        return access.home(self._caller)

    def require_visible(self, conditions: Filter) -> None:
        """NotFound unless the caller may see every memory whose state some conditions name."""
        named = sorted(memories_of(conditions))
        seen = self._view.get(named, grant=self.filter("read", past=False, exempt=self._caller.user), now=self._now) if named else {}
        for each in named:
            if each not in seen:
                raise NotFound(f"there is no memory {each} here for you, and a condition cannot name it")

    @cached_property
    def identity(self) -> Identity:
        """The caller as the tenant knows it."""
        book = self._engine.shelf.book(self._view, self._caller.tenant)
        return identified(self._caller, book.roles, book.principals)

    def _asking(self, action: Action, part: Part | None = None) -> Asking:
        return Asking(self._caller, action, self._now, part)

    def _class(self, asking: Asking) -> Class:
        return self._engine.class_of(self._engine.shelf.book(self._view, self._caller.tenant), asking)

    def filter(self, action: Action, *, past: bool, exempt: str | None = None, beside: bool = False) -> Filter:
        """Which memories the caller may see for an action, on the head of each, if their own conditions are met in this call.

        What is forgotten or expired is in it only for who reads the `past`; what the user `exempt` owns is in it under any conditions.
        Where memories are asked for by what stands `beside` their texts, those of others are passed over where that is hidden in part.
        """
        if self.system:
            return Filter.everything()
        found = self._texts_or_derived(action, past=past, exempt=exempt, beside=beside)
        if not self._view.derives():
            return found
        seen = found if action in {"read", "history"} else self._texts_or_derived("read", past=past, exempt=exempt)
        key = found, seen, self.asked, past
        if key not in self._derived:
            self._derived[key] = with_derived(found, seen, self._view, self.asked, self._now, gone=past)
        return self._derived[key]

    def _texts_or_derived(self, action: Action, *, past: bool, exempt: str | None, beside: bool = False) -> Filter:
        """Which memories the caller may see, as if each stood for itself."""
        allowed = self._class(self._asking(action)).filter
        if beside and self._view.opened((VEILED,)):
            allowed = _unveiled(allowed, self._caller.user)
        return restricted(_whole(allowed, self._unmet(), self._apart(), exempt, past=past), self._left)

    def _apart(self) -> Filter | None:
        """What is shown of what is under quarantine, None where nothing is."""
        return quarantine.shown_to(self.identity.principals()) if self._view.opened((quarantine.MARK,)) else None

    def distrusted(self, namespace: str) -> str | None:
        """The principal, such as `agent:crawler`, for which what the caller writes is put under quarantine; None when it is trusted."""
        return self._trust.distrusted(self._view, self._writer, namespace)

    def _barred(self, action: Action, cube: MemCube) -> bool:
        """Whether the caller is not trusted, and would change what is not under quarantine."""
        return action in CHANGES and not quarantine.quarantined(cube.policy) and self.distrusted(cube.namespace) is not None

    def policies(self, action: Action) -> tuple[str, ...]:
        """The names of the permits that may let the caller do this."""
        return ("system",) if self.system else tuple(name for name, _ in self._class(self._asking(action)).permits)

    def _unmet(self) -> tuple[str, ...]:
        """The conditions, as entries of access lists, that do not hold in this call."""
        gates = self._view.gates()
        if not gates:
            return ()
        named = sorted(frozenset().union(*(memories_of(gated(gate)) for gate in gates)))
        situation = self._situation(named)
        return tuple(gate for gate in gates if not met(gated(gate), situation))

    def _situation(self, named: Sequence[str]) -> Situation:
        found = self._view.get(named, grant=Filter.everything(), now=self._now) if named else {}
        who = self._caller
        context = {name: getattr(who, name) for name in ("purpose", "task", "model", "agent", "session")}
        return Situation(context | {"roles": self.identity.roles}, self._now, {key: str(cube.state) for key, cube in found.items()})

    def may(self, action: Action, cubes: Iterable[MemCube]) -> list[bool]:
        """What Cedar says of the caller doing this to each memory as it stands, where its credential leaves it the memory."""
        given = list(cubes)
        if self.system:
            return [True] * len(given)
        decided = self._decided(self._asking(action), given)
        found = zip(decided, given, strict=True)
        return [allowed and left_to(self._left, cube) and not self._barred(action, cube) for allowed, cube in found]

    def _decided(self, asking: Asking, cubes: Sequence[MemCube]) -> list[bool]:
        if not cubes:
            return []
        return self._engine.decide(self._class(asking), asking, [(cube, self.inherited(cube.namespace)) for cube in cubes])

    def usable(self, cubes: Sequence[MemCube]) -> list[bool]:
        """Whether each memory's own conditions hold in this call."""
        conditioned = [cube.policy.conditions for cube in cubes if cube.policy.conditions is not None]
        if self.system or not conditioned:
            return [True] * len(cubes)
        situation = self._situation(sorted(frozenset().union(*map(memories_of, conditioned))))
        return [cube.policy.conditions is None or met(cube.policy.conditions, situation) for cube in cubes]

    def require(self, action: Action, cubes: Iterable[MemCube]) -> None:
        """Denied unless the caller may do this to every memory."""
        given = list(cubes)
        for cube, allowed in zip(given, self.may(action, given), strict=True):
            if not allowed and self._barred(action, cube):
                raise Denied(f"what you write is under review, and you may change nothing else: {cube.id} is not under quarantine")
            if not allowed:
                raise Denied(f"you may not {action} the memory {cube.id} in {cube.namespace}; its owner or an admin of it can let you")

    def require_create(self, namespaces: Iterable[str], sensitivity: Sensitivity = "internal") -> None:
        """Denied unless the caller may make memories in each of the namespaces."""
        places = sorted(set(namespaces))
        for path in places:
            require_writable(self._left, path)
        imagined = [self._imagined(path, sensitivity) for path in places]
        decided = [True] * len(places) if self.system else self._decided(self._asking("create"), imagined)
        for path, allowed in zip(places, decided, strict=True):
            if not allowed:
                own = f"{access.home(self._caller)} and {access.contexts(self._caller)}"
                raise Denied(f"you may write only below {own} and where a policy or an access list lets you, not to {path}")

    def require_share(self, namespace: str) -> None:
        """Denied unless the caller may say who reads what stands in a namespace."""
        if not self.may("share", [self._imagined(namespace, "internal", owner="")])[0]:
            raise Denied(f"you may not say who reads in {namespace}; whose it is, or an admin of it, can let you")

    def _imagined(self, namespace: str, sensitivity: Sensitivity, *, owner: str | None = None) -> MemCube:
        made = Provenance(id=NOBODY, origin="user", context=CallContext(user=self._caller.user))
        return MemCube(
            id=NOBODY,
            namespace=namespace,
            layer=layer_of(namespace),
            payload=Plaintext(text=""),
            policy=Policy(owner=self._caller.user if owner is None else owner, sensitivity=sensitivity),
            provenance=made,
            said_at=self._now,
            created_at=self._now,
            updated_at=self._now,
        )

    def revealed(self, cube: MemCube, span: SensitiveSpan) -> bool:
        """Whether the caller may see a sensitive part of a memory that it may see."""
        if self.system:
            return True
        return self._decided(self._asking("reveal", (span.label, SENSITIVITIES.index(span.sensitivity))), [cube])[0]

    def inherited(self, namespace: str) -> tuple[str, ...]:
        """The entries that a namespace hands down."""
        found = self._inherited.get(namespace)
        if found is None:
            found = self._inherited[namespace] = self._view.inherited(namespace)
        return found

    def scope(self, action: Action, named: Sequence[str] | None = None) -> tuple[str, ...]:
        """The namespaces that a call reads, with all below them, as far as the caller's credential leaves them.

        Without names the caller's own, its current context, and what policies and access lists add; else what of those named policies
        could open at all.
        """
        return roots(self._scope(action, named), self._left)

    def _scope(self, action: Action, named: Sequence[str] | None) -> tuple[str, ...]:
        own = access.default_scope(self._caller)
        if self.system:
            return own if named is None else tuple(named)
        kind = self._class(self._asking(action))
        opened = self._view.opened((*kind.entries, f"owner:user:{self._caller.user}"))
        places = {*opened, *(path for _, permit in kind.permits for path in named_in(permit.node))}
        if named is None:
            places |= {root for root in OPEN_ROOTS if any(may_hold(permit.node, root) for _, permit in kind.permits)}
            contexts = access.contexts(self._caller)
            return (*own, *sorted(path for path in places if not within(path, contexts) and not any(within(path, mine) for mine in own)))
        places |= {access.home(self._caller), access.contexts(self._caller)}
        reached = [path for prefix in named for path in self._reached(kind, prefix, places)]
        return tuple(dict.fromkeys(reached))

    @staticmethod
    def _reached(kind: Class, prefix: str, places: set[str]) -> list[str]:
        """What of a named namespace may be read at all: all of it, or what of the places lies below it."""
        if any(within(prefix, place) for place in places) or any(may_hold(permit.node, prefix) for _, permit in kind.permits):
            return [prefix]
        return sorted(place for place in places if within(place, prefix))

    def shares(self) -> bool:
        """Whether others than its owner may read something in the tenant."""
        return self.system or self._view.shared() or self._engine.shelf.book(self._view, self._caller.tenant).amended


@lru_cache(maxsize=8192)
def _unveiled(allowed: Filter, owner: str) -> Filter:
    return Filter(join(And, (allowed.node, join(Or, (Test("acl", "none", (VEILED,)), Test("owner", "eq", owner))))))


@lru_cache(maxsize=8192)
def _whole(allowed: Filter, unmet: tuple[str, ...], apart: Filter | None, exempt: str | None, *, past: bool) -> Filter:
    """A grant's filter, the same object for the same parts, so that what is cached by it is found."""
    parts: list[Node] = [allowed.node, *([] if apart is None else [apart.node])]
    if unmet:
        closed = Test("acl", "none", unmet)
        parts.append(closed if exempt is None else join(Or, (closed, Test("owner", "eq", exempt))))
    if not past:
        over = join(Or, (Test("expires_at", "exists", operand=False), Test("expires_at", "gt", "now")))
        parts += [Test("state", "ne", "expired"), over]
    return Filter(join(And, parts))
