"""Sealing: a store's rows on their way into a backup and back, what a memory says under the key of that memory.

Each value lies under AES-256-GCM with its kind, the memory's id and its row as associated data, so that it is of use in no other place.
What remains is structure: which versions there are, of which memory, since which commit.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

import apsw

from memos.backends.sqlite.copy_keys import CopyKeys
from memos.backends.sqlite.keys import derive
from memos.backends.sqlite.named import statements
from memos.errors import NotAStore

VERSION, CONTENT, VECTOR = 1, 2, 3
BARE = frozenset({"row", "bid", "uid", "seq", "seq_end", "sid", "version", "nid", "cid", "aid", "layer", "type", "state", "frozen"})
"""What of a version is structure; every other column is sealed."""
BY_MEMORY = frozenset({"version", "content", "vector"})
MADE_ANEW = frozenset({"term", "tag", "cube_tag"})
"""Tables that no backup holds: what they say follows from the texts and the headers."""
ONLY_IN_BACKUPS = frozenset({"sealed", "sealing"})
BATCH = 2000
"""Memories whose keys are at hand at once."""
NONCE_BYTES = 12
ROOM: dict[str, Any] = {"TEXT": "", "BLOB": b"", "INTEGER": 0, "REAL": 0.0}
"""What stands where a value that may not be missing was sealed."""
SQL = statements("sealing")


class Seals:
    """The seal of one memory."""

    def __init__(self, key: bytes, cube: bytes) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._cipher = AESGCM(key)
        self._cube = cube
        self.mark = derive(key, "copy mark", size=8)

    def _place(self, kind: int, number: int) -> bytes:
        return b"memos copy" + bytes([kind]) + self._cube + number.to_bytes(8, "little", signed=True)

    def close(self, kind: int, number: int, body: bytes) -> bytes:
        """A value under seal."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, body, self._place(kind, number))

    def open(self, kind: int, number: int, sealed: bytes) -> bytes:
        """A value from under its seal; NotAStore when it is not what was sealed there."""
        from cryptography.exceptions import InvalidTag

        with suppress(InvalidTag, ValueError, TypeError):
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], self._place(kind, number))
        raise NotAStore(f"a seal of the backup is broken (kind {kind}, number {number}); use another backup")


def copy_tables(source: apsw.Connection, target: apsw.Connection, leaving: Iterable[str] = ()) -> None:
    """Copy every row of the target's tables but those that are left out; both have the same columns."""
    for table in tables(target) - frozenset(leaving):
        names = ", ".join(columns(target, table))
        places = ", ".join("?" * len(columns(target, table)))
        target.execute(f"DELETE FROM {table}")  # noqa: S608 - the names are of our own schema
        rows = source.execute(f"SELECT {names} FROM {table}")  # noqa: S608
        target.executemany(f"INSERT INTO {table} ({names}) VALUES ({places})", rows)  # noqa: S608


def tables(connection: apsw.Connection) -> frozenset[str]:
    """The names of the tables."""
    return frozenset(
        name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB 'sqlite_*'")
    )


def columns(connection: apsw.Connection, table: str) -> dict[str, Any]:
    """The columns of a table, in order, each with what stands where its value is sealed."""
    told = connection.execute(f"PRAGMA table_info({table})")
    return {name: ROOM.get(kind) if required else None for _, name, kind, required, _, _ in told}


def seal_all(source: apsw.Connection, target: apsw.Connection, keys: CopyKeys) -> None:
    """Copy a store to an empty backup."""
    copy_tables(source, target, BY_MEMORY | MADE_ANEW | ONLY_IN_BACKUPS)
    room = columns(source, "version")
    places = ", ".join("?" * len(room))
    insert = f"INSERT INTO version ({', '.join(room)}) VALUES ({places})"  # noqa: S608 - the names are of our own schema
    for batch in _batches(source, "cubes"):
        given = keys.keys(cube for _, cube in batch)
        seals = {uid: Seals(given[cube], cube) for uid, cube in batch}
        reach: tuple[int, int] = (batch[0][0], batch[-1][0])
        target.executemany(SQL["mark"], ((uid, seal.mark) for uid, seal in seals.items()))
        for uid, row, *values in source.execute(SQL["versions"], reach):
            bare = [value if name in BARE else room[name] if value is not None else None for name, value in zip(room, values, strict=True)]
            target.execute(insert, bare)
            told = {name: _told(value) for name, value in zip(room, values, strict=True) if name not in BARE and value is not None}
            target.execute(SQL["seal"], (VERSION, row, uid, seals[uid].close(VERSION, row, json.dumps(told).encode())))
        for uid, cid, body, *rest in source.execute(SQL["contents"], reach):
            target.execute(SQL["bare_content"], (cid, *rest))
            target.execute(SQL["seal"], (CONTENT, cid, uid, seals[uid].close(CONTENT, cid, _packed(body))))
        for uid, cid, *rest, body in source.execute(SQL["vectors"], reach):
            target.execute(SQL["bare_vector"], (cid, *rest))
            if body is not None:
                target.execute(SQL["seal"], (VECTOR, cid, uid, seals[uid].close(VECTOR, cid, body)))


def unseal_all(source: apsw.Connection, target: apsw.Connection, keys: CopyKeys) -> int:
    """Copy a backup to an empty store, without the memories whose keys are destroyed; how many those were.

    NotAStore for a seal that is broken, or that is missing.
    """
    copy_tables(source, target, BY_MEMORY | MADE_ANEW | ONLY_IN_BACKUPS)
    target.execute(SQL["gone"])
    count = 0
    for batch in _batches(source, "marks"):
        known = keys.known(cube for _, cube, _ in batch)
        made = {uid: (Seals(known[cube], cube), mark) for uid, cube, mark in batch if cube in known}
        seals = {uid: seal for uid, (seal, mark) in made.items() if seal.mark == mark}
        reach = batch[0][0], batch[-1][0]
        _unseal_batch(source, target, seals, reach)
        for uid in [uid for uid, *_ in batch if uid not in seals]:
            count += 1
            target.execute(SQL["add_gone"], (uid,))
            target.executemany(SQL["purged"], list(source.execute(SQL["touched"], (uid,))))
    for statement in SQL["drop_gone"].split(";"):
        target.execute(statement)
    return count


def _unseal_batch(source: apsw.Connection, target: apsw.Connection, seals: dict[int, Seals], reach: tuple[int, int]) -> None:
    names = list(columns(target, "version"))
    insert = f"INSERT INTO version ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"  # noqa: S608 - names of our own schema
    for uid, row, sealed, *values in source.execute(SQL["sealed_versions"], reach):
        if uid in seals:
            told = {name: _read(value) for name, value in json.loads(seals[uid].open(VERSION, row, sealed)).items() if name not in BARE}
            target.execute(insert, [told.get(name) if name not in BARE else value for name, value in zip(names, values, strict=True)])
    for uid, cid, sealed, *rest in source.execute(SQL["sealed_contents"], reach):
        if uid in seals:
            target.execute(SQL["content"], (cid, _unpacked(seals[uid].open(CONTENT, cid, sealed)), *rest))
    for uid, cid, sealed, *rest in source.execute(SQL["sealed_vectors"], reach):
        if uid in seals:
            target.execute(SQL["vector"], (cid, *rest, None if sealed is None else seals[uid].open(VECTOR, cid, sealed)))


def missing_from(store: apsw.Connection, backup: apsw.Connection) -> list[bytes]:
    """The ids of a backup's memories that the store has no more: they were taken away while it was made."""
    return [cube for batch in _batches(backup, "cubes") for _, cube in batch if store.execute(SQL["standing"], (cube,)).get is None]


def _batches(connection: apsw.Connection, statement: str) -> Iterator[list[tuple[Any, ...]]]:
    after: Any = -1
    while batch := connection.execute(SQL[statement], (after, BATCH)).fetchall():
        yield batch
        after = batch[-1][0]


def _told(value: Any) -> Any:
    return {"hex": value.hex()} if isinstance(value, bytes) else value


def _read(value: Any) -> Any:
    return bytes.fromhex(value["hex"]) if isinstance(value, dict) else value


def _packed(body: str | bytes) -> bytes:
    return b"T" + body.encode() if isinstance(body, str) else b"B" + body


def _unpacked(body: bytes) -> str | bytes:
    return body[1:].decode() if body[:1] == b"T" else body[1:]
