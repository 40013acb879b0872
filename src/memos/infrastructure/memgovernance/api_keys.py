"""API keys: 256 random bits under a prefix that may be shown; the store keeps a keyed hash, which without the store's key tells nothing."""

from __future__ import annotations

import hmac
import re
import secrets
from base64 import b32encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

BEGIN = "memos_"
FORM = re.compile(r"memos_([a-z2-7]{12})_[a-z2-7]{52}")
PEPPER = "api keys"
NOBODY = "0" * 64
"""What a key is compared with where there is none of its prefix, so that it is as much work."""


def made() -> tuple[str, str]:
    """A new prefix and the whole key. The key is to be shown once and kept nowhere."""
    prefix = _letters(8)[:12]
    return prefix, f"{BEGIN}{prefix}_{_letters(32)}"


def prefix_of(text: str) -> str | None:
    """The prefix of an API key, None when the text has not the form of one."""
    found = FORM.fullmatch(text)
    return found[1] if found else None


def digest(pepper: bytes, tenant: str, text: str) -> str:
    """HMAC-SHA256 of a key of one tenant: a document that another tenant copies opens nothing there."""
    name = tenant.encode()
    return hmac.new(pepper, len(name).to_bytes(4, "big") + name + text.encode(), sha256).hexdigest()


def matching(pepper: bytes, text: str, documents: Sequence[tuple[str, Mapping[str, Any]]]) -> tuple[str, Mapping[str, Any]] | None:
    """(tenant, document) of the key among those of its prefix, None when none of them is its own; each takes the same time."""
    found: tuple[str, Mapping[str, Any]] | None = None
    for tenant, document in documents or (("", {}),):
        kept = str(document.get("digest", NOBODY))
        if hmac.compare_digest(digest(pepper, tenant, text).encode(), kept.encode()) and document:
            found = tenant, document
    return found


def _letters(size: int) -> str:
    return b32encode(secrets.token_bytes(size)).decode().rstrip("=").lower()
