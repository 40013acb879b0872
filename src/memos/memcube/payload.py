"""Payloads: what a memory is made of. Text stays the truth; the other two point to a blob."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from memos.memcube.value import Text, Value


class Plaintext(Value):
    """A memory that is text."""

    type: Literal["plaintext"] = "plaintext"
    text: Text


class Activation(Value):
    """A KV cache for one model; `blob` names a safetensors file in the blob store, `bytes` its size."""

    type: Literal["activation"] = "activation"
    blob: str
    model: str
    bytes: int = Field(ge=0)


class Parameter(Value):
    """A LoRA adapter for one model; `blob` names a safetensors file in the blob store, `bytes` its size."""

    type: Literal["parameter"] = "parameter"
    blob: str
    model: str
    bytes: int = Field(ge=0)


Payload = Annotated[Plaintext | Activation | Parameter, Field(discriminator="type")]
