"""SqliteBlobs: what is too large for a row, as files below `blobs/` in the store's directory; sealed where the store is encrypted."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from hashlib import blake2b
from hmac import compare_digest
from pathlib import Path
from stat import S_ISREG
from uuid import uuid4

from memos.backends.sqlite.blob_seal import read_sealed, sealed_size, write_sealed
from memos.backends.sqlite.connections import NO_SPACE
from memos.backends.sqlite.encryption import PageKey
from memos.backends.sqlite.keys import OWNER_ONLY, derive, make_directory, sync_directory
from memos.errors import BackendError, DiskFull, InvalidCall, NotFound, ReadOnlyStore
from memos.ports.blobs import Blob

FOLDER = "blobs"
LOCK = "lock"
DRAFT = ".part"
NAME = re.compile(r"[0-9a-f]{64}")
MARK, CHECK = 24, 8
"""Of a name's bytes so many are of what the blob holds, and so many say that this store gave it to this tenant."""
PIECE = 1 << 22
Print = tuple[int, int, int]
"""Which file stands at a path: inode, time of its last change, size."""


class SqliteBlobs:
    """Implements `memos.ports.blobs.BlobStore` for one directory. Thread-safe, and many processes may share the directory.

    A plain file is hashed when it is first opened by this process, and again when it was written since: 0.1 s for 100 MB. One that is
    sealed is verified piece by piece whenever it is read.
    """

    def __init__(self, directory: Path, secret: bytes, lock: PageKey | None = None, *, read_only: bool = False) -> None:
        self._home = directory / FOLDER
        self._secret, self._lock, self._read_only = derive(secret, "blobs", size=32), lock, read_only
        self._verified: dict[Path, Print] = {}

    def put(self, tenant: str, body: bytes | memoryview) -> str:
        """See the port."""
        self._require_writable()
        whole = memoryview(body).cast("B")
        name = self._name(tenant, blake2b(whole, key=self._key(tenant), digest_size=MARK).digest())
        path = self._path(tenant, name)
        with _told(self._home), self._locked(fcntl.LOCK_SH, make=True):
            if self._is_whole(tenant, name, len(whole)):
                os.utime(path)
            else:
                self._write(tenant, name, whole)
        return name

    @contextmanager
    def open(self, tenant: str, name: str) -> Iterator[Blob]:
        """See the port."""
        path = self._path(tenant, name)
        with _told(self._home, name):
            _require_file(path, name)
            blob: Blob = self._verify(tenant, name) if self._lock is None else self._unsealed(tenant, name)
        try:
            yield blob
        except FileNotFoundError:
            if path.exists():
                raise
            raise _missing(name) from None  # it was removed meanwhile

    def size(self, tenant: str, name: str) -> int:
        """See the port."""
        path = self._path(tenant, name)
        with _told(self._home, name):
            _require_file(path, name)
            return path.stat().st_size if self._lock is None else sealed_size(path)

    def remove(self, tenant: str, names: Iterable[str]) -> int:
        """See the port."""
        paths = [self._path(tenant, name) for name in dict.fromkeys(names)]
        if not paths or not self._home.is_dir():
            return 0
        self._require_writable()
        with _told(self._home), self._locked(fcntl.LOCK_EX):
            return self._drop(paths)

    def collect(self, tenant: str, kept: Iterable[str], older: float) -> int:
        """See the port."""
        spared = {self._path(tenant, name) for name in kept}
        if not self._folder(tenant).is_dir():
            return 0
        self._require_writable()
        with _told(self._home), self._locked(fcntl.LOCK_EX):  # nobody is writing: what is a draft now was left by the dead
            self._drop(self._folder(tenant).glob(f"*{DRAFT}"))
            end = time.time() - older
            return self._drop([path for path in self.files(tenant) if path not in spared and path.stat().st_mtime <= end])

    def names(self, tenant: str) -> tuple[str, ...]:
        """See the port."""
        with _told(self._home):
            return tuple(sorted(path.name for path in self.files(tenant)))

    def mark(self, tenant: str, text: str) -> str:
        """See the port."""
        return derive(self._secret, "mark", tenant, text).hex()

    def gave(self, tenant: str, name: str) -> bool:
        """Whether a name is one that this store gave to this tenant."""
        try:
            self._path(tenant, name)
        except InvalidCall:
            return False
        return True

    def strangers(self, tenants: Iterable[str]) -> tuple[Path, ...]:
        """What stands in the folder and is no blob of one of these tenants, nor being written: for the doctor."""
        ours = {path for tenant in tenants for path in self.files(tenant) if self.gave(tenant, path.name)} | {self._home / LOCK}
        return tuple(sorted(path for path in self._home.rglob("*") if path.is_file() and path not in ours and path.suffix != DRAFT))

    def _key(self, tenant: str) -> bytes:
        return derive(self._secret, "content", tenant, size=32)

    def _name(self, tenant: str, mark: bytes) -> str:
        return (mark + derive(self._secret, "name", tenant, mark, size=CHECK)).hex()

    def _folder(self, tenant: str) -> Path:
        return self._home / derive(self._secret, "folder", tenant).hex()

    def _path(self, tenant: str, name: str) -> Path:
        """Where a blob stands, or would; InvalidCall for a name that this store has never given to this tenant."""
        if not NAME.fullmatch(name):
            raise InvalidCall("a blob's name is 64 hexadecimal digits, as `put` gave it")
        if not compare_digest(self._name(tenant, bytes.fromhex(name)[:MARK]), name):
            raise InvalidCall("this store has given no blob of this tenant such a name")
        return self._folder(tenant) / name[:2] / name

    def files(self, tenant: str) -> Iterator[Path]:
        """The blobs of a tenant, as they stand."""
        for path in self._folder(tenant).glob("[0-9a-f][0-9a-f]/*"):
            if NAME.fullmatch(path.name) and path.parent.name == path.name[:2] and path.is_file() and not path.is_symlink():
                yield path

    def _require_writable(self) -> None:
        if self._read_only:
            raise ReadOnlyStore(f"{self._home.parent} is open only for reading; open it without read_only=True to write")

    @contextmanager
    def _locked(self, how: int, *, make: bool = False) -> Iterator[None]:
        """Hold the lock among processes and threads: who writes shares it, who removes has it alone."""
        if make and not self._home.is_dir():
            make_directory(self._home)
        descriptor = os.open(self._home / LOCK, os.O_RDWR | os.O_CREAT, OWNER_ONLY)
        try:
            fcntl.flock(descriptor, how)
            yield
        finally:
            fcntl.flock(descriptor, fcntl.LOCK_UN)  # a child that was forked meanwhile has the descriptor too
            os.close(descriptor)

    def _is_whole(self, tenant: str, name: str, size: int) -> bool:
        """Whether a blob stands already, and is what it was: a damaged one is written anew."""
        with suppress(NotFound, BackendError):
            if self.size(tenant, name) == size:
                with self.open(tenant, name):
                    return True
        return False

    def _write(self, tenant: str, name: str, body: memoryview) -> None:
        path = self._path(tenant, name)
        for folder in (path.parent.parent, path.parent):
            if not folder.is_dir():
                make_directory(folder)
        draft = path.parent.parent / f"{uuid4().hex}{DRAFT}"
        try:
            with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY), "wb", buffering=0) as file:  # noqa: PTH123
                if self._lock is None:
                    for start in range(0, len(body), PIECE):
                        _write_all(file.write, body[start : start + PIECE])
                else:
                    write_sealed(lambda piece: _write_all(file.write, memoryview(piece)), self._seal(tenant, name), body)
                os.fsync(file.fileno())
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
        sync_directory(path.parent)
        if self._lock is None:
            self._verified[path] = _print(path)

    def _verify(self, tenant: str, name: str) -> Path:
        """A plain file whose bytes are those that its name stands for."""
        path = self._path(tenant, name)
        if self._verified.get(path) == (found := _print(path)):
            return path
        hasher = blake2b(key=self._key(tenant), digest_size=MARK)
        with path.open("rb", buffering=0) as file:
            piece = memoryview(bytearray(PIECE))
            while size := file.readinto(piece):
                hasher.update(piece[:size])
        if self._name(tenant, hasher.digest()) != name:
            raise BackendError(f"the blob {name[:12]}… is damaged; what it was made of is untouched, and it is made anew when it is needed")
        if len(self._verified) >= 10_000:
            self._verified.clear()
        self._verified[path] = found
        return path

    def _unsealed(self, tenant: str, name: str) -> bytes:
        return read_sealed(self._path(tenant, name), self._seal(tenant, name))

    def _seal(self, tenant: str, name: str) -> bytes:
        """The key of one blob: no other has it, since its name stands for what it holds."""
        if self._lock is None:
            raise AssertionError
        self._lock.require()
        return derive(self._lock.key, "blob", self._folder(tenant).name, name, size=32)

    def _drop(self, paths: Iterable[Path]) -> int:
        folders, removed = set[Path](), 0
        for path in paths:
            with suppress(FileNotFoundError):
                path.unlink()
                folders.add(path.parent)
                removed += 1
            self._verified.pop(path, None)
        for folder in folders:
            sync_directory(folder)
        return removed


def _write_all(write: Callable[[memoryview], int | None], piece: memoryview) -> None:
    while len(piece):
        piece = piece[write(piece) or 0 :]


def _print(path: Path) -> Print:
    found = path.stat()
    return found.st_ino, found.st_mtime_ns, found.st_size


def _require_file(path: Path, name: str) -> None:
    """BackendError for what is no plain file, a pipe or a link that somebody has put there: it might never end."""
    if not S_ISREG(path.lstat().st_mode):
        raise BackendError(f"the blob {name[:12]}… is no file; what it was made of is untouched, and it is made anew when it is needed")


def _missing(name: str) -> NotFound:
    return NotFound(f"there is no blob {name[:12]}…; what it was made of is there, and it is made anew when it is needed")


@contextmanager
def _told(home: Path, name: str | None = None) -> Iterator[None]:
    """What the system says of the files, or of the one of a name, comes out as an error of ours."""
    try:
        yield
    except OSError as error:
        if name is not None and isinstance(error, FileNotFoundError):
            raise _missing(name) from None
        if error.errno in NO_SPACE:
            raise DiskFull(f"no space is left in {home}; nothing was written: free some and try again") from error
        if error.errno in {errno.EROFS, errno.EACCES, errno.EPERM}:
            raise ReadOnlyStore(f"{home} cannot be written or read ({error.strerror}); give this user the right to") from error
        raise BackendError(f"{home} failed: {error}") from error
