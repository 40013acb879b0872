"""Erase: memories that leave with all their rows, within one commit. What stays are tombstones, and the erasure that is to be finished."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic_core import from_json, to_json

from memos.backends.sqlite.bytesearch import PREFIX
from memos.backends.sqlite.named import statements
from memos.backends.sqlite.purge import SQL as PURGE
from memos.backends.sqlite.purge import drop_edges, spare
from memos.backends.sqlite.rows import id_bytes, text_of
from memos.backends.sqlite.verify import conflict
from memos.errors import DAMAGE
from memos.memcube.change import DERIVATIONS, Erase, Purge
from memos.memcube.fields import microseconds

if TYPE_CHECKING:
    from memos.backends.sqlite.commit import Commit

SQL = statements("erase")
COUNTED = ("memories", "versions", "contents", "vectors", "edges", "usage")
LEAST, WINDOW, DISTINCT, MOST = 12, 48, 4, 50_000
"""Of how many bytes a probe is at least, how many of what is long, how many of the first ones differ, and how many probes there are."""


class Erasing:
    """One Erase on its way, within a commit."""

    def __init__(self, commit: Commit, wanted: Erase) -> None:
        self._commit, self._wanted = commit, wanted
        self._execute, self._many = commit.connection.execute, commit.connection.executemany
        self.ids = tuple(map(id_bytes, dict.fromkeys(wanted.cubes)))
        self.others = b""
        self.probes: tuple[bytes, ...] = ()

    def run(self) -> dict[str, int]:
        """Take the memories away; what went, in numbers. VersionConflict leaves nothing."""
        commit, execute = self._commit, self._execute
        self._find()
        if self._wanted.person is not None:
            self._part(self._wanted.person.owner, self._wanted.person.branches)
        execute(PURGE["doomed"])
        execute(PURGE["doom_branches"], (commit.tid,))
        spare(commit, self._wanted.spare)
        execute(SQL["doom"])
        counts = dict(zip(COUNTED, next(execute(SQL["count"])), strict=True))
        self.probes = self._probes()
        blobs, lists = self._blobs(), list(execute(SQL["lists"]))
        self._bury()
        self._drop(lists)
        self._blank_repeats()
        for name, last in (("last_row", commit.known.row), ("last_uid", commit.known.uid), ("last_cid", commit.known.cid)):
            commit.execute("set_meta", name, last)  # no number is given twice: what was computed for an erased text finds no other
        execute(SQL["set_erased"], (commit.seq, commit.tid))
        self._remember(counts, blobs)
        commit.known.let_go()
        return {"erased": counts["memories"], "purged": counts["versions"]}

    def _find(self) -> None:
        self._execute(SQL["erased"])
        for identity in self.ids:
            self._execute(SQL["erase_cube"], (self._commit.tid, identity))
            if not self._commit.connection.changes():
                raise conflict("a memory that was to be erased is not there")
        if self._execute(SQL["made_since"], (self._wanted.upto, to_json(DERIVATIONS).decode())).get:
            raise conflict("something was made of a memory that was to be erased")

    def _part(self, owner: str, branches: str) -> None:
        commit = self._commit
        for (bid,) in list(self._execute(SQL["open_branches"], (commit.tid, branches))):
            self._execute(SQL["close_branch"], (commit.seq, bid))
        self._execute(SQL["unname_branches"], (commit.tid, branches))
        self._execute(SQL["drop_snapshots"], (commit.tid, owner))

    def _bury(self) -> None:
        commit = self._commit
        pseudonym = commit.keys.owner
        rows = [
            (identity, commit.tid, provenance, pseudonym(commit.change.tenant, owner), commit.seq)
            for identity, provenance, owner in self._execute(SQL["owners"])
        ]
        self._many(SQL["bury"], rows)

    def _drop(self, lists: list[tuple[int, int]]) -> None:
        commit, execute = self._commit, self._execute
        for (nid,) in list(execute(PURGE["namespaces"])):
            execute(PURGE["mark"], (commit.seq, nid))
            commit.touched.add(nid)
        for name in ("drop_tags", "drop_versions", "left_contents", "drop_contents", "left_cubes"):
            execute(PURGE[name])
        self.others = b"".join(identity for (identity,) in execute(SQL["others"]))
        execute(PURGE["drop_cubes"])
        drop_edges(commit, Purge(branches=True, spare=self._wanted.spare))
        self._many(SQL["drop_listing"], lists)
        unlisted = {aid for aid, _ in lists} | {aid for (aid,) in list(execute(SQL["drop_empty_listings"], (commit.tid,)))}
        execute(SQL["drop_namespaces"], (commit.tid,))
        for name in ("drop_entries", "drop_list"):
            self._many(SQL[name], ((aid,) for aid in sorted(unlisted)))
        execute(SQL["drop_tags"], (commit.tid,))

    def _blank_repeats(self) -> None:
        """A repeated call is not to bring back what it once made: its key stays, and what it was is gone."""
        gone, blanked = frozenset(self.ids), []
        for key, ids in self._execute(SQL["repeats"]):
            named = sliced(ids)
            if not gone.isdisjoint(named):
                blanked.append((b"".join(each for each in named if each not in gone), key))
        self._many(SQL["blank_repeat"], blanked)

    def _blobs(self) -> list[str]:
        return sorted({name for (body,) in self._execute(SQL["blobs"]) if (name := blob_of(body)) is not None})

    def _remember(self, counts: dict[str, int], blobs: list[str]) -> None:
        commit, change = self._commit, self._commit.change
        person = self._wanted.person
        names = (person.owner, person.branches) if person is not None else ()
        marks = [commit.keys.parted(change.tenant, name).hex() for name in names]
        told = to_json(from_json(self._wanted.told) | {"counts": counts, "parted": marks}).decode()
        who = id_bytes(change.call_id), commit.keys.caller(change.caller)
        row = commit.seq, microseconds(change.at), commit.tid, *who, b"".join(self.ids), self.others, told, to_json(blobs).decode()
        self._execute(SQL["add_erasure"], row)

    def _probes(self) -> tuple[bytes, ...]:
        found: dict[bytes, None] = {}
        for body, vector, hashes in self._execute(SQL["bodies"]):
            found |= dict.fromkeys((*pieces(text_or_nothing(body).encode()), *pieces(body if isinstance(body, bytes) else b"")))
            found |= dict.fromkeys((*telling(vector or b""), *telling(hashes or b"")))
            if len(found) > MOST:
                break
        for row in self._execute(SQL["names"]):
            found |= dict.fromkeys(piece for each in row if each for piece in pieces(each.encode()))
            if len(found) > MOST:
                break
        return tuple(found)[:MOST]


def pieces(body: bytes) -> tuple[bytes, ...]:
    """What of some bytes is looked for: all, or of what is long the beginning, the middle and the end; zeros and the like are not."""
    if len(body) <= WINDOW:
        found: tuple[bytes, ...] = (body,)
    else:
        half = (len(body) - WINDOW) // 2
        found = body[:WINDOW], body[half : half + WINDOW], body[-WINDOW:]
    return tuple(each for each in found if len(each) >= LEAST and len(set(each[:PREFIX])) >= DISTINCT)


def sliced(ids: bytes) -> list[bytes]:
    """The ids in a row of 16 bytes each."""
    return [ids[start : start + 16] for start in range(0, len(ids), 16)]


def telling(body: bytes) -> tuple[bytes, ...]:
    """The first piece of some numbers that would not be found anywhere."""
    return next((found for start in range(0, len(body), WINDOW) if (found := pieces(body[start : start + WINDOW]))), ())


def text_or_nothing(body: str | bytes) -> str:
    """The text of a content; none of one that cannot be read, which goes all the same."""
    try:
        return text_of(body)
    except DAMAGE:
        return ""


def blob_of(body: str | bytes) -> str | None:
    """The blob that a payload names."""
    try:
        told: Any = from_json(text_of(body))
        return str(told["blob"])
    except DAMAGE:
        return None


def buried(commit: Commit, *identities: bytes) -> int | None:
    """The commit that erased a memory of one of these ids, None when none was."""
    found = (next(commit.connection.execute(SQL["tombstone"], (each, commit.tid)), None) for each in identities)
    return next((int(row[0]) for row in found if row is not None), None)
