"""A View over what is staged answers as the store does once it is committed: every read, on walks by chance, on branches too."""

from collections import Counter
from dataclasses import replace

import pytest

from memos.errors import MemOSError
from memos.infrastructure.memvault.staged_view import UNTOUCHED, StagedView
from memos.infrastructure.memvault.staging import Staging, touched, under, with_ordinals
from memos.memcube.cube import MemCube, Usage
from memos.memcube.filter import Filter
from memos.memcube.hold import Hold, Holds
from memos.memcube.staged import STAGED, settled_cube
from memos.operation.memoperator.lanes import Lane
from memos.ports.adapter import View
from memos.testing.comparison import Comparison
from memos.testing.model import ModelAdapter
from memos.testing.telling import comparable
from memos.testing.walk import DIMENSIONS, FACTS, NAMESPACES, RELATIONS, SESSIONS, TAGS, USERS, VOCABULARY
from memos.testing.walk_holds import some_holds
from tests.contract.test_sqlite_adapter import in_memory

EVERYTHING = Filter.everything()
STAGEABLE = ("births", "versions", "edges")


def test_every_read_of_the_port_is_decided_on():
    """A read that is added to the port is either made to show what is staged, or said to be untouched by it."""
    members = {name for name in dir(View) if not name.startswith("_")}
    own = {name for kind in StagedView.__mro__[:-1] for name in vars(kind) if not name.startswith("_")}
    assert own & UNTOUCHED == set()
    assert members <= own | UNTOUCHED
    assert members >= UNTOUCHED


class Chains(Comparison):
    """A walk that stages some of its steps before it commits them."""

    def stage(self):
        """Some changes of one tenant on one branch, staged; None when there is nothing to."""
        tenant, model = self.walk.tenant(), self.walk.model
        names = [name for owner, name in model.state.branches if owner == tenant]
        branch = self.random.choice(names) if names and self.walk.chance(50) else ""
        staging = Staging(lambda: self.adapter.view(tenant), tenant, branch)
        scratch = ModelAdapter(model.dimensions)
        scratch.state = model.state.copied()
        self.walk.model = scratch
        try:
            with self.adapter.view(tenant, branch=branch) as view:
                for _ in range(self.random.randint(1, 4)):
                    change, reads = self._drawn(tenant, branch)
                    change = with_ordinals(change, staging.over(view))
                    scratch.commit(change, reads)
                    head = model.state.head
                    versions = {one: STAGED + seq - head - 1 if seq > head else seq for one, seq in reads.versions.items()}
                    writes = [
                        replace(each, like=STAGED + each.like - head - 1) if (each.like or 0) > head else each for each in change.writes
                    ]
                    staging.add(replace(change, writes=tuple(writes)), replace(reads, versions=versions, namespaces={}))
        except MemOSError:
            pass
        finally:
            self.walk.model = model
        return staging if len(staging) else None

    def _drawn(self, tenant, branch):
        while True:
            change, reads = self.walk.step()
            fit = (change.tenant, change.branch) == (tenant, branch) and change.operation in STAGEABLE
            if fit and not any(write.adopt or write.like == -1 for write in change.writes):
                return replace(change, fence=None, allowances=(), idempotency=None), replace(reads, policy_epoch=None)

    def compare(self):
        """What the staged View says, and what the store says afterwards."""
        staging = self.stage()
        if staging is None:
            return
        asked = self.questions(staging)
        with self.adapter.view(staging.tenant, branch=staging.branch) as view:
            shown = staging.over(view)
            assert under(shown) is view
            assert bool(touched(shown)) is any(change.writes for change, _ in staging.whole())
            assert under(view) is None
            given, head = answers(shown, asked), view.head
        changes = staging.whole()
        try:
            committed = self.adapter.commit_all(changes)
        except MemOSError as error:
            self.figures[f"refused: {error.code}"] += 1
            return
        assert self.model.commit_all(changes) == committed
        seqs = [each.seq for each in committed]
        with self.adapter.view(staging.tenant, branch=staging.branch) as view:
            wanted = answers(view, asked)
        for name, answer in given.items():
            assert settled(answer, seqs) == settled(wanted[name], ()), (name, staging.branch, head)
            self.figures["reads"] += 1
            self.figures["branch" if staging.branch else "present"] += 1
            self.figures[name] += wanted[name] not in ((), {}, 0, False, [], frozenset())

    def questions(self, staging):
        """What is asked: mostly of memories that are staged, and of their neighbours."""
        mine = [write.cube.id for change, _ in staging.whole() for write in change.writes]
        return {
            "ids": [*dict.fromkeys([*mine, *self.ids()])],
            "asking": self.asking(),
            "filter": self.filter(),
            "order": self.random.choice(["created_at", "updated_at", "said_at", "priority", "ordinal"]),
            "descending": self.walk.chance(50),
            "limit": self.random.randint(1, 9),
            "ancestors": self.walk.chance(50),
            "depth": self.random.choice([None, 1, 2]),
            "relations": self.random.choice([None, RELATIONS[:1], RELATIONS]),
            "holds": some_holds(self.walk) or Holds(self.walk.now, (Hold("all", EVERYTHING, 0),)),
            "parts": self.random.choice([None, ["a"], [" c"]]),
        }


def answers(view, asked):
    """All reads of a View, by name, without the store's own numbers."""
    ids, asking, where = asked["ids"], asked["asking"], asked["filter"]
    both = asking | {"filter": where}
    words = dict(zip(view.hash_terms(VOCABULARY).tolist(), VOCABULARY, strict=True))
    told = {key: comparable(row, words, 0) for key, row in view.rows([(each, None) for each in ids]).items()}
    found = {
        "get": view.get(ids, **asking),
        "allowed": view.allowed(ids, **asking),
        "pages": pages(view, asked),
        "count": view.count(where, **asking),
        "versions": [view.versions(each, **asking) for each in ids],
        "facts": [view.facts(path, FACTS, owner) for path in NAMESPACES for owner in USERS],
        "turns": [view.turns(path, session, range(20)) for path in NAMESPACES for session in SESSIONS],
        "next_ordinal": [view.next_ordinal(path, session) for path in NAMESPACES for session in SESSIONS],
        "paths": view.paths(""),
        "paths below": view.paths("user/alice"),
        "overlaid": frozenset(view.overlaid()),
        "opened": view.opened(("read:user:bob", "write:role:nurse", "it's")),
        "shared": view.shared(),
        "gates": view.gates(),
        "neighbours": view.neighbours(ids, asked["relations"], 3),
        "around": view.around(ids, asked["relations"], limit=2, **both),
        "tagged": view.load(view.tagged([tag.key for tag in TAGS], limit=asked["limit"], **both)),
        "tag_values": view.tag_values("mood", asked["parts"], most=3, **both),
        "vectors_of": {each: vector.tolist() for each, vector in view.vectors_of(ids).items()},
        "rows": {key: {name: row[name] for name in row if name not in {"seq", "seq_end"}} for key, row in told.items()},
        "held": view.held(ids, asked["holds"]),
        "lineage": [
            view.lineage(each, asked["relations"], ancestors=asked["ancestors"], depth=asked["depth"], limit=asked["limit"], **asking)
            for each in ids
        ],
    }
    for cold, name in ((False, "lane"), (True, "lane of the cold")):
        found[name] = [lane(view, path, asked, cold=cold) for path in NAMESPACES]
    return found


def pages(view, asked):
    """A listing, page after page, with its cursors."""
    cursor, cubes = None, []
    while True:
        page = view.find(
            asked["filter"], order=asked["order"], descending=asked["descending"], limit=asked["limit"], cursor=cursor, **asked["asking"]
        )
        cubes.append((page.cubes, page.cursor))
        cursor = page.cursor
        if cursor is None:
            return cubes


def lane(view, path, asked, *, cold):
    """What search reads of a namespace: the memories allowed and passing, session by session, with their vectors and words."""
    own = Lane(path, cold=cold)
    state = own.read(view, asked["filter"], asked["asking"]["grant"], asked["asking"]["now"])
    order = [row for row in state.order.tolist() if state.allowed[row]]
    name = [state.id_values[state.ids[row]] for row in order]
    cubes = view.load([int(state.rows[row]) for row in order])
    assert [cube.id for cube in cubes] == name
    held = view.words(state.contents[order].tolist())
    found = [
        (
            cube,
            bool(state.passing[row]),
            int(state.lengths[row]),
            state.codes[state.slots[row]].tolist() if state.slots[row] >= 0 else None,
            held.get(int(state.contents[row])),
        )
        for row, cube in zip(order, cubes, strict=True)
    ]
    return sorted(found, key=lambda told: told[0].session or "~")  # which of two sessions comes first matters to no search


def settled(value, seqs):
    """An answer with the seqs that the commit gave; without the use of memories, which writes of the walk do not carry as calls do."""
    if isinstance(value, MemCube):
        return settled_cube(value, seqs).model_copy(update={"usage": Usage()})
    if isinstance(value, dict):
        return {key: settled(each, seqs) for key, each in value.items()}
    return type(value)(settled(each, seqs) for each in value) if type(value) in {list, tuple} else value


@pytest.mark.proof(capability="staging", small=40, full=1000)
def test_shows_what_the_commit_will_show(trials, record_proof):
    figures = Counter()
    for seed in range(2):
        adapter = in_memory(DIMENSIONS)
        try:
            walk = Chains(adapter, 2026 + seed, DIMENSIONS)
            walk.run(60)
            while walk.figures["pages"] < trials // 2:
                walk._step()
                walk.compare()
            figures += walk.figures
        finally:
            adapter.close()
    record_proof(**figures)
    assert min(figures[name] for name in ("get", "facts", "neighbours", "lineage", "around", "vectors_of", "held", "tagged", "lane")) > 0
    assert figures["branch"] > 0
