"""BlobStore: the port to what is too large for a row: KV blocks and adapters, as files of one tenant each."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

Blob = Path | bytes
"""A blob to be read: a file that may be mapped, or its bytes where the file is sealed or there is none."""


class BlobStore(Protocol):
    """Blobs by names that only this store can compute: equal bytes of one tenant have one name, those of two tenants never.

    A blob is safe on the disk before its name is given. It is used once a committed row names it; what no row names is collected.
    Every name that is asked for is checked: InvalidCall for one that this store cannot have given to this tenant.
    """

    def put(self, tenant: str, body: bytes | memoryview) -> str:
        """Keep some bytes, sealed where the store is encrypted, and give their name. DiskFull and BackendError as a commit's."""

    def open(self, tenant: str, name: str) -> AbstractContextManager[Blob]:
        """A blob for reading; NotFound when it is not there, BackendError when its bytes are not those that were kept."""

    def size(self, tenant: str, name: str) -> int:
        """How many bytes a blob has as it was given; NotFound when it is not there."""

    def remove(self, tenant: str, names: Iterable[str]) -> int:
        """Remove blobs that no row needs any more, at once; how many there were."""

    def collect(self, tenant: str, kept: Iterable[str], older: float) -> int:
        """Remove all blobs of a tenant but those kept and those written within so many seconds; how many there were."""

    def names(self, tenant: str) -> tuple[str, ...]:
        """Every blob of a tenant, sorted."""

    def mark(self, tenant: str, text: str) -> str:
        """A keyed hash of a text, 32 hexadecimal digits, that tells nothing without the store's key and differs between tenants."""
