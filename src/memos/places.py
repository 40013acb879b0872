"""Places: what a store may be opened with: paths of directories, backups and key files, and objects that a program gives."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

from memos.errors import InvalidCall
from memos.ports.models import Reranker

MISSING = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EACCES})
"""What is found out later, by who makes it or reads it."""


def place_of(url: str | Path) -> tuple[str, Path | None]:
    """What to open, and the directory that it is in. A path is made absolute at once: the process may go elsewhere before a reopening."""
    if str(url) == "memory:" or "://" in str(url):
        return str(url), None
    directory = usable_path(url, "the store")
    return str(directory), directory


def require_usable(worker: Any, clock: Any, reranker: Any) -> None:
    """InvalidCall for a worker, a clock or a reranker that is none."""
    if worker not in {"thread", "none"}:
        raise InvalidCall(f"worker is 'thread' or 'none', not {str(worker)[:40]!r}")
    if clock is not None and not all(callable(getattr(clock, name, None)) for name in ("now", "new_id")):
        raise InvalidCall(f"a clock has now() and new_id(), as SystemClock does; {type(clock).__name__} has not")
    if reranker is not None and not isinstance(reranker, Reranker):
        raise InvalidCall(f"a reranker has a name and score(query, texts); {type(reranker).__name__} has not")


def usable_path(given: Any, what: str) -> Path:
    """An absolute path of what a user gave; InvalidCall when no file can have that name."""
    if not isinstance(given, str | os.PathLike):
        raise InvalidCall(f"{what} is named by a path such as './memory', not by {type(given).__name__}")
    if not str(given):
        raise InvalidCall(f"the path of {what} is empty; name a directory, such as './memory'")
    try:
        path = Path(given).expanduser() if str(given).startswith("~/") else Path(given)
        str(path).encode()
        _look(path)
    except OSError as error:
        raise InvalidCall(f"the path of {what} cannot be used ({error.strerror}): {str(given)[:60]!r}…") from None
    except (ValueError, TypeError, RuntimeError):
        raise InvalidCall(f"the path of {what} holds a NUL, or is no valid UTF-8: {ascii(str(given))[:60]}; name another") from None
    return path.absolute()


def _look(path: Path) -> None:
    try:
        path.lstat()
    except OSError as error:
        if error.errno not in MISSING:
            raise
