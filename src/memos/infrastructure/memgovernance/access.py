"""Access: which namespaces are a caller's own, and what may be read or written there."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import lru_cache
from urllib.parse import unquote

from memos.errors import Denied
from memos.memcube import quarantine
from memos.memcube.call import Caller, Grant
from memos.memcube.filter import Filter
from memos.memcube.namespace import encode_step, within

ADMIN = "admin"
"""The role that governs a tenant: its policies, principals, roles, keys, holds and quotas."""
AUDITOR = "auditor"
"""The role that reads every row of the tenant's logs: ids and pseudonyms, never a text."""

OWN_ROOTS = ("user", "context")
"""Below these, the second step of a path is the user to whom it belongs."""


def home(caller: Caller) -> str:
    """The namespace that is the caller's own."""
    return f"user/{encode_step(caller.principal)}"


def contexts(caller: Caller) -> str:
    """The namespace that holds the caller's contexts, one a session."""
    return f"context/{encode_step(caller.principal)}"


def branch_key(caller: Caller, name: str) -> str:
    """The owner's name as a step of a path, then the branch's."""
    return f"{encode_step(caller.principal)}/{name}"


def current_context(caller: Caller) -> str | None:
    """The context of the caller's session, None outside one."""
    return f"{contexts(caller)}/{encode_step(caller.session)}" if caller.session else None


def default_scope(caller: Caller) -> tuple[str, ...]:
    """What a search reads unless it names namespaces: the caller's own, and its current context."""
    context = current_context(caller)
    return (home(caller), context) if context else (home(caller),)


def is_own(caller: Caller, namespace: str) -> bool:
    """Whether a namespace lies in what is private to the caller."""
    return within(namespace, home(caller)) or within(namespace, contexts(caller))


def review_grant(caller: Caller, roles: Collection[str]) -> Grant:
    """All of the tenant that is under quarantine; Denied to who does not review."""
    if caller.kind != "system" and not {quarantine.REVIEWER, ADMIN} & set(roles):
        raise Denied(f"to review what is under quarantine takes the role {quarantine.REVIEWER!r}, which this caller has not")
    return Grant(filter=quarantine.under_review(), policies=("review",))


def may_govern(caller: Caller) -> bool:
    """Whether the caller governs its tenant."""
    return caller.kind == "system" or ADMIN in caller.roles


def require_admin(caller: Caller) -> None:
    """Denied unless the caller governs its tenant."""
    if not may_govern(caller):
        raise Denied(f"to govern a tenant takes the role {ADMIN!r}, which this caller has not")


def may_audit(caller: Caller) -> bool:
    """Whether the caller reads every row of its tenant's logs, and what calls were kept from being told."""
    return caller.kind == "system" or AUDITOR in caller.roles


def system_of(tenant: str) -> Caller:
    """The system's own principal in a tenant."""
    return Caller(user="system", tenant=tenant, kind="system")


@lru_cache(maxsize=1)
def auditing_grant() -> Grant:
    """Every memory of a tenant that stands: what an auditor's texts are compared with, and of which he is told ids alone."""
    over: list[dict[str, object]] = [{"expires_at": {"exists": False}}, {"expires_at": {"gt": "now"}}]
    standing = {"and": [{"state": {"ne": "expired"}}, {"or": over}]}
    return Grant(filter=Filter.parse(standing, internal=True), policies=("auditor",))


def users(paths: Iterable[str]) -> tuple[str, ...]:
    """The users whose own namespaces are among some paths."""
    steps = (path.split("/", 2) for path in paths)
    return tuple(dict.fromkeys(unquote(step[1]) for step in steps if len(step) > 1 and step[0] in OWN_ROOTS))
