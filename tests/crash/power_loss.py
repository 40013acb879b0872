"""A disk that loses power: an apsw VFS under which only what was synced is sure to stay, and a directory entry only once its directory was.

Writes reach the real files at once, so that SQLite runs as ever; beside them the disk remembers what each file held when it was last
synced and what was done to it since. `lose_power` writes what could be found after the power came back: of the unsynced operations
all, some or none, in any combination, the last one torn at a sector.
"""

import os
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import apsw

SECTOR = 512
LOGS = apsw.SQLITE_OPEN_WAL | apsw.SQLITE_OPEN_MAIN_JOURNAL | apsw.SQLITE_OPEN_SUPER_JOURNAL
"""Files with which SQLite syncs the directory when it first syncs a new one."""


@dataclass
class File:
    """What a file holds for sure, and what was done to it since: (offset, bytes) of a write, (size, None) of a truncation."""

    durable: bytearray = field(default_factory=bytearray)
    pending: list = field(default_factory=list)
    fresh: bool = True

    def sync(self):
        for operation in self.pending:
            apply(self.durable, *operation)
        self.pending.clear()

    def survive(self, chance, kept):
        """Its bytes after the loss, when each operation since the sync is kept with the probability `kept`."""
        body = bytearray(self.durable)
        for offset, data in self.pending:
            if chance.random() < kept:
                torn = data is not None and chance.random() < 0.1
                apply(body, offset, data[: chance.randrange(0, len(data) + 1, SECTOR)] if torn else data)
        return bytes(body)


def apply(body, offset, data):
    """Do an operation to the bytes of a file."""
    if data is None:
        del body[offset:]
        body.extend(bytes(offset - len(body)))
        return
    if offset > len(body):
        body.extend(bytes(offset - len(body)))
    body[offset : offset + len(data)] = data


class Disk(apsw.VFS):
    """Give its `name` to whoever opens databases below `root`. Before each operation it asks `look`, which may take the power away."""

    def __init__(self, name: str, root: Path):
        self.name = name
        self.root = root
        self.look: Callable[[], None] = lambda: None
        self.files: dict[str, File] = {}
        self.entries: dict[str, dict[str, tuple[int, int]]] = {}
        self.synced: dict[tuple[int, int], bytes] = {}
        self.lock = threading.RLock()
        super().__init__(name, "")

    def xOpen(self, name, flags):
        if name is None:
            return apsw.VFSFile("", name, flags)
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        return Tracked(self, path, name, flags)

    def xDelete(self, filename, syncdir):
        self.look()
        with self.lock:
            super().xDelete(filename, syncdir)
            self.files.pop(filename, None)
            if syncdir:
                self.sync_directory(Path(filename).parent)

    def track(self, path):
        with self.lock:
            if path not in self.files:
                body = Path(path).read_bytes()
                self.files[path] = File(bytearray(body), fresh=not body)
            return self.files[path]

    def sync_directory(self, folder):
        """The names in a directory are durable, and with them what had been renamed and removed."""
        with self.lock:
            self.entries[str(folder)] = {path.name: identity(path.stat()) for path in folder.iterdir()}

    def fsync(self, descriptor):
        """Takes the place of os.fsync: for the files and directories that others than SQLite write."""
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        if path.is_dir():
            self.sync_directory(path)
        else:
            self.synced[identity(os.fstat(descriptor))] = path.read_bytes()

    def lose_power(self, target: Path, chance: random.Random, folder: Path | None = None):
        """Write below `target` what is found after a loss of power now."""
        folder = folder or self.root
        kept = chance.choice([0, 0, 0.5, 0.9])
        with self.lock:
            target.mkdir()
            now = {path.name: identity(path.stat()) for path in folder.iterdir()}
            names = dict(self.entries.get(str(folder), {}))
            names |= {name: inode for name, inode in now.items() if names.get(name) != inode and chance.random() < kept}
            for name, inode in names.items():
                path = folder / name
                if path.is_dir():
                    self.lose_power(target / name, chance, path)
                elif now.get(name) == inode and str(path) in self.files:
                    (target / name).write_bytes(self.files[str(path)].survive(chance, kept))
                else:
                    (target / name).write_bytes(self.synced.get(inode, b""))


class Tracked(apsw.VFSFile):
    """One open file of the disk."""

    def __init__(self, disk, path, name, flags):
        super().__init__("", name, flags)
        self.disk = disk
        self.path = path
        self.state = disk.track(path)
        self.log = bool(flags[0] & LOGS)

    def xWrite(self, data, offset):
        self.disk.look()
        with self.disk.lock:
            super().xWrite(data, offset)
            self.state.pending.append((offset, bytes(data)))

    def xTruncate(self, newsize):
        self.disk.look()
        with self.disk.lock:
            super().xTruncate(newsize)
            self.state.pending.append((newsize, None))

    def xSync(self, flags):
        self.disk.look()
        with self.disk.lock:
            self.state.sync()
            if self.log and self.state.fresh:
                self.disk.sync_directory(Path(self.path).parent)
            self.state.fresh = False


def identity(status):
    return status.st_dev, status.st_ino
