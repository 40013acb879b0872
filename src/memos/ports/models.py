"""Embedder: the port to a model that turns text into vectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Remembered:
    """What a store knows of the embedder of its vectors; `url` is None for one that the program gave as an object."""

    name: str
    dimensions: int
    url: str | None


@runtime_checkable
class Embedder(Protocol):
    """Two embedders of one name give the same vectors; a store remembers the name."""

    @property
    def name(self) -> str:
        """The identity of the model, e.g. `minilm-l6-int8@` and the start of its weights' sha256."""

    @property
    def dimensions(self) -> int:
        """The width of a vector."""

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit rows, shape (n, dimensions). Unavailable when an endpoint does not answer, BackendError when a model is broken."""


def embedding_input(speaker: str | None, text: str) -> str:
    """What is embedded for a memory: a turn with its speaker, `"Speaker: text"`, which finds more than the bare text."""
    return f"{speaker}: {text}" if speaker else text
