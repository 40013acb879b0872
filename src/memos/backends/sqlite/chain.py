"""Hash chains: each row of a log is sealed by a hash of itself and of the row before it."""

from __future__ import annotations

from hashlib import sha256

GENESIS = bytes(32)
"""What stands before the first row."""


def link(previous: bytes, *fields: int | str | bytes) -> bytes:
    """The 32 bytes that seal a row: sha256 of the seal before it and of the row's canonical bytes."""
    return sha256(previous + canonical(*fields)).digest()


def canonical(*fields: int | str | bytes) -> bytes:
    """A row's fields, each preceded by its kind and length.

    Kind and length make the encoding unambiguous, so that no two rows share a seal: `i` for an integer in decimal, `s` for a text in
    UTF-8, `b` for bytes.
    """
    parts = []
    for field in fields:
        kind, body = _KINDS[type(field)], _written(field)
        parts.append(b"%c%d:" % (kind, len(body)))
        parts.append(body)
    return b"".join(parts)


_KINDS = {int: ord("i"), str: ord("s"), bytes: ord("b")}


def _written(field: int | str | bytes) -> bytes:
    if isinstance(field, bytes):
        return field
    return field.encode() if isinstance(field, str) else b"%d" % field
