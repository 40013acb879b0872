"""Governed: what the documents hold by which a tenant is governed, one value a kind of document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from memos.errors import InvalidCall
from memos.memcube.legal import legal_name
from memos.memcube.policy import AclEntry, Sensitivity
from memos.memcube.value import Text, Value, build

RoleName = Annotated[str, BeforeValidator(legal_name)]
POLICY_BYTES = 64 * 1024


class PolicyRule(Value):
    """Cedar policies under one name; `memos policy apply` installs them from a file of that name."""

    text: Text = Field(max_length=POLICY_BYTES)


class RoleRule(Value):
    """What having a role means: the roles that it brings along, and how sensitive a memory of others its holders may read."""

    brings: tuple[RoleName, ...] = ()
    clearance: Sensitivity | None = None


class PrincipalRule(Value):
    """A user or agent as the tenant knows it, whatever the door says of it: further roles, clearance, trust.

    `suspended` has every call refused; what one with `trust` "untrusted" writes is quarantined.
    """

    roles: tuple[RoleName, ...] = ()
    clearance: Sensitivity | None = None
    trust: Literal["trusted", "untrusted"] = "trusted"
    suspended: bool = False


class AclRule(Value):
    """The access list of a namespace; it is written by the operation `acl`, with what it changes."""

    acl: tuple[AclEntry, ...] = ()


KINDS: dict[str, type[Value]] = {"policy": PolicyRule, "role": RoleRule, "principal": PrincipalRule, "acl": AclRule}
"""The kinds of documents that there are."""


def legal_rule(kind: Any, key: Any, body: Any) -> dict[str, Any] | None:
    """A document's body in its canonical form, None for one to be withdrawn; InvalidCall says what is wrong with it."""
    if kind not in KINDS:
        raise InvalidCall(f"there is no kind of rule {str(kind)[:40]!r}; there are {', '.join(KINDS)}")
    if kind == "acl":
        raise InvalidCall(f"the access list of a namespace is set by acl({str(key)[:40]!r}, ...), which changes what it is in force for")
    if not isinstance(key, str) or not legal_name(key):
        raise InvalidCall(f"a {kind} needs a name, not {str(key)[:40]!r}")
    if body is None:
        return None
    if not isinstance(body, Mapping):
        raise InvalidCall(f"the {kind} {key[:40]!r} is an object, not {type(body).__name__}")
    return build(KINDS[kind], **body).model_dump(mode="json", exclude_defaults=True)
