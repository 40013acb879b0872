"""What the tests of this folder write: small ChangeSets that touch every table, and a plain analysis of texts."""

from datetime import UTC, datetime, timedelta
from itertools import count, pairwise

import numpy as np

from memos.backends.sqlite.adapter import SqliteAdapter
from memos.memcube.call import Caller
from memos.memcube.change import BranchOpen, ChangeSet, CubeWrite, Edge, Idempotency, NamespaceAcl, ReadSet, Terms, VectorFill
from memos.memcube.cube import MemCube, Tag
from memos.memcube.legal import same_fact
from memos.memcube.payload import Plaintext
from memos.memcube.policy import AclEntry, Policy
from memos.memcube.provenance import CallContext, Provenance
from memos.memcube.state import Layer, State
from memos.ports.clock import SystemClock

EMBEDDER = ("plain", 4)
CLOCK = SystemClock()
BEGIN = datetime(2025, 1, 1, tzinfo=UTC)


def analyse(text, speaker, role):
    """Words in lower case, the speaker's among them."""
    words = f"{speaker or ''} {text}".lower().split()
    return Terms({word: words.count(word) for word in words}, len(words), 1 if text.endswith("?") else 0)


def vector_of(text):
    """Four numbers that stand for a text."""
    return np.array([len(text), text.count("a"), text.count("e"), 1], dtype=np.float32)


class Author:
    """One caller who writes through an adapter; each method is one commit."""

    def __init__(self, adapter: SqliteAdapter, user="alice", tenant="acme"):
        self.adapter, self.user, self.tenant = adapter, user, tenant
        self.caller = Caller(user=user, tenant=tenant)
        self.home = f"user/{user}"
        self._moments = count()

    def commit(self, operation, reads=None, **parts):
        change = ChangeSet(self.tenant, self.caller, CLOCK.new_id(), operation, self.now(), **parts)
        return self.adapter.commit(change, reads or ReadSet())

    def now(self):
        return BEGIN + timedelta(seconds=next(self._moments))

    def cube(self, text, **header):
        cube_id, now = CLOCK.new_id(), self.now()
        given = {
            "namespace": self.home,
            "layer": Layer.PRIVATE,
            "policy": Policy(owner=self.user),
            "provenance": Provenance(id=cube_id, origin="user", context=CallContext(user=self.user)),
            "tags": (Tag(name="mood", value="calm"), Tag(name="home"), Tag(name="kind", value="fact", by="predicted", confidence=0.6)),
        }
        times = {"said_at": now, "created_at": now, "updated_at": now}
        return MemCube(**given | times | {"id": cube_id, "payload": Plaintext(text=text)} | header)

    def write(self, cube, *, birth=True, fact=False, pending=False, turn=False):
        vector = None if pending or self.adapter.embedder is None else vector_of(cube.text)
        fact = same_fact(cube.text) if fact else None
        return CubeWrite(cube, birth, analyse(cube.text, cube.speaker, cube.role), vector, fact=fact, turn=turn)

    def add(self, *texts, key=None, edges=False, **how):
        """New memories, as one commit; the cubes."""
        cubes = [self.cube(text) for text in texts]
        links = tuple(Edge(one.id, other.id, "next") for one, other in pairwise(cubes)) if edges else ()
        repeat = Idempotency(key, "call", tuple(cube.id for cube in cubes)) if key else None
        self.commit("add", writes=tuple(self.write(cube, **how) for cube in cubes), edges=links, idempotency=repeat)
        return cubes

    def say(self, session, *texts):
        """Turns of a conversation, as one commit; the cubes, without the ordinals that they got."""
        cubes = [self.cube(text, speaker="Bob", role="user", session=session) for text in texts]
        self.commit("add", writes=tuple(self.write(cube, turn=True) for cube in cubes))
        return cubes

    def rewrite(self, cube, text, **header):
        """The next version of a memory, with another text."""
        after = cube.model_copy(update={"payload": Plaintext(text=text), "version": cube.version + 1, "updated_at": self.now()} | header)
        self.commit("update", writes=(self.write(after, birth=False),))
        return after

    def change(self, cube, **header):
        """A new row of a memory with the same content."""
        after = cube.model_copy(update={"updated_at": self.now()} | header)
        self.commit("update", writes=(CubeWrite(after, birth=False),), branch="")
        return after

    def forget(self, cube):
        return self.change(cube, state=State.EXPIRED)

    def fill(self, limit=100):
        """Compute pending vectors."""
        with self.adapter.view(self.tenant) as view:
            pending = view.pending(limit).items
        self.commit("index", fills=tuple(VectorFill(content, vector_of(text)) for content, _, text in pending))


def populate(adapter):
    """A store with something in every table; the authors."""
    alice, bob = Author(adapter), Author(adapter, "bob", "other")
    moved, peanuts, last = alice.add("I moved to Lisbon", "I am allergic to peanuts", "Where is it?", edges=True, key="k1")
    alice.add("A fact", fact=True)
    moved = alice.rewrite(moved, "I moved to Porto")
    moved = alice.change(moved, namespace=f"{alice.home}/places", tags=(Tag(name="home"),))
    alice.forget(peanuts)
    alice.say("s1", "hello there", "how are you?", "fine")
    alice.add("pending for now", pending=True)
    alice.fill()
    alice.add("pending for long", pending=True)
    alice.commit("share", acls=(NamespaceAcl(alice.home, (AclEntry(principal="user:bob", rights=("read",)),)),))
    alice.commit("branch", opens=BranchOpen("what-if", 3))
    alice.commit("update", branch="what-if", writes=(CubeWrite(last.model_copy(update={"state": State.ARCHIVED}), birth=False),))
    bob.add("A fact", fact=True)
    bob.say("s1", "guten Tag")
    return alice, bob


def contents(adapter):
    """Every row of every table of a store, but for its identity."""
    with adapter.reader() as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")]
        return {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in names if not name.startswith("sqlite_")}
