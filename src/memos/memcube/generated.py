"""Generated: how an answer that the store's model gave is told from what people and documents say."""

from __future__ import annotations

from typing import Any

from memos.memcube.cube import MemCube

MODEL, CONTEXT = "model", "context"
"""Where the metadata of an answer name the model that gave it, and the call that gave the model its context."""


def answer_mark(model: str, context: str) -> dict[str, Any]:
    """What the metadata of a kept answer say of where it came from."""
    return {MODEL: model, CONTEXT: context}


def is_generated(cube: MemCube) -> bool:
    """Whether a memory is an answer that a model generated in `chat` or `stream`, or a fact that was extracted from one.

    It shows what was answered, and is no evidence of what is so.
    """
    return cube.role == "assistant" and all(isinstance(cube.metadata.get(name), str) for name in (MODEL, CONTEXT))
