"""Quotas: rates as moving windows, what may stand, disclosures under a contract; over processes and restarts, by tenant, and logged."""

import subprocess
import sys
import threading
from datetime import UTC, datetime

import pytest

from memos import MemOS
from memos.errors import Denied, InvalidCall, QuotaExceeded, Unavailable
from memos.memcube.change import ChangeSet, CubeWrite, ReadSet
from tests.clock import HandClock

START = datetime(2026, 1, 1, 9, 0, tzinfo=UTC)


@pytest.fixture
def clock():
    return HandClock(START)


@pytest.fixture
def place(tmp_path):
    return tmp_path / "memory"


@pytest.fixture
def memory(place, clock):
    with MemOS.open(place, embedder="hashing", worker="none", clock=clock) as memory:
        yield memory


@pytest.fixture
def alice(memory):
    return memory.as_user("alice")


def quota(memory, name="q", tenant="default", **body):
    memory.as_user("ada", tenant=tenant, roles=["admin"]).govern("quota", name, body)


def test_a_rate_is_a_moving_window(memory, alice, clock):
    quota(memory, rates=["3/minute"], operations=["list"])
    for _ in range(3):
        alice.list()
        clock.move(seconds=10)
    with pytest.raises(QuotaExceeded, match=r"the quota 'q' allows 3/minute, and that is used up; try again in 30 s") as error:
        alice.list()
    assert error.value.details == {"quota": "q", "limit": "3/minute", "retry_after": 30.0}
    assert error.value.retryable
    alice.add("another operation is another matter")
    clock.move(seconds=30.1)
    alice.list()
    with pytest.raises(QuotaExceeded) as error:
        alice.list()
    assert error.value.details["retry_after"] == 9.9, "one came free at a time"


def test_the_refused_call_is_in_the_log_and_counts_for_nothing(memory, alice, clock):
    quota(memory, rates=["2/minute"], operations=["search"])
    alice.add("a text")
    for _ in range(2):
        alice.search("text")
    for _ in range(20):
        with pytest.raises(QuotaExceeded):
            alice.search("text")
    rows = alice.log(operation="search", limit=30).value
    assert [row["status"] for row in rows].count("quota_exceeded") == 20
    clock.move(seconds=61)
    alice.search("text")


def test_whom_a_quota_is_for(memory, clock):
    bob, robot = memory.as_user("bob"), memory.as_user("robot", roles=["batch"])
    quota(memory, "named", users=["bob"], rates=["1/minute"])
    quota(memory, "batch", roles=["batch"], rates=["2/minute"])
    bob.list()
    robot.list(), robot.list()
    for session, name in ((bob, "named"), (robot, "batch")):
        with pytest.raises(QuotaExceeded) as error:
            session.list()
        assert error.value.details["quota"] == name
    for _ in range(5):
        memory.as_user("alice").list()


def test_each_has_its_own_or_all_share_and_tenants_never_do(memory):
    for tenant in ("default", "acme"):
        quota(memory, "each", tenant, rates=["2/minute"], operations=["list"])
        quota(memory, "all", tenant, rates=["3/minute"], operations=["list"], each="tenant")
    for tenant in ("default", "acme"):
        alice, bob = memory.as_user("alice", tenant=tenant), memory.as_user("bob", tenant=tenant)
        alice.list(), alice.list()
        with pytest.raises(QuotaExceeded) as error:
            alice.list()
        assert error.value.details["quota"] == "each"
        bob.list()
        with pytest.raises(QuotaExceeded) as error:
            bob.list()
        assert error.value.details["quota"] == "all", "what the first refused was taken from neither"


def test_names_that_join_alike_share_no_counter(memory):
    for tenant, name in (("a/b", "c"), ("a", "b/c"), ('a", "b', "c")):
        quota(memory, name, tenant, rates=["1/hour"], operations=["list"])
        memory.as_user("u", tenant=tenant).list()


def test_counts_survive_a_restart(place, clock):
    for left in range(3, -1, -1):
        with MemOS.open(place, embedder="hashing", worker="none", clock=clock) as memory:
            if left == 3:
                quota(memory, rates=["3/hour"], operations=["list"])
            if left:
                memory.as_user("alice").list()
            else:
                with pytest.raises(QuotaExceeded):
                    memory.as_user("alice").list()


SEARCHING = """
import sys
from memos import MemOS
from memos.errors import QuotaExceeded
with MemOS.open(sys.argv[1], worker="none") as memory:
    done = 0
    for _ in range(40):
        try:
            memory.as_user("alice").list()
            done += 1
        except QuotaExceeded:
            pass
    print(done)
"""


def test_processes_and_threads_share_them(place, tmp_path):
    with MemOS.open(place, embedder="hashing", worker="none") as memory:
        quota(memory, rates=["60/hour"], operations=["list"])
        processes = [subprocess.Popen([sys.executable, "-c", SEARCHING, str(place)], stdout=subprocess.PIPE, text=True) for _ in range(2)]
        done = []

        def listing():
            count = 0
            for _ in range(20):
                try:
                    memory.as_user("alice").list()
                    count += 1
                except QuotaExceeded:
                    pass
            done.append(count)

        threads = [threading.Thread(target=listing) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
        done += [int(process.communicate(timeout=120)[0]) for process in processes]
    assert sum(done) == 60


def test_how_much_may_stand(memory, alice):
    quota(memory, memories=3, each="user")
    quota(memory, "room", bytes=100, each="tenant")
    first, _ = alice.add(["one", "two"]).cubes
    with pytest.raises(QuotaExceeded, match=r"allows 3 memories of yours; 2 stand, and this call would add 2"):
        alice.add(["three", "four"])
    alice.add("three")
    with pytest.raises(QuotaExceeded) as error:
        alice.add("four")
    assert error.value.details == {"quota": "q", "limit": "3 memories", "stored": 3}
    assert [row["status"] for row in alice.log(operation="add").value][:1] == ["quota_exceeded"]
    alice.add("three")  # it stands already
    alice.update(first.id, "one, longer")
    alice.forget(first.id)
    alice.add("four")
    bob = memory.as_user("bob")
    with pytest.raises(QuotaExceeded, match="allows 100 bytes of this tenant; 12 stand"):
        bob.add("x" * 89)
    stored = bob.add("x" * 88).cubes[0]
    with pytest.raises(QuotaExceeded):
        bob.update(stored.id, "x" * 89)
    bob.update(stored.id, "x" * 87)
    memory.as_user("bob", tenant="acme").add("x" * 1000)
    branch = bob.branch("b")
    with pytest.raises(QuotaExceeded):
        branch.add("more than that")


def test_what_stood_before_the_quota_counts_and_only_more_is_refused(memory, alice):
    cubes = alice.add([f"note {number}" for number in range(10)]).cubes
    quota(memory, memories=2)
    alice.update(cubes[0].id, "shorter or longer, it is no more")
    with pytest.raises(QuotaExceeded, match="10 stand"):
        alice.add("one more")
    alice.forget([cube.id for cube in cubes[:9]])
    alice.add("one more")
    restored = alice.history(cubes[0].id).cubes[0].id
    with pytest.raises(QuotaExceeded):
        alice.restore(restored)


def test_two_at_once_do_not_both_take_the_last_place(memory):
    quota(memory, memories=20, each="tenant")
    refused = []

    def adding(number):
        for step in range(6):
            try:
                memory.as_user(f"user{number}").add(f"{number} {step}")
            except QuotaExceeded:
                refused.append(number)

    threads = [threading.Thread(target=adding, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert memory.status().memories == 20
    assert len(refused) == 10


def licensed(memory, *texts):
    """Memories of alice under a licence, as a publication would bring them."""
    alice = memory.as_user("alice")
    cubes = alice.add(list(texts)).cubes
    for cube in cubes:
        changed = cube.model_copy(update={"policy": cube.policy.model_copy(update={"licence": "atlas"})})
        base = {
            "tenant": "default",
            "caller": alice.caller,
            "call_id": memory._clock.new_id(),
            "operation": "update",
            "at": memory._clock.now(),
        }
        memory._vault.commit(ChangeSet(**base, writes=(CubeWrite(changed, birth=False),)), ReadSet())
    return alice, cubes


def test_disclosures_under_a_contract_are_counted_before_the_reply(place, clock):
    with MemOS.open(place, embedder="hashing", worker="none", clock=clock) as memory:
        alice, cubes = licensed(memory, "atlas one", "atlas two")
        plain = alice.add("mine").cubes[0]
        quota(memory, "contract", licence="atlas", disclosures=5)
        alice.get([cube.id for cube in cubes])
        alice.search("atlas", limit=2)
        alice.get(plain.id)
        with pytest.raises(QuotaExceeded, match="5 disclosures under the licence 'atlas'") as error:
            alice.search("atlas", limit=2)
        assert error.value.details["quota"] == "contract"
        alice.get(cubes[0].id)
    with MemOS.open(place, embedder="hashing", worker="none", clock=clock) as memory:
        alice = memory.as_user("alice")
        with pytest.raises(QuotaExceeded):
            alice.get(cubes[0].id)
        refused = alice.log(operation="get", limit=1).value[0]
        assert (refused["status"], refused.get("hits", [])) == ("quota_exceeded", [])
        alice.get(plain.id)
        quota(memory, "contract", licence="atlas", disclosures=6)
        alice.get(cubes[0].id)


def test_what_cannot_be_counted_is_refused(place, clock):
    with MemOS.open(place, embedder="hashing", worker="none", clock=clock) as memory:
        alice = memory.as_user("alice")
        alice.list()
        assert not (place / "counters.db").exists(), "without a quota nothing is counted"
        quota(memory, rates=["100/minute"], operations=["list"])
        alice.list()
        (place / "counters.db").rename(place / "away")
        with pytest.raises(Unavailable, match="the counters of the quotas cannot be kept .*: the call is refused"):
            alice.list()
        for path in place.glob("counters.db-*"):
            path.unlink()
        (place / "counters.db").write_bytes(b"no database at all, but long enough to be looked at" * 100)
    with MemOS.open(place, embedder="hashing", worker="none", clock=clock) as memory:
        alice = memory.as_user("alice")
        with pytest.raises(Unavailable, match="cannot be kept"):
            alice.list()
        assert alice.log(operation="list", limit=1).value[0]["status"] == "unavailable"
        alice.add("what no quota is for goes on")


def test_counters_of_something_else_are_refused(place, clock):
    import apsw

    with MemOS.open(place, embedder="hashing", worker="none", clock=clock) as memory:
        quota(memory, rates=["100/minute"])
        with apsw.Connection(str(place / "counters.db")) as other:
            other.execute("CREATE TABLE t (x); PRAGMA user_version = 7")
        other.close()
        with pytest.raises(Unavailable, match="a database of something else"):
            memory.as_user("alice").list()
    with pytest.raises(Unavailable, match="the store is closed"), memory._parts.counters.transaction():
        pass


def test_locked_counters_refuse_after_a_while(place, clock, monkeypatch):
    import apsw

    from memos.backends.sqlite import counters

    monkeypatch.setattr(counters, "BUSY_MILLISECONDS", 50)
    with MemOS.open(place, embedder="hashing", worker="none", clock=clock) as memory:
        quota(memory, rates=["100/minute"], operations=["list"])
        alice = memory.as_user("alice")
        alice.list()
        other = apsw.Connection(str(place / "counters.db"))
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable):
            alice.list()
        other.execute("ROLLBACK")
        other.close()
        alice.list()


def test_the_system_itself_has_no_quota(memory, alice, clock):
    quota(memory, rates=["1/hour"], memories=1)
    alice.add("one")
    clock.move(days=400)
    assert memory.sweep() == {"archived": 1}


def test_a_store_that_is_only_read_is_counted_too(place, clock):
    with MemOS.open(place, embedder="hashing", worker="none", clock=clock) as memory:
        quota(memory, rates=["2/minute"], operations=["list"])
    with MemOS.open(place, embedder="hashing", clock=clock, read_only=True) as memory:
        memory.as_user("alice").list(), memory.as_user("alice").list()
        with pytest.raises(QuotaExceeded):
            memory.as_user("alice").list()


def test_what_is_no_quota_is_refused(memory, alice):
    with pytest.raises(Denied):
        alice.govern("quota", "q", {"rates": ["1/minute"]})
    for body, says in [
        ({}, "limits something"),
        ({"rates": ["often"]}, "'often' is no rate"),
        ({"rates": ["-1/minute"]}, "is no rate"),
        ({"memories": -1}, "memories"),
        ({"licence": "atlas"}, "limits something"),
        ({"licence": "atlas", "rates": ["1/minute"]}, "both or neither"),
        ({"disclosures": 3}, "both or neither"),
        ({"rates": ["1/minute"], "each": "planet"}, "each"),
    ]:
        with pytest.raises(InvalidCall, match=says):
            quota(memory, **body)
    quota(memory, rates=["0/minute"])
    with pytest.raises(QuotaExceeded):
        alice.list()


def test_names_stand_nowhere_in_the_counters(place, memory):
    quota(memory, rates=["5/minute"])
    memory.as_user("xylophonist").list()
    memory.close()
    assert b"xylophonist" not in b"".join(path.read_bytes() for path in place.glob("counters.db*"))
