"""MarkingRuntime: the port to a model that marks by a key what it generates, and to the detector of that mark."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from memos.errors import InvalidCall
from memos.memcube.prompt import Sampling
from memos.ports.runtime import ModelRuntime

LEAST_KEY = 16
"""The fewest bytes of a key."""
LEAST_TOKENS = 25
"""Of fewer tokens a text that is not found to be marked tells nothing."""
RATE = 0.01
"""How often an unmarked text may be taken for a marked one, unless a caller says otherwise."""


@dataclass(frozen=True, slots=True)
class Detection:
    """What a text shows of a mark: in which part of it, `span` from character to character (from token to token where tokens were given),
    most speaks for it, how much, and by how many `tokens` there.

    `score` is their weighted mean g-value: chance gives about one half, the mark more. `deviation` is its distance from what chance gives,
    in standard deviations. `p_value` is how often a text without the mark shows as much anywhere in it, at most, and `marked` whether this
    is within `rate`, the rate of false positives that was asked for.
    """

    score: float
    deviation: float
    p_value: float
    tokens: int
    span: tuple[int, int]
    rate: float

    @property
    def marked(self) -> bool:
        """Whether the mark was found."""
        return self.p_value <= self.rate


@runtime_checkable
class MarkingRuntime(ModelRuntime, Protocol):
    """A runtime that can mark what it generates; it does so, for `Sampling.watermark`, once it has a key (`capabilities.watermark`).

    What is generated greedily (temperature 0) has no choice in which a mark could lie: InvalidCall.
    """

    def marking(self, key: bytes) -> MarkingRuntime:
        """The same runtime, sharing its model, with a key of its own; cheap enough for one a tenant. InvalidCall for a key too short."""

    def detect(self, text: str | Sequence[int], *, rate: float = RATE) -> Detection:
        """Look for this key's mark in a text, or in the tokens of one. No model is asked. InvalidCall where the runtime has no key."""


def require_markable(sampling: Sampling) -> None:
    """InvalidCall for an answer in which no choice is left for a mark."""
    if sampling.temperature <= 0.0 or sampling.top_k == 1:
        raise InvalidCall(
            "an answer that takes the likeliest token each time cannot be marked without being another: "
            "ask for a temperature above 0 (and no top_k of 1), or leave watermark out"
        )


def require_rate(rate: float) -> None:
    """InvalidCall unless a rate of false positives lies between 0 and 1."""
    if not 0.0 < rate < 1.0:
        raise InvalidCall(f"a rate of false positives lies between 0 and 1, and {rate} does not")


def require_key(key: bytes) -> bytes:
    """The key, of which InvalidCall says when it is too short to be a secret; `secrets.token_bytes(32)` makes one."""
    if len(key) < LEAST_KEY:
        raise InvalidCall(f"the key of a watermark is a secret of {LEAST_KEY} bytes or more: secrets.token_bytes(32) makes one")
    return bytes(key)


def tenant_key(secret: bytes, tenant: str) -> bytes:
    """The key of one tenant, 32 bytes, derived by HMAC-SHA256 (RFC 2104) from a secret of the deployment: none tells of another."""
    return hmac.new(require_key(secret), b"memos watermark\0" + tenant.encode(), hashlib.sha256).digest()
