"""Manifests: who gave which text to whom, made by which agent and model of which memories, in one signed JSON document.

The signature (Ed25519, the store's signing key) covers everything but itself and the `opening`. That is the key of the text's hashes: who
has the text checks it with the opening; a copy of the manifest for somebody who must not even guess at the text goes without it.
"""

from __future__ import annotations

import json
from hashlib import blake2b
from hmac import compare_digest
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from memos.errors import InvalidCall
from memos.infrastructure.memgovernance import checkpoint
from memos.infrastructure.memgovernance.fingerprint import resemblance, sketch
from memos.infrastructure.memgovernance.marks import unmarked

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

DOCUMENT_BYTES = 1 << 18
"""A manifest that is longer is none."""
MEMORIES = 1000
PRINTS = 64
SIMILAR = 0.5
"""From this share of common passages on a text is told to be the one of the manifest with changes."""
Name = Annotated[str, Field(min_length=1, max_length=256)]


class Version(BaseModel):
    """A version of a memory."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    id: str = Field(min_length=1, max_length=64)
    version: int = Field(ge=1)


class TextProof(BaseModel):
    """What speaks for a text without telling it: its length, its hash, and a sketch of its fingerprints, keyed by the opening."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    characters: int = Field(ge=0)
    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    prints: tuple[Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")], ...] = Field(max_length=PRINTS)
    marked: bool


class Manifest(BaseModel):
    """One disclosure. `caller` and `behaviour` are keyed hashes: of the user, and of the user, agent, model and memories together."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["memos-manifest-1"] = "memos-manifest-1"
    id: str = Field(min_length=1, max_length=64)
    store_id: str = Field(min_length=1, max_length=64)
    at: AwareDatetime
    caller: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    agent: Name | None
    model: Name | None
    purpose: Name | None
    call: str | None = Field(max_length=64)
    memories: tuple[Version, ...] = Field(max_length=MEMORIES)
    behaviour: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    recipient: Name | None
    text: TextProof | None
    key_id: str = Field(default="", max_length=64)
    signature: Annotated[str, Field(pattern=r"^([0-9a-f]{128})?$")] = ""
    opening: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")] = ""

    def signed_bytes(self) -> bytes:
        """What the signature covers, as JSON: keys sorted, no white space, ASCII."""
        return json.dumps(self.model_dump(mode="json", exclude={"signature", "opening"}), sort_keys=True, separators=(",", ":")).encode()

    def document(self) -> dict[str, Any]:
        """The manifest as a JSON object."""
        return self.model_dump(mode="json")


def read_manifest(document: Any, where: str) -> Manifest:
    """The manifest in a JSON text or object; InvalidCall when it is none. Its signature is looked at by `is_signed`."""
    try:
        if isinstance(document, str | bytes):
            return Manifest.model_validate_json(document)
        return Manifest.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        what = ".".join(map(str, first["loc"])) or "the document"
        raise InvalidCall(f"{where} is no manifest ({what}: {first['msg']}); give what `manifest` made, whole") from None


def proof(text: str, opening: str, *, marked: bool) -> TextProof:
    """What a manifest says of a text. Marks, and white space at its ends, do not count: they come and go as a text is copied."""
    plain, key = unmarked(text).strip(), bytes.fromhex(opening)
    return TextProof(characters=len(plain), digest=_digest(plain, key), prints=sketch(plain, key, PRINTS), marked=marked)


def signed(manifest: Manifest, secret: bytes) -> Manifest:
    """The manifest under the signature of a key of 32 secret bytes."""
    key_id, signature = checkpoint.signature(secret, lambda name: manifest.model_copy(update={"key_id": name}).signed_bytes())
    return manifest.model_copy(update={"key_id": key_id, "signature": signature})


def is_signed(manifest: Manifest, key: Ed25519PublicKey) -> bool:
    """Whether the signature is of this key and of exactly these fields."""
    return checkpoint.is_signature(manifest.signature, manifest.signed_bytes(), key)


class TextFound(NamedTuple):
    """How a text stands to a manifest: `same`, `similar` (changed here and there), `other`, or `unknown` where nothing can be compared."""

    verdict: Literal["same", "similar", "other", "unknown"]
    resemblance: float | None


def compare(manifest: Manifest, text: str, opening: str) -> TextFound:
    """A text beside the one that a manifest was made for, under the opening: its own, or that which the store makes anew."""
    if manifest.text is None or not opening:
        return TextFound("unknown", None)
    plain, key = unmarked(text).strip(), bytes.fromhex(opening)
    if compare_digest(_digest(plain, key), manifest.text.digest):
        return TextFound("same", 1.0)
    alike = round(resemblance(sketch(plain, key, PRINTS), manifest.text.prints), 4)
    return TextFound("similar" if alike >= SIMILAR else "other", alike)


def _digest(plain: str, key: bytes) -> str:
    return blake2b(plain.encode(), key=key, digest_size=32).hexdigest()
