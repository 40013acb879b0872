"""Local keys: a key-encryption key in a file or in a variable of the environment, the two that MemOS ships."""

from __future__ import annotations

import binascii
import os
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path

from memos.errors import InvalidCall, NotAStore, Unavailable

KEY_BYTES = 32
NONCE_BYTES = 12
FILE_BYTES = 4096
"""What is read of a key file at most."""
PURPOSE = b"memos data key"
HOW = "32 random bytes, or 64 hexadecimal digits or base64 of them, as `openssl rand -hex 32` writes them"


class LocalKey:
    """Implements `memos.ports.kms.KeyManagement` with AES-256-GCM; the key is read anew each time, so that taking it away is noticed."""

    def __init__(self, place: str, where: str, read: Callable[[], bytes]) -> None:
        self.place = place
        self._where = where
        self._read = read

    def wrap(self, key: bytes) -> bytes:
        """See the port."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = os.urandom(NONCE_BYTES)
        return nonce + AESGCM(_key_of(self._read(), self._where)).encrypt(nonce, key, PURPOSE)

    def unwrap(self, wrapped: bytes) -> bytes:
        """See the port."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        cipher = AESGCM(_key_of(self._read(), self._where))
        try:
            return cipher.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], PURPOSE)
        except (InvalidTag, ValueError):
            raise NotAStore(f"the key in {self._where} is not the one that locks this store; name the right one") from None


def from_file(url: str) -> LocalKey:
    """The key in the file that `file:/path/to/key` names."""
    given = url.removeprefix("file:")
    given = given.removeprefix("//") if given.startswith("///") else given
    path = Path(given).expanduser() if given.startswith("~/") else Path(given)
    if not path.is_absolute():
        raise InvalidCall(f"{url!r} names no absolute path; write it as file:/path/to/key")

    def read() -> bytes:
        try:
            with path.open("rb") as file:
                return file.read(FILE_BYTES)
        except OSError as error:
            message = f"the key file {path} cannot be read ({error.strerror}): bring it back, or name where it is in the setting encryption"
            raise Unavailable(message) from None

    return LocalKey(f"file:{path}", str(path), read)


def from_environment(url: str) -> LocalKey:
    """The key in the variable that `env:NAME` names."""
    name = url.removeprefix("env:")
    if not name or "=" in name or "\0" in name:
        raise InvalidCall(f"{url!r} names no variable; write it as env:NAME")

    def read() -> bytes:
        try:
            return os.environb[name.encode()]
        except KeyError:
            message = f"the variable {name} is not set: set it to the key, or name where it is in the setting encryption"
            raise Unavailable(message) from None

    return LocalKey(url, f"the variable {name}", read)


def _key_of(given: bytes, where: str) -> bytes:
    """The 32 bytes of a key, whichever way it is written."""
    if len(given) == KEY_BYTES:
        return given
    text = given.strip()
    for size, read in ((2 * KEY_BYTES, binascii.unhexlify), (44, lambda body: b64decode(body, validate=True))):
        try:
            if len(text) == size and len(key := read(text)) == KEY_BYTES:
                return key
        except ValueError:
            continue
    raise Unavailable(f"what {where} holds is no key; a key is {HOW}")
