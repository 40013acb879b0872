"""Copies: what of an erased memory stands in copies of the store is made unreadable for good, by destroying its key."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def shred(directory: Path, ids: Sequence[str]) -> int:
    """Destroy the keys of some memories; how many there were."""
    from memos.backends.sqlite.copy_keys import CopyKeys

    return CopyKeys(directory).shred(ids)
