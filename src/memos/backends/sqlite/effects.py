"""Effects: what a ChangeSet changes beside memories: edges, vectors, usage, access lists of namespaces, a worker's cursor."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import apsw
from pydantic_core import to_json

from memos.backends.sqlite.erase import Erasing
from memos.backends.sqlite.purge import purge
from memos.backends.sqlite.rows import acl_text, id_bytes
from memos.backends.sqlite.sight import known_as
from memos.backends.sqlite.verify import conflict
from memos.errors import InvalidCall, NotFound
from memos.memcube.change import BranchClose, ChangeSet, Economy, Edge, NamespaceAcl, SnapshotName, UsageFold, VectorFill
from memos.memcube.fields import microseconds
from memos.memcube.heat import merged_heat
from memos.memcube.rule import Rule

if TYPE_CHECKING:
    from memos.backends.sqlite.commit import Commit


class Effects:
    """The effects of one ChangeSet, within its commit."""

    def __init__(self, commit: Commit) -> None:
        self._commit = commit
        self._execute = commit.execute

    def run(self) -> dict[str, int]:
        """Write them; return how many there were of each kind."""
        change = self._commit.change
        if not self._wanted(change):
            return {}
        edges = len(change.edges) + len(change.unties)
        counts = {"acls": len(change.acls), "edges": edges, "fills": len(change.fills), "usage": self._own(change.usage)}
        for acl in change.acls:
            self._hand_down(acl)
        for rule in change.rules:
            self._rule(rule)
        self._tie(change)
        self._fill(change.fills)
        for fold in change.usage:
            self._use(fold)
        if change.fence is not None and change.fence.cursor is not None:
            self._execute("move_cursor", change.fence.cursor, change.fence.worker)
        if change.closes is not None:
            self._close_branch(change.closes)
        for name in change.names:
            self._name(name)
        counts |= {
            "rules": len(change.rules),
            "closed": int(change.closes is not None),
            "snapshots": len(change.names),
            "purged": purge(self._commit, change.purge) if change.purge else 0,
        }
        if change.erase is not None:
            commit = self._commit
            commit.erasing = Erasing(commit, change.erase)
            gone = commit.erasing.run()
            counts |= gone | {"purged": counts["purged"] + gone["purged"]}
        if change.economy is not None:
            counts |= self._save(change.economy)
        return {name: count for name, count in counts.items() if count}

    @staticmethod
    def _wanted(change: ChangeSet) -> bool:
        beside = (
            change.edges,
            change.unties,
            change.fills,
            change.usage,
            change.acls,
            change.rules,
            change.fence,
            change.closes,
            change.names,
            change.purge,
            change.economy,
            change.erase,
        )
        return any(part is not None and part != () for part in beside)

    def _close_branch(self, closes: BranchClose) -> None:
        commit, name = self._commit, closes.name
        found = commit.known.one("branch", commit.tid, name)
        if found is None:
            raise NotFound(f"there is no branch {known_as(name)!r}; it may be closed already")
        if closes.upto is not None and (last := commit.known.one("branch_written", found) or 0) > closes.upto:
            raise conflict("the branch has been written to", expected=closes.upto, found=last)
        commit.touched.update(nid for (nid,) in list(self._execute("branch_namespaces", found)))
        self._execute("end_branch_versions", commit.seq, found)
        self._execute("end_branch_edges", commit.seq, found)
        self._execute("close_branch", commit.seq, commit.tid, name)

    def _name(self, given: SnapshotName) -> None:
        """Name a commit, or take a name away; the latest seq is that of the commit before this one."""
        commit = self._commit
        key = commit.tid, given.owner, given.name
        if given.seq is None:
            self._execute("drop_snapshot", *key)
            if not commit.connection.changes():
                raise NotFound(f"there is no snapshot {given.name!r}")
            return
        horizon = commit.known.one("horizon", commit.tid)
        if not horizon <= given.seq <= commit.known.seq:
            raise InvalidCall(f"a snapshot names a commit from {horizon} to {commit.known.seq}, not {given.seq}")
        try:
            self._execute("set_snapshot", *key, given.seq, microseconds(commit.change.at))
        except apsw.ConstraintError:
            raise InvalidCall(f"there is a snapshot {given.name!r} already; give another name, or drop that one first") from None

    def _save(self, wanted: Economy) -> dict[str, int]:
        commit = self._commit
        packed = 0
        for content in wanted.texts:
            body = commit.known.one("packable", content)
            if body is not None:
                self._execute("pack", zlib.compress(body.encode()), content)
                packed += 1
        if wanted.pages:
            commit.connection.execute(f"PRAGMA incremental_vacuum({int(wanted.pages)})").fetchall()
        return {"packed": packed, "pages": wanted.pages}

    def _own(self, usage: tuple[UsageFold, ...]) -> int:
        """How many folds are of the ChangeSet's own tenant, whose log must not tell of others."""
        return sum(fold.tenant in {None, self._commit.change.tenant} for fold in usage)

    def _hand_down(self, change: NamespaceAcl) -> None:
        commit, known = self._commit, self._commit.known
        changed = known.namespace(commit.tid, change.namespace)
        commit.touched.add(changed)
        self._execute("set_own", known.acl(acl_text(change.acl)), changed)
        below: list[Any] = self._execute("below", commit.tid, change.namespace).fetchall()
        for nid, path, before in below:
            aid = known.inherited(commit.tid, path)
            if aid != before:
                self._execute("set_inherited", aid, nid)
                commit.touched.add(nid)
        commit.raise_epoch()

    def _rule(self, rule: Rule) -> None:
        """End the document that stands, and put the new one in its place."""
        commit, key = self._commit, (rule.kind, rule.key)
        self._execute("end_rule", commit.seq, commit.tid, *key)
        if rule.body is None and not commit.connection.changes():
            raise NotFound(f"there is no {rule.kind} {rule.key!r}")
        if rule.body is not None:
            self._execute("add_rule", commit.seq, commit.tid, *key, to_json(rule.body).decode())
        commit.raise_epoch()

    def _tie(self, change: ChangeSet) -> None:
        for edge in change.edges:
            self._relate(edge)
        for edge in change.unties:
            self._untie(edge)

    def _relate(self, edge: Edge) -> None:
        commit = self._commit
        visible, ends = commit.sight.edges, (self._uid(edge.source), self._uid(edge.target))
        commit.known.row_of("add_edge", visible, *ends, edge.relation, commit.bid, commit.seq)

    def _untie(self, edge: Edge) -> None:
        """End an edge of this branch's own."""
        commit = self._commit
        self._execute("end_edge", commit.seq, self._uid(edge.source), self._uid(edge.target), edge.relation, commit.bid)
        if not commit.connection.changes():
            raise NotFound(f"there is no edge {edge.relation} from {edge.source} to {edge.target} here")

    def _uid(self, cube_id: str) -> int:
        commit = self._commit
        found = commit.uids.get(cube_id) or commit.known.one("cube", id_bytes(cube_id), commit.tid)
        if found is None:
            raise InvalidCall(f"an edge names the memory {cube_id}, which is not there; add it first")
        return int(found)

    def _fill(self, fills: tuple[VectorFill, ...]) -> None:
        commit = self._commit
        filled = []
        for fill in fills:
            body = commit.vector_bytes(fill.vector, fill.words)
            if body is None:
                self._execute("fail", fill.content, commit.tid)
                continue
            self._execute("fill", body, commit.seq, fill.content, commit.tid)
            if commit.connection.changes():
                filled.append(fill.content)
        if filled:
            commit.touched.update(nid for (nid,) in self._execute("namespaces_of_contents", to_json(filled).decode()))

    def _use(self, fold: UsageFold) -> None:
        commit = self._commit
        tid = commit.tid if fold.tenant is None else commit.known.one("tenant", fold.tenant)
        uid = commit.known.one("cube", id_bytes(fold.id), tid)
        if uid is None:
            return
        count, at, heat = fold.count, microseconds(fold.last_used_at), fold.heat
        if found := next(self._execute("usage", uid), None):
            count += found[0]
            at, heat = merged_heat((found[1], found[2]), (at, heat))
        self._execute("set_usage", uid, count, at, heat)
