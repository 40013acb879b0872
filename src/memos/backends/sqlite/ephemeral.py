"""Ephemeral: a directory in memory for a store that is gone when it is closed.

SQLite's own databases in memory know no WAL: a View would keep every commit waiting. A directory on the system's RAM disk (where there is
none, a temporary one) is the same store in every respect. What a killed process left behind is removed by the next one.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
import weakref
from contextlib import suppress
from pathlib import Path
from typing import Self

RAM_DISK = Path("/dev/shm")  # noqa: S108 - mkdtemp makes names there that nobody can foresee
PREFIX = "memos-ephemeral-"
ALIVE = ".alive"
SETTLING = 60.0
"""Seconds within which a directory may not have its lock file yet."""


class Ephemeral:
    """A private directory, removed when all that share it have closed it, or at the end of the process."""

    def __init__(self) -> None:
        base = RAM_DISK if os.access(RAM_DISK, os.W_OK) else Path(tempfile.gettempdir())
        _sweep(base)
        self._home = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base))
        draft = self._home / f"{ALIVE}.new"
        self._alive = os.open(draft, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self._alive, fcntl.LOCK_EX)
        draft.rename(self._home / ALIVE)  # whoever finds the file finds it locked, for as long as we live
        self._sharing = 1
        self.path = self._home / "store"
        self._finish = weakref.finalize(self, _remove, self._home, self._alive, os.getpid())

    def shared(self) -> Self:
        """The same directory, for one more who will close it."""
        self._sharing += 1
        return self

    def close(self) -> None:
        """Remove the directory when this is the last who shares it."""
        self._sharing -= 1
        if not self._sharing:
            self._finish()


def _remove(home: Path, alive: int, owner: int) -> None:
    if os.getpid() == owner:
        shutil.rmtree(home, ignore_errors=True)
    os.close(alive)


def _sweep(base: Path) -> None:
    """Remove the directories whose owners are dead: their locks are free, or were never made."""
    for home in base.glob(f"{PREFIX}*"):
        with suppress(OSError):
            if not (home / ALIVE).exists() and time.time() - home.stat().st_mtime > SETTLING:
                shutil.rmtree(home, ignore_errors=True)
            descriptor = os.open(home / ALIVE, os.O_RDWR)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(home, ignore_errors=True)
            finally:
                os.close(descriptor)
