"""Checkpoint files: where checkpoints and the public key are kept, which is never inside the store that they speak of."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from memos.errors import BackendError, InvalidCall
from memos.infrastructure.memgovernance.checkpoint import DOCUMENT_BYTES, Checkpoint, read_checkpoint, read_key

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

PATTERN = "checkpoint-*.json"


def default_place(store: Path) -> Path:
    """Beside the store: `memory-audit` for `memory`."""
    return store.with_name(f"{store.name}-audit")


def require_outside(path: Path, store: Path, what: str) -> None:
    """InvalidCall where a path leads into the store: who may change the one may then change the other."""
    inside, here = path.resolve(), store.resolve()
    if inside == here or here in inside.parents:
        raise InvalidCall(f"{what} stands inside the store ({path}): whoever changes the store would change it too; keep it elsewhere")


def read_all(places: Sequence[Path], store: Path) -> list[tuple[str, Checkpoint]]:
    """The checkpoints in files, and in all of `checkpoint-*.json` of directories, each with its path.

    InvalidCall for a place that is in the store, that cannot be read, or that holds none.
    """
    found = []
    for place in places:
        require_outside(place, store, "the checkpoint")
        files = sorted(place.glob(PATTERN)) if place.is_dir() else [place]
        if not files:
            raise InvalidCall(f"{place} holds no {PATTERN}; `memos audit checkpoint` writes one")
        found += [(str(file), read_checkpoint(_read(file), str(file))) for file in files]
    return found


def read_public_key(path: Path, store: Path) -> Ed25519PublicKey:
    """The public key in a file; InvalidCall as for checkpoints."""
    require_outside(path, store, "the public key")
    return read_key(_read(path), str(path))


def keep(checkpoint: Checkpoint, place: Path) -> Path:
    """Write a checkpoint into a directory, which is made where it is missing, and return its path.

    One that says the same is left as it is; InvalidCall where one of the same sizes says otherwise, BackendError when it cannot be written.
    """
    path = place / checkpoint.name
    if path.exists():
        there = read_checkpoint(_read(path), str(path))
        if (there.store_id, there.logs) != (checkpoint.store_id, checkpoint.logs):
            raise InvalidCall(f"{path} is there already and says otherwise; name another directory with --to")
        return path
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BackendError(f"{place} cannot be made ({error.strerror}); name another directory with --to") from None
    _write(path, checkpoint.document().encode())
    return path


def keep_key(document: bytes, path: Path) -> None:
    """Write a public key to a file; InvalidCall where something else is there, BackendError when it cannot be written."""
    if path.exists():
        if _read(path) != document:
            raise InvalidCall(f"{path} is there already and holds something else; name another file")
    else:
        _write(path, document)


def _write(path: Path, body: bytes) -> None:
    """A file that is whole and on the disk, or not there at all."""
    draft = path.with_name(f".{path.name}.new")
    try:
        with draft.open("wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise BackendError(f"{path} cannot be written ({error.strerror}); name another place") from None


def _read(path: Path) -> bytes:
    return read_file(path, DOCUMENT_BYTES)


def read_file(path: Path, most: int) -> bytes:
    """A file of at most so many bytes; InvalidCall where it is longer or cannot be read."""
    try:
        with path.open("rb") as file:
            body = file.read(most + 1)
    except OSError as error:
        raise InvalidCall(f"{path} cannot be read ({error.strerror}); name another file") from None
    if len(body) > most:
        raise InvalidCall(f"{path} is too long to be a checkpoint, a receipt or a key; name a file that `memos` wrote")
    return body
