"""Issuers: users for whom a login service vouches by a JSON Web Token (RFC 7519, RFC 8725). Nothing is fetched."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any, NamedTuple

from memos.errors import BackendError, InvalidCall
from memos.memcube.governed import IssuerRule
from memos.memcube.legal import legal_principal

HEADER = frozenset({"alg", "typ", "kid", "x5t", "x5t#S256"})
"""What a token's header may say. Whatever else it says, such as where its key is to be had (`jku`, `jwk`, `x5u`), has it refused."""
TYPES = frozenset({"JWT", "AT+JWT", "APPLICATION/AT+JWT"})
KEY_OF = {"RS": ("RSA", None), "PS": ("RSA", None), "Ed": ("OKP", "Ed25519")}
CURVE_OF = {"ES256": ("EC", "P-256"), "ES384": ("EC", "P-384"), "ES512": ("EC", "P-521")}
INVALID = "the token of this issuer is not valid here"
EXPIRED = "the token of this issuer has expired; log in again"
LATEST = 253_402_300_799
"""The last second of the year 9999."""


class Vouched(NamedTuple):
    """Whom a token stands for, and until when."""

    user: str
    roles: tuple[str, ...]
    until: datetime


class Unproven(Exception):
    """A token that is not valid here; `reason` may be told to whoever holds it."""

    def __init__(self, reason: str = INVALID) -> None:
        super().__init__(reason)
        self.reason = reason


def issuer_of(token: str) -> str | None:
    """Who a token says that it is from, unverified; None when it is no token."""
    claims = _part(token, 1)
    iss = claims.get("iss") if claims else None
    return iss if isinstance(iss, str) else None


def verified(token: str, rule: IssuerRule, iss: str, tenant: str, now: datetime) -> Vouched:
    """Whom the token of this issuer stands for in a tenant; Unproven when its signature, or what it claims, is not as the rule says."""
    claims = _signed(token, rule)
    _require_claims(claims, rule, iss, tenant)
    until = _require_times(claims, rule, now)
    named = claims.get(rule.user_claim)
    if not isinstance(named, str):
        raise Unproven
    try:
        user = legal_principal(rule.user_prefix + named)
    except InvalidCall:
        raise Unproven from None
    return Vouched(user, _roles(claims, rule), until)


def _signed(token: str, rule: IssuerRule) -> Mapping[str, Any]:
    header = _part(token, 0)
    if header is None or not header.keys() <= HEADER or str(header.get("typ", "JWT")).upper() not in TYPES:
        raise Unproven
    algorithm = header.get("alg")
    if algorithm not in rule.algorithms:
        raise Unproven
    document = _key(header, str(algorithm), rule)
    try:
        from joserfc import jws
        from joserfc.errors import JoseError
        from joserfc.jwk import JWKRegistry
    except ImportError:
        raise BackendError("tokens of issuers need the package joserfc: run `pip install 'memos-kernel[identity]'`") from None
    try:
        key = JWKRegistry.import_key(dict(document))
        jws.deserialize_compact(token, key, algorithms=[str(algorithm)])
    except (JoseError, ValueError, TypeError, KeyError):
        raise Unproven from None
    claims = _part(token, 1)
    if claims is None:
        raise Unproven
    return claims


def _key(header: Mapping[str, Any], algorithm: str, rule: IssuerRule) -> Mapping[str, Any]:
    """The one key of the issuer that the header names, and only if it is one for the algorithm."""
    keys, kid = rule.keys["keys"], header.get("kid")
    if len(keys) > 1 or kid is not None:
        keys = [each for each in keys if kid is not None and each.get("kid", kid if len(keys) == 1 else None) == kid]
    kind, curve = CURVE_OF.get(algorithm) or KEY_OF[algorithm[:2]]
    fitting = [each for each in keys if (each["kty"], each.get("crv")) == (kind, curve) and each.get("alg", algorithm) == algorithm]
    if len(fitting) != 1:
        raise Unproven
    return dict(fitting[0])


def _require_claims(claims: Mapping[str, Any], rule: IssuerRule, iss: str, tenant: str) -> None:
    audience = claims.get("aud")
    named = [audience] if isinstance(audience, str) else audience if isinstance(audience, list) else []
    if claims.get("iss") != iss or not any(isinstance(each, str) and each in rule.audience for each in named):
        raise Unproven
    if rule.tenant_claim is not None and claims.get(rule.tenant_claim) != tenant:
        raise Unproven


def _require_times(claims: Mapping[str, Any], rule: IssuerRule, now: datetime) -> datetime:
    """When the token ends. It must say since when and until when it holds, and not hold for longer than the rule allows."""
    begins, ends = _seconds(claims, "iat"), _seconds(claims, "exp")
    valid = _seconds(claims, "nbf") if "nbf" in claims else begins
    if begins is None or ends is None or valid is None or ends - begins > rule.max_lifetime:
        raise Unproven
    present = now.timestamp()
    if present >= ends + rule.leeway:
        raise Unproven(EXPIRED)
    if max(begins, valid) > present + rule.leeway:
        raise Unproven
    return datetime.fromtimestamp(min(ceil(ends), LATEST - rule.leeway), UTC) + timedelta(seconds=rule.leeway)


def _seconds(claims: Mapping[str, Any], name: str) -> float | None:
    """A NumericDate between 1970 and 9999; None for what is none, such as a text, true, NaN or infinity."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LATEST:
        return None
    return float(value)


def _roles(claims: Mapping[str, Any], rule: IssuerRule) -> tuple[str, ...]:
    said = claims.get(rule.roles_claim) if rule.roles_claim is not None else None
    names = said.split() if isinstance(said, str) else said if isinstance(said, list) else []
    brought = (role for name in names if isinstance(name, str) for role in rule.roles.get(name, ()))
    return tuple(sorted(set(brought)))


def _part(token: str, index: int) -> dict[str, Any] | None:
    """The header (0) or the claims (1) of a token in compact form; None when there are none."""
    from pydantic_core import from_json

    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        found = from_json(urlsafe_b64decode(parts[index] + "=" * (-len(parts[index]) % 4)), allow_inf_nan=False)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
