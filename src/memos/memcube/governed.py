"""Governed: what the documents hold by which a tenant is governed, one value a kind of document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from memos.errors import InvalidCall
from memos.memcube.call import Restrictions
from memos.memcube.filter import Filter
from memos.memcube.hierarchy import require_spelled_out
from memos.memcube.jwks import Algorithm, legal_issuer, legal_keys
from memos.memcube.legal import legal_id, legal_name, legal_namespace, legal_principal, legal_tag_key
from memos.memcube.normal import normalised
from memos.memcube.policy import AclEntry, Sensitivity
from memos.memcube.value import Instant, Text, Value, build

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


class SourceRule(Value):
    """Sources that nobody vouches for: what these agents write, or anybody into these namespaces, is put under quarantine."""

    agents: tuple[Annotated[str, BeforeValidator(legal_name)], ...] = ()
    namespaces: tuple[Annotated[str, BeforeValidator(legal_namespace)], ...] = ()

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if not self.agents and not self.namespaces:
            raise InvalidCall("a source names agents, namespaces, or both")
        return self


class HoldRule(Value):
    """A legal hold: the memories named by `ids`, and those that pass the `filter` and are owned or were said by the `subject`.

    None of them is forgotten, archived, purged or erased, nor is any of its versions, until the hold is released.
    """

    filter: Filter | None = None
    ids: tuple[Annotated[str, BeforeValidator(legal_id)], ...] = Field(default=(), max_length=5000)
    subject: Text | None = None
    reason: Text = Field(min_length=1, max_length=2000)
    by: Text | None = Field(default=None, max_length=200, description="who ordered it, such as a court and its file")
    since: Instant | None = Field(default=None, description="when it was ordered; it holds from its commit on")

    @model_validator(mode="after")
    def _holds_something(self) -> Self:
        if self.filter is None and not self.ids and self.subject is None:
            raise InvalidCall("a hold names what it keeps: a filter ({} is everything), ids, a subject, or several of these")
        require_spelled_out(self.filter)
        self.condition()
        return self

    def condition(self) -> Filter:
        """What it keeps."""
        named = Filter.test("id", "in", self.ids) if self.ids else Filter.nothing()
        if self.filter is None and self.subject is None:
            return named
        theirs = Filter.everything() if self.subject is None else said_or_owned(self.subject)
        matching = theirs if self.filter is None else theirs & self.filter
        return named | matching if self.ids else matching


def said_or_owned(subject: str) -> Filter:
    """The memories that a person owns or said."""
    return Filter.test("owner", "eq", subject) | Filter.test("speaker", "eq", subject)


class RetentionRule(Value):
    """What is to be put aside, forgotten or purged: memories that pass the filter and meet every one of the conditions given.

    It does nothing until it was confirmed, after a preview of exactly this rule; `confirmed` is the commit that the preview showed.
    """

    filter: Filter = Field(default_factory=Filter.everything)
    ttl_days: float | None = Field(default=None, ge=0, description="older than so many days, counted from `age_of`")
    age_of: Literal["created_at", "updated_at", "said_at"] = "created_at"
    idle_days: float | None = Field(default=None, ge=0, description="neither written, moved nor used for so many days, by its priority")
    heat_below: float | None = Field(default=None, gt=0, description="used so little lately: a use gives 1, which halves every 7 days")
    least_age_days: float = Field(default=0, ge=0, description="never before a memory is so many days old")
    action: Literal["archive", "forget", "purge"]
    confirmed: int | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _says_when(self) -> Self:
        require_spelled_out(self.filter)
        if self.ttl_days is None and self.idle_days is None and self.heat_below is None:
            raise InvalidCall("a retention rule says when: give ttl_days, idle_days or heat_below")
        if self.heat_below is not None and not self.least_age_days:
            raise InvalidCall("what is new is cold: with heat_below give least_age_days, how old a memory must be before its heat counts")
        return self


class QuotaRule(Value):
    """How much a caller, or all of a tenant together, may do. Of several that apply each must be kept.

    It applies to callers among `users`, or with one of the `roles`, and to calls of the `operations`; what is empty restricts nothing.
    `each` says who shares a counter: every user has its own, or all of the tenant count together.
    """

    users: tuple[Text, ...] = ()
    roles: tuple[RoleName, ...] = ()
    operations: tuple[Text, ...] = ()
    each: Literal["user", "tenant"] = "user"
    rates: tuple[Text, ...] = Field(default=(), max_length=8, description="such as 100/minute or 1000/day, as moving windows")
    memories: int | None = Field(default=None, ge=0, description="how many memories may stand")
    bytes: int | None = Field(default=None, ge=0, description="how many bytes the texts of standing memories may have")
    licence: Text | None = None
    disclosures: int | None = Field(default=None, ge=0, description="how often memories under the licence may be disclosed in all")

    @model_validator(mode="after")
    def _limits_something(self) -> Self:
        if not self.rates and self.memories is self.bytes is self.disclosures is None:
            raise InvalidCall("a quota limits something: give rates, memories, bytes, or disclosures of a licence")
        if (self.licence is None) is not (self.disclosures is None):
            raise InvalidCall("disclosures are counted for a licence: give both or neither")
        return self


class AclRule(Value):
    """The access list of a namespace; it is written by the operation `acl`, with what it changes."""

    acl: tuple[AclEntry, ...] = ()


DIGEST = "digest"
"""The field of a key that is told to nobody."""


class KeyRule(Value):
    """An API key, under its prefix: whom it stands for, with which roles and what it is restricted to. `digest` is keyed.

    One that was rotated names the one that it replaces. What is written here in another way than by `issue` opens nothing.
    """

    principal: Annotated[str, BeforeValidator(legal_principal)]
    roles: tuple[RoleName, ...] = ()
    agent: RoleName | None = Field(default=None, description="the agent that has it, and through which its calls are made")
    restrictions: Restrictions = Restrictions()
    created_at: Instant
    expires_at: Instant | None = None
    replaces: RoleName | None = None
    revoked: bool = False
    digest: Text = Field(min_length=64, max_length=64)


class IssuerRule(Value):
    """Who may vouch for users by JSON Web Tokens, under its `iss`: with which public keys, for whom, and what its claims mean.

    `roles` are the only ones that it can give: what stands in `roles_claim` → the roles that this brings.
    """

    keys: Annotated[dict[str, Any], BeforeValidator(legal_keys)]
    algorithms: tuple[Algorithm, ...] = Field(min_length=1)
    audience: tuple[Annotated[str, BeforeValidator(legal_name)], ...] = Field(min_length=1)
    leeway: int = Field(default=30, ge=0, le=300, description="seconds by which its clock may differ")
    max_lifetime: int = Field(default=86_400, ge=60, le=2_592_000, description="seconds from `iat` to `exp`")
    user_claim: RoleName = "sub"
    user_prefix: Text = Field(default="", max_length=64)
    tenant_claim: RoleName | None = None
    roles_claim: RoleName | None = None
    roles: dict[RoleName, tuple[RoleName, ...]] = Field(default_factory=dict)


class RevocationRule(Value):
    """A delegated token that holds no more, and all that were attenuated from it, under its revocation id."""

    until: Instant | None = Field(default=None, description="when it would have ended by itself")


class TagRule(Value):
    """A tag that stands under another; filters that ask what stands `under` that one find it too."""

    parent: Annotated[str, BeforeValidator(legal_tag_key)]


KINDS: dict[str, type[Value]] = {
    "policy": PolicyRule,
    "role": RoleRule,
    "principal": PrincipalRule,
    "acl": AclRule,
    "source": SourceRule,
    "hold": HoldRule,
    "retention": RetentionRule,
    "quota": QuotaRule,
    "key": KeyRule,
    "issuer": IssuerRule,
    "revocation": RevocationRule,
    "tag": TagRule,
}
"""The kinds of documents that there are."""


def legal_key(kind: Any, key: Any) -> Any:
    """The name of a document in its canonical form: principals are known by their normalised names, as callers are."""
    if kind == "tag" and isinstance(key, str):
        return legal_tag_key(key)
    return normalised("NFC", key) if kind == "principal" and isinstance(key, str) else key


def legal_rule(kind: Any, key: Any, body: Any) -> dict[str, Any] | None:
    """A document's body in its canonical form, None for one to be withdrawn; InvalidCall says what is wrong with it."""
    if not isinstance(kind, str) or kind not in KINDS:
        raise InvalidCall(f"there is no kind of rule {str(kind)[:40]!r}; there are {', '.join(KINDS)}")
    if kind == "acl":
        raise InvalidCall(f"the access list of a namespace is set by acl({str(key)[:40]!r}, ...), which changes what it is in force for")
    if not isinstance(key, str) or not legal_name(key):
        raise InvalidCall(f"a {kind} needs a name, not {str(key)[:40]!r}")
    if body is None:
        return None
    if not isinstance(body, Mapping):
        raise InvalidCall(f"the {kind} {key[:40]!r} is an object, not {type(body).__name__}")
    if kind == "issuer":
        legal_issuer(key)
    return build(KINDS[kind], **body).model_dump(mode="json", exclude_defaults=True)
