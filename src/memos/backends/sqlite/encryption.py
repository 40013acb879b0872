"""Encryption at rest: the data key under which a store's pages lie, wrapped by whoever keeps the key-encryption key.

SQLite3 Multiple Ciphers encrypts every page of a file and of its WAL with ChaCha20-Poly1305 (decision 15). The data key is random, so that
no password is stretched when a file is opened; it stands in the store only wrapped.
"""

from __future__ import annotations

import json
import os
import time
from base64 import b64decode, b64encode
from collections.abc import Callable
from pathlib import Path
from threading import Lock

import apsw

from memos.backends.sqlite.keys import KEY_BYTES, MANIFEST, make_directory, write_durably
from memos.errors import BackendError, NotAStore, Unavailable
from memos.ports.kms import KeyManagement, Locate, nowhere

ENVELOPE = Path("keys") / "data.key"
FORMAT = 1
CIPHER = "chacha20"
LEASE = 60.0
"""Seconds after which who keeps the key is asked again."""
PLAIN = b"SQLite format 3\0"
"""How a file begins that is not encrypted."""


class PageKey:
    """The data key of an open store.

    It is held on lease: after so many seconds `require` asks for it again, and as long as it is refused, so is every call.
    """

    def __init__(self, key: bytes, renew: Callable[[], bytes] | None = None, lease: float = LEASE) -> None:
        self.key = key
        self._renew = renew
        self._lease = lease
        self._until = time.monotonic() + lease
        self._asking = Lock()

    def require(self) -> None:
        """Unavailable, or whatever else is the reason, while the key is not given any more."""
        if self._renew is None or time.monotonic() < self._until:
            return
        with self._asking:
            if time.monotonic() < self._until:
                return
            if self._renew() != self.key:
                raise Unavailable("the store's data key was changed while it was open; open the store again")
            self._until = time.monotonic() + self._lease

    def unlock(self, connection: apsw.Connection) -> None:
        """Let a connection that has read nothing yet read and write encrypted pages."""
        self.require()
        connection.pragma("cipher", CIPHER)
        connection.pragma("key", f"raw:{self.key.hex()}")


def unlock(connection: apsw.Connection, key: PageKey | None) -> None:
    """`PageKey.unlock` where there is a key."""
    if key is not None:
        key.unlock(connection)


def raw(key: PageKey | None) -> bytes | None:
    """The 32 bytes of a key, where there is one."""
    return None if key is None else key.key


def require_encrypted(path: Path) -> None:
    """BackendError when a file that must be encrypted begins like one that is not."""
    with path.open("rb") as file:
        if file.read(len(PLAIN)) in {PLAIN, b""}:
            raise BackendError(f"{path} was not encrypted, for a reason unknown; it is not used")


class Locks:
    """How the store in a directory is unlocked: its envelope, and who is asked to open that."""

    def __init__(self, directory: Path, locate: Locate = nowhere, lease: float = LEASE) -> None:
        self.directory = directory
        self._locate = locate
        self._lease = lease
        self._found: PageKey | None = None

    @property
    def path(self) -> Path:
        """The envelope's file; it stands there when the store is encrypted."""
        return self.directory / ENVELOPE

    def find(self) -> PageKey | None:
        """The key of the store that stands, None when it is not encrypted.

        Raises NotAStore when it is not and should be, or when the key is another one; Unavailable when no key is to be had.
        """
        if (self.directory / MANIFEST).is_file():
            raise NotAStore(f"{self.directory} is a backup; make a store of it with `memos restore-backup`")
        if self._found is None and self.path.is_file():
            self._found = PageKey(self._opened(), self._opened, self._lease)
        if self._found is None and self._locate(None) is not None:
            raise NotAStore(
                f"{self.directory} is not encrypted, and the setting encryption asks that it is:"
                " encrypt it with `memos encrypt`, or leave the setting out"
            )
        return self._found

    def make(self) -> PageKey | None:
        """The key for a store that is being made; it is on the disk before this returns. None when nobody is to keep one."""
        if self.path.is_file():
            return self.find()
        keeper = self._locate(None)
        if keeper is None:
            return None
        key = os.urandom(KEY_BYTES)
        make_directory(self.path.parent)
        write_durably(self.path, sealed_envelope(key, keeper))
        self._found = PageKey(key, self._opened, self._lease)
        return self._found

    def _opened(self) -> bytes:
        wrapped, place = read_envelope(self.path)
        keeper = self._locate(place)
        if keeper is None:
            raise Unavailable(f"{self.directory} is encrypted: name where its key is in the setting encryption, e.g. file:/path/to/key")
        key = keeper.unwrap(wrapped)
        if len(key) != KEY_BYTES:
            raise NotAStore(f"what keeps the key of {self.directory} gave {len(key)} bytes instead of {KEY_BYTES}; name the right one")
        return key


def sealed_envelope(key: bytes, keeper: KeyManagement) -> bytes:
    """What the envelope's file holds; BackendError where the keeper does not give back what it took."""
    wrapped = keeper.wrap(key)
    if keeper.unwrap(wrapped) != key:
        raise BackendError("what is to keep the key does not give it back; nothing was encrypted")
    told = {"format": FORMAT, "place": keeper.place, "wrapped": b64encode(wrapped).decode()}
    return (json.dumps(told, indent=2) + "\n").encode()


def read_envelope(path: Path) -> tuple[bytes, str | None]:
    """The wrapped key, and where who can unwrap it is; NotAStore when the file is damaged."""
    try:
        told = json.loads(path.read_bytes())
        if told["format"] != FORMAT or not isinstance(told["place"], str | None):
            raise ValueError
        return b64decode(told["wrapped"], validate=True), told["place"]
    except FileNotFoundError:
        raise NotAStore(f"{path} is missing; bring this file back from where it was kept apart: without it nothing can be read") from None
    except OSError as error:
        raise NotAStore(f"{path} cannot be read ({error.strerror}); give this user the right to read it") from None
    except (ValueError, TypeError, KeyError):
        raise NotAStore(f"{path} is damaged; bring this file back from where it was kept apart") from None
