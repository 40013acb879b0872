"""Sealed blobs: AES-256-GCM in pieces of 1 MiB under a key of each blob's own, so that none can be cut, moved or changed unseen.

A file is MAGIC, the size of what is sealed (8 bytes, big endian), then the pieces, each with its mark of 16 bytes. Key and number of
a piece are never used for other bytes: the key is derived from the blob's name, which is a keyed hash of all that it holds.
"""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

from memos.errors import BackendError

MAGIC = b"MEMOSBL1"
HEADER = len(MAGIC) + 8
PIECE, MARK = 1 << 20, 16
DAMAGED = "a sealed blob is damaged; what it was made of is untouched, and it is made anew when it is needed"


def write_sealed(write: Callable[[bytes], None], key: bytes, body: memoryview) -> None:
    """Write some bytes under a key."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    header = MAGIC + len(body).to_bytes(8, "big")
    cipher = AESGCM(key)
    write(header)
    for place, start in enumerate(range(0, len(body), PIECE)):
        write(cipher.encrypt(place.to_bytes(12, "big"), body[start : start + PIECE], header))


def sealed_size(path: Path) -> int:
    """How many bytes a file seals; BackendError when it has not as many as that takes."""
    with path.open("rb") as file:
        return _size(file.read(HEADER), path.stat().st_size)


def read_sealed(path: Path, key: bytes) -> bytes:
    """What a file seals; BackendError for one that was changed, or is under another key."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    cipher, whole = AESGCM(key), BytesIO()
    with path.open("rb") as file:
        header = file.read(HEADER)
        size = _size(header, path.stat().st_size)
        try:
            for place in range(-(-size // PIECE)):
                whole.write(cipher.decrypt(place.to_bytes(12, "big"), file.read(PIECE + MARK), header))
        except InvalidTag:
            raise BackendError(DAMAGED) from None
    return whole.getvalue()


def _size(header: bytes, stands: int) -> int:
    size = int.from_bytes(header[len(MAGIC) :], "big")
    if len(header) != HEADER or not header.startswith(MAGIC) or stands != HEADER + size + MARK * -(-size // PIECE):
        raise BackendError(DAMAGED)
    return size
