"""Identity: makes API keys and delegated tokens, and revokes them. A key or a token is told once, in the reply, and kept nowhere."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from memos.errors import Denied, InvalidCall, NotFound
from memos.infrastructure.memgovernance.delegation import Lent, Token
from memos.interface.memory_api.desk import Prepared, Work, read_options
from memos.memcube.call import Caller, MemoryReply, Name, Restrictions
from memos.memcube.change import ReadSet
from memos.memcube.governed import KeyRule, RoleName, legal_rule
from memos.memcube.legal import legal_principal
from memos.memcube.restrictions import exceeds, narrowed, widens
from memos.memcube.rule import Rule
from memos.memcube.value import Instant, Value

Principal = Annotated[str, BeforeValidator(legal_principal)]
LONGEST = timedelta(days=366)
"""No delegated token is given for longer."""
KEY_BYTES = 16 * 1024
LENT_BY_DEFAULT = ("search", "get", "list")


class IssueOptions(Value):
    """Whom the key is for, and what it may do. With `replaces` it is a new one in place of that key, as it was; `grace` is in seconds."""

    user: Principal | None = None
    roles: tuple[RoleName, ...] | None = None
    agent: Name = None
    restrictions: Restrictions = Field(default_factory=Restrictions)
    expires_at: Instant | None = None
    replaces: Name = None
    grace: float = Field(default=0.0, ge=0, le=30 * 86_400)


class DelegateOptions(Value):
    """To whom, and which rights."""

    to: Principal
    restrictions: Restrictions


class RevokeOptions(Value):
    """One of: a key by its prefix, a delegated token by itself, or one by its revocation id."""

    key: Name = None
    token: str | None = None
    id: Name = None


def prepare_issue(work: Work) -> Prepared:
    """Make an API key; of others and with further roles for whoever governs the tenant alone."""
    options = read_options(IssueOptions, work)
    _require_own_rights(work.caller, "an API key")
    old = None if options.replaces is None else _key(work, options.replaces)
    prefix, text, digest = work.desk.identity.new_key(work.caller.tenant)
    wanted = _wanted(work, options) if old is None else old.model_copy(update={"replaces": options.replaces})
    until = _earlier(wanted.expires_at, _ends(work))
    new = wanted.model_copy(update={"created_at": work.now, "digest": digest, "expires_at": until})
    if new.expires_at is not None and new.expires_at <= work.now:
        raise InvalidCall("the key would have ended already; give an `expires_at` in the future")
    _require_within(work, new)
    rules = [_rule(prefix, new)]
    if old is not None:
        ends = work.now + timedelta(seconds=options.grace)
        over = {"revoked": True} if not options.grace else {"expires_at": min(ends, old.expires_at or ends)}
        rules.append(_rule(str(options.replaces), old.model_copy(update=over)))
    value = {"key": text, "prefix": prefix, "user": new.principal, "expires_at": new.expires_at}
    return _written(work, value, *rules)


def prepare_delegate(work: Work) -> Prepared:
    """Lend some of one's rights to another user, as a token that the holder can only narrow."""
    options = read_options(DelegateOptions, work)
    _require_own_rights(work.caller, "a token")
    asked, caller = options.restrictions, work.caller
    if asked.until is None or not work.now < asked.until <= work.now + LONGEST:
        raise InvalidCall(f"a token needs `until`, a time in the future, {LONGEST.days} days away at most")
    if asked.operations is None:
        asked = asked.model_copy(update={"operations": LENT_BY_DEFAULT})
    left = narrowed(caller.restrictions, asked)
    if left is None or widens(asked.model_copy(update={"until": None}), caller.restrictions):
        raise Denied("nobody can lend rights that his own credential does not leave him")
    left = left.model_copy(update={"until": _earlier(left.until, _ends(work))})
    text = work.desk.identity.lend(_lent(caller, options.to, left))
    token = work.desk.identity.read_token(text)
    value = {"token": text, "id": token.ids[-1] if token else "", "to": options.to, "until": left.until}
    return Prepared(MemoryReply(call_id=work.call.id, value=value, seq=work.view.seq))


def _lent(caller: Caller, holder: str, left: Restrictions) -> Lent:
    rule = caller.credential.rule if caller.credential is not None else None
    return Lent(
        tenant=caller.tenant,
        issuer=caller.user,
        holder=holder,
        roles=caller.roles,
        rule=rule,
        agent=caller.bound_agent,
        restrictions=left,
    )


def prepare_revoke(work: Work) -> Prepared:
    """Let a key or a token open nothing from the next call on; those of others for whoever governs the tenant alone."""
    options = read_options(RevokeOptions, work)
    if sum(each is not None for each in (options.key, options.token, options.id)) != 1:
        raise InvalidCall("name what is to be revoked: the prefix of a key, a token, or the revocation id of one")
    if options.key is not None:
        key = _key(work, options.key)
        return _written(work, {"key": options.key}, _rule(options.key, key.model_copy(update={"revoked": True})))
    if options.id is not None:
        work.desk.governance.require_govern(work.caller)
        revoked, until = options.id, None
    else:
        token = _token(work, str(options.token))
        revoked, until = token.ids[-1], token.restrictions.until
    body = legal_rule("revocation", revoked, {"until": until})
    return _written(work, {"id": revoked}, Rule("revocation", revoked, body))


def _wanted(work: Work, options: IssueOptions) -> KeyRule:
    caller = work.caller
    user = caller.user if options.user is None else options.user
    roles = options.roles if options.roles is not None else ()
    return KeyRule(
        principal=user,
        roles=tuple(sorted(set(roles))),
        agent=caller.bound_agent if options.agent is None else options.agent,
        restrictions=narrowed(caller.restrictions, options.restrictions) or Restrictions(),
        created_at=work.now,
        expires_at=options.expires_at,
        digest="0" * 64,
    )


def _ends(work: Work) -> datetime | None:
    """When the caller's own key ends, None for never; nothing that it makes may outlive it."""
    rule = work.caller.credential.rule if work.caller.credential is not None else None
    body = work.view.rule(*rule) if rule is not None and rule[0] == "key" else None
    return KeyRule(**body).expires_at if body is not None else None


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((each for each in (one, other) if each is not None), default=None)


def _require_within(work: Work, key: KeyRule) -> None:
    """Denied when the key would have more rights than the caller may give."""
    caller, options = work.caller, read_options(IssueOptions, work)
    governs = work.desk.governance.may_govern(caller)
    if len(key.model_dump_json()) > KEY_BYTES:
        raise InvalidCall(f"what a key is restricted to may have {KEY_BYTES:,} bytes at most; name fewer namespaces and roles")
    own = key.principal == caller.user and set(key.roles) <= set(caller.roles) and options.agent is None
    if not governs and not own:
        raise Denied("a key for another user, for an agent or with roles that are not yours takes the role 'admin', which you have not")
    if caller.bound_agent is not None and key.agent != caller.bound_agent:
        raise Denied("what an agent makes is its own: a key for another agent, or for none, is made with a credential that is no agent's")
    if exceeds(key.restrictions, caller.restrictions) or widens(options.restrictions, caller.restrictions):
        raise Denied("a key cannot allow what the credential of its maker does not")


def _require_own_rights(caller: Caller, what: str) -> None:
    if caller.behalf is not None:
        raise Denied(f"who acts on behalf of another cannot make {what}; attenuate the token that you hold")


def _key(work: Work, prefix: str) -> KeyRule:
    """The key of that prefix that stands and is this caller's to replace or revoke; NotFound otherwise."""
    body = work.view.rule("key", prefix)
    key = KeyRule(**body) if body is not None else None
    mine = key is not None and work.caller.behalf is None and key.principal == work.caller.user
    if key is None or key.revoked or not (mine or work.desk.governance.may_govern(work.caller)):
        raise NotFound(f"there is no key {prefix[:40]!r} of yours that stands")
    return key


def _token(work: Work, text: str) -> Token:
    """The token, when its tenant is the caller's and he issued it, holds it or governs; NotFound otherwise."""
    token = work.desk.identity.read_token(text)
    if token is None or token.lent.tenant != work.caller.tenant:
        raise NotFound("this is no token of this tenant")
    if work.caller.user not in {token.lent.issuer, token.lent.holder} and not work.desk.governance.may_govern(work.caller):
        raise NotFound("this is no token of this tenant")
    return token


def _rule(prefix: str, key: KeyRule) -> Rule:
    return Rule("key", prefix, key.model_dump(mode="json", exclude_defaults=True))


def _written(work: Work, value: Mapping[str, Any], *rules: Rule) -> Prepared:
    reply = MemoryReply(call_id=work.call.id, value=dict(value))
    return Prepared(reply, work.change(rules=rules), ReadSet(policy_epoch=work.view.policy_epoch))
