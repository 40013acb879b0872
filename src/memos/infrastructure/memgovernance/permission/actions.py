"""Actions: what each operation does to a memory in the words of policies, and which rights of an access list allow it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from memos.memcube.call import MemoryCall, query_of

Action = Literal["read", "history", "create", "write", "forget", "share", "erase", "reveal"]
ACTIONS: tuple[Action, ...] = ("read", "history", "create", "write", "forget", "share", "erase", "reveal")
READS_PAST = frozenset({"history", "restore", "diff"})
"""Operations that read what was, as those do that name a moment."""
RIGHTS: Mapping[Action, tuple[str, ...]] = {
    "read": ("read", "write", "admin"),
    "history": ("history", "admin"),
    "create": ("write", "admin"),
    "write": ("write", "admin"),
    "forget": ("forget", "admin"),
    "share": ("share", "admin"),
    "erase": ("admin",),
    "reveal": ("admin",),
}
"""The rights in an access list of which one is enough for an action."""


def reads_past(call: MemoryCall) -> bool:
    """Whether a call is told of what is forgotten and expired."""
    return call.at is not None or call.operation in READS_PAST


def reading(operation: str, *, past: bool) -> Action:
    """The action by which an operation may see memories."""
    return "history" if past or operation in READS_PAST else "read"


def fields_asked(call: MemoryCall) -> frozenset[str]:
    """The fields of memories that a call's conditions read, those of what it compares with too."""
    queries = [] if call.query is None else [call.query]
    if call.operation == "compare" and call.options.get("against") is not None:
        queries.append(query_of(call.options["against"]))
    return frozenset().union(*(query.fields() for query in queries))
