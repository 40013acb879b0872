"""Payloads: what a memory is made of. Text stays the truth; the other two point to a blob."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from memos.memcube.value import Metadata, Text, Value


class Plaintext(Value):
    """A memory that is text."""

    type: Literal["plaintext"] = "plaintext"
    text: Text


class Activation(Value):
    """A KV cache for one model; `blob` names a safetensors file in the blob store, `bytes` its size.

    It holds `tokens` tokens from the position `base` on. `fingerprint` is the runtime's, `anchor` and `mark` are keyed hashes of the
    tokens before it and of all up to its end, `opening` of the system's text that it begins with ("" for one kept before that was told: it
    begins as no prompt does); `adapter` names the blob of the adapter under which it was made.
    """

    type: Literal["activation"] = "activation"
    blob: str
    model: str
    bytes: int = Field(ge=0)
    fingerprint: str = ""
    tokens: int = Field(default=0, ge=0)
    base: int = Field(default=0, ge=0)
    anchor: str = ""
    mark: str = ""
    opening: str = ""
    form: Literal["float16", "int8"] = "float16"
    adapter: str | None = None


class Parameter(Value):
    """A LoRA adapter for one model; `blob` names a safetensors file in the blob store, `bytes` its size.

    While it is trained `done` is below 1 and the blob is what resumes the training, "" before there is one. `report` is what the gate
    measured; an adapter is used once it has passed.
    """

    type: Literal["parameter"] = "parameter"
    blob: str
    model: str
    bytes: int = Field(ge=0)
    rank: int = Field(default=0, ge=0)
    by: Literal["labelled", "distilled"] = "labelled"
    done: float = Field(default=1.0, ge=0.0, le=1.0)
    steps: int = Field(default=0, ge=0)
    seconds: float = Field(default=0.0, ge=0.0)
    passed: bool = False
    report: Metadata = Field(default_factory=dict)


Payload = Annotated[Plaintext | Activation | Parameter, Field(discriminator="type")]
