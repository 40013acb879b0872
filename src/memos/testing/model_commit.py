"""The plain model's commit: one ChangeSet on a copy of the state, which takes its place when nothing was raised."""

from __future__ import annotations

from dataclasses import replace

from memos.errors import InvalidCall, NotFound, VersionConflict
from memos.memcube.change import BranchClose, ChangeSet, Committed, CubeWrite, Edge, ReadSet, SnapshotName, Terms, UsageFold
from memos.memcube.change import VectorFill as Fill
from memos.memcube.cube import MemCube
from memos.memcube.fields import microseconds
from memos.memcube.heat import merged_heat
from memos.memcube.matching import acl_entries
from memos.memcube.state import State as CubeState
from memos.ports.feed import OPEN
from memos.testing.model import Content, Relation, Row, State, edges_seen
from memos.testing.model_allowances import require_allowed, standing
from memos.testing.model_effects import ModelEffects
from memos.testing.model_erase import erase, unname
from memos.testing.model_log import logged
from memos.testing.model_purge import purge
from memos.testing.model_related import derived


class ModelCommit(ModelEffects):
    """One ChangeSet on its way; what it raises leaves the copy to be thrown away."""

    def __init__(self, state: State, change: ChangeSet, dimensions: int | None) -> None:
        self.state, self.change, self.dimensions = state, change, dimensions
        self.tenant, self.seq = change.tenant, state.head + 1
        self.before: list[Row] = []
        self.ordinals: dict[str, int] = {}
        self.acl_changed = False
        self.branch = ""
        self.purged = 0

    def run(self, reads: ReadSet) -> Committed:
        """Verify, then write."""
        change, state = self.change, self.state
        if change.fence and state.workers.get(change.fence.worker, (None, 0))[0] != change.fence.number:
            raise VersionConflict("fence")
        self._open_branch()
        self.before = state.visible(self.tenant, change.branch, state.head)
        self._verify(reads)
        stood = [standing(state, self.tenant, allowance) for allowance in change.allowances]
        for write in change.writes:
            self._write(write)
        require_allowed(state, change, stood)
        self._effects()
        for each in (*filter(None, (change.idempotency,)), *change.remembers):
            key = (self.tenant, change.caller.kind, change.caller.user, each.key)
            if key in state.calls:
                raise VersionConflict("idempotency")
            state.calls[key] = each.fingerprint, each.call_id or change.call_id, each.ids
        state.epoch += self.acl_changed
        self._log()
        return Committed(self.seq, self.ordinals)

    def _open_branch(self) -> None:
        opens, branch = self.change.opens, self.change.branch
        if opens:
            if not opens.name or not 0 <= opens.base <= self.state.head:
                raise InvalidCall("branch")
            if (self.tenant, opens.name) in self.state.branches:
                raise VersionConflict("branch")
            if opens.base < self.state.horizons.get(self.tenant, 0):
                raise InvalidCall("horizon")
            self.state.branches[self.tenant, opens.name] = opens.base, self.seq
            self.state.called[self.tenant, self.seq] = opens.name
        if branch and (self.tenant, branch) not in self.state.branches:
            raise NotFound("branch")
        self.branch = self.state.key(self.tenant, branch)

    def _verify(self, reads: ReadSet) -> None:
        standing = {row.cube.id: row.seq for row in self.before}
        if any(standing.get(cube_id, 0) != seq for cube_id, seq in reads.versions.items()):
            raise VersionConflict("version")
        if any(self.state.stamp(self.tenant, path) != seq for path, seq in reads.namespaces.items()):
            raise VersionConflict("namespace")
        if reads.policy_epoch is not None and reads.policy_epoch != self.state.epoch:
            raise VersionConflict("epoch")
        if reads.underived is not None:
            since = derived(self.state, self.tenant, after=reads.underived.after)
            if any(reads.underived.sources is None or not sources.isdisjoint(reads.underived.sources) for sources in since.values()):
                raise VersionConflict("derived")

    def _write(self, write: CubeWrite) -> None:
        cube, state = write.cube, self.state
        if any(row.seq == self.seq and row.cube.id == cube.id for row in state.rows):
            raise InvalidCall("twice")
        held = None if write.birth else next((row for row in self.before if row.cube.id == cube.id), None)
        if write.birth:
            self._bear(write)
        elif cube.id not in state.cubes or state.cubes[cube.id][1] != self.tenant or (held is None) is not write.adopt:
            raise VersionConflict("absent")
        else:
            self._succeed(write, held)
        uid = state.cubes[cube.id][0]
        like = self._like(write)
        self._require_free_fact(write, uid)
        ordinal = self._ordinal(write, held, uid)
        content = like or (held.content if write.terms is None and held else self._add_content(write))
        cube = cube.model_copy(update={"ordinal": ordinal, "seq": self.seq})
        state.numbers += 1
        row = Row(state.numbers, uid, content, self.tenant, self.branch, self.seq, OPEN, write.fact, cube)
        state.rows.append(row)
        state.make(self.tenant, cube.namespace)
        state.last_seq[self.tenant, cube.namespace] = self.seq
        state.listings.add((self.tenant, cube.namespace, acl_entries(cube)))

    def _bear(self, write: CubeWrite) -> None:
        if write.terms is None:
            raise InvalidCall("terms")
        if any(mine == self.tenant and not {write.cube.id, write.cube.provenance.id}.isdisjoint(each) for mine, *each in self.state.graves):
            raise InvalidCall("erased")
        if write.cube.id in self.state.cubes:
            raise VersionConflict("identity")
        self.state.uids += 1
        self.state.cubes[write.cube.id] = self.state.uids, self.tenant, write.cube.provenance.id

    def _succeed(self, write: CubeWrite, held: Row | None) -> None:
        kind = write.cube.payload.type
        other_kind = write.like is None and (held is None or kind != held.cube.payload.type)
        if write.cube.provenance.id != self.state.cubes[write.cube.id][2] or (
            write.terms is None and (other_kind or write.vector is not None)
        ):
            raise InvalidCall("identity")
        if held is not None and held.branch == self.branch:
            self._end(held)
        before = acl_entries(held.cube) if held else frozenset()
        self.acl_changed |= acl_entries(write.cube) != before

    def _end(self, row: Row) -> None:
        self.state.rows[self.state.rows.index(row)] = replace(row, end=self.seq)
        self.state.last_seq[self.tenant, row.cube.namespace] = self.seq

    def _like(self, write: CubeWrite) -> int | None:
        """The content of the row that a write is like."""
        if write.like is None:
            return None
        rows = [row for row in self.state.rows if row.cube.id == write.cube.id and row.seq == write.like]
        if not rows or rows[0].cube.payload.type != write.cube.payload.type or write.terms is not None or write.vector is not None:
            raise InvalidCall("like")
        return rows[0].content

    def _require_free_fact(self, write: CubeWrite, uid: int) -> None:
        if write.fact is None:
            return
        equal = [row for row in self.state.rows if (row.fact, *_place(row.cube)) == (write.fact, *_place(write.cube))]
        if any(row.seq == self.seq for row in equal if row.tenant == self.tenant):
            raise InvalidCall("fact")
        standing = {row.number for row in self.before}
        written = {row.uid for row in self.state.rows if row.seq == self.seq} | {uid} | self._leaving()
        if any(row.number in standing and row.uid not in written for row in equal):
            raise VersionConflict("fact")

    def _leaving(self) -> set[int]:
        """Memories whose standing rows this change replaces."""
        ids = [write.cube.id for write in self.change.writes if not write.birth and len(self.change.writes) > 1]
        return {self.state.cubes[each][0] for each in ids if each in self.state.cubes and self.state.cubes[each][1] == self.tenant}

    def _ordinal(self, write: CubeWrite, held: Row | None, uid: int) -> int | None:
        cube, place = write.cube, (write.cube.namespace, write.cube.session)
        if cube.session is None or (cube.ordinal is None and not (write.birth and write.turn)):
            return cube.ordinal
        of_session = [row for row in self.state.rows if row.tenant == self.tenant and (row.cube.namespace, row.cube.session) == place]
        if cube.ordinal is None:
            self.ordinals[cube.id] = max((row.cube.ordinal for row in of_session if row.cube.ordinal is not None), default=-1) + 1
            return self.ordinals[cube.id]
        if cube.state == CubeState.EXPIRED:
            return cube.ordinal
        equal = [row for row in of_session if row.cube.ordinal == cube.ordinal and row.cube.state != CubeState.EXPIRED]
        if any(row.seq == self.seq for row in equal):
            raise InvalidCall("ordinal")
        standing, stays = {row.number for row in self.before}, held is not None and held.cube.ordinal == cube.ordinal
        stays = stays and held is not None and (held.cube.namespace, held.cube.session) == place and held.cube.state != CubeState.EXPIRED
        written = {row.uid for row in self.state.rows if row.seq == self.seq} | {uid} | self._leaving()
        if not stays and any(row.number in standing and row.uid not in written for row in equal):
            raise VersionConflict("ordinal")
        return cube.ordinal

    def _add_content(self, write: CubeWrite) -> int:
        if write.vector is not None and (self.dimensions is None or write.vector.shape != (self.dimensions,)):
            raise InvalidCall("vector")
        wanted = self.dimensions is not None and (write.vector is not None or write.cube.payload.type == "plaintext")
        self.state.made += 1
        number = self.state.made
        filled = self.seq if write.vector is not None else 0
        terms = write.terms or Terms({}, 0)
        self.state.contents[number] = Content(
            self.tenant, write.cube.speaker, write.cube, terms, write.vector, wanted, filled, words=write.words
        )
        return number

    def _effects(self) -> None:
        for acl in self.change.acls:
            self._hand_down(acl)
        for rule in self.change.rules:
            self._rule(rule)
        for edge in self.change.edges:
            self._relate(edge)
        for edge in self.change.unties:
            self._untie(edge)
        for fill in self.change.fills:
            self._fill(fill)
        for fold in self.change.usage:
            self._use(fold)
        if (fence := self.change.fence) and fence.cursor is not None:
            self.state.workers[fence.worker] = fence.number, fence.cursor
        if self.change.closes:
            self._close(self.change.closes)
        for name in self.change.names:
            self._name(name)
        if self.change.purge:
            self.purged = purge(self.state, self.tenant, self.seq, self.change.purge)
        if self.change.erase:
            self.purged += erase(self.state, self.tenant, self.seq, self.change.erase)

    def _close(self, closes: BranchClose) -> None:
        state, name = self.state, closes.name
        if (self.tenant, name) not in state.branches:
            raise NotFound("branch")
        key, opened = state.key(self.tenant, name), state.branches[self.tenant, name][1]
        mine = [row for row in state.rows if row.tenant == self.tenant and row.branch == key]
        written = max((max(row.seq, row.end if row.end < OPEN else 0) for row in mine), default=0)
        if closes.upto is not None and written > closes.upto:
            raise VersionConflict("branch")
        for row in [row for row in state.rows if row.tenant == self.tenant and row.branch == key and row.end == OPEN]:
            if row.seq < self.seq:
                self._end(row)
        state.closed.add((self.tenant, opened))
        del state.branches[self.tenant, name]

    def _name(self, given: SnapshotName) -> None:
        key, state = (self.tenant, given.owner, given.name), self.state
        if given.seq is None:
            if state.snapshots.pop(key, None) is None:
                raise NotFound("snapshot")
        elif key in state.snapshots or not state.horizons.get(self.tenant, 0) <= given.seq <= state.head:
            raise InvalidCall("snapshot")
        else:
            state.snapshots[key], state.named[key] = given.seq, self.change.at

    def _relate(self, edge: Edge) -> None:
        if any(self.state.cubes.get(end, (0, ""))[1] != self.tenant for end in (edge.source, edge.target)):
            raise InvalidCall("edge")
        if edge not in edges_seen(self.state, self.tenant, self.change.branch, self.seq):
            self.state.relations.append(Relation(self.tenant, self.branch, self.seq, edge))

    def _untie(self, edge: Edge) -> None:
        if any(self.state.cubes.get(end, (0, ""))[1] != self.tenant for end in (edge.source, edge.target)):
            raise InvalidCall("edge")
        found = [each for each in self.state.relations if (each.tenant, each.branch, each.edge) == (self.tenant, self.branch, edge)]
        standing = [each for each in found if each.end == OPEN and each.seq < self.seq]
        if not standing:
            raise NotFound("edge")
        self.state.relations = [replace(each, end=self.seq) if each in standing else each for each in self.state.relations]

    def _fill(self, fill: Fill) -> None:
        content = self.state.contents.get(fill.content)
        if fill.vector is not None and (self.dimensions is None or fill.vector.shape != (self.dimensions,)):
            raise InvalidCall("vector")
        if content is None or content.tenant != self.tenant or not content.wanted or content.filled:
            return
        if fill.vector is None:
            self.state.contents[fill.content] = replace(content, attempts=content.attempts + 1)
            return
        self.state.contents[fill.content] = replace(content, vector=fill.vector, words=fill.words, filled=self.seq)
        touched = {row.cube.namespace for row in self.state.rows if row.content == fill.content}
        self.state.last_seq |= {(self.tenant, path): self.seq for path in touched}

    def _use(self, fold: UsageFold) -> None:
        if self.state.cubes.get(fold.id, (0, ""))[1] != (fold.tenant or self.tenant):
            return
        count, heat = self.state.usage.get(fold.id, (0, None))
        new = (microseconds(fold.last_used_at), fold.heat)
        self.state.usage[fold.id] = count + fold.count, merged_heat(heat, new) if heat else new

    def _log(self) -> None:
        change = self.change
        gone = dict.fromkeys(change.erase.cubes) if change.erase else {}
        counts = {"purged": self.purged, "erased": len(gone)}
        self.state.log.append(logged(change, self.seq, counts, tuple((each, 0) for each in gone)))
        if change.erase and change.erase.person:
            unname(self.state, self.tenant, change.erase.person)


def _place(cube: MemCube) -> tuple[str, str]:
    """Where, and of whom, no two memories stand for one fact."""
    return cube.namespace, cube.policy.owner
