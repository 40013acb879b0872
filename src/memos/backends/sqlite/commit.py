"""Commit: one ChangeSet as rows, under one seq, within the writer's transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import apsw
from pydantic_core import to_json

from memos.backends.sqlite import sight
from memos.backends.sqlite.allowances import require_allowed
from memos.backends.sqlite.chain import link
from memos.backends.sqlite.effects import Effects
from memos.backends.sqlite.erase import Erasing, buried
from memos.backends.sqlite.keys import Keys, pack_counts
from memos.backends.sqlite.known import SQL, Known
from memos.backends.sqlite.rows import body_of, header_text, id_bytes, maybe, metadata_text, own_entries
from memos.backends.sqlite.verify import conflict, verify_fact, verify_fence, verify_reads, verify_turn
from memos.errors import InvalidCall, NotFound
from memos.memcube.change import ChangeSet, Committed, CubeWrite, ReadSet
from memos.memcube.cube import MemCube
from memos.memcube.fields import microseconds
from memos.memcube.state import State

TABLES = ("close_version", "add_cube", "add_content", "add_term", "add_vector", "add_version", "add_cube_tag")
"""The statements that write memories, in their order."""
ORDINALS = 2**53
"""Ordinals stay below it, so that JSON carries them exactly."""


class Commit:
    """One ChangeSet on its way. `run` raises before anything stays; the caller undoes the savepoint."""

    def __init__(self, connection: apsw.Connection, known: Known, keys: Keys, dimensions: int | None, change: ChangeSet) -> None:
        self.connection = connection
        self.known = known
        self.keys = keys
        self.dimensions = dimensions
        self.change = change
        self.seq = known.seq + 1
        self.tid = known.tenant(change.tenant)
        self.hashes = keys.tenant(change.tenant)
        self.touched: set[int] = set()
        self.bid = 0
        self.sight = sight.present(self.seq)
        self.uids: dict[str, int] = {}
        self.ordinals: dict[str, int] = {}
        self._next: dict[tuple[int, str], int] = {}
        self.erasing: Erasing | None = None
        self._raised = False
        self._taken: set[tuple[Any, ...]] = set()
        self._leaving: set[int] = set()
        self._rows: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
        self._written: list[bytes] = []

    def run(self, reads: ReadSet) -> Committed:
        """Verify and write; VersionConflict, InvalidCall or NotFound leave nothing."""
        change = self.change
        if change.fence is not None:
            verify_fence(self.known, change.fence)
        self._choose_branch()
        verify_reads(self.known, self.tid, self.sight, reads)
        self._leaving = self._standing_of(change.writes) if len(change.writes) > 1 else set()
        for write in change.writes:
            self._write(write)
        self._flush()
        if change.allowances:
            require_allowed(self)
        counts = Effects(self).run()
        self._remember_calls()
        self.connection.executemany(SQL["touch"], ((self.seq, nid) for nid in sorted(self.touched)))
        self._log(counts)
        return Committed(self.seq, self.ordinals)

    @property
    def versions(self) -> int:
        """How many version rows it writes."""
        return len(self._rows["add_version"])

    def execute(self, name: str, *parameters: Any) -> apsw.Cursor:
        """Run one of the named statements."""
        return self.connection.execute(SQL[name], parameters)

    def _choose_branch(self) -> None:
        opens, branch = self.change.opens, self.change.branch
        if opens is not None:
            if not opens.name or not 0 <= opens.base <= self.known.seq:
                raise InvalidCall(f"a branch needs a name and a base between 0 and {self.known.seq}, not {opens.name!r} and {opens.base}")
            if next(self.execute("branch", self.tid, opens.name), None):
                raise conflict("a branch of that name has been opened", branch=True)
            if opens.base < self.known.one("horizon", self.tid):
                raise InvalidCall(f"the past at commit {opens.base} has been purged; give a later base")
            self.execute("add_branch", self.tid, opens.name, opens.base, self.seq)
        if branch:
            found = next(self.execute("branch", self.tid, branch), None)
            if found is None:
                raise NotFound(f"there is no branch {sight.known_as(branch)!r}; open it first")
            self.bid, base, _ = found
            self.sight = sight.overlay(self.bid, base, self.seq)

    def _write(self, write: CubeWrite) -> None:
        cube = write.cube
        if cube.id in self.uids:
            raise InvalidCall(f"the memory {cube.id} is written twice in one call; a call writes one version of a memory")
        nid = self.known.namespace(self.tid, cube.namespace)
        uid, cid, aid, held = self._bear(write) if write.birth else self._succeed(write, nid)
        self.uids[cube.id] = uid
        self.touched.add(nid)
        if write.like is not None:
            cid = self._content_of(write, uid)
        fact = None if write.fact is None else self._fact(nid, write.fact, cube.policy.owner)
        ordinal = self._ordinal(write, nid, held)
        if write.terms is not None:
            cid = self._add_content(write)
        if aid is not None:
            self.known.list_in(aid, nid)
        self.known.row += 1
        self._rows["add_version"].append(self._version_row(cube, (uid, nid, cid, aid, fact), ordinal))
        if cube.tags:
            self._rows["add_cube_tag"] += [(self.known.row, tag) for tag in {self.known.tag(self.tid, tag) for tag in cube.tags}]

    def _bear(self, write: CubeWrite) -> tuple[int, int, int | None, tuple[Any, ...]]:
        cube = write.cube
        if write.terms is None:
            raise InvalidCall(f"the new memory {cube.id} comes without terms; analyse its text first")
        self.known.uid = uid = self.known.uid + 1
        identity = id_bytes(cube.id)
        self._written.append(identity + cube.version.to_bytes(4, "little"))
        provenance = identity if cube.provenance.id == cube.id else id_bytes(cube.provenance.id)
        if self.known.graves and (erased := buried(self, identity, provenance)) is not None:
            raise InvalidCall(
                f"the memory {cube.id} was erased by commit {erased} and cannot be brought back; add what it said as a new one"
            )
        self._rows["add_cube"].append((uid, self.tid, identity, provenance))
        return uid, 0, self.known.acl(own_entries(cube)), ()

    def _succeed(self, write: CubeWrite, nid: int) -> tuple[int, int, int | None, tuple[Any, ...]]:
        cube = write.cube
        identity = id_bytes(cube.id)
        self._written.append(identity + cube.version.to_bytes(4, "little"))
        found = next(self.execute("cube", identity, self.tid), None)
        standing = found and self.known.row_of("standing", self.sight.versions, found[0])
        if not found or (standing is None) is not write.adopt:
            raise conflict(f"the memory {cube.id} is {'there already' if write.adopt and found else 'not there'}", id=cube.id, found=0)
        if standing is None:
            standing = (None, None, 0, nid, 0, None, None, None, cube.payload.type, State.EXPIRED)
        row, bid, _, old_nid, cid, old_aid, session, ordinal, kind, state = standing
        if id_bytes(cube.provenance.id) != found[1] or not _keeps_content(write, kind):
            message = "keeps its provenance id, and its payload's type and vector unless its content is new"
            raise InvalidCall(f"the memory {cube.id} {message}")
        if bid == self.bid:
            self._rows["close_version"].append((self.seq, row))
            self.touched.add(old_nid)
        aid = self.known.acl(own_entries(cube))
        if aid != old_aid:
            self.raise_epoch()
        return found[0], cid, aid, () if state == State.EXPIRED else (old_nid, session, ordinal)

    def _content_of(self, write: CubeWrite, uid: int) -> int:
        """The content of the row that a write is like."""
        found = next(self.execute("row_like", uid, write.like), None)
        if found is None or found[1] != write.cube.payload.type or write.terms is not None or write.vector is not None:
            raise InvalidCall(f"the memory {write.cube.id} has no row of commit {write.like} whose content could be used again")
        return int(found[0])

    def _standing_of(self, writes: Iterable[CubeWrite]) -> set[int]:
        """Memories whose standing rows this change replaces: they stand in nobody's way."""
        found = (next(self.execute("cube", id_bytes(write.cube.id), self.tid), None) for write in writes if not write.birth)
        return {row[0] for row in found if row}

    def raise_epoch(self) -> None:
        """Count a change of an access list, once a commit."""
        if not self._raised:
            self._raised = True
            self.known.epoch += 1
            self.execute("set_meta", "policy_epoch", self.known.epoch)

    def _take(self, *key: Any) -> None:
        if key in self._taken:
            raise InvalidCall(f"two memories of one call have the same {key[0]} in one namespace; leave one out")
        self._taken.add(key)

    def _fact(self, nid: int, text: str, owner: str) -> bytes:
        fact = self.hashes.fact(text)
        self._take("fact", nid, fact, owner)
        verify_fact(self.known, self.sight, (nid, fact, owner), {*self.uids.values(), *self._leaving})
        return fact

    def _ordinal(self, write: CubeWrite, nid: int, held: tuple[Any, ...]) -> int | None:
        cube = write.cube
        session, ordinal = cube.session, cube.ordinal
        if session is None:
            return ordinal
        if ordinal is not None:
            if cube.state != State.EXPIRED:
                self._take("ordinal", nid, session, ordinal)
            if cube.state != State.EXPIRED and held != (nid, session, ordinal):
                verify_turn(self.known, self.sight, (nid, session, ordinal), {*self.uids.values(), *self._leaving})
            self._next[nid, session] = max(self._following(nid, session), ordinal + 1)
        elif write.birth and write.turn:
            ordinal = self._following(nid, session)
            if ordinal >= ORDINALS:
                raise InvalidCall(f"the session {session!r} has a turn with the last ordinal there is; begin another session")
            self._take("ordinal", nid, session, ordinal)
            self._next[nid, session] = ordinal + 1
            self.ordinals[cube.id] = ordinal
        return ordinal

    def _following(self, nid: int, session: str) -> int:
        key = nid, session
        if key not in self._next:
            last = self.known.one("last_ordinal", nid, session)
            self._next[key] = 0 if last is None else last + 1
        return self._next[key]

    def _add_content(self, write: CubeWrite) -> int:
        terms, cube = write.terms, write.cube
        self.known.cid = cid = self.known.cid + 1
        self._rows["add_content"].append((cid, body_of(cube.payload)))
        if terms is not None:
            packed = self.hashes.terms.pack(terms.counts), pack_counts(terms.counts.values())
            self._rows["add_term"].append((cid, *packed, terms.length, terms.flags))
        if write.vector is not None or (self.dimensions is not None and cube.payload.type == "plaintext"):
            self._rows["add_vector"].append((cid, self.tid, self.seq, self.vector_bytes(write.vector, write.words)))
        return cid

    def vector_bytes(self, vector: Any, words: bytes) -> bytes | None:
        """A vector as float32, little endian, and behind it those of its words; InvalidCall when it is not of this store's width."""
        if vector is None:
            return None
        if self.dimensions is None:
            raise InvalidCall("this store has no embedder and keeps no vectors; open a new store with one, or give no vector")
        if vector.shape != (self.dimensions,):
            raise InvalidCall(f"a vector of this store has the shape ({self.dimensions},), not {vector.shape}")
        body: bytes = vector.astype("<f4").tobytes()
        return body + words

    def _version_row(self, cube: MemCube, keys: tuple[Any, ...], ordinal: int | None) -> tuple[Any, ...]:
        (uid, nid, cid, aid, fact), policy, created_at = keys, cube.policy, microseconds(cube.created_at)
        said_at = created_at if cube.said_at is cube.created_at else microseconds(cube.said_at)
        updated_at = created_at if cube.updated_at is cube.created_at else microseconds(cube.updated_at)
        return (
            self.known.row, self.bid, uid, self.seq, self.known.sid, cube.version, nid, cid, aid, fact,
            cube.layer, cube.payload.type, cube.state, cube.frozen, policy.owner, policy.sensitivity, policy.priority,
            cube.speaker, cube.role, cube.session, ordinal, said_at, created_at, updated_at,
            maybe(cube.valid_from), maybe(cube.valid_to), maybe(policy.expires_at), metadata_text(cube),
            None if policy.examined else 1, header_text(cube),
        )  # fmt: skip

    def _flush(self) -> None:
        many = self.connection.executemany
        for name in TABLES:
            if rows := self._rows.get(name):
                many(SQL[name], rows)

    def _remember_calls(self) -> None:
        change = self.change
        for each in (*filter(None, (change.idempotency,)), *change.remembers):
            key, ids = self.keys.idempotency(change.caller, each.key), b"".join(map(id_bytes, each.ids))
            call = id_bytes(each.call_id or change.call_id)
            self.execute("add_idempotency", key, self.keys.fingerprint(each.fingerprint), call, self.seq, ids)
            if not self.connection.changes():
                raise conflict("the idempotency key has just been used")

    def _log(self, counts: dict[str, int]) -> None:
        change = self.change
        fields = (
            self.seq, microseconds(change.at), self.tid, self.bid, change.operation, id_bytes(change.call_id),
            self.keys.caller(change.caller), b"".join((*self._written, *self._gone())), to_json(counts).decode(), change.took,
        )  # fmt: skip
        seal = link(self.known.hash, *fields)
        self.execute("add_commit", *fields, seal)
        self.known.seq, self.known.hash = self.seq, seal

    def _gone(self) -> Iterable[bytes]:
        """What the log names of memories that were erased: the id, and 0 for the version."""
        return (identity + bytes(4) for identity in self.erasing.ids) if self.erasing is not None else ()


def _keeps_content(write: CubeWrite, kind: str) -> bool:
    """Whether a write that brings no content of its own stays with one that there is: the standing row's, or that of a row it is like."""
    if write.terms is not None:
        return True
    return write.vector is None and (write.like is not None or (kind == write.cube.payload.type and not write.adopt))
