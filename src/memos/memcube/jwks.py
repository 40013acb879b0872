"""JWKS: which documents of public keys may be believed: public ones only, strong enough, each with a name of its own (RFC 7517)."""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from typing import Any, Literal

from memos.errors import InvalidCall

Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519"]
"""With a public key each, so that who can verify cannot sign: no `none` and no HMAC."""
JWKS_BYTES = 64 * 1024
JWKS_KEYS = 64
RSA_BITS = 2048
"""The least of an RSA key (RFC 7518, section 3.3)."""
MEMBERS = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")}
CURVES = {"EC": {"P-256", "P-384", "P-521"}, "OKP": {"Ed25519"}}
SECRET = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
KEPT = frozenset({"kty", "kid", "alg", "use", "key_ops", "n", "e", "crv", "x", "y"})
_BASE64URL = re.compile(r"[A-Za-z0-9_-]{1,4096}")


def legal_keys(given: Any) -> dict[str, Any]:
    """A JWKS document with what of it is needed; InvalidCall when it is none, or holds a secret or a key that is too weak."""
    keys = given.get("keys") if isinstance(given, Mapping) else None
    if not isinstance(keys, list | tuple) or not 1 <= len(keys) <= JWKS_KEYS:
        raise InvalidCall(f'the keys of an issuer are a JWKS document, {{"keys": […]}} of 1 to {JWKS_KEYS} public keys')
    found = [_legal_key(each) for each in keys]
    kids = [each.get("kid") for each in found]
    if len(found) > 1 and (None in kids or len(set(kids)) < len(kids)):
        raise InvalidCall("where an issuer has several keys each needs a `kid` of its own")
    if len(json.dumps(found)) > JWKS_BYTES:
        raise InvalidCall(f"the keys of an issuer may have {JWKS_BYTES:,} bytes at most")
    return {"keys": found}


def _legal_key(given: Any) -> dict[str, Any]:
    kind = given.get("kty") if isinstance(given, Mapping) else None
    if kind not in MEMBERS:
        raise InvalidCall(f"a public key of an issuer has the `kty` {', '.join(MEMBERS)}; a shared secret (`oct`) is none")
    if SECRET & given.keys():
        raise InvalidCall("a key of an issuer holds its secret part; give the public part alone, and make a new key: this one was shown")
    key = {name: value for name, value in given.items() if name in KEPT}
    texts = all(isinstance(value, str) and len(value) <= 4096 for name, value in key.items() if name != "key_ops")
    members = all(_BASE64URL.fullmatch(str(key.get(name, ""))) for name in MEMBERS[kind] if name != "crv")
    if not texts or not members or key.get("crv") not in CURVES.get(kind, {None}):
        raise InvalidCall(f"a key of an issuer is no public key: {kind} has {', '.join(MEMBERS[kind])} in base64url")
    if kind == "RSA" and int.from_bytes(urlsafe_b64decode(key["n"] + "==")).bit_length() < RSA_BITS:
        raise InvalidCall(f"an RSA key of an issuer must have {RSA_BITS} bits at least")
    if key.get("use", "sig") != "sig" or "verify" not in key.get("key_ops", ["verify"]):
        raise InvalidCall("a key of an issuer must be for signatures (`use` sig, `key_ops` verify)")
    return key


def legal_issuer(iss: str) -> str:
    """The `iss` of an issuer, a URL that is a name and never fetched; InvalidCall otherwise."""
    if not re.fullmatch(r"https?://[!-~]{1,240}", iss):
        raise InvalidCall("an issuer is named by its `iss`, a URL such as https://login.example.org")
    return iss
