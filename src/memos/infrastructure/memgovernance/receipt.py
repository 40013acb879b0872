"""Receipts: what was erased, when, and what remains and why, in one signed JSON document without a word of what was erased."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from memos.errors import InvalidCall
from memos.infrastructure.memgovernance.checkpoint import is_signature, signature
from memos.ports.erasing import Erasure, Scrubbed

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

RECEIPT_BYTES = 1 << 26
"""A receipt that is longer is none; one of 100,000 memories has 4 MB."""


BYTES = "bytes"
"""What remains of an erasure that is not finished."""


class Remaining(BaseModel):
    """What was to be erased, or holds what was, and stays; and why."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    what: str = Field(max_length=256)
    why: str = Field(max_length=1024)


class Receipt(BaseModel):
    """One erasure. `complete`: verified that no row and no byte is left; `partial`: what `remaining` names is to be finished still.

    `caller` and `subject` are keyed pseudonyms. `searched` is for how many pieces of what was erased the bytes of all files were
    searched, None where they were in no memory any more, after the process had died. `unsigned` says why there is no signature.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    format: Literal["memos-erasure-receipt-1"] = "memos-erasure-receipt-1"
    status: Literal["complete", "partial", "nothing"]
    store_id: str = Field(max_length=64)
    seq: int = Field(ge=0)
    erased_at: AwareDatetime
    finished_at: AwareDatetime | None = None
    call_id: str = Field(max_length=64)
    caller: str = Field(default="", max_length=64)
    basis: Literal["ids", "filter", "subject"]
    subject: str | None = Field(default=None, max_length=64)
    court_order: str | None = Field(default=None, max_length=256)
    ids: tuple[str, ...] = ()
    derived: tuple[str, ...] = ()
    counts: dict[str, int] = {}
    copies: int = 0
    blobs: int = 0
    searched: int | None = None
    remaining: tuple[Remaining, ...] = ()
    unsigned: str = ""
    key_id: str = Field(default="", max_length=64)
    signature: Annotated[str, Field(pattern=r"^([0-9a-f]{128})?$")] = ""

    def signed_bytes(self) -> bytes:
        """What the signature covers: all fields but itself as JSON, keys sorted, no white space, ASCII."""
        return json.dumps(self.model_dump(mode="json", exclude={"signature"}), sort_keys=True, separators=(",", ":")).encode()

    def document(self) -> str:
        """The text of its file."""
        return json.dumps(self.model_dump(mode="json"), indent=2) + "\n"


def receipt_of(erasure: Erasure, scrubbed: Scrubbed, store_id: str) -> Receipt:
    """The receipt of an erasure as it stands, not signed yet."""
    told = erasure.told
    left = [Remaining(what=BYTES, why=why) for why in scrubbed.remains]
    return Receipt(
        status="partial" if left else "complete",
        store_id=store_id,
        seq=erasure.seq,
        erased_at=erasure.at,
        call_id=erasure.call_id,
        caller=erasure.caller,
        basis=told["basis"],
        subject=told.get("subject"),
        court_order=told.get("court_order"),
        ids=erasure.ids,
        derived=tuple(told.get("derived", ())),
        counts=told["counts"],
        copies=scrubbed.copies,
        blobs=scrubbed.blobs,
        searched=scrubbed.searched,
        remaining=(*left, *(Remaining(**each) for each in told.get("remaining", ()))),
    )


def sign(receipt: Receipt, secret: bytes) -> Receipt:
    """The receipt under the signature of a key of 32 secret bytes; BackendError where the package `cryptography` is not installed."""
    name, signed = signature(secret, lambda name: receipt.model_copy(update={"key_id": name}).signed_bytes())
    return receipt.model_copy(update={"key_id": name, "signature": signed})


def is_signed(receipt: Receipt, key: Ed25519PublicKey) -> bool:
    """Whether the signature is of this key and of exactly these fields."""
    return is_signature(receipt.signature, receipt.signed_bytes(), key)


def read_receipt(document: bytes | str, where: str) -> Receipt:
    """The receipt in a document; InvalidCall when it is none. Its signature is looked at by `is_signed`."""
    try:
        return Receipt.model_validate_json(document)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        what = ".".join(map(str, first["loc"])) or "the document"
        raise InvalidCall(f"{where} is no receipt of an erasure ({what}: {first['msg']}); name a file that `memos erase` wrote") from None
