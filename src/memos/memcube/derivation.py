"""Derivation: which memories were made of others: facts that were extracted, KV blocks and adapters."""

from __future__ import annotations

from memos.errors import InvalidCall
from memos.memcube.cube import MemCube
from memos.memcube.filter import Filter
from memos.memcube.payload import Plaintext
from memos.memcube.state import MemoryType

DERIVED = "derived_from"
"""The relation of a fact, a KV block or an adapter to the memory that says it."""
TEXTS = Filter.test("type", "eq", str(MemoryType.PLAINTEXT))
"""What is read where nobody asks for KV blocks and adapters."""


def is_fact(cube: MemCube) -> bool:
    """Whether a memory was extracted from another one."""
    return isinstance(cube.payload, Plaintext) and any(parent.relation == DERIVED for parent in cube.provenance.parents)


MADE_ANEW = "the memory {id} is made of others, as a model reads them ({type}): {what}"


def require_text(cube: MemCube, what: str) -> None:
    """InvalidCall, which says what to do instead, for a KV block or an adapter."""
    if is_derived(cube):
        raise InvalidCall(MADE_ANEW.format(id=cube.id, type=cube.payload.type, what=what))


def is_derived(cube: MemCube) -> bool:
    """Whether a memory is a KV block or an adapter: it is made anew of its sources, and lives only as long as they stand as they did."""
    return not isinstance(cube.payload, Plaintext)
