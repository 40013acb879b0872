"""Book: a tenant's policies, roles and principals as they stand, read once for each change of any of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from memos.errors import InvalidCall, Unavailable
from memos.memcube.governed import PolicyRule, PrincipalRule, RoleRule
from memos.ports.rules import Rules

if TYPE_CHECKING:
    from types import ModuleType

HERE = resources.files("memos.infrastructure.memgovernance.permission")
CLOCK = ("context.hour", "context.weekday")


@dataclass(frozen=True, slots=True)
class Policies:
    """A set of policies that passed strict validation, by name: `<document>.<@id>`, or its place in the document."""

    known: Mapping[str, Mapping[str, Any]]
    whole: Any
    clocked: bool
    """Whether one of them asks for the hour or the day."""

    def some(self, names: frozenset[str]) -> Any:
        """The policies of these names alone, parsed."""
        return parsed_set({name: self.known[name] for name in sorted(names)})


@dataclass(frozen=True, slots=True)
class Book:
    """What governs a tenant."""

    policies: Policies
    roles: Mapping[str, RoleRule]
    principals: Mapping[str, PrincipalRule]
    amended: bool
    """Whether the tenant has policies of its own."""
    number: int
    """Another one for each reading."""


def cedar() -> ModuleType:
    """The policy engine; Unavailable where it cannot be loaded, so that nothing is decided without it."""
    try:
        import cedarpy
    except ImportError as error:
        raise Unavailable(f"the policy engine cannot be loaded ({error}); install memos-kernel again, with cedarpy") from None
    return cedarpy


@cache
def schema() -> Any:
    """The shipped schema, parsed."""
    return cedar().Schema.from_str(HERE.joinpath("memos.cedarschema").read_text(encoding="utf-8"))


@cache
def shipped() -> dict[str, str]:
    """The policies that hold unless a tenant has documents of the same names, by name."""
    return {
        file.name.removesuffix(".cedar"): file.read_text(encoding="utf-8")
        for file in sorted(HERE.joinpath("policies").iterdir(), key=lambda each: each.name)
    }


def parsed_set(policies: Mapping[str, Mapping[str, Any]]) -> Any:
    """Policies in Cedar's JSON form as a set that is parsed."""
    whole = {"staticPolicies": policies, "templates": {}, "templateLinks": []}
    return cedar().PolicySet.from_json_str(json.dumps(whole))


@lru_cache(maxsize=256)
def policies_of(texts: tuple[tuple[str, str], ...]) -> Policies:
    """Documents (name, text) as one set of policies; InvalidCall names the first that is none, or is not valid against the schema."""
    known: dict[str, Any] = {}
    for name, text in texts:
        known |= _document(name, text)
    return Policies(known, parsed_set(known), clocked=any(word in text for _, text in texts for word in CLOCK))


@lru_cache(maxsize=1024)
def _document(name: str, text: str) -> dict[str, Any]:
    try:
        found = json.loads(cedar().policies_to_json_str(text))
    except ValueError as error:
        raise InvalidCall(f"the policies {name!r} cannot be read: {str(error)[:500]}") from None
    if found["templates"]:
        raise InvalidCall(f"the policies {name!r} hold a template; write it out for each principal and resource")
    result = cedar().validate_policies(text, schema())
    if not result.validation_passed:
        told = "; ".join(str(error) for error in result.errors[:3])
        raise InvalidCall(f"the policies {name!r} are not valid against the schema: {told[:800]}")
    return _named(name, found["staticPolicies"])


def _named(name: str, policies: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    named: dict[str, Any] = {}
    for place, policy in enumerate(policies.values(), 1):
        own = (policy.get("annotations") or {}).get("id") or str(place)
        if f"{name}.{own}" in named:
            raise InvalidCall(f"the policies {name!r} have two with @id({own!r}); give each its own")
        named[f"{name}.{own}"] = policy
    return named


@dataclass
class Shelf:
    """The books of tenants. Safe to use from several threads: a book is made anew at worst."""

    _books: dict[str, tuple[int, Book]] = field(default_factory=dict)
    _numbers: int = 0

    def book(self, view: Rules, tenant: str) -> Book:
        """The tenant's book in the View's snapshot; Unavailable where its policies cannot be used, since then nothing may be decided."""
        known = self._books.get(tenant)
        if known is not None and known[0] == view.policy_epoch:
            return known[1]
        epoch = view.policy_epoch
        made = self._read(view)
        if len(self._books) >= 10_000:
            self._books.clear()
        self._books[tenant] = epoch, made
        return made

    def _read(self, view: Rules) -> Book:
        self._numbers += 1
        try:
            return book_of(view.rules("policy"), view.rules("role"), view.rules("principal"), self._numbers)
        except InvalidCall as error:
            raise Unavailable(
                f"the tenant's policies cannot be used, so nothing is decided: {error.message}; mend them with govern"
            ) from None


def book_of(
    policies: Mapping[str, Mapping[str, Any]],
    roles: Mapping[str, Mapping[str, Any]],
    principals: Mapping[str, Mapping[str, Any]],
    number: int,
) -> Book:
    """A book of documents by name: the shipped policies with the tenant's own over them."""
    texts = shipped() | {name: PolicyRule.model_validate(body).text for name, body in policies.items()}
    return Book(
        policies_of(tuple(sorted(texts.items()))),
        {name: RoleRule.model_validate(body) for name, body in roles.items()},
        {name: PrincipalRule.model_validate(body) for name, body in principals.items()},
        bool(policies),
        number,
    )
