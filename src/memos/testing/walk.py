# ruff: noqa: S311 -- the numbers are random so that the walk is wide, and seeded so that it can be walked again
"""A random walk: ChangeSets of every kind, legal and not, drawn from small sets of names so that they meet and conflict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from memos.memcube.call import Caller
from memos.memcube.change import (
    BranchClose,
    BranchOpen,
    ChangeSet,
    CubeWrite,
    Edge,
    Fence,
    Idempotency,
    NamespaceAcl,
    Purge,
    ReadSet,
    SnapshotName,
    Terms,
    UsageFold,
    VectorFill,
)  # fmt: skip
from memos.memcube.cube import MemCube, Path, Tag
from memos.memcube.filter import Filter
from memos.memcube.namespace import layer_of
from memos.memcube.payload import Plaintext
from memos.memcube.policy import AclEntry, Policy, SensitiveSpan
from memos.memcube.provenance import CallContext, Parent, Provenance, ProvenanceRecord
from memos.memcube.rule import Rule
from memos.memcube.state import State
from memos.ports.clock import uuid7
from memos.testing.model import ModelAdapter, Row
from memos.testing.walk_derived import some_derived, some_underived
from memos.testing.walk_erase import erasure
from memos.testing.walk_holds import some_allowances, some_holds

TENANTS = ("acme", "zeta's")
USERS = ("alice", "bob")
NAMESPACES = ("user/alice", "user/alice/notes", "user/alice0", "shared/team", "shared/team/a%20b", "user/bob")
SESSIONS = ("s1", "s 2")
BRANCHES = ("what-if", "b2", "b3", "b4")
VOCABULARY = ("home", "Lisbon", "日本", "naïve", "peanuts", "don't", "🧠", "0")
FACTS = tuple(f"fact {number}" for number in range(40))
TAGS = (Tag(name="home"), Tag(name="mood", value="calm"), Tag(name="mood", value="it's"), Tag(name="日本", by="predicted", confidence=0.25))
RELATIONS = ("next", "about", "derived_from")
PRINCIPALS = ("user:alice", "user:bob", "role:nurse")
RIGHTS = ("read", "write", "admin")
DIMENSIONS = 3
START = datetime(2025, 1, 1, tzinfo=UTC)


class Walk:
    """Draws what happens next. Equal seeds draw equal walks over equal models."""

    def __init__(self, seed: int, model: ModelAdapter) -> None:
        self.random = Random(seed)
        self.model = model
        self.now = START
        self._ids = 0

    def chance(self, percent: float) -> bool:
        """True so often."""
        return self.random.random() * 100 < percent

    def some(self, items: Sequence[Any], most: int = 3) -> tuple[Any, ...]:
        """A few different ones."""
        return tuple(self.random.sample(list(items), min(len(items), self.random.randint(0, most))))

    def new_id(self) -> str:
        """A UUIDv7; ids rise with time, but not those of one commit."""
        self._ids += self.random.randint(1, 3)
        return uuid7((int(self.now.timestamp() * 1000) << 12) + self._ids % 4096, self.random.getrandbits(62))

    def tenant(self) -> str:
        """Mostly the first."""
        return TENANTS[self.chance(25)]

    def branch(self, tenant: str) -> str:
        """Mostly canonical; sometimes one that is not there."""
        if self.chance(65):
            return ""
        there = [name for owner, name in self.model.state.branches if owner == tenant]
        return self.random.choice(there) if there and self.chance(95) else self.random.choice(BRANCHES)

    def step(self) -> tuple[ChangeSet, ReadSet]:
        """The next ChangeSet, with what it rests on."""
        self.now += timedelta(microseconds=self.random.randint(1, 10**10))
        branch = self.branch(tenant := self.tenant())
        user = self.random.choice(USERS)
        base = ChangeSet(tenant, Caller(user=user, tenant=tenant), self.new_id(), "add", self.now, branch)
        seen = self.seen(tenant, branch)
        kinds: dict[str, int] = {
            "births": 30,
            "versions": 40,
            "edges": 8,
            "fills": 10,
            "usage": 6,
            "acls": 6,
            "rules": 4,
            "opens": 4,
            "closes": 2,
            "names": 4,
            "purge": 2,
            "erase": 3,
        }
        kind = self.random.choices(list(kinds), list(kinds.values()))[0]
        change = replace(base, operation=kind, **getattr(self, f"_{kind}")(tenant, seen), allowances=some_allowances(self))
        if self.chance(25):
            ids = tuple(write.cube.id for write in change.writes)
            change = replace(change, idempotency=Idempotency(self.key(), self.random.choice(["one", "two"]), ids))
        if self.chance(10):
            number = self.model.state.workers.get("main", (0, 0))[0] - self.chance(20)
            change = replace(change, fence=Fence("main", number, self.random.choice([None, self.random.randint(0, 99)])))
        return change, self._reads(tenant, seen, change)

    def seen(self, tenant: str, branch: str) -> list[Row]:
        """What stands now in a branch; nothing in one that is not there."""
        state = self.model.state
        return state.visible(tenant, branch, state.head) if not branch or (tenant, branch) in state.branches else []

    def _reads(self, tenant: str, seen: list[Row], change: ChangeSet) -> ReadSet:
        state, written = self.model.state, {write.cube.id for write in change.writes}
        versions = {row.cube.id: row.seq for row in seen if row.cube.id in written or self.chance(3)}
        if versions and self.chance(6):
            versions[self.random.choice(list(versions))] += self.random.choice([-1, 1])
        namespaces = {path: state.stamp(tenant, path) - self.chance(3) for path in self.some(NAMESPACES, 2)}
        return ReadSet(versions, namespaces, state.epoch - self.chance(8) if self.chance(30) else None, some_underived(self, tenant))

    def _births(self, tenant: str, seen: list[Row]) -> dict[str, Any]:
        writes = [self._birth() for _ in range(self.random.choice([1, 1, 2, 3, 5]))]
        if self.chance(2):
            writes.append(writes[0])
        if seen and self.chance(2):
            taken = writes[0].cube.model_copy(update={"id": self.random.choice(seen).cube.id})
            writes = [replace(writes[0], cube=taken.model_copy(update={"session": None}), vector=None, fact=None)]
        return {"writes": tuple(writes)}

    def _birth(self) -> CubeWrite:
        cube_id, namespace = self.new_id(), self.random.choice(NAMESPACES)
        kind = self.random.choices(["fact", "turn", "note", "cache"], [30, 30, 32, 8])[0]
        cube = MemCube(
            id=cube_id,
            namespace=namespace,
            layer=layer_of(namespace),
            payload=some_derived(self) if kind == "cache" else Plaintext(text=self.text()),
            policy=self._policy(),
            provenance=self._provenance(cube_id),
            said_at=self.now - timedelta(seconds=self.random.randint(0, 10**6)),
            created_at=self.now,
            updated_at=self.now,
            speaker=self.random.choice([None, "Alice", "Bob"]),
            session=self.random.choice(SESSIONS) if kind == "turn" or self.chance(10) else None,
            ordinal=self.random.randint(0, 12) if kind == "turn" and self.chance(25) else None,
            **self._header(),
        )
        fact = self.random.choice(FACTS) if kind == "fact" else None
        made = {"vector": self._vector(), "words": self.random.randbytes(3)}
        return CubeWrite(cube, birth=True, terms=self._terms(), fact=fact, turn=kind == "turn", **made)

    def key(self) -> str:
        """An idempotency key: mostly a new one."""
        return f"key {self.random.randint(0, 10 + self._ids // 2)}"

    def text(self) -> str:
        """A few words."""
        return " ".join(self.random.choices(VOCABULARY, k=self.random.randint(1, 6)))

    def _terms(self) -> Terms:
        words = self.random.choices(VOCABULARY, k=self.random.randint(0, 8))
        return Terms({word: words.count(word) for word in words}, len(words), self.random.randint(0, 7))

    def _vector(self) -> Any:
        import numpy as np

        wide = DIMENSIONS if self.chance(98) else DIMENSIONS + 1
        return None if self.chance(50) else np.array([self.random.random() for _ in range(wide)], np.float32)

    def _acl(self) -> tuple[AclEntry, ...]:
        return tuple(AclEntry(principal=who, rights=self.some(RIGHTS, 2) or ("read",)) for who in self.some(PRINCIPALS, 2))

    def _policy(self) -> Policy:
        return Policy(
            owner=self.random.choice(USERS),
            acl=self._acl() if self.chance(30) else (),
            expires_at=self.now + timedelta(days=self.random.randint(-1, 1)) if self.chance(20) else None,
            priority=self.random.randint(-2, 2),
            sensitivity=self.random.choice(["public", "internal", "restricted"]),
            stated=self.random.choice([None, "public", "confidential"]),
            examined=self.chance(90),
            spans=(SensitiveSpan(start=0, end=1, label="name", sensitivity="restricted"),) if self.chance(5) else (),
            conditions=Filter.parse({"context.purpose": self.random.choice(("care", "it's"))}, internal=True) if self.chance(5) else None,
            licence="CC0" if self.chance(5) else None,
        )

    def _provenance(self, provenance_id: str) -> Provenance:
        context = CallContext(user="alice", agent=self.random.choice([None, "planner"]), call=self.new_id())
        record = ProvenanceRecord(at=self.now, origin="user", context=context, links=("https://example.org",))
        return Provenance(
            id=provenance_id,
            origin=self.random.choice(["user", "system"]),
            trigger=self.random.choice([None, "told"]),
            context=context,
            model=self.random.choice([None, "m"]),
            links=("note.txt",) if self.chance(10) else (),
            parents=(Parent(id=self.new_id(), version=2),) if self.chance(10) else (),
            records=(record,) if self.chance(10) else (),
        )

    def _header(self) -> dict[str, Any]:
        metadata = {"a": self.random.choice([1, 1.5, "x", None, [1, "y"], {"b": True}])} if self.chance(40) else {}
        return {
            "tags": self.some(TAGS),
            "path": Path(topic="t") if self.chance(10) else None,
            "labels": self.some(("reviewed", "final")) if self.chance(10) else (),
            "metadata": metadata,
            "valid_from": self.now if self.chance(10) else None,
            "valid_to": self.now + timedelta(days=1) if self.chance(10) else None,
            "role": self.random.choice([None, "user"]),
            "frozen": self.chance(10),
        }

    def _versions(self, tenant: str, seen: list[Row]) -> dict[str, Any]:
        if not seen or self.chance(2):
            return {"writes": (replace(self._birth(), birth=False),)}
        if self.chance(10):
            row = self.random.choice([row for row in self.model.state.rows if row.tenant == tenant])
            return {"writes": (CubeWrite(row.cube, birth=False, like=-1 if self.chance(5) else row.seq, adopt=True, fact=row.fact),)}
        return {"writes": tuple(self._version(row) for row in self.some(seen)) or (self._version(seen[-1]),)}

    def _version(self, row: Row) -> CubeWrite:
        cube, update = row.cube, {"updated_at": self.now, "version": row.cube.version + 1}
        way = self.random.choice(["state", "text", "header", "policy", "transfer", "provenance", "like"])
        terms = like = None
        if way == "state":
            update |= {"state": self.random.choice(list(State)), "version": cube.version}
        elif way == "text":
            update["payload"], terms = Plaintext(text=self.text()), self._terms()
        elif way == "header":
            update |= self._header()
        elif way == "policy":
            update["policy"] = self._policy()
        elif way == "like":
            earlier = self.random.choice([each for each in self.model.state.rows if each.cube.id == cube.id])
            update["payload"], like = earlier.cube.payload, -1 if self.chance(3) else earlier.seq
        elif way == "transfer":
            update["namespace"] = self.random.choice(NAMESPACES)
        else:
            update["provenance"] = self._provenance(cube.id if self.chance(90) else self.new_id())
        vector = self._vector() if terms or self.chance(1) else None
        fact = self.random.choice(FACTS) if self.chance(10) else row.fact
        return CubeWrite(cube.model_copy(update=update), birth=False, terms=terms, vector=vector, fact=fact, like=like)

    def _edges(self, tenant: str, seen: list[Row]) -> dict[str, Any]:
        ids = [each for each, (_, owner, _) in self.model.state.cubes.items() if owner == tenant or self.chance(1)]
        ends = [self.random.choice(ids) for _ in range(2 * self.random.randint(1, 3))] if ids else [self.new_id(), self.new_id()]
        standing = [each.edge for each in self.model.state.relations if each.tenant == tenant]
        edges = tuple(Edge(*pair, self.random.choice(RELATIONS)) for pair in zip(ends[::2], ends[1::2], strict=True))
        return {"unties": self.some(standing, 1)} if standing and self.chance(25) else {"edges": edges}

    def _fills(self, tenant: str, seen: list[Row]) -> dict[str, Any]:
        contents = list(self.model.state.contents)
        return {"fills": tuple(VectorFill(content, self._vector(), self.random.randbytes(3)) for content in self.some(contents, 6))}

    def _usage(self, tenant: str, seen: list[Row]) -> dict[str, Any]:
        ids = [*self.some(list(self.model.state.cubes)), *([self.new_id()] if self.chance(10) else [])]
        at = self.now - timedelta(days=self.random.randint(0, 30))
        return {"usage": tuple(UsageFold(cube_id, self.random.randint(1, 3), at, float(self.random.randint(1, 4))) for cube_id in ids)}

    def _acls(self, tenant: str, seen: list[Row]) -> dict[str, Any]:
        paths = self.some((*NAMESPACES, "shared", "user"), 2) or ("shared/team",)
        return {"acls": tuple(NamespaceAcl(path, self._acl()) for path in paths)}

    def _rules(self, tenant: str, seen: list[Row]) -> dict[str, Any]:
        kind, key = self.random.choice(("policy", "role")), self.random.choice(("one", "it's"))
        return {"rules": (Rule(kind, key, None if self.chance(30) else {"text": self.random.choice(VOCABULARY)}),)}

    def _opens(self, tenant: str, seen: list[Row]) -> dict[str, Any]:
        return {"opens": BranchOpen(self.random.choice(BRANCHES), self.random.randint(0, self.model.state.head + self.chance(5)))}

    def _closes(self, tenant: str, seen: list[Row]) -> dict[str, Any]:
        upto = self.model.state.head - self.random.randint(0, 20) if self.chance(50) else None
        return {"closes": BranchClose(self.random.choice(BRANCHES), upto)}

    def _names(self, tenant: str, seen: list[Row]) -> dict[str, Any]:
        seq = None if self.chance(40) else self.random.randint(0, self.model.state.head + self.chance(5))
        return {"names": (SnapshotName(self.random.choice(USERS), self.random.choice(("before", "it's")), seq),)}

    def _purge(self, tenant: str, seen: list[Row]) -> dict[str, Any]:
        horizon = self.random.randint(0, self.model.state.head // 2) if self.chance(50) else None
        spare, above = some_holds(self) if self.chance(50) else None, self.random.choice((0, 0, horizon or 0))
        return {"purge": Purge(horizon, self.some(list(self.model.state.cubes), 2), branches=self.chance(50), spare=spare, above=above)}

    _erase = erasure
