"""Checkpoints: how far the logs had come, in one signed JSON document that is kept where whoever writes the store cannot."""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from memos.errors import InvalidCall

if TYPE_CHECKING:
    from types import ModuleType

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

DOCUMENT_BYTES = 1 << 16
"""A checkpoint or a public key that is longer is none."""
Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class LogHead(BaseModel):
    """How far one log had come: its rows, their Merkle root, and the seal of the last one."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    log: str = Field(min_length=1, max_length=64)
    size: int = Field(ge=0)
    root: Hash
    seal: Hash


class Checkpoint(BaseModel):
    """The heads of all logs of a store at one time, signed with Ed25519."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["memos-audit-checkpoint-1"] = "memos-audit-checkpoint-1"
    store_id: str = Field(min_length=1, max_length=64)
    at: AwareDatetime
    logs: tuple[LogHead, ...]
    key_id: str = Field(max_length=64)
    signature: Annotated[str, Field(pattern=r"^([0-9a-f]{128})?$")] = ""

    @property
    def name(self) -> str:
        """What its file is called."""
        return f"checkpoint-{'-'.join(str(head.size) for head in self.logs)}.json"

    def signed_bytes(self) -> bytes:
        """What the signature covers: all fields but itself as JSON, keys sorted, no white space, ASCII."""
        return json.dumps(self.model_dump(mode="json", exclude={"signature"}), sort_keys=True, separators=(",", ":")).encode()

    def document(self) -> str:
        """The text of its file."""
        return json.dumps(self.model_dump(mode="json"), indent=2) + "\n"


def read_checkpoint(document: bytes, where: str) -> Checkpoint:
    """The checkpoint in a document; InvalidCall when it is none. Its signature is looked at by `is_signed`."""
    try:
        return Checkpoint.model_validate_json(document)
    except ValidationError as error:
        first = error.errors()[0]
        what = ".".join(map(str, first["loc"])) or "the document"
        raise InvalidCall(f"{where} is no checkpoint of an audit ({what}: {first['msg']}); name a file that `memos audit` wrote") from None


def sign(checkpoint: Checkpoint, secret: bytes) -> Checkpoint:
    """The checkpoint under the signature of a key of 32 secret bytes."""
    name, signed = signature(secret, lambda name: checkpoint.model_copy(update={"key_id": name}).signed_bytes())
    return checkpoint.model_copy(update={"key_id": name, "signature": signed})


def is_signed(checkpoint: Checkpoint, key: Ed25519PublicKey) -> bool:
    """Whether the signature is of this key and of exactly these fields."""
    return is_signature(checkpoint.signature, checkpoint.signed_bytes(), key)


def signature(secret: bytes, signed_bytes: Callable[[str], bytes]) -> tuple[str, str]:
    """The id of the key of 32 secret bytes, and its signature, in hexadecimal, under what is to be signed with that id in it."""
    key = _ed25519().Ed25519PrivateKey.from_private_bytes(secret)
    name = key_id(key.public_key())
    return name, key.sign(signed_bytes(name)).hex()


def is_signature(signature: str, signed_bytes: bytes, key: Ed25519PublicKey) -> bool:
    """Whether a signature in hexadecimal is of this key and of these bytes."""
    from cryptography.exceptions import InvalidSignature

    try:
        key.verify(bytes.fromhex(signature), signed_bytes)
    except InvalidSignature:
        return False
    return True


def public_key(secret: bytes) -> Ed25519PublicKey:
    """The public key of 32 secret bytes."""
    found: Ed25519PublicKey = _ed25519().Ed25519PrivateKey.from_private_bytes(secret).public_key()
    return found


def key_id(key: Ed25519PublicKey) -> str:
    """A short name of a public key: 16 hexadecimal digits of the sha256 of its 32 bytes."""
    return sha256(key.public_bytes_raw()).hexdigest()[:16]


def key_document(key: Ed25519PublicKey) -> bytes:
    """A public key as PEM."""
    _ed25519()
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def read_key(document: bytes, where: str) -> Ed25519PublicKey:
    """The public key in a PEM document; InvalidCall when there is none of Ed25519."""
    _ed25519()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        found = load_pem_public_key(document)
    except (ValueError, UnsupportedAlgorithm):
        found = None
    if isinstance(found, Ed25519PublicKey):
        return found
    raise InvalidCall(f"{where} holds no public key of Ed25519 in PEM; `memos audit key --export FILE` writes one")


def _ed25519() -> ModuleType:
    from cryptography.hazmat.primitives.asymmetric import ed25519

    return ed25519
