"""The states of a memory, the layers and the types: the closed vocabularies of the header."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """Where a memory stands in its life; `frozen` is a flag beside it."""

    GENERATED = "generated"
    ACTIVATED = "activated"
    MERGED = "merged"
    ARCHIVED = "archived"
    EXPIRED = "expired"


class Layer(StrEnum):
    """How widely a memory is meant to be read."""

    PRIVATE = "private"
    SHARED = "shared"
    GLOBAL = "global"


class MemoryType(StrEnum):
    """What the payload is made of."""

    PLAINTEXT = "plaintext"
    ACTIVATION = "activation"
    PARAMETER = "parameter"


PRESENT = (State.GENERATED, State.ACTIVATED, State.MERGED)
"""The states that a search answers with unless the call names others."""
