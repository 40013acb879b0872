"""Never a stale or a forbidden hit: every search through a cache that is far too small is asked again with none, in the same View."""

import json
import subprocess
import sys
import threading
from random import Random

import pytest

from memos import MemOS
from memos.errors import MemOSError
from memos.operation.memoperator.cache import Lanes
from memos.operation.memoperator.ranking import shipped_weights
from memos.operation.memoperator.retrieval import Retrieval

BUDGET = 120_000
"""Of the indexes of a dozen namespaces, about a quarter."""
THREADS = 3
SETTINGS = {"durability": "process", "forgotten_days": 0, "erase_seconds": 0.2, "consolidate": False}
WORDS = ["apple", "pear", "plum", "fig", "date", "lime", "kiwi", "nut", "oat", "rye"]


class Twin(Retrieval):
    """Asks everything twice, of what is cached and of lanes that are new; what they answered otherwise."""

    def __init__(self, budget):
        self._weights = shipped_weights()
        super().__init__(Lanes(budget), self._weights)
        self.asked, self.hits, self.unlike = 0, 0, []

    def retrieve(self, query, view, grant, now, moment=None):
        cached = super().retrieve(query, view, grant, now, moment)
        fresh = Retrieval(Lanes(0), self._weights).retrieve(query, view, grant, now, moment)
        self.asked += 1
        self.hits += len(fresh.hits)
        if not alike(cached, fresh):
            self.unlike.append((query.text, view.seq, view.branch, cached, fresh))
        return cached

    def quoted(self, texts, query, view, grant, now, *, each):
        cached = super().quoted(texts, query, view, grant, now, each=each)
        fresh = Retrieval(Lanes(0), self._weights).quoted(texts, query, view, grant, now, each=each)
        self.asked += 1
        if sorted(map(str, cached)) != sorted(map(str, fresh)):
            self.unlike.append((texts, view.seq, view.branch, cached, fresh))
        return cached


def alike(one, other):
    scores, others = ({hit.row: hit.score for hit in found.hits} for found in (one, other))
    return one.pending == other.pending and scores == pytest.approx(others, rel=1e-4, abs=1e-6)


class Life:
    """What one owner and one reader do, who know what the reader may see: nobody else changes the owner's memories."""

    def __init__(self, memory, name, seed):
        self.memory, self.random = memory, Random(seed)
        self.owner, self.reader = memory.as_user(name), memory.as_user(f"{name}-reader")
        self.home = f"user/{name}"
        self.ids, self.shared, self.gone, self.erased, self.snapshots = [], set(), set(), set(), 0
        self.forbidden, self.missing, self.checked = [], [], 0

    def text(self):
        return " ".join(self.random.choices(WORDS, k=4)) + f" {self.random.randrange(10**6)}"

    def step(self):
        actions = [self.add] * 3 + [self.share, self.unshare, self.forget, self.erase, self.change, self.archive, self.past, self.branch]
        try:
            self.random.choice([*actions, self.elsewhere, self.trace, self.sweep])()
        except MemOSError as error:
            if not error.retryable:
                raise
        self.look()

    def some(self):
        return self.random.choice(self.ids) if self.ids else None

    def add(self):
        if len(self.ids) < 40:
            self.ids += [cube.id for cube in self.owner.add([self.text() for _ in range(self.random.randint(1, 3))]).cubes]

    def share(self):
        if one := self.some():
            self.owner.share(one, f"user:{self.reader_name}")
            self.shared.add(one)

    @property
    def reader_name(self):
        return f"{self.home.removeprefix('user/')}-reader"

    def unshare(self):
        if self.shared:
            one = self.random.choice(sorted(self.shared))
            self.owner.unshare(one, f"user:{self.reader_name}")
            self.shared.discard(one)

    def forget(self):
        if one := self.some():
            self.owner.forget(one)
            self.leave(one, self.gone)

    def erase(self):
        if (one := self.some()) and self.random.random() < 0.5:
            self.owner.erase(one)
            self.leave(one, self.erased)

    def leave(self, one, where):
        self.ids.remove(one)
        self.shared.discard(one)
        where.add(one)

    def change(self):
        if one := self.some():
            self.owner.update(one, self.text())

    def archive(self):
        if one := self.some():  # its use may bring it back, so that nothing is known of it from here on
            self.owner.unshare(one, f"user:{self.reader_name}")
            self.owner.archive(one)
            self.owner.search("apple", states=["archived", "generated"], limit=200)
            self.leave(one, set())

    def past(self):
        self.snapshots += 1
        self.owner.snapshot(f"s{self.snapshots}")
        back = self.random.randint(max(1, self.snapshots - 5), self.snapshots)
        found = {hit.cube.id for hit in self.owner.at(f"s{back}").search("apple pear", limit=200).hits}
        self.forbidden += sorted(found & self.erased)

    def branch(self):
        there = self.owner.branch(f"b{self.snapshots}")
        there.add(self.text())
        found = {hit.cube.id for hit in there.search("apple pear", limit=200).hits}
        self.forbidden += sorted(found & self.erased)
        there.discard()

    def elsewhere(self):
        self.reader.add(self.text())
        self.reader.search("apple", namespaces=["user", "shared", "global"], limit=200)

    def trace(self):
        self.owner.trace("apple pear plum fig date lime")

    def sweep(self):
        self.memory.sweep(0.05)

    def look(self):
        """What the reader finds at the owner's: no more than is shared now; and the owner finds what stands, and nothing that went."""
        query = self.random.choice([" ".join(WORDS), "apple", "kiwi oat"])
        seen = {hit.cube.id for hit in self.reader.search(query, namespaces=[self.home], limit=200).hits}
        own = {hit.cube.id for hit in self.owner.search(" ".join(WORDS), limit=200).hits}
        self.checked += 1
        self.forbidden += sorted(seen - self.shared) + sorted(own & (self.gone | self.erased))
        self.missing += sorted(set(self.ids) - own)


OTHER_PROCESS = """
import json, sys
from tests.security.test_cached_reads import BUDGET, SETTINGS, Life, Twin
from memos import MemOS

with MemOS.open(sys.argv[1], worker="none", settings=SETTINGS) as memory:
    memory._operator._retrieval = twin = Twin(BUDGET)
    life = Life(memory, "afar", 99)
    near = memory.as_user("near-0-reader")
    for _ in range(int(sys.argv[2])):
        life.step()
        near.search("apple", namespaces=["user/near-0", "user/near-1"], limit=200)
print(json.dumps([twin.asked, twin.hits, len(twin.unlike), len(life.forbidden), len(life.missing)]))
"""


def live(life, steps, failures):
    try:
        for _ in range(steps):
            life.step()
    except Exception as error:  # noqa: BLE001 - whatever it is, the test must see it
        failures.append(error)


@pytest.mark.proof(capability="cache", small=40, full=1000)
def test_a_cache_that_is_too_small_answers_as_none_does(tmp_path, trials, record_proof, pytestconfig):
    """`trials` steps in each of three threads and in another process: writes, shares, revocations, erasures, branches, searches."""
    directory = tmp_path / "memory"
    MemOS.open(directory, embedder="hashing", worker="none").close()
    other = subprocess.Popen(
        [sys.executable, "-c", OTHER_PROCESS, str(directory), str(trials)], stdout=subprocess.PIPE, text=True, cwd=pytestconfig.rootpath
    )
    failures = []
    with MemOS.open(directory, worker="none", settings=SETTINGS) as memory:
        memory._operator._retrieval = twin = Twin(BUDGET)
        lives = [Life(memory, f"near-{number}", number) for number in range(THREADS)]
        threads = [threading.Thread(target=live, args=(life, trials, failures)) for life in lives]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        asked, hits, unlike, forbidden, missing = json.loads(other.communicate(timeout=600)[0])
        memory.as_user("near-0").search("apple")  # whoever erased last, this call notices it
        status, erased = memory.cache(), set().union(*(life.erased for life in lives))
        kept = remembered(twin.lanes)
    assert not failures
    assert not twin.unlike
    assert (unlike, forbidden, missing) == (0, 0, 0)
    assert [life.forbidden for life in lives] == [[]] * THREADS
    assert [life.missing for life in lives] == [[]] * THREADS
    assert not kept & erased
    assert status.hits > 0
    assert status.evicted + status.refused > 0
    assert status.bytes - max(each.bytes for each in status.hottest) <= BUDGET
    record_proof(steps=trials * (THREADS + 1), searches_compared=twin.asked + asked, hits_compared=twin.hits + hits, unlike=0, forbidden=0)
    record_proof(missing=0, erased=len(erased), erased_and_kept=0, cache_hits=status.hits, cache_misses=status.misses)


def remembered(lanes):
    """The ids of all memories that the lanes and scopes still hold."""
    states = [state for held in lanes._held.values() for each in held.scopes.values() for state in each.scope.states]
    return {name for held in lanes._held.values() for name in held.lane._columns.words["id"].values} | {
        name for state in states for name in state.id_values
    }


class TestItsWitness:
    """That the comparison sees what is wrong."""

    def test_a_lane_that_is_never_refreshed_is_seen(self, tmp_path):
        with MemOS.open(tmp_path / "m", embedder=None, worker="none") as memory:
            memory._operator._retrieval = twin = Twin(10**7)
            user = memory.as_user("u")
            user.add("apple one")
            user.search("apple")
            (held,) = twin.lanes._held.values()
            held.lane._stamp = 10**9
            user.add("apple two")
            user.search("apple")
            assert len(twin.unlike) == 1

    def test_a_reader_who_sees_more_than_is_shared_is_seen(self, tmp_path):
        with MemOS.open(tmp_path / "m", embedder=None, worker="none") as memory:
            life = Life(memory, "u", 0)
            life.add()
            life.owner.share(life.ids[0], "user:u-reader")
            life.look()
            assert life.forbidden == [life.ids[0]]
