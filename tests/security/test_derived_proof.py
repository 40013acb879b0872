"""Whatever is done to a memory, nothing that was made of it as it stood before outlives the call, and nothing else goes."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from memos import MemOS
from memos.errors import InvalidCall, MemOSError
from memos.memcube.filter import Filter
from memos.testing.runtime import FakeRuntime
from tests.clock import HandClock
from tests.deriving import derived_of

START = datetime(2026, 1, 1, 9, 0, tzinfo=UTC)
USERS = ("alice", "bob", "carol")
ANYBODY = Filter.everything()
ENDED = {"archived", "expired", "merged"}


class Walk:
    """Three users who write, share, change and erase, and what is made of their memories; `made` tells of what each was made."""

    def __init__(self, memory, clock, seed):
        self.memory, self.clock, self.random = memory, clock, random.Random(seed)
        self.sessions = {user: memory.as_user(user) for user in USERS}
        self.admin = memory.as_user("root", roles=["admin"])
        self.figures = Counter(calls=0, made=0, voided=0, stood=0, stale=0, left=0, lost=0)
        self.made, self.gone = {}, {}
        self.number = 0

    def standing(self, ids):
        with self.memory._parts.adapter.view("default") as view:
            return view.get(list(ids), grant=ANYBODY, now=self.clock.now())

    def texts(self, user):
        return [cube for cube in self.sessions[user].list(limit=200).cubes if cube.policy.owner == user]

    def as_told(self, cube):
        """What must be as it was for a block to hold, told anew here."""
        told = cube.policy.model_dump(exclude={"priority", "examined"})
        ended = str(cube.state) if str(cube.state) in ENDED else ""
        return cube.version, cube.text, cube.namespace, str(cube.layer), cube.valid_to, told, cube.own_tags, ended

    def make(self, user):
        """A block or an adapter: of own memories by the verb, of those of several people as the system would."""
        chance, session = self.random, self.sessions[user]
        own, shared = self.texts(user), [c for c in session.list(limit=200, namespaces=["user"]).cubes if c.policy.owner != user]
        sources = chance.sample(own, min(len(own), chance.randint(1, 3))) + (
            chance.sample(shared, 1) if shared and chance.random() < 0.5 else []
        )
        if not sources:
            return
        if chance.random() < 0.4 and all(each.policy.owner == user for each in sources):
            try:
                cubes = session.convert(sources[0], to="activation").cubes
            except InvalidCall:
                return  # it stays text
            sources = sources[:1]
        else:
            kind = chance.choice(["activation", "parameter"])
            cubes = [derived_of(self.memory, sources, owner=user, kind=kind, namespace=f"user/{user}", frozen=chance.random() < 0.2)]
        found = self.standing([each.id for each in sources])
        for cube in cubes:
            if cube.id not in self.made:
                self.made[cube.id] = cube, {each.id: self.as_told(found[each.id]) for each in sources}, user
                self.figures["made"] += 1

    def call(self):
        """One call of somebody; what it opened or closed beside memories: (every policy, the namespace of a list)."""
        chance = self.random
        user = chance.choice(USERS)
        session, others = self.sessions[user], [each for each in USERS if each != user]
        mine, self.number = self.texts(user), self.number + 1
        cube = chance.choice(mine) if mine else None
        ways = {
            "add": lambda: session.add(f"note {self.number} of {user}"), "update": lambda: session.update(cube, f"note {self.number} anew"),
            "append": lambda: session.update(cube, "more", mode="append"), "tags": lambda: session.update(cube, tags=[f"t{self.number}"]),
            "forget": lambda: session.forget(cube), "archive": lambda: session.archive(cube), "erase": lambda: session.erase(cube),
            "erase later": lambda: session.erase(cube, finish=False), "label": lambda: session.update(cube, label=f"l{self.number}"),
            "share": lambda: session.share(cube, [f"user:{chance.choice(others)}"]), "freeze": lambda: session.freeze(cube),
            "unshare": lambda: session.share(cube, [f"user:{each}" for each in others], rights=[]), "thaw": lambda: session.unfreeze(cube),
            "transfer": lambda: session.transfer(cube, to=f"user/{user}/n{self.number}"), "search": lambda: session.search("note", limit=3),
            "sensitivity": lambda: session.update(cube, sensitivity=chance.choice(["public", "confidential"])),
            "expiry": lambda: session.update(cube, expires_at=self.clock.now() + timedelta(hours=1)),
            "confirm": lambda: session.confirm(cube),
            "acl": lambda: session.acl(f"user/{user}", {f"user:{chance.choice(others)}": ["read"]}), "sweep": self.sweep,
            "policy": lambda: self.admin.govern("role", f"r{self.number}", {"clearance": "public"}),
            "all": lambda: session.erase(subject=user),
        }  # fmt: skip
        rare = {"all": 0.2, "policy": 0.5, "acl": 0.5, "add": 6.0, "sweep": 0.5, "erase": 0.6, "erase later": 0.6, "search": 2.0}
        name = chance.choices(list(ways), [rare.get(each, 1.0) for each in ways])[0]
        if cube is None and name not in {"add", "sweep", "policy"}:
            name = "add"
        try:
            ways[name]()
        except MemOSError:
            name = "refused"
        self.figures["calls"] += 1
        self.figures[name] += 1
        return name, f"user/{user}"

    def sweep(self):
        self.clock.move(hours=2)
        self.memory.sweep()

    def check(self, name, namespace):
        """Whether what stands is what may stand, on the disk too."""
        ids = set(self.made) | {source for _, sources, _ in self.made.values() for source in sources}
        found = self.standing(ids)
        on_disk = set(self.memory._parts.blobs.names("default"))
        for key, (cube, sources, owner) in list(self.made.items()):
            changed = any(each not in found or self.as_told(found[each]) != told for each, told in sources.items())
            foreign = any(each not in found or found[each].policy.owner != owner for each in sources)
            below = any(each in found and found[each].namespace.startswith(namespace) for each in sources)
            void = (
                changed or (name == "policy" and foreign) or (name == "acl" and (foreign or below or cube.namespace.startswith(namespace)))
            )
            stands = key in found and str(found[key].state) != "expired"
            there = cube.payload.blob in on_disk
            self.figures["stale"] += void and stands
            self.figures["left"] += void and there
            self.figures["lost"] += not void and not (stands and there)
            self.figures["voided" if void else "stood"] += 1
            if void:
                del self.made[key]


@pytest.mark.proof(capability="derived-memories", small=100, full=1000)
def test_nothing_that_was_made_of_a_memory_outlives_a_change_of_it(trials, record_proof):
    clock = HandClock(START)
    with MemOS.open("memory:", embedder=None, worker="none", clock=clock, runtime=FakeRuntime(), settings={"erase_seconds": 2}) as memory:
        walk = Walk(memory, clock, 2026)
        for user in USERS:
            walk.sessions[user].add([f"the first note {number} of {user}" for number in range(4)])
        for _ in range(trials):
            for user in USERS:
                walk.make(user)
            walk.check(*walk.call())
        memory.erasures()
        assert memory.doctor() == ()
    record_proof(**{name.replace(" ", "_"): count for name, count in sorted(walk.figures.items())})
    assert walk.figures["voided"] > trials / 8
    assert walk.figures["stood"] > trials
    assert (walk.figures["stale"], walk.figures["left"], walk.figures["lost"]) == (0, 0, 0)
