"""Keeping keys: a store's key files, copied as they are at one moment to where they are kept apart from its backups."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from memos.backends.sqlite.copy_keys import COPY_KEYS, CopyKeys
from memos.backends.sqlite.encryption import ENVELOPE
from memos.backends.sqlite.keys import KEY_FILE, cover, make_directory, write_durably
from memos.backends.sqlite.opening import on_disk
from memos.errors import InvalidCall

if TYPE_CHECKING:
    from memos.backends.sqlite.adapter import SqliteAdapter


def keep_keys(adapter: SqliteAdapter, folder: Path) -> tuple[Path, ...]:
    """Copy the store's key files to `folder`, in the place of those of an earlier time, which are overwritten; the files.

    Raises InvalidCall for a folder inside the store or one that is a backup, BackendError when it cannot be written.
    """
    folder = folder.absolute()
    if adapter.directory in (folder, *folder.parents):
        raise InvalidCall(f"{folder} is inside the store: its keys stand there already; name a folder elsewhere")
    if (folder / "backup.json").exists():
        raise InvalidCall(f"{folder} is a backup, which holds no keys; name a folder elsewhere")
    bodies = {name: (adapter.directory / name).read_bytes() for name in (KEY_FILE, ENVELOPE) if (adapter.directory / name).is_file()}
    if (copies := CopyKeys(adapter.directory, adapter.keys.secret).content()) is not None:
        bodies[COPY_KEYS] = copies
    with on_disk(folder):
        make_directory(folder)
        for name in (KEY_FILE, ENVELOPE, COPY_KEYS):
            _renew(folder / name.name, bodies.get(name))
    return tuple(folder / name.name for name in bodies)


def _renew(path: Path, body: bytes | None) -> None:
    """Put a file in the place of another, none for None, and cover the bytes of that one."""
    old = os.open(path, os.O_RDWR) if path.is_file() else None
    try:
        if body is not None:
            write_durably(path, body)
        else:
            path.unlink(missing_ok=True)
        if old is not None:
            cover(old)
    finally:
        if old is not None:
            os.close(old)
