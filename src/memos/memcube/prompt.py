"""Prompt: what a model is given, in parts that stand in the order of how seldom they change, and what it gives back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from memos.errors import InvalidCall
from memos.memcube.value import Text, Value

PartKind = Literal["system", "tools", "pinned", "session", "memory", "query"]
KINDS: tuple[PartKind, ...] = ("system", "tools", "pinned", "session", "memory", "query")
"""The kinds of parts, in the order in which they stand: from what never changes to what is new in each request."""
Role = Literal["system", "user", "assistant"]


class Part(Value):
    """A piece of a prompt that is tokenised by itself, so that what stands before it has the same tokens whatever follows.

    A `pinned` part is a memory that stands before the conversation, a `memory` one that was retrieved for this question alone: `cube` and
    `version` say which. Consecutive parts of one role are one message.
    """

    kind: PartKind
    role: Role
    text: Text
    cube: str | None = None
    version: int | None = None


Prompt = tuple[Part, ...]


class Sampling(Value):
    """How an answer is chosen. A `temperature` of 0 takes the likeliest token each time; `seed` makes the others repeatable.

    With `watermark` the answer is marked by the runtime's key, where it has one and the temperature is above 0; `stop` ends it before it.
    """

    max_tokens: int = Field(default=256, ge=1, le=32_768, strict=True)
    temperature: float = Field(default=0.0, ge=0.0, le=2.0)
    top_p: float = Field(default=1.0, gt=0.0, le=1.0)
    top_k: int = Field(default=0, ge=0)
    seed: int | None = Field(default=None, ge=0, lt=2**63)
    stop: Annotated[tuple[str, ...], BeforeValidator(lambda given: (given,) if isinstance(given, str) else given)] = ()
    watermark: bool = False


class TokenUsage(Value):
    """What a generation took, in tokens. Of `prompt` were `cached`, which the model did not have to read, and `computed`, which it had.

    `cached` and `computed` are None where the engine does not tell. `first_seconds` is the CPU time of this process, or for an engine of
    its own the time by the clock, until the first token.
    """

    prompt: int = Field(ge=0)
    completion: int = Field(ge=0)
    cached: int | None = Field(default=None, ge=0)
    computed: int | None = Field(default=None, ge=0)
    first_seconds: float | None = Field(default=None, ge=0)


def messages(prompt: Sequence[Part], joint: str = "\n\n") -> tuple[dict[str, str], ...]:
    """The parts as the messages of a chat: `{"role", "content"}`, the parts of each joined."""
    made: list[dict[str, str]] = []
    for part in prompt:
        if made and made[-1]["role"] == part.role:
            made[-1]["content"] += joint + part.text
        else:
            made.append({"role": part.role, "content": part.text})
    return tuple(made)


def require_ordered(prompt: Sequence[Part]) -> None:
    """InvalidCall unless there is a part, the parts stand in the order of their kinds, and the last of them asks."""
    ranks = [KINDS.index(part.kind) for part in prompt]
    if not ranks or ranks != sorted(ranks):
        raise InvalidCall(f"the parts of a prompt stand in the order {', '.join(KINDS)}: what changes least comes first")
    if prompt[-1].role != "user":
        raise InvalidCall("a prompt ends with a part of the user, which is answered")


def sampling_of(**given: Any) -> Sampling:
    """Sampling of what was given; InvalidCall names what is wrong."""
    from memos.memcube.value import build

    return build(Sampling, **{name: value for name, value in given.items() if value is not None})
