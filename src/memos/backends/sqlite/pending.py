"""Pending: a conversion that was decided and not finished; whoever opens the store next finishes it."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

from memos.backends.sqlite.encryption import ENVELOPE
from memos.backends.sqlite.keys import cover, sync_directory

DRAFT = "convert.draft"
"""The folder in which new files are made; it counts for nothing."""
READY = "convert.ready"
"""The same folder once it is decided that its files are the store's."""
PLAIN = "plain"
"""Stands in it when the store is not encrypted any more."""
BLOBS = "blobs"
KEYS = frozenset({"store.key", "data.key"})


def is_pending(directory: Path) -> bool:
    """Whether there is something to finish, or somebody at it."""
    return (directory / READY).is_dir() or (directory / DRAFT).is_dir()


def finish(directory: Path) -> None:
    """Put the files of a conversion that was decided in their places, and drop those of one that was not.

    Called under the lock, which a conversion holds until it is through; doing it twice is harmless.
    """
    shutil.rmtree(directory / DRAFT, ignore_errors=True)
    ready = directory / READY
    if not ready.is_dir():
        return
    _drop_blobs(directory / BLOBS)
    for path in sorted(ready.iterdir(), key=lambda path: path.name == PLAIN):  # the mark goes last, whatever happens in between
        if path.name == PLAIN:
            (directory / ENVELOPE).unlink(missing_ok=True)
        else:
            _place(path, directory)
    for folder in (directory / "keys", directory):
        sync_directory(folder)
    for path in ready.iterdir():
        path.unlink()
    ready.rmdir()
    sync_directory(directory)


def _drop_blobs(folder: Path) -> None:
    """What is derived is made anew; as little of it as may be stays on the disk."""
    for path in folder.rglob("*") if folder.is_dir() else ():
        if path.is_file() and not path.is_symlink():
            with path.open("r+b") as file:
                cover(file.fileno())
    shutil.rmtree(folder, ignore_errors=True)


def _place(path: Path, directory: Path) -> None:
    target = directory / "keys" / path.name if path.name in KEYS else directory / path.name
    if path.name not in KEYS:
        for suffix in ("-wal", "-shm", "-journal"):  # what belongs to the file that goes
            with suppress(FileNotFoundError):
                target.with_name(f"{path.name}{suffix}").unlink()
    path.replace(target)
