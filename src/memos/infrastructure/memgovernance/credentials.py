"""Credentials: makes Callers of API keys, issuers' tokens and delegated tokens, and asks at each call whether they stand still."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from memos.errors import Denied, InvalidCall
from memos.infrastructure.memgovernance import api_keys, delegation, issuers
from memos.infrastructure.memgovernance.issuers import Unproven
from memos.infrastructure.memgovernance.seals import Seals
from memos.memcube.call import Caller, CallingContext, Credential, Restrictions
from memos.memcube.governed import IssuerRule, KeyRule
from memos.memcube.normal import normalised
from memos.memcube.restrictions import narrowed
from memos.memcube.value import trusted
from memos.ports.adapter import MemoryAdapter
from memos.ports.clock import Clock
from memos.ports.rules import Rules

UNKNOWN = "this credential is not valid here; ask who governs the tenant for one that is"
ENDED = "this credential has ended; ask for a new one"
REVOKED = "this credential has been revoked; ask who governs the tenant for a new one"
CHANGED = "what this credential allows has been changed; authenticate again"
NONE_SUCH = "this is no delegated token; `Session.delegate` and `memos token create` make one"
LONGEST = 16 * 1024
REMEMBERED = 10_000
"""How many callers are remembered as admitted under the policies of the moment."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a credential stands for nobody, as far as its holder may know, and the tenant that it was for, '' where none is known."""

    tenant: str
    reason: str = UNKNOWN


class Credentials:
    """What one door knows of identities: the store's documents, its secrets for keys and tokens, and the seal of the door."""

    def __init__(self, adapter: MemoryAdapter, clock: Clock, seals: Seals) -> None:
        self._adapter, self._clock, self._seals = adapter, clock, seals
        self._pepper, self._root = adapter.secret(api_keys.PEPPER), adapter.secret(delegation.ROOT)
        self._admitted: dict[str, tuple[int, datetime | None]] = {}

    def trusted(self, caller: Caller) -> Caller:
        """The caller, taken at its word and sealed: the process that embeds the store is trusted."""
        return self._seals.sealed(caller)

    def made_here(self, caller: Caller) -> bool:
        """Whether this door made the caller, just as it is."""
        return self._seals.holds(caller)

    def identify(self, credential: Any, context: CallingContext, tenant: str | None = None) -> Caller | Refusal:
        """Who a credential stands for, in a calling context, or why for nobody. What cannot be told apart from outside is one reason."""
        if not isinstance(credential, str) or not credential.isascii() or len(credential) > LONGEST:
            return Refusal("")
        found = self._found(credential, tenant)
        if isinstance(found, Refusal):
            return found
        caller = self.trusted(found.model_copy(update=_told(context, found)))
        try:
            with self._adapter.view(caller.tenant) as view:
                self.admit(caller, view, self._clock.now())
        except Denied as error:
            return Refusal(caller.tenant, error.message)
        return caller

    def admit(self, caller: Caller, view: Rules, now: datetime) -> None:
        """Denied when the caller, or what it rests on, is suspended, revoked, changed or over; asked anew when the policies change."""
        if caller.kind == "system":
            return
        epoch, ends = self._admitted.get(caller.seal, (-1, None))
        if epoch != view.policy_epoch:
            ends = _standing(caller, view)
            if len(self._admitted) >= REMEMBERED:
                self._admitted.clear()
            self._admitted[caller.seal] = view.policy_epoch, ends
        limit = caller.restrictions.until if caller.restrictions is not None else None
        if any(end is not None and now >= end for end in (ends, limit)):
            raise Denied(ENDED)

    def new_key(self, tenant: str) -> tuple[str, str, str]:
        """(prefix, the whole key, its digest) of a new API key."""
        prefix, text = api_keys.made()
        return prefix, text, api_keys.digest(self._pepper, tenant, text)

    def lend(self, lent: delegation.Lent) -> str:
        """A delegated token."""
        return delegation.lend(self._root, lent)

    def read_token(self, text: str) -> delegation.Token | None:
        """What a delegated token of this store says, valid now or not; None for any other text."""
        try:
            return delegation.read(text, self._root)
        except Unproven:
            return None

    def _found(self, credential: str, tenant: str | None) -> Caller | Refusal:
        try:
            if credential.startswith(delegation.BEGIN):
                return self._by_token(credential, tenant)
            if credential.startswith(api_keys.BEGIN) or (iss := issuers.issuer_of(credential)) is None:
                return self._by_key(credential, tenant)
            return self._by_issuer(credential, iss, tenant)
        except Unproven as error:
            return Refusal("", UNKNOWN if error.reason == issuers.INVALID else error.reason)

    def _by_key(self, text: str, tenant: str | None) -> Caller | Refusal:
        prefix = api_keys.prefix_of(text)
        documents = self._adapter.rule("key", prefix or "")
        matched = api_keys.matching(self._pepper, text, documents)
        if matched is None or prefix is None or tenant not in {None, matched[0]}:
            return Refusal(documents[0][0] if len(documents) == 1 else "")
        where, body = matched
        key, rests = KeyRule(**body), Credential(kind="key", rule=("key", prefix), mark=mark_of(body), agent=body.get("agent"))
        return Caller(user=key.principal, tenant=where, roles=key.roles, restrictions=_unless_free(key.restrictions), credential=rests)

    def _by_issuer(self, text: str, iss: str, tenant: str | None) -> Caller | Refusal:
        found, reason, now = [], issuers.INVALID, self._clock.now()
        for where, body in self._adapter.rule("issuer", iss):
            if tenant not in {None, where}:
                continue
            try:
                found.append((where, body, issuers.verified(text, IssuerRule(**body), iss, where, now)))
            except Unproven as error:
                reason = error.reason if error.reason != issuers.INVALID else reason
        if len(found) != 1:  # of several tenants that believe the same issuer the credential does not say which is meant
            raise Unproven(reason)
        where, body, vouched = found[0]
        rests = Credential(kind="issuer", rule=("issuer", iss), mark=mark_of(body))
        left = Restrictions(until=vouched.until)
        return Caller(user=vouched.user, tenant=where, roles=vouched.roles, restrictions=left, credential=rests)

    def _by_token(self, text: str, tenant: str | None) -> Caller | Refusal:
        token = delegation.verified(text, self._root, self._clock.now())
        lent, left, roles, mark = token.lent, token.restrictions, token.lent.roles, ""
        if tenant not in {None, lent.tenant}:
            return Refusal("")
        if lent.rule is not None:
            with self._adapter.view(lent.tenant) as view:
                body = view.rule(*lent.rule)
            if body is None:
                return Refusal(lent.tenant, REVOKED)
            mark = mark_of(body)
            if lent.rule[0] == "key":  # what was taken from the issuer's own key since is taken from what it lent
                key = KeyRule(**body)
                left, roles = narrowed(left, key.restrictions) or left, tuple(role for role in roles if role in key.roles)
        rests = Credential(kind="token", rule=lent.rule, mark=mark, revocable=token.ids, agent=lent.agent)
        return Caller(user=lent.holder, tenant=lent.tenant, roles=roles, behalf=lent.issuer, restrictions=left, credential=rests)


def _told(context: CallingContext, found: Caller) -> dict[str, str | None]:
    """The calling context and nothing else of what was given for it, with what the credential says where it says nothing."""
    told = {name: getattr(context, name) for name in CallingContext.model_fields}
    if told["purpose"] is None and found.restrictions is not None:
        told["purpose"] = found.restrictions.purpose
    if told["agent"] is None and found.credential is not None:
        told["agent"] = found.credential.agent
    return told


def attenuated(text: str, restrictions: Restrictions) -> str:
    """A delegated token that allows less; InvalidCall when the text is none."""
    try:
        return delegation.attenuate(_text(text), restrictions)
    except Unproven:
        raise InvalidCall(NONE_SUCH) from None


def inspected(text: str) -> delegation.Token:
    """What a delegated token says, whether its store is at hand or not, and valid or not; InvalidCall when the text is none."""
    try:
        return delegation.read(_text(text))
    except Unproven:
        raise InvalidCall(NONE_SUCH) from None


def _text(given: Any) -> str:
    if not isinstance(given, str):
        raise Unproven
    return given


def _standing(caller: Caller, view: Rules) -> datetime | None:
    """When what the caller rests on ends, None for never; Denied when it stands no more."""
    for each in caller.answering:
        for name in (each.partition(":")[2], each):
            if (view.rule("principal", normalised("NFC", name)) or {}).get("suspended"):
                raise Denied(f"{name[:80]!r} is suspended; ask who governs the tenant")
    rests = caller.credential
    if rests is None:
        return None
    if any(view.rule("revocation", each) is not None for each in rests.revocable):
        raise Denied(REVOKED)
    body = view.rule(*rests.rule) if rests.rule is not None else {}
    if body is None or body.get("revoked"):
        raise Denied(REVOKED)
    if rests.rule is not None and mark_of(body) != rests.mark:
        raise Denied(CHANGED)
    return KeyRule(**body).expires_at if rests.rule is not None and rests.rule[0] == "key" else None


def mark_of(body: Mapping[str, Any]) -> str:
    """A digest of what a document gives, without what ends it: a key that is rotated serves until its grace is over."""
    given = {name: value for name, value in body.items() if name not in {"expires_at", "revoked"}}
    return blake2b(json.dumps(given, sort_keys=True).encode(), digest_size=16).hexdigest()


def _unless_free(restrictions: Restrictions) -> Restrictions | None:
    return None if restrictions == Restrictions() else restrictions


@lru_cache(maxsize=1024)
def nobody(tenant: str) -> Caller:
    """Whom the access log names where nobody was identified; no user can have this name, and none of another tenant this place."""
    fields = {name: each.get_default(call_default_factory=True) for name, each in Caller.model_fields.items()}
    return trusted(Caller, fields | {"user": "", "tenant": tenant, "kind": "unknown"})
