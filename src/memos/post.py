"""Post: which process is the worker of a directory."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from weakref import WeakSet

from memos.errors import BackendError


class Post:
    """The one post of worker in a directory, held by `flock`; an in-memory store has only itself.

    A lock of `flock` is shared with every child of a fork, and ends when all have closed the file or one has given it up.
    """

    def __init__(self, directory: Path | None) -> None:
        self._path = directory / "worker.lock" if directory else None
        self._file: int | None = None
        _POSTS.add(self)

    def take(self) -> bool:
        """Whether this process now holds the post; False while another does."""
        if self._path is None or self._file is not None:
            return True
        try:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise BackendError(f"{self._path} cannot be opened ({error.strerror}); see that the store is still there") from None
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(file)
            return False
        self._file = file
        return True

    @property
    def held(self) -> bool:
        """Whether this process has the post."""
        return self._path is None or self._file is not None

    def leave(self) -> None:
        """Give the post up, for children that were forked meanwhile too."""
        if self._file is not None:
            fcntl.flock(self._file, fcntl.LOCK_UN)
        self.drop()

    def drop(self) -> None:
        """Close the file: in a forked child, which has not the post, but would keep it from others."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


_POSTS: WeakSet[Post] = WeakSet()


def _drop_posts() -> None:
    for post in list(_POSTS):
        post.drop()


os.register_at_fork(after_in_child=_drop_posts)
