"""Checking: why something was decided, who may do it, and what other policies would change."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from memos.infrastructure.memgovernance.permission.actions import ACTIONS, Action
from memos.infrastructure.memgovernance.permission.book import Book, book_of
from memos.infrastructure.memgovernance.permission.engine import Asking, answers, made_class
from memos.infrastructure.memgovernance.permission.resource import resource
from memos.memcube.call import Caller
from memos.memcube.cube import MemCube
from memos.memcube.filter import Filter
from memos.memcube.governed import legal_rule
from memos.memcube.policy import SENSITIVITIES
from memos.memcube.rule import Ruling


@dataclass(frozen=True, slots=True)
class Explained:
    """One decision: whether Cedar allows it, which policies decided, what failed, and whether lists and searches would show the memory."""

    allowed: bool
    because: tuple[str, ...]
    """The permits that hold, or the forbids that overrule them; of none nothing is allowed."""
    errors: tuple[str, ...]
    found: bool
    """Whether the compiled filter has it; not where a policy on the way cannot be compiled."""
    roles: tuple[str, ...]
    clearance: str


def explained(book: Book, asking: Asking, cube: MemCube, inherited: tuple[str, ...]) -> Explained:
    """Why a caller may or may not do something to a memory."""
    kind = made_class(book, asking)
    (answer,) = answers(book.policies.whole, kind.entities, asking, [resource(cube, inherited)], kind.entries)
    because = tuple(sorted(answer.diagnostics.reasons))
    found = kind.filter.matches(cube, now=asking.now, inherited=inherited)
    who = kind.identity
    return Explained(answer.allowed, because, tuple(map(str, answer.diagnostics.errors)), found, who.roles, SENSITIVITIES[who.clearance])


def allowed_filter(book: Book, asking: Asking) -> Filter:
    """Which memories a caller may do this to."""
    return made_class(book, asking).filter


def amended(rules: Mapping[str, Mapping[str, Mapping[str, Any]]], policies: Mapping[str, str | None]) -> Book:
    """The book that would be if some documents of policies were others; None withdraws one. InvalidCall for what is no policy."""
    standing = dict(rules["policy"]) | {
        name: legal_rule("policy", name, {"text": text}) or {} for name, text in policies.items() if text is not None
    }
    for name in (name for name, text in policies.items() if text is None):
        standing.pop(name, None)
    return book_of(standing, rules["role"], rules["principal"], -1)


def book_at(rulings: Iterable[Ruling], seq: int) -> Book:
    """The book as it was at a commit."""
    stood: dict[str, dict[str, Mapping[str, Any]]] = {"policy": {}, "role": {}, "principal": {}}
    for each in rulings:
        if each.kind in stood and each.seq <= seq and (each.seq_end is None or seq < each.seq_end):
            stood[each.kind][each.key] = each.body
    return book_of(stood["policy"], stood["role"], stood["principal"], -1)


def principals_of(book: Book | None, cubes: Iterable[MemCube], inherited: Iterable[str]) -> list[Caller]:
    """Everybody whom owners, access lists and, with a book, documents name: users, and for each role somebody who has that alone."""
    listed = {entry.principal for cube in cubes for entry in cube.policy.acl} | {entry.partition(":")[2] for entry in inherited}
    users = {
        *(book.principals if book else ()),
        *(cube.owner for cube in cubes),
        *(name.removeprefix("user:") for name in listed if name.startswith("user:")),
    }
    roles = {*(book.roles if book else ()), *(name.removeprefix("role:") for name in listed if name.startswith("role:"))}
    brought = {role for rule in (book.roles.values() if book else ()) for role in rule.brings}
    named = _roles_in(list(book.policies.known.values())) if book else set()
    callers = [Caller(user=name) for name in sorted(users)]
    return callers + [Caller(user=ANYBODY, roles=(role,)) for role in sorted(roles | brought | named)] + [Caller(user=ANYBODY)]


def _roles_in(node: Any) -> set[str]:
    """The roles that policies speak of."""
    if isinstance(node, Mapping):
        own = {str(node["id"])} if node.get("type") == "Role" and "id" in node else set()
        return own.union(*map(_roles_in, node.values()))
    return set().union(*map(_roles_in, node)) if isinstance(node, list) else set()


def asks_for(book: Book, name: str) -> bool:
    """Whether a policy looks at a part of the calling context that may be absent, such as the purpose."""
    return f'"{name}"' in json.dumps(list(book.policies.known.values()))


ANYBODY = "(anybody)"
"""The user of whom nothing is said."""


def rights_of(book: Book, caller: Caller, cube: MemCube, inherited: tuple[str, ...], now: datetime) -> tuple[Action, ...]:
    """All that a caller may do to a memory."""
    asked: list[Action] = [action for action in ACTIONS if action not in {"reveal", "create"}]
    return tuple(action for action in asked if explained(book, Asking(caller, action, now), cube, inherited).allowed)
