"""Derivation: which memories are facts that were extracted from others."""

from __future__ import annotations

from memos.memcube.cube import MemCube
from memos.memcube.payload import Plaintext

DERIVED = "derived_from"
"""The relation of a fact to the memory that says it."""


def is_fact(cube: MemCube) -> bool:
    """Whether a memory was extracted from another one."""
    return isinstance(cube.payload, Plaintext) and any(parent.relation == DERIVED for parent in cube.provenance.parents)
