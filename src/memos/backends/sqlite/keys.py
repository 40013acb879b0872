"""The store's key and what is derived from it: hashes that tell nothing to who holds the file without the key."""

from __future__ import annotations

import os
import sys
from array import array
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from contextlib import suppress
from hashlib import blake2b, shake_256
from hmac import compare_digest
from pathlib import Path

from memos.errors import NotAStore
from memos.memcube.call import Caller

KEY_FILE = Path("keys") / "store.key"
KEY_BYTES = 32
SEALED_BYTES = 12 + KEY_BYTES + 16
"""What the key file of an encrypted store has: nonce, secret and mark."""
MANIFEST = "backup.json"
"""What a backup has, and a store has not."""
ZEROS = bytes(1 << 20)
OWNER_ONLY = 0o600
"""The rights of every file that holds what memories say, or how to read it."""
REMEMBERED_TERMS = 1 << 16
"""How many terms of one tenant keep their hash at hand."""


def derive(key: bytes, purpose: str, *parts: str | bytes, size: int = 16) -> bytes:
    """A keyed hash of some parts for one purpose; each part is preceded by its length, so that no two lists of parts share one."""
    hasher = blake2b(key=key, person=purpose.encode(), digest_size=size)
    for part in parts:
        body = part.encode() if isinstance(part, str) else part
        hasher.update(len(body).to_bytes(8, "little") + body)
    return hasher.digest()


def pseudonym(key: bytes, caller: Caller) -> bytes:
    """The 16 bytes under which logs name a caller: the same for all that one user of one tenant does."""
    return derive(key, "caller", caller.tenant, caller.kind, caller.user)


class TermHashes(dict[str, int]):
    """Term → 64-bit hash, keyed by the tenant; remembers a bounded number."""

    def __init__(self, key: bytes) -> None:
        super().__init__()
        self._key = key

    def __missing__(self, term: str) -> int:
        if len(self) >= REMEMBERED_TERMS:
            self.clear()
        self[term] = found = int.from_bytes(blake2b(term.encode(), key=self._key, digest_size=8).digest(), "little")
        return found

    def pack(self, terms: Iterable[str]) -> bytes:
        """The hashes as uint64, little endian."""
        return _little(array("Q", map(self.__getitem__, terms)))


def pack_counts(counts: Iterable[int]) -> bytes:
    """Counts as uint16, little endian; what is larger counts 65535."""
    return _little(array("H", [min(count, 65535) for count in counts]))


def _little(numbers: array[int]) -> bytes:
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tobytes()


class TenantKeys:
    """What is hashed for one tenant."""

    def __init__(self, key: bytes, tenant: str) -> None:
        self._key = derive(key, "tenant", tenant, size=32)
        self.terms = TermHashes(derive(self._key, "terms", size=32))

    def fact(self, text: str) -> bytes:
        """The 16 bytes under which equal facts of this tenant are found."""
        return derive(self._key, "fact", text)


class Keys:
    """The store's secret and what comes of it."""

    def __init__(self, secret: bytes) -> None:
        self.secret = secret
        self._tenants: dict[str, TenantKeys] = {}
        self._callers: dict[tuple[str, str, str], bytes] = {}

    def tenant(self, name: str) -> TenantKeys:
        """The keys of one tenant; at most 1,000 are kept at hand."""
        if name not in self._tenants:
            if len(self._tenants) >= 1000:
                self._tenants.clear()
            self._tenants[name] = TenantKeys(self.secret, name)
        return self._tenants[name]

    def caller(self, caller: Caller) -> bytes:
        """The caller's pseudonym."""
        who = caller.tenant, caller.kind, caller.user
        if who not in self._callers:
            if len(self._callers) >= 10_000:
                self._callers.clear()
            self._callers[who] = pseudonym(self.secret, caller)
        return self._callers[who]

    def owner(self, tenant: str, owner: str) -> bytes:
        """The pseudonym of the user of a tenant who owns a memory."""
        return derive(self.secret, "caller", tenant, "user", owner)

    def branch(self, caller: Caller, name: str) -> str:
        """The mark under which the log of reads names a caller's branch, in hexadecimal; '' for none."""
        return derive(self.secret, "branch", caller.tenant, caller.kind, caller.user, name).hex() if name else ""

    def parted(self, tenant: str, name: str) -> bytes:
        """The mark of somebody who left, by the name of an owner of snapshots or by how the names of branches begin."""
        return derive(self.secret, "parted", tenant, name)

    def grant(self, grant: str) -> bytes:
        """The 16 bytes under which logs name a grant, none for none: its filter holds the user's name, which the hash alone would tell."""
        return derive(self.secret, "grant", grant) if grant else b""

    def idempotency(self, caller: Caller, key: str) -> bytes:
        """The 16 bytes under which a caller's idempotency key is kept."""
        return derive(self.secret, "idempotency", caller.tenant, caller.kind, caller.user, key)

    def fingerprint(self, fingerprint: str) -> bytes:
        """The 32 bytes under which the fingerprint of a call is kept."""
        return derive(self.secret, "fingerprint", fingerprint, size=32)

    def seal(self, text: str) -> str:
        """The text under a seal that is a keyed hash of it: equal texts are sealed alike, and nobody else can read or make one."""
        body = text.encode()
        mark = derive(self.secret, "seal", body)
        return urlsafe_b64encode(mark + self._veiled(mark, body)).decode().rstrip("=")

    def unseal(self, sealed: str) -> str | None:
        """The text that was sealed; None when it was not, or under another key."""
        try:
            told = urlsafe_b64decode(sealed.encode("ascii") + b"=" * (-len(sealed) % 4))
        except ValueError:
            return None
        mark, body = told[:16], self._veiled(told[:16], told[16:])
        return body.decode() if compare_digest(mark, derive(self.secret, "seal", body)) else None

    def _veiled(self, mark: bytes, body: bytes) -> bytes:
        veil = shake_256(derive(self.secret, "veil", mark, size=32)).digest(len(body))
        return bytes(one ^ other for one, other in zip(body, veil, strict=True))

    def purpose(self, purpose: str) -> bytes:
        """32 bytes for one purpose of a part that must know nothing of the secret itself."""
        return derive(self.secret, "purpose", purpose, size=32)

    def proof(self) -> bytes:
        """What a store keeps to recognise its own key."""
        return derive(self.secret, "proof")


def read_key(directory: Path, lock: bytes | None = None) -> bytes:
    """The store's secret, which in an encrypted store lies under the data key `lock`; NotAStore when its file is missing or damaged."""
    path = directory / KEY_FILE
    try:
        secret = path.read_bytes()
    except FileNotFoundError:
        if (directory / MANIFEST).is_file():
            raise NotAStore(f"{directory} is a backup; make a store of it with `memos restore-backup`") from None
        raise NotAStore(
            f"{path} is missing; bring this file back from where it was kept apart: without it the store cannot be read"
        ) from None
    except OSError as error:
        raise NotAStore(f"{path} cannot be read ({error.strerror}); give this user the right to read it") from None
    wanted = KEY_BYTES if lock is None else SEALED_BYTES
    if len(secret) != wanted:
        raise NotAStore(f"{path} has {len(secret)} bytes instead of {wanted}; bring back the file that belongs to this store")
    return secret if lock is None else _opened_secret(secret, lock, path)


def make_key(directory: Path, lock: bytes | None = None) -> bytes:
    """The store's secret, made and on the disk before it is returned; one that is there already is kept."""
    path = directory / KEY_FILE
    if not path.exists():
        make_secret(path, lock)
    return read_key(directory, lock)


def make_secret(path: Path, lock: bytes | None = None) -> None:
    """A file of random bytes that is its owner's alone, in a folder of a store; it is on the disk, whole, or not there."""
    secret = os.urandom(KEY_BYTES)
    write_durably(path, secret if lock is None else sealed_secret(secret, lock))


def sealed_secret(secret: bytes, lock: bytes) -> bytes:
    """The store's secret as the key file of an encrypted store holds it: nonce, secret under the data key, and mark."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = os.urandom(12)
    return nonce + AESGCM(derive(lock, "store key", size=KEY_BYTES)).encrypt(nonce, secret, None)


def _opened_secret(sealed: bytes, lock: bytes, path: Path) -> bytes:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        return AESGCM(derive(lock, "store key", size=KEY_BYTES)).decrypt(sealed[:12], sealed[12:], None)
    except InvalidTag:
        raise NotAStore(f"{path} is damaged, or of another store; bring back the file that belongs to this store") from None


def write_durably(path: Path, body: bytes) -> None:
    """Write a file that is its owner's alone, in a folder of a store; it is on the disk, whole, or what stood there before."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123 - the mode must hold from the start
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    for folder in (path.parent, path.parent.parent):
        sync_directory(folder)


def make_directory(directory: Path) -> None:
    """Make a directory that is its owner's alone, and those above it.

    The power may go at any time: a name is on the disk only once the directory it stands in is.
    """
    missing = {each for each in (directory, *directory.parents) if not each.exists()}
    directory.parent.mkdir(parents=True, exist_ok=True)
    directory.mkdir(mode=0o700, exist_ok=True)
    for each in missing | {directory}:
        with suppress(PermissionError):  # one may write below a directory that one may not read
            sync_directory(each.parent)


def sync_directory(directory: Path) -> None:
    """Bring the names in a directory onto the disk."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def cover(descriptor: int) -> None:
    """Write zeros over a file that is no longer at its path, as far as it goes."""
    size = os.fstat(descriptor).st_size
    for start in range(0, size, len(ZEROS)):
        os.pwrite(descriptor, ZEROS[: size - start], start)
    os.fsync(descriptor)
