"""MemOS: an operating system for the memory of AI agents.

`MemOS.open(directory)` opens a store, `.as_user(name)` gives a session whose verbs add, search and change memories.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from memos.aio import AsyncMemOS, AsyncSession
    from memos.memcube.call import Caller, MemoryCall, MemoryQuery, MemoryReply
    from memos.memcube.cube import MemCube, Tag
    from memos.memcube.filter import Filter, where
    from memos.memcube.hit import Hit
    from memos.memcube.quoting import quote, unquote
    from memos.memcube.reading import Reading
    from memos.memcube.window import Window
    from memos.session import Session
    from memos.settings import Settings
    from memos.system import MemOS

__version__ = "0.1.0"

_HOMES = {
    "AsyncMemOS": "memos.aio",
    "AsyncSession": "memos.aio",
    "Caller": "memos.memcube.call",
    "Filter": "memos.memcube.filter",
    "Hit": "memos.memcube.hit",
    "MemCube": "memos.memcube.cube",
    "MemOS": "memos.system",
    "MemoryCall": "memos.memcube.call",
    "MemoryQuery": "memos.memcube.call",
    "MemoryReply": "memos.memcube.call",
    "Reading": "memos.memcube.reading",
    "Session": "memos.session",
    "Settings": "memos.settings",
    "Tag": "memos.memcube.cube",
    "Window": "memos.memcube.window",
    "quote": "memos.memcube.quoting",
    "unquote": "memos.memcube.quoting",
    "where": "memos.memcube.filter",
}
__all__ = [
    "AsyncMemOS",
    "AsyncSession",
    "Caller",
    "Filter",
    "Hit",
    "MemCube",
    "MemOS",
    "MemoryCall",
    "MemoryQuery",
    "MemoryReply",
    "Reading",
    "Session",
    "Settings",
    "Tag",
    "Window",
    "quote",
    "unquote",
    "where",
]


def __getattr__(name: str) -> Any:
    """Public names are imported on first use, so that `import memos` costs little."""
    if name not in _HOMES:
        raise AttributeError(f"module 'memos' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
