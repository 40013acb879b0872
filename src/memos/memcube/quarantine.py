"""Quarantine: what untrusted writers write is marked in its access list, and shown to nobody but its writer and those who review."""

from __future__ import annotations

from collections.abc import Iterable

from memos.memcube.filter import Filter
from memos.memcube.policy import AclEntry, Policy

REVIEWER = "reviewer"
"""The role that sees what is under quarantine, and releases or forgets it."""
MARK = f"review:role:{REVIEWER}"
"""The entry of the access lists of all that is under quarantine."""


def quarantined(policy: Policy) -> bool:
    """Whether a memory's own list puts it under quarantine."""
    return any(entry.principal == f"role:{REVIEWER}" and "review" in entry.rights for entry in policy.acl)


def put_under(policy: Policy, writer: str) -> Policy:
    """The policy under quarantine; who wrote, such as `agent:crawler`, goes on seeing the memory."""
    added = (AclEntry(principal=each, rights=("review",)) for each in (f"role:{REVIEWER}", writer))
    return policy.model_copy(update={"acl": (*policy.acl, *(each for each in added if each not in policy.acl))})


def released(policy: Policy) -> Policy:
    """The policy without quarantine."""
    kept = ((entry, tuple(right for right in entry.rights if right != "review")) for entry in policy.acl)
    return policy.model_copy(update={"acl": tuple(AclEntry(principal=entry.principal, rights=rights) for entry, rights in kept if rights)})


def shown_to(principals: Iterable[str]) -> Filter:
    """The condition on memories that every grant has beside its own: not under quarantine, or written by one of these principals.

    `principals` are those of the caller, such as `user:bob`, `agent:crawler` and `role:nurse`.
    """
    clear = Filter.test("acl", "none", (MARK,), internal=True)
    return clear | Filter.test("acl", "any", tuple(f"review:{each}" for each in principals), internal=True)


def under_review() -> Filter:
    """What is under quarantine and was not forgotten: what reviewers see."""
    return Filter.test("acl", "any", (MARK,), internal=True) & Filter.test("state", "ne", "expired")
