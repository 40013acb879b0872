"""Known: what the writer knows of the store between commits, good for as long as nobody else has committed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import Any, NamedTuple

import apsw
from pydantic_core import to_json

from memos.backends.sqlite.chain import GENESIS
from memos.backends.sqlite.named import statements
from memos.backends.sqlite.rows import entries_text, read_entries
from memos.memcube.cube import Tag

SQL = statements("commit")
REMEMBERED = 100_000
"""How many names of one kind are kept at hand."""


class Stored(NamedTuple):
    """How much of a tenant stood at a commit, known by the end of its chain, and the last version row then: (memories, bytes) by owner."""

    seq: int
    chain: bytes
    row: int
    owners: Mapping[str, tuple[int, int]]


def ancestors(path: str) -> list[str]:
    """The path and all above it."""
    return list(accumulate(path.split("/"), "{}/{}".format))


class Known:
    """Head, counters and interned names. Used only under the write lock, within a transaction."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._execute = connection.execute
        self._stamp: int | None = None
        self._names: dict[tuple[Any, ...], int] = {}
        self.stored: dict[int, Stored] = {}
        """What stands of a tenant, as it was counted last; whether it is so still is decided there."""
        self.seq = self.row = self.uid = self.cid = self.epoch = self.sid = 0
        self.hash = GENESIS
        self.embedder: str | None = None
        self.graves = False
        """Whether any memory has been erased."""

    def refresh(self) -> None:
        """Within a new transaction: learn anew if another connection has committed since."""
        stamp = self.one("stamp")
        if stamp != self._stamp:
            self.learn()
            self._stamp = stamp

    def forget(self) -> None:
        """What is known may be of a transaction that was undone."""
        self._stamp = None

    def let_go(self) -> None:
        """Memories were erased, and with them names that were known."""
        self._names.clear()
        self.graves = True

    def learn(self) -> None:
        """Read everything anew."""
        self._names.clear()
        self.seq, self.hash = next(self._execute(SQL["head"]), (0, GENESIS))
        self.row, self.uid, self.cid = next(self._execute(SQL["last_ids"]))
        self.epoch, self.sid = self.one("meta", "policy_epoch"), self.one("store")
        self.embedder = self.one("meta", "embedder")
        self.graves = bool(self.one("graves"))

    def one(self, name: str, *parameters: Any) -> Any:
        """The first column of a statement's first row, None when there is none."""
        row = next(self._execute(SQL[name], parameters), None)
        return None if row is None else row[0]

    def rows_of(self, name: str, visible: str, *parameters: Any) -> Iterator[tuple[Any, ...]]:
        """The rows of a statement on what is `visible`."""
        return self._execute(SQL[name].replace("{visible}", visible), parameters)

    def row_of(self, name: str, visible: str, *parameters: Any) -> tuple[Any, ...] | None:
        """The first row of a statement on what is `visible`."""
        return next(self.rows_of(name, visible, *parameters), None)

    def _interned(self, kind: str, *key: Any, add: tuple[Any, ...] | None = None) -> int:
        name = (kind, *key)
        found = self._names.get(name)
        if found is None:
            found = self.one(kind, *key)
            if found is None:
                found = self.one(f"add_{kind}", *(key if add is None else add))
            if len(self._names) >= REMEMBERED:
                self._names.clear()
            self._names[name] = found
        return found

    def tenant(self, name: str) -> int:
        """The tenant's number, given now if it has none."""
        return self._interned("tenant", name)

    def namespace(self, tid: int, path: str) -> int:
        """The namespace's number; a new one stands under the access lists of those above it."""
        found = self._names.get(("namespace", tid, path))
        if found is not None:
            return found
        known = self.one("namespace", tid, path) is not None
        return self._interned("namespace", tid, path, add=None if known else (tid, path, self.inherited(tid, path)))

    def inherited(self, tid: int, path: str) -> int | None:
        """The access list in force at a path: the entries set on it and on all above it."""
        lists = self._execute(SQL["own_entries"], (tid, to_json(ancestors(path)).decode()))
        entries = {entry for (text,) in lists for entry in read_entries(text)}
        return self.acl(entries_text(entries)) if entries else None

    def acl(self, entries: str | None) -> int | None:
        """The number of an access list, None for the empty one."""
        if entries is None:
            return None
        found = self._names.get(("acl", entries)) or self.one("acl", entries)
        if found is None:
            found = self._interned("acl", entries)
            self._execute(SQL["add_entry"], (entries, found))
        self._names["acl", entries] = found
        return int(found)

    def list_in(self, aid: int, nid: int) -> None:
        """Tell that memories with an access list of their own stand in a namespace."""
        if ("listing", aid, nid) not in self._names:
            self._execute(SQL["add_listing"], (aid, nid))
            self._names["listing", aid, nid] = 1

    def tag(self, tid: int, tag: Tag) -> int:
        """The number of a tag of a tenant; one that users set and one that is predicted are two."""
        own = tag.by == "user"
        return self._interned("tag", tid, tag.key, tag.name, own, add=(tid, tag.name, tag.value, tag.key, own))
