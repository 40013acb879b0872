"""View: a consistent read of one tenant, within one read transaction of one connection."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import apsw
from pydantic_core import to_json

from memos.backends.sqlite import filter_sql, scope, sight
from memos.backends.sqlite.feed import Feeder, stack, told
from memos.backends.sqlite.holding import Holding
from memos.backends.sqlite.keys import Keys
from memos.backends.sqlite.lineage import Graphs
from memos.backends.sqlite.logs import LogReads
from memos.backends.sqlite.named import statements
from memos.backends.sqlite.paging import ORDERS, Order
from memos.backends.sqlite.related import Related
from memos.backends.sqlite.rows import id_bytes, id_text, known_of, read_cube, read_entries, speaker_of, text_of
from memos.backends.sqlite.ruling import Rulings
from memos.backends.sqlite.sweeping import Sweeping
from memos.errors import BackendError, InvalidCall, NotFound
from memos.memcube.call import Caller
from memos.memcube.change import Idempotency
from memos.memcube.cube import MemCube
from memos.memcube.fields import microseconds
from memos.memcube.filter import Filter
from memos.ports.adapter import NamespaceInfo, Page, Pending
from memos.ports.feed import Feed, FeedRow

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SQL = statements("view")
PAGE = 1000


class SqliteView(LogReads, Sweeping, Holding, Related, Rulings):
    """Implements `memos.ports.adapter.View`. It is made within a read transaction; after `close` every read raises BackendError."""

    def __init__(
        self, connection: apsw.Connection, keys: Keys, dimensions: int | None, graphs: Graphs, *, tenant: str, at: int | None, branch: str
    ) -> None:
        self._connection: apsw.Connection | None = connection
        self._graphs = graphs
        self._keys = keys
        self.tenant = tenant
        self.dimensions = dimensions
        self.head, self.policy_epoch, tid, self.horizon, self.last_erasure, self.embedder = next(
            connection.execute(SQL["snapshot"], (tenant,))
        )
        self._tid: int = -1 if tid is None else tid
        if at is not None and not 0 <= at <= self.head:
            raise InvalidCall(f"the store has commits up to {self.head}, and no {at}; name one between 0 and {self.head}")
        if at is not None and at < self.horizon:
            raise InvalidCall(f"the past before commit {self.horizon} has been purged; name a later one")
        self.seq: int = self.head if at is None else at
        self.branch = branch
        self.base: int | None = None
        self._sight = self._look(branch)

    def _look(self, branch: str) -> sight.Sight:
        if not branch:
            return sight.present(self.seq) if self.seq == self.head else sight.past(self.seq)
        found = self._row("branch", self._tid, branch)
        if found is None:
            raise NotFound(f"there is no branch {sight.known_as(branch)!r}")
        bid, base, opened = found
        if self.seq < opened:
            raise InvalidCall(f"the branch {sight.known_as(branch)!r} was opened by commit {opened}; name that one or a later")
        self.base = min(base, self.seq)
        return sight.overlay(bid, base, self.seq)

    def close(self) -> None:
        """End the View; its connection goes back to the pool."""
        self._connection = None

    def _run(self, text: str, parameters: Sequence[Any] | dict[str, Any]) -> apsw.Cursor:
        return self._open().execute(text, parameters)

    def _run_many(self, text: str, parameters: Iterable[Sequence[Any]]) -> apsw.Cursor:
        return self._open().executemany(text, parameters)

    def _open(self) -> apsw.Connection:
        if self._connection is None:
            raise BackendError("this View is closed; open another")
        return self._connection

    def _row(self, name: str, *parameters: Any) -> tuple[Any, ...] | None:
        return next(self._run(SQL[name], parameters), None)

    def _text(self, name: str, *, visible: str | None = None, head: str | None = None, **parts: str) -> str:
        return SQL[name].format(
            columns=SQL["cube_columns"], visible=visible or self._sight.versions, head=self._sight.head if head is None else head, **parts
        )

    def _grant(self, grant: Filter, now: datetime) -> tuple[str, list[Any]]:
        return filter_sql.compile(grant, microseconds(now), self._sight.granted)

    def get(self, ids: Sequence[str], *, grant: Filter, now: datetime) -> dict[str, MemCube]:
        """See the port."""
        condition, parameters = self._grant(grant, now)
        text = self._text("get", grant=condition)
        found = (read_cube(row) for row in self._run_many(text, [(id_bytes(each), self._tid, *parameters) for each in dict.fromkeys(ids)]))
        return {cube.id: cube for cube in found}

    def allowed(self, ids: Sequence[str], *, grant: Filter, now: datetime) -> frozenset[str]:
        """See the port."""
        condition, parameters = self._grant(grant, now)
        asked = to_json([id_bytes(each).hex() for each in ids]).decode()
        found = self._run(self._text("allowed", grant=condition), (asked, self._tid, *parameters))
        return frozenset(id_text(identity) for (identity,) in found)

    def find(
        self, filter: Filter, *, grant: Filter, now: datetime, order: str = "created_at", descending: bool = False, limit: int = 100,
        cursor: str | None = None,
    ) -> Page:  # fmt: skip
        """See the port; `order` is one of created_at, updated_at, said_at, priority, ordinal; `limit` runs from 1 to 1,000."""
        ordered = Order(order, descending)
        if not 1 <= limit <= PAGE:
            raise InvalidCall(f"a page has 1 to {PAGE:,} memories, not {limit}")
        (after, place), (condition, parameters) = ordered.after(ordered.read(cursor)), self._condition(filter, grant, now)
        text = self._text("find", key=ORDERS[order], direction=ordered.direction, after=after, **condition)
        found = list(self._run(text, (*parameters, *place, limit + 1)))
        cubes = self.load([row for row, _, _ in found[:limit]])
        return Page(tuple(cubes), ordered.write(found[limit - 1][1:]) if len(found) > limit else None)

    def count(self, filter: Filter, *, grant: Filter, now: datetime) -> int:
        """See the port."""
        condition, parameters = self._condition(filter, grant, now)
        (found,) = next(self._run(self._text("count", **condition), parameters))
        return int(found)

    def _condition(self, filter: Filter, grant: Filter, now: datetime) -> tuple[dict[str, str], list[Any]]:
        (wanted, ours), (allowed, theirs) = filter_sql.compile(filter, microseconds(now)), self._grant(grant, now)
        granted = scope.places(grant) if self._sight.granted == "v" else None  # elsewhere it speaks of another row's namespace
        within, places = self._within(scope.places(filter) or granted)
        nothing = "0" in {wanted, allowed}  # where no row can be, there is no index to find it by
        index = "" if nothing or "id" in filter.referenced_fields() else self._sight.index
        return {"filter": wanted, "grant": allowed, "within": within, "index": index}, [*places, *ours, *theirs]

    def _within(self, named: scope.Places | None) -> tuple[str, list[Any]]:
        """The condition on the namespaces of a listing, with its parameters."""
        if named is None:
            return SQL["within_tenant"], [self._tid]
        return SQL["within_some"], [self._tid, to_json(sorted(set(self._numbers(named)))).decode()]

    def _numbers(self, named: scope.Places) -> Iterator[int]:
        for operator, path in named:
            if operator == "under":
                yield from (number for (number,) in self._run(SQL["numbers_below"], (self._tid, path)))
            else:
                yield self._nid(path)

    def load(self, rows: Sequence[int]) -> list[MemCube]:
        """See the port; NotFound when a row is not visible here."""
        cubes = [read_cube(row) for row in self._run_many(self._text("load"), [(row, self._tid) for row in rows])]
        if len(cubes) != len(rows):
            raise NotFound("a row that a feed named is not visible in this View; feed again")
        return cubes

    def versions(self, id: str, *, grant: Filter, now: datetime) -> tuple[MemCube, ...]:
        """See the port."""
        history, head = self._sight.history, self._sight.head or sight.past(self.seq).head
        condition, parameters = filter_sql.compile(grant, microseconds(now), "h")
        allowed = self._run(self._text("may_see", visible=history, head=head, grant=condition), (id_bytes(id), self._tid, *parameters))
        if next(allowed, None) is None:
            return ()
        return tuple(read_cube(row) for row in self._run(self._text("versions", visible=history), (id_bytes(id), self._tid)))

    def feed(self, namespace: str, after: int, *, cold: bool = False) -> Iterator[Feed]:
        """See the port."""
        nid, _, _, entries = self._row("namespace", self._tid, namespace) or (None, 0, 0, None)
        feeder = Feeder(self._run, self.dimensions, self.head, namespace, after, cold, read_entries(entries))
        return feeder.chunks(nid)

    def rows(self, wanted: Sequence[tuple[str, int | None]]) -> dict[tuple[str, int | None], FeedRow]:
        """See the port."""
        visible, of_commit = (SQL["told"].format(columns=SQL["told_columns"], which=which) for which in (self._sight.versions, "v.seq = ?"))
        found: dict[tuple[str, int | None], FeedRow] = {}
        for cube_id, seq in wanted:
            asked = (id_bytes(cube_id), self._tid, *(() if seq is None else (seq,)))
            for row in told(self._run(visible if seq is None else of_commit, asked)):
                found[cube_id, seq] = row
        return found

    def last_seq(self, namespace: str) -> int:
        """See the port."""
        found = self._row("namespace", self._tid, namespace)
        return self.last_erasure if found is None else int(found[1])

    def last_purge(self, namespace: str) -> int:
        """See the port."""
        found = self._row("namespace", self._tid, namespace)
        return self.last_erasure if found is None else int(found[2])

    def last_fill(self) -> int:
        """See the port."""
        return int((self._row("last_fill") or (0,))[0])

    def paths(self, prefix: str) -> tuple[str, ...]:
        """See the port; the empty prefix means all."""
        found = self._run(SQL["paths"], (self._tid, prefix)) if prefix else self._run(SQL["all_paths"], (self._tid,))
        return tuple(path for (path,) in found)

    def namespaces(self, prefix: str = "") -> tuple[NamespaceInfo, ...]:
        """See the port; `memories` leaves out the expired, `pending_vectors` counts among the rest."""
        within, places = self._within(frozenset({("under", prefix)}) if prefix else None)
        return tuple(NamespaceInfo(*row) for row in self._run(self._text("namespaces", within=within), places))

    def hash_terms(self, terms: Sequence[str]) -> NDArray[np.uint64]:
        """See the port."""
        import numpy as np

        hashes = self._keys.tenant(self.tenant).terms
        return np.array([hashes[term] for term in terms], np.uint64)

    def vectors(self, contents: Sequence[int]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """See the port; in the order asked."""
        return stack(list(self._run_many(SQL["vectors"], [(int(content), self._tid) for content in contents])), self.dimensions)

    def words(self, contents: Sequence[int]) -> dict[int, bytes]:
        """See the port."""
        start = 4 * (self.dimensions or 0) + 1
        return dict(self._run(SQL["words"], (start, to_json([int(content) for content in contents]).decode(), self._tid)))

    def vectors_of(self, ids: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """See the port."""
        found = list(self._run_many(self._text("vectors_of"), [(id_bytes(each), self._tid) for each in dict.fromkeys(ids)]))
        _, rows = stack([(content, body) for _, content, body in found], self.dimensions)
        return {id_text(identity): row for (identity, _, _), row in zip(found, rows, strict=True)}

    def facts(self, namespace: str, facts: Sequence[str], owner: str) -> dict[str, str]:
        """See the port; of several memories that stand for one fact the eldest."""
        nid, keyed = self._nid(namespace), self._keys.tenant(self.tenant).fact
        text = self._text("facts")
        found = ((fact, next(self._run(text, (nid, keyed(fact), owner)), None)) for fact in dict.fromkeys(facts))
        return {fact: id_text(row[0]) for fact, row in found if row}

    def turns(self, namespace: str, session: str, ordinals: Sequence[int]) -> dict[int, str]:
        """See the port."""
        nid, text = self._nid(namespace), self._text("turns")
        found = self._run_many(text, [(nid, session, ordinal) for ordinal in dict.fromkeys(ordinals)])
        return {ordinal: id_text(identity) for ordinal, identity in found}

    def next_ordinal(self, namespace: str, session: str) -> int:
        """See the port; ordinals of all branches and of the forgotten count, so that none is given twice."""
        return int((self._row("next_ordinal", self._nid(namespace), session) or (0,))[0])

    def _nid(self, namespace: str) -> int:
        found = self._row("namespace", self._tid, namespace)
        return -1 if found is None else int(found[0])

    def pending(self, limit: int) -> Pending:
        """See the port; texts and speakers as far as search may know them."""
        found = self._run(SQL["pending"], (self._tid, limit))
        return Pending(tuple((cid, speaker_of(who, told), known_of(text_of(body), told, level)) for cid, who, body, told, level in found))

    def replay(self, idempotency: Idempotency, caller: Caller) -> tuple[str, tuple[str, ...]] | None:
        """See the port."""
        found = self._row("replay", self._keys.idempotency(caller, idempotency.key))
        if found is None:
            return None
        fingerprint, call_id, ids = found
        if not fingerprint:
            raise InvalidCall("what this call once did was erased; to do it again, give a new key")
        if fingerprint != self._keys.fingerprint(idempotency.fingerprint):
            raise InvalidCall("this idempotency key was used for another call; give a new key")
        return id_text(call_id), tuple(id_text(ids[start : start + 16]) for start in range(0, len(ids), 16))
