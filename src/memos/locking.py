"""Locking: what is done to a store while nobody has it open: making one of a backup, encrypting, decrypting, another key."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from memos.operation.memoperator.analysis import analyse
from memos.places import usable_path
from memos.plugins import decrypt_store, encrypt_store, restore_store, rotate_store

if TYPE_CHECKING:
    from memos.ports.maintenance import RestoreReport


class Locking:
    """The static methods of `MemOS`."""

    @staticmethod
    def restore_backup(source: str | Path, destination: str | Path, *, keys: str | Path) -> RestoreReport:
        """Make a store of a backup in a directory that is missing or empty; a store of its own, with its own id.

        `keys` is the folder with the key files that were kept apart. A memory that was erased since is left out, and counted. Raises
        NotAStore when the backup is damaged or none, or the keys are not its own, InvalidCall when something is at the destination.
        """
        folder, store = usable_path(keys, "the folder of keys"), usable_path(destination, "the store")
        return restore_store(usable_path(source, "the backup"), store, keys=folder, analyse=analyse)

    @staticmethod
    def encrypt(store: str | Path, encryption: str) -> None:
        """Encrypt a plain store, which nobody may have open; `encryption` says where the key is: file:/path/to/key, env:NAME.

        Raises InvalidCall when it is encrypted already, Unavailable when it is open elsewhere or the key is not to be had, BackendError
        when it cannot be done; then the store is what it was.
        """
        encrypt_store(usable_path(store, "the store"), encryption)

    @staticmethod
    def decrypt(store: str | Path) -> None:
        """Make an encrypted store plain, which nobody may have open; raises as `encrypt` does, and NotAStore for a wrong key."""
        decrypt_store(usable_path(store, "the store"))

    @staticmethod
    def rotate_key(store: str | Path, encryption: str, *, renew: bool = False) -> None:
        """Lock an encrypted store with another key, which `encryption` names; the one it has is where the settings or the store say.

        Others may have it open meanwhile, unless with `renew` all is written anew under a new data key. Raises as `decrypt` does.
        """
        rotate_store(usable_path(store, "the store"), encryption, renew=renew)
