"""Engine: decisions of Cedar, and what it leaves of the policies for a caller as a filter, each made once for a class of calls."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from memos.errors import InvalidCall, Unavailable
from memos.infrastructure.memgovernance.permission.actions import Action
from memos.infrastructure.memgovernance.permission.book import Book, Policies, Shelf, cedar
from memos.infrastructure.memgovernance.permission.identity import Identity, context, entities, identified, uid, user_uid, written
from memos.infrastructure.memgovernance.permission.nodes import FALSE, TRUE
from memos.infrastructure.memgovernance.permission.residual import allowed, satisfied
from memos.infrastructure.memgovernance.permission.resource import resource
from memos.infrastructure.memgovernance.permission.terms import CALLING
from memos.infrastructure.memgovernance.permission.traits import Trait, trait_of
from memos.memcube.call import Caller
from memos.memcube.conditions import Node, Test, walk
from memos.memcube.cube import MemCube
from memos.memcube.fields import Kind, kind_of
from memos.memcube.filter import Filter

CLASSES = 4096
DECISIONS = 20_000
Part = tuple[str, int]
"""The label of a sensitive part of a memory, and its level from 0 to 3."""


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks to do what, and when; `part` is the part of a memory that is to be revealed."""

    caller: Caller
    action: Action
    now: datetime
    part: Part | None = None

    def key(self, *, clocked: bool) -> tuple[Any, ...]:
        """What policies can tell of it, the moment apart."""
        who, utc = self.caller, self.now.astimezone(UTC)
        hour = (utc.hour, utc.isoweekday()) if clocked else None
        context = who.agent, who.vouched_agent, who.purpose, who.task, who.model, who.session
        return who.tenant, who.user, who.roles, context, self.action, self.part, hour


Inherited = tuple[str, ...]


@dataclass
class Class:
    """All calls that policies cannot tell apart: one caller, one context, one action."""

    identity: Identity
    filter: Filter
    """Which memories the policies allow."""
    permits: tuple[tuple[str, Filter], ...]
    """Where each permit that is not void for this class may hold."""
    policies: Any
    """The policies that are not void for it, parsed."""
    entities: Any
    entries: tuple[str, ...]
    moves: bool
    """Whether a decision may change as time goes by."""
    trait: Trait
    decided: OrderedDict[Hashable, bool] = field(default_factory=OrderedDict)


class Engine:
    """The policy engine of one system. Safe to use from several threads."""

    def __init__(self) -> None:
        self.shelf = Shelf()
        self._classes: OrderedDict[tuple[Any, ...], Class] = OrderedDict()
        self._lock = threading.Lock()

    def class_of(self, book: Book, asking: Asking) -> Class:
        """The class of all that is asked like this."""
        key = (book.number, *asking.key(clocked=book.policies.clocked))
        with self._lock:
            found = self._classes.get(key)
            if found is not None:
                self._classes.move_to_end(key)
                return found
        made = made_class(book, asking)
        with self._lock:
            self._classes[key] = made
            while len(self._classes) > CLASSES:
                self._classes.popitem(last=False)
        return made

    def decide(self, kind: Class, asking: Asking, cubes: Sequence[tuple[MemCube, Inherited]]) -> list[bool]:
        """Cedar's own decision on each memory, given with the entries that its namespaces add to its access list."""
        traits = [kind.trait(cube, inherited) for cube, inherited in cubes]
        known = {} if kind.moves else {trait: kind.decided[trait] for trait in traits if trait in kind.decided}
        asked = {trait: each for trait, each in zip(traits, cubes, strict=True) if trait not in known}
        if asked:
            resources = [resource(cube, inherited) for cube, inherited in asked.values()]
            results = answers(kind.policies, kind.entities, asking, resources, kind.entries)
            known |= {trait: result.allowed for trait, result in zip(asked, results, strict=True)}
            self._remember(kind, known)
        return [known[trait] for trait in traits]

    def _remember(self, kind: Class, known: dict[Hashable, bool]) -> None:
        if kind.moves:
            return
        with self._lock:
            kind.decided.update(known)
            while len(kind.decided) > DECISIONS:
                kind.decided.popitem(last=False)


def answers(policies: Any, base: Any, asking: Asking, resources: Sequence[dict[str, Any]], entries: Iterable[str]) -> list[Any]:
    """What Cedar says of each resource; Unavailable where it cannot answer, so that nobody takes silence for consent."""
    given = context(asking.caller, entries, asking.now, part=asking.part)
    who, what = user_uid(asking.caller.user), uid("Action", asking.action)
    requests = [{"principal": who, "action": what, "resource": each["uid"], "context": given} for each in resources]
    try:
        whole = base.with_added_json_str(json.dumps(list({each["uid"]["id"]: each for each in resources}.values())))
        found = cedar().is_authorized_batch(requests, policies, whole)
    except Exception as error:
        raise Unavailable(f"the policy engine could not decide ({type(error).__name__}); nothing is told without its word") from error
    return list(found)


def made_class(book: Book, asking: Asking) -> Class:
    """What the policies say of a class: Cedar evaluates them as far as the caller goes, the rest is compiled."""
    who = identified(asking.caller, book.roles, book.principals)
    entries = who.entries(asking.action)
    base, residuals = partial(book.policies, who, asking, entries)
    CALLING.set(context(asking.caller, entries, asking.now, known=False, part=asking.part))
    told = {name: satisfied(policy, TRUE if policy["effect"] == "forbid" else FALSE) for name, policy in residuals.items()}
    live = frozenset(name for name, node in told.items() if node != FALSE or _unsure(residuals[name]))
    permits = tuple((name, Filter(node)) for name, node in told.items() if node != FALSE and residuals[name]["effect"] == "permit")
    try:
        whole = Filter(allowed(residuals.values()))
    except InvalidCall:
        raise Unavailable(
            "the tenant's policies are too many to be compiled for this caller; make fewer of them, or shorter ones"
        ) from None
    moving = any(map(_moves, walk(whole.node))) or any(_unsure(residuals[name]) for name in live)
    return Class(who, whole, permits, book.policies.some(live), base, entries, moving, trait_of(book.policies.known[name] for name in live))


def _moves(node: Node) -> bool:
    """Whether a test compares a time with now."""
    return isinstance(node, Test) and kind_of(node.field) is Kind.TIME and isinstance(node.operand, str)


def partial(policies: Policies, who: Identity, asking: Asking, entries: Iterable[str]) -> tuple[Any, dict[str, Any]]:
    """The caller's entities, parsed, and what is left of each policy that is not void, by name."""
    engine, given = cedar(), context(asking.caller, entries, asking.now, known=False, part=asking.part)
    try:
        base = engine.Entities.from_json_str(json.dumps([*entities(who, asking.caller), *action_entities()]))
        request = {
            "principal": written(user_uid(who.user)),
            "action": written(uid("Action", asking.action)),
            "resource": None,
            "context": given,
        }
        found = engine.is_authorized_partial(request, policies.whole, base)
    except Exception as error:
        raise Unavailable(f"the policy engine could not evaluate the policies ({type(error).__name__}); nothing is decided") from error
    if found.decision == engine.Decision.NoDecision and not found.residuals:
        raise Unavailable("the policy engine did not understand who asks; nothing is decided")
    return base, dict(found.residuals)


def action_entities() -> list[dict[str, Any]]:
    """The actions with the groups that they are in, as the schema has them."""
    groups = {"read": "use", "history": "use", **dict.fromkeys(("create", "write", "forget", "share", "erase"), "change")}
    parents = [{"uid": uid("Action", name), "attrs": {}, "parents": [uid("Action", group)]} for name, group in groups.items()]
    return [*parents, *({"uid": uid("Action", name), "attrs": {}, "parents": []} for name in ("use", "change", "reveal"))]


def _unsure(policy: dict[str, Any]) -> bool:
    """Whether a policy cannot be compiled: then both answers of `satisfied` are what they are told to be."""
    return satisfied(policy, TRUE) == TRUE and satisfied(policy, FALSE) == FALSE
