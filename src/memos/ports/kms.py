"""KeyManagement: the port to whoever keeps the key that locks a store's data key: a file, a variable, a key management service."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable


@runtime_checkable
class KeyManagement(Protocol):
    """Keeps a key-encryption key and gives it to nobody: it wraps and unwraps a store's data key of 32 bytes.

    Both raise Unavailable when the key is not at hand or the service does not answer, and NotAStore when what is wrapped was wrapped
    under another key or is damaged. They may be called by many threads, and `unwrap` again and again while a store is open.
    """

    place: str
    """The URL by which it is found, which the store remembers; it holds no secret."""

    def wrap(self, key: bytes) -> bytes:
        """The data key in a form that is of use to nobody else."""

    def unwrap(self, wrapped: bytes) -> bytes:
        """The data key that was wrapped."""


Locate = Callable[[str | None], KeyManagement | None]
"""(the place that a store remembers, or None) → who keeps its key; None when nobody is named.

Raises InvalidCall when a place cannot be used, Unavailable when the place that is remembered must be named by the operator.
"""


def nowhere(_: str | None) -> KeyManagement | None:
    """Locate for a store that is not encrypted: nobody keeps a key."""
    return None
