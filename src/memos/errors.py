"""Every error that MemOS raises, each with a stable code, whether a retry may help, and what to do.

```
MemOSError
├── InvalidCall          the call itself is wrong: fix it
├── NotFound             no such thing, or none that this caller may see
├── Denied               the policies forbid it
├── VersionConflict      somebody else wrote first: read again, then retry
├── FrozenMemory         the memory is frozen: unfreeze it first
├── IllegalTransition    the lifecycle does not allow this change of state
├── QuotaExceeded        a rate or a quota is used up: wait
├── Unavailable          a part that is needed does not answer: retry
└── BackendError         the store failed
    ├── NotAStore        the file or directory is no MemOS store
    ├── StoreTooNew      written by a newer MemOS: upgrade
    ├── ReadOnlyStore    the store cannot be written
    ├── DiskFull         no space is left: nothing was written
    └── WrongEmbedder    the store's vectors come from another embedder: run `memos reembed`
```
"""

from __future__ import annotations

import zlib
from typing import Any, ClassVar


class MemOSError(Exception):
    """The root of the tree. `details` holds values that a program can act on; none is ever a memory's content."""

    code: ClassVar[str] = "error"
    retryable: ClassVar[bool] = False
    http_status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details = details


class InvalidCall(MemOSError):
    """The call is wrong in itself; the message names the input and says what is accepted."""

    code = "invalid_call"
    http_status = 422
    exit_code = 2


class NotFound(MemOSError):
    """No such memory, or none that this caller may see: the two are told apart by nothing."""

    code = "not_found"
    http_status = 404
    exit_code = 3


class Denied(MemOSError):
    """The policies do not allow this caller to do this."""

    code = "denied"
    http_status = 403
    exit_code = 4


class VersionConflict(MemOSError):
    """What the call was computed from has changed meanwhile; read again and retry."""

    code = "version_conflict"
    retryable = True
    http_status = 409
    exit_code = 5


class FrozenMemory(MemOSError):
    """The memory is frozen: it refuses every change until it is unfrozen."""

    code = "frozen_memory"
    http_status = 423
    exit_code = 6


class IllegalTransition(MemOSError):
    """The lifecycle does not allow this change of state."""

    code = "illegal_transition"
    http_status = 409
    exit_code = 7


class QuotaExceeded(MemOSError):
    """A rate limit or a quota is used up."""

    code = "quota_exceeded"
    retryable = True
    http_status = 429
    exit_code = 8


class Unavailable(MemOSError):
    """A part that the call needs does not answer; nothing was written."""

    code = "unavailable"
    retryable = True
    http_status = 503
    exit_code = 9


class BackendError(MemOSError):
    """The store or a model failed; nothing was written."""

    code = "backend_error"
    http_status = 500
    exit_code = 10


class NotAStore(BackendError):
    """The path holds no MemOS store, or one that is damaged beyond opening."""

    code = "not_a_store"


class StoreTooNew(BackendError):
    """The store was written by a newer MemOS; upgrade `memos-kernel` to open it."""

    code = "store_too_new"


class ReadOnlyStore(BackendError):
    """The store cannot be written: it was opened read-only, or its disk is."""

    code = "read_only_store"


class DiskFull(BackendError):
    """No space is left on the store's disk; the write was undone whole."""

    code = "disk_full"


class WrongEmbedder(BackendError):
    """The store's vectors were made by another embedder; run `memos reembed`."""

    code = "wrong_embedder"


DAMAGE = (ValueError, TypeError, KeyError, IndexError, OverflowError, AttributeError, zlib.error)
"""What Python raises over values that no store writes: text that is no UTF-8, JSON that is none, times out of range."""


def damaged(what: object, error: Exception) -> NotAStore:
    """The error that says so, without the value."""
    message = f"{what} is damaged ({type(error).__name__}); run `memos doctor`, and restore the last backup with `memos restore-backup`"
    return NotAStore(message)


def tree(root: type[MemOSError] = MemOSError) -> dict[str, type[MemOSError]]:
    """Every error class of the tree by its code."""
    found = {root.code: root}
    for child in root.__subclasses__():
        found |= tree(child)
    return found
