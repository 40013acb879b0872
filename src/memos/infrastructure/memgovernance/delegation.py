"""Delegation: tokens with which one lends some of its rights (Biscuit, Ed25519). Its holder may take rights away, offline, never add.

Each block holds one statement of ours and nothing else: the first says who lends what to whom, the others what is taken away since. A block
that says anything else, or was signed by a third party, has the token refused: what we cannot read we cannot enforce.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

from pydantic import BeforeValidator, Field, ValidationError

from memos.errors import BackendError, InvalidCall
from memos.infrastructure.memgovernance.issuers import Unproven
from memos.memcube.call import Name, Restrictions
from memos.memcube.legal import legal_principal
from memos.memcube.restrictions import narrowed
from memos.memcube.value import Value

if TYPE_CHECKING:
    from types import ModuleType

BEGIN = "memost_"
ROOT = "delegated tokens"
TOKEN_BYTES = 16 * 1024
BLOCKS = 16
"""The most blocks of a token: it is attenuated 15 times at most."""
STATEMENT = re.compile(r"memos\(hex:([0-9a-f]{2,16384})\);\n(?:check if time\(\$time\), \$time < [0-9TZ:.+-]{10,40};\n)?")
SECONDS = 1.0
"""How long the engine may take; its own millisecond refuses sound tokens where the machine is busy."""
Principal = Annotated[str, BeforeValidator(legal_principal)]


class Lent(Value):
    """What the first block says. `rule` is the credential under which it was lent, which must stand as long as the token is used.

    `agent` is the agent that lent it: what is done with the token is done through that agent too.
    """

    version: Literal[1] = 1
    tenant: Principal
    issuer: Principal
    holder: Principal
    roles: tuple[str, ...] = ()
    rule: tuple[str, str] | None = None
    agent: Name = None
    restrictions: Restrictions


class Taken(Value):
    """What each later block says."""

    version: Literal[1] = 1
    restrictions: Restrictions = Field(default_factory=Restrictions)


class Token(NamedTuple):
    """A token as it was read: who lends, what all its blocks together leave, and the ids under which it may be revoked."""

    lent: Lent
    restrictions: Restrictions
    ids: tuple[str, ...]


def lend(root: bytes, lent: Lent) -> str:
    """A token signed with the root key of the store."""
    biscuit = _library()
    private = biscuit.PrivateKey.from_bytes(root, biscuit.Algorithm.Ed25519)
    public = biscuit.KeyPair.from_private_key(private).public_key
    return _written(public, biscuit.BiscuitBuilder(*_statement(lent, lent.restrictions.until)).build(private))


def attenuate(text: str, restrictions: Restrictions) -> str:
    """The token with a block that takes more away. Needs no store: only the token, and the public key in it."""
    public, token = _opened(text)
    if token.block_count() >= BLOCKS:
        raise InvalidCall(f"a token is attenuated {BLOCKS - 1} times at most; ask its issuer for a new one")
    added = _library().BlockBuilder(*_statement(Taken(restrictions=restrictions), restrictions.until))
    return _written(public, token.append(added))


def read(text: str, root: bytes | None = None) -> Token:
    """What a token says; Unproven when the store of this root key did not sign it. Without a root key its own public key is believed."""
    biscuit = _library()
    public, token = _opened(text)
    if root is not None:
        private = biscuit.PrivateKey.from_bytes(root, biscuit.Algorithm.Ed25519)
        if bytes(public.to_bytes()) != bytes(biscuit.KeyPair.from_private_key(private).public_key.to_bytes()):
            raise Unproven
    if token.block_count() > BLOCKS:
        raise Unproven
    lent = _said(token, 0, Lent)
    left: Restrictions | None = lent.restrictions
    for index in range(1, token.block_count()):
        left = narrowed(left, _said(token, index, Taken).restrictions)
    return Token(lent, left or lent.restrictions, tuple(token.revocation_ids))


def verified(text: str, root: bytes, now: datetime) -> Token:
    """What a token says, once the engine has evaluated it too; Unproven when it is not valid now."""
    biscuit = _library()
    found = read(text, root)
    builder = biscuit.AuthorizerBuilder("time({now}); allow if true;", {"now": now})
    limits = builder.limits()
    limits.max_time = timedelta(seconds=SECONDS)
    builder.set_limits(limits)
    try:
        builder.build(_opened(text)[1]).authorize()
    except biscuit.AuthorizationError:
        raise Unproven("this token has ended; ask its issuer for a new one") from None
    return found


def _statement(value: Value, until: datetime | None) -> tuple[str, dict[str, Any]]:
    said = {"said": value.model_dump_json(exclude_defaults=True).encode()}
    if until is None:
        return "memos({said});", said
    return "memos({said}); check if time($time), $time < {until};", said | {"until": until}


def _said(token: Any, index: int, kind: type[Any]) -> Any:
    found = STATEMENT.fullmatch(token.block_source(index))
    if found is None or (index and token.block_external_key(index) is not None):
        raise Unproven
    try:
        return kind.model_validate_json(bytes.fromhex(found[1]))
    except (ValidationError, InvalidCall):
        raise Unproven from None


def _written(public: Any, token: Any) -> str:
    key = urlsafe_b64encode(bytes(public.to_bytes())).decode().rstrip("=")
    text = f"{BEGIN}{key}.{token.to_base64()}"
    if len(text) > TOKEN_BYTES:
        raise InvalidCall(f"a token may have {TOKEN_BYTES:,} bytes at most; name fewer namespaces and memories")
    return text


def _opened(text: str) -> tuple[Any, Any]:
    """The public key that a token carries, and the token, whose signatures are those of that key."""
    biscuit = _library()
    key, _, body = text.removeprefix(BEGIN).partition(".")
    if not text.startswith(BEGIN) or len(text) > TOKEN_BYTES or not body.isascii() or len(key) != 43:
        raise Unproven
    try:
        public = biscuit.PublicKey.from_bytes(urlsafe_b64decode(key + "="), biscuit.Algorithm.Ed25519)
        return public, biscuit.Biscuit.from_base64(body, public)
    except (biscuit.BiscuitValidationError, biscuit.BiscuitSerializationError, biscuit.BiscuitBlockError, ValueError):
        raise Unproven from None


def _library() -> ModuleType:
    try:
        import biscuit_auth
    except ImportError:
        raise BackendError("delegated tokens need the package biscuit-python: run `pip install 'memos-kernel[identity]'`") from None
    return biscuit_auth
