"""Access: which namespaces are a caller's own, and what may be read or written there."""

from __future__ import annotations

from functools import lru_cache

from memos.errors import Denied
from memos.memcube import quarantine
from memos.memcube.call import Caller, Grant
from memos.memcube.filter import Filter
from memos.memcube.namespace import encode_step, within

READS_PAST = frozenset({"history", "restore", "diff"})
ADMIN = "admin"
"""The role that governs a tenant: its policies, principals, roles, keys, holds and quotas."""
AUDITOR = "auditor"
"""The role that reads every row of the tenant's logs: ids and pseudonyms, never a text."""


def home(caller: Caller) -> str:
    """The namespace that is the caller's own."""
    return f"user/{encode_step(caller.user)}"


def contexts(caller: Caller) -> str:
    """The namespace that holds the caller's contexts, one a session."""
    return f"context/{encode_step(caller.user)}"


def branch_key(caller: Caller, name: str) -> str:
    """The owner's name as a step of a path, then the branch's."""
    return f"{encode_step(caller.user)}/{name}"


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


@lru_cache(maxsize=4096)
def own_grant(user: str, *, past: bool) -> Grant:
    """The user's own private namespaces; without the forgotten and the expired, unless the call reads the past."""
    mine = [{"namespace": {"under": f"{root}/{encode_step(user)}"}} for root in ("user", "context")]
    clauses: list[dict[str, object]] = [{"or": mine}]
    if not past:
        clauses.append({"state": {"ne": "expired"}})
        clauses.append({"or": [{"expires_at": {"exists": False}}, {"expires_at": {"gt": "now"}}]})
    return Grant(filter=Filter.parse({"and": clauses}, internal=True), policies=("private",))


def caller_grant(caller: Caller, *, past: bool) -> Grant:
    """What is a caller's own, but for what others of its agents wrote that is under quarantine."""
    return _guarded(caller.user, caller.agent, caller.roles, past)


@lru_cache(maxsize=4096)
def _guarded(user: str, agent: str | None, roles: tuple[str, ...], past: bool) -> Grant:  # noqa: FBT001 - for the cache
    grant = own_grant(user, past=past)
    principals = (f"user:{user}", *([f"agent:{agent}"] if agent else []), *(f"role:{role}" for role in roles))
    return Grant(filter=grant.filter & quarantine.shown_to(principals), policies=(*grant.policies, "quarantine"))


def review_grant(caller: Caller) -> Grant:
    """All of the tenant that is under quarantine; Denied to who does not review."""
    if caller.kind != "system" and not {quarantine.REVIEWER, ADMIN} & set(caller.roles):
        raise Denied(f"to review what is under quarantine takes the role {quarantine.REVIEWER!r}, which this caller has not")
    return Grant(filter=quarantine.under_review(), policies=("review",))


def require_own(caller: Caller, namespace: str) -> None:
    """Denied unless the caller may write to a namespace."""
    if not is_own(caller, namespace):
        raise Denied(f"you may write only below {home(caller)} and {contexts(caller)}, not to {namespace}")


def require_admin(caller: Caller) -> None:
    """Denied unless the caller governs its tenant."""
    if caller.kind != "system" and ADMIN not in caller.roles:
        raise Denied(f"to govern a tenant takes the role {ADMIN!r}, which this caller has not")


def may_audit(caller: Caller) -> bool:
    """Whether the caller reads every row of its tenant's logs, and what calls were kept from being told."""
    return caller.kind == "system" or AUDITOR in caller.roles


def system_of(tenant: str) -> Caller:
    """The system's own principal in a tenant."""
    return Caller(user="system", tenant=tenant, kind="system")


def log_writers(caller: Caller) -> tuple[Caller, ...] | None:
    """Whose rows in the logs may tell of what this caller may see, None for anybody's.

    What is private is its owner's alone: beside its owner only the system touches it. A policy that opens memories to others widens this.
    """
    return None if may_audit(caller) else (caller, system_of(caller.tenant))
