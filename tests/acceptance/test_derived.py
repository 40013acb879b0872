"""KV blocks and adapters follow what they were made of: void in the same commit, their blobs gone before the call returns."""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from memos import MemOS
from memos.errors import InvalidCall, NotFound, VersionConflict
from memos.memcube.call import CubeRef, MemoryCall
from memos.testing.runtime import FakeRuntime
from tests.clock import HandClock
from tests.deriving import derived_of, has_blob, lives, state_of
from tests.security.hiding import key_file

START = datetime(2026, 1, 1, 9, 0, tzinfo=UTC)


@pytest.fixture
def clock():
    return HandClock(START)


@pytest.fixture
def place(tmp_path):
    return tmp_path / "memory"


@pytest.fixture
def memory(place, clock):
    with MemOS.open(place, embedder="hashing", worker="none", clock=clock, settings={"erase_seconds": 0.5}) as system:
        yield system


@pytest.fixture
def alice(memory):
    return memory.as_user("alice")


@pytest.fixture
def bob(memory):
    return memory.as_user("bob")


VOIDING = {
    "update": lambda alice, cube: alice.update(cube, "another text"),
    "tags": lambda alice, cube: alice.update(cube, tags=["home"]),
    "append": lambda alice, cube: alice.update(cube, "and more", mode="append"),
    "forget": lambda alice, cube: alice.forget(cube),
    "archive": lambda alice, cube: alice.archive(cube),
    "confirm": lambda alice, cube: [alice.confirm(cube) for _ in range(2)],
    "erase": lambda alice, cube: alice.erase(cube),
    "erase what is named alone": lambda alice, cube: alice.erase(cube, derived=False),
    "erase the person": lambda alice, cube: alice.erase(subject="alice"),
    "erase later": lambda alice, cube: alice.erase(cube, finish=False),
    "share": lambda alice, cube: alice.share(cube, ["user:bob"]),
    "sensitivity": lambda alice, cube: alice.update(cube, sensitivity="confidential"),
    "expiry": lambda alice, cube: alice.update(cube, expires_at=START + timedelta(days=1)),
    "conditions": lambda alice, cube: alice.update(cube, conditions={"context.purpose": "care"}),
    "transfer": lambda alice, cube: alice.transfer(cube, to="user/alice/notes"),
    "access list of the namespace": lambda alice, cube: alice.acl("user/alice", {"user:bob": ["read"]}),
}


@pytest.mark.parametrize("how", list(VOIDING))
def test_what_is_made_of_a_memory_goes_with_any_change_of_it(memory, alice, how):
    changed, other = alice.add(["tea is fine", "coffee is not"]).cubes
    block = derived_of(memory, [changed])
    adapter = derived_of(memory, [changed, other], kind="parameter")
    under = derived_of(memory, [other], adapter=adapter.payload.blob)
    frozen = derived_of(memory, [changed], frozen=True)
    apart = derived_of(memory, [other], namespace="user/alice")
    VOIDING[how](alice, changed)
    assert not any(lives(memory, each) for each in (block, adapter, under, frozen))
    assert lives(memory, apart) is (how not in {"erase the person", "access list of the namespace"})


STAYING = {
    "freeze": lambda alice, cube: alice.freeze(cube),
    "a label": lambda alice, cube: alice.update(cube, label="reviewed"),
    "priority": lambda alice, cube: alice.search("tea"),
    "another memory": lambda alice, cube: alice.add("milk is white"),
}


@pytest.mark.parametrize("how", list(STAYING))
def test_what_changes_nothing_of_a_memory_leaves_what_is_made_of_it(memory, alice, how):
    cube = alice.add("tea is fine").cubes[0]
    block = derived_of(memory, [cube])
    STAYING[how](alice, cube)
    memory.drain()
    memory.sweep()
    assert lives(memory, block)


def test_use_voids_nothing(memory, alice, clock):
    cube = alice.add("tea is fine").cubes[0]
    block = derived_of(memory, [cube])
    for _ in range(12):
        alice.get(cube)
        clock.move(minutes=1)
    memory.sweep()
    assert lives(memory, block)


def test_a_time_that_is_over_voids_at_the_sweep(memory, alice, clock):
    cube = alice.add("tea is fine", expires_at=START + timedelta(hours=1)).cubes[0]
    block = derived_of(memory, [cube])
    clock.move(hours=2)
    memory.sweep()
    assert state_of(memory, cube) == "expired"
    assert not lives(memory, block)


def test_a_policy_voids_what_is_made_of_what_others_own_and_nothing_else(memory, alice, bob):
    theirs = bob.add("the code is 7", namespace="user/bob").cubes[0]
    bob.share(theirs, ["user:alice"])
    mine = alice.add("tea is fine").cubes[0]
    own, mixed, others = (
        derived_of(memory, [mine]),
        derived_of(memory, [mine, theirs], kind="parameter"),
        derived_of(memory, [theirs], owner="bob"),
    )
    memory.as_user("root", roles=["admin"]).govern("role", "nurse", {"clearance": "public"})
    assert not lives(memory, mixed)
    assert lives(memory, own)
    assert lives(memory, others)


def test_unsharing_voids_what_others_made_of_it(memory, alice, bob):
    theirs = bob.add("the code is 7").cubes[0]
    bob.share(theirs, ["user:alice"])
    block = derived_of(memory, [theirs], namespace="user/alice")
    assert alice.get(block).cubes[0].id == block.id
    bob.share(theirs, ["user:alice"], rights=[])
    assert not lives(memory, block)
    with pytest.raises(NotFound):
        alice.get(block)


def test_in_a_chain_all_goes_with_its_one_commit(memory, alice):
    one, two = alice.add(["tea is fine", "coffee is not"]).cubes
    blocks = [derived_of(memory, [each]) for each in (one, two)]
    new = memory._clock.new_id
    calls = [
        MemoryCall(id=new(), operation="freeze", cubes=(CubeRef(id=blocks[0].id),)),
        MemoryCall(id=new(), operation="update", cubes=(CubeRef(id=one.id),), options={"text": "tea is good"}),
        MemoryCall(id=new(), operation="forget", cubes=(CubeRef(id=two.id),)),
    ]
    reply = memory._api.handle(alice.caller, calls[0].model_copy(update={"then": tuple(calls[1:])}))
    assert reply.status == "ok"
    assert not any(lives(memory, each) for each in blocks)


def test_a_branch_voids_nothing_until_it_is_merged(memory, alice):
    cube = alice.add("tea is fine").cubes[0]
    block = derived_of(memory, [cube])
    branch = alice.branch("what-if")
    branch.update(cube, "tea is bad")
    branch.freeze(block)
    assert lives(memory, block)
    branch.merge()
    assert not lives(memory, block)


def test_bringing_back_a_moment_voids_what_was_made_since_and_brings_no_block_back(memory, alice):
    cube = alice.add("tea is fine").cubes[0]
    first = derived_of(memory, [cube])
    alice.snapshot("before")
    alice.update(cube, "tea is bad")
    second = derived_of(memory, [alice.get(cube).cubes[0]])
    alice.restore("before")
    assert alice.get(cube).cubes[0].text == "tea is fine"
    assert not lives(memory, first)
    assert not lives(memory, second)


def test_what_is_derived_is_made_anew_and_not_changed(memory, alice):
    cubes = alice.add(["tea is fine", "coffee is not"]).cubes
    block = derived_of(memory, cubes)
    for change in (
        lambda: alice.update(block, "text"),
        lambda: alice.update(block, label="mine"),
        lambda: alice.transfer(block, to="user/alice/notes"),
        lambda: alice.compose([block, cubes[0]]),
        lambda: alice.share(block, ["user:bob"]),
        lambda: alice.archive(block),
    ):
        with pytest.raises(InvalidCall, match="is made of others"):
            change()
    alice.freeze(block)
    alice.unfreeze(block)
    assert lives(memory, block)
    alice.forget(block)
    assert not lives(memory, block)
    with pytest.raises(InvalidCall, match="made anew"):
        alice.restore(block)
    second = derived_of(memory, cubes)
    assert alice.erase(second).value.blobs == 1
    assert state_of(memory, second) is None
    assert not has_blob(memory, second)


def test_whoever_comes_second_loses_and_nothing_stale_stands(memory, alice):
    """A block is committed while its source changes: in both orders one of the two is refused, or sees the other."""
    cube = alice.add("tea is fine").cubes[0]
    _, change, reads = derived_of(memory, [cube], commit=False)
    alice.update(cube, "tea is bad")
    with pytest.raises(VersionConflict):
        memory._parts.adapter.commit(change, reads)
    late = []
    commit = memory._parts.adapter.commit

    def commits(change, reads):
        if not late and change.operation == "update":
            late.append(derived_of(memory, [alice.get(cube).cubes[0]]))
        return commit(change, reads)

    memory._vault.commit = commits
    alice.update(cube, "tea is hot")
    assert len(late) == 1
    assert not lives(memory, late[0])


def test_a_rule_that_comes_meanwhile_voids_too(memory, alice, bob):
    cube = bob.add("the code is 7").cubes[0]
    late = []
    commit = memory._parts.adapter.commit

    def commits(change, reads):
        if not late and change.operation == "acl":
            late.append(derived_of(memory, [cube], owner="alice"))
        return commit(change, reads)

    memory._vault.commit = commits
    bob.acl("user/bob", {"user:zed": ["read"]})
    assert len(late) == 1
    assert not lives(memory, late[0])


def test_a_blob_that_two_name_goes_with_the_last(memory, alice):
    one, two = alice.add(["tea is fine", "coffee is not"]).cubes
    first, second = derived_of(memory, [one], body=b"same"), derived_of(memory, [two], body=b"same")
    assert first.payload.blob == second.payload.blob
    alice.forget(one)
    assert state_of(memory, first) == "expired"
    assert lives(memory, second)
    alice.forget(two)
    assert not has_blob(memory, first)


KILLED = """
import os, signal, sys
from memos import MemOS
memory = MemOS.open(sys.argv[1], embedder="hashing", worker="none")
def look(event, arguments):
    if event == "os.remove" and "/blobs/" in str(arguments[0]):
        os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(look)
memory.as_user("alice").forget(sys.argv[2])
"""


def test_a_kill_between_the_commit_and_the_files_is_mended_by_the_next_sweep(place):
    with MemOS.open(place, embedder="hashing", worker="none") as memory:
        cube = memory.as_user("alice").add("tea is fine").cubes[0]
        block = derived_of(memory, [cube])
    (path,) = (place / "blobs").rglob(block.payload.blob)
    done = subprocess.run([sys.executable, "-c", KILLED, str(place), cube.id], capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (-signal.SIGKILL, b"")
    assert path.exists()
    os.utime(path, (0, 0))
    with MemOS.open(place, embedder="hashing", worker="none") as memory:
        assert state_of(memory, block) == "expired"
        assert [fault.code for fault in memory.doctor()] == ["blob_unused"]
        assert memory.sweep()["blobs"] == 1
        assert not path.exists()
        assert memory.doctor() == ()


def test_the_doctor_names_what_is_wrong_with_blobs_and_the_sweep_ends_what_has_lost_its_blob(memory, alice, place):
    cubes = alice.add(["tea is fine", "coffee is not", "milk is white"]).cubes
    blocks = [derived_of(memory, [each]) for each in cubes]
    assert memory.doctor() == ()
    paths = [next((place / "blobs").rglob(each.payload.blob)) for each in blocks]
    paths[0].unlink()
    paths[1].write_bytes(b"numbers of something else")
    (place / "blobs" / "stranger").write_bytes(b"x")
    found = {fault.code: fault for fault in memory.doctor()}
    assert found.keys() == {"blob_missing", "blob_damaged", "blob_strange"}
    assert (found["blob_missing"].where, found["blob_damaged"].where) == (f"memory {blocks[0].id}", f"memory {blocks[1].id}")
    (place / "blobs" / "stranger").unlink()
    memory.sweep()
    alice.forget(blocks[1])
    assert [lives(memory, each) for each in blocks] == [False, False, True]
    assert memory.doctor() == ()
    assert memory.status().sizes["blobs"] == paths[2].stat().st_size


def test_a_file_with_erased_words_that_is_no_blob_is_told_by_the_receipt(memory, alice, place):
    cube = alice.add("the password is zanzibar-seven-eleven").cubes[0]
    derived_of(memory, [cube])
    stranger = place / "blobs" / "stranger"
    stranger.write_bytes(bytes(5000) + cube.text.encode() + bytes(5000))
    receipt = alice.erase(cube).value
    assert (receipt.status, receipt.remaining[0].why) == ("partial", "1 pieces of what was erased stand in blobs/stranger")
    stranger.unlink()
    assert [each.status for each in memory.erasures()] == ["complete"]


def test_a_restored_store_has_no_blobs_and_ends_what_named_them(memory, alice, place, tmp_path, clock):
    cube = alice.add("tea is fine").cubes[0]
    block = derived_of(memory, [cube])
    report = memory.backup(tmp_path / "backup")
    assert not list((tmp_path / "backup").rglob("blobs"))
    keys = tmp_path / "keys"
    keys.mkdir()
    for path in report.key_files:
        (keys / path.name).write_bytes(path.read_bytes())
    MemOS.restore_backup(tmp_path / "backup", tmp_path / "again", keys=keys)
    with MemOS.open(tmp_path / "again", embedder="hashing", worker="none", clock=clock) as again:
        assert again.doctor() == ()
        with pytest.raises(NotFound), again._parts.blobs.open("default", block.payload.blob):
            pass
        again.drain()
        again.sweep()
        assert not lives(again, block)
        assert again.as_user("alice").get(cube).cubes[0].text == "tea is fine"
    assert lives(memory, block)


def test_a_conversion_leaves_no_blob_and_what_named_it_ends(place, clock, tmp_path):
    key = key_file(tmp_path / "key")
    for convert in (lambda: MemOS.encrypt(place, key), lambda: MemOS.rotate_key(place, key, renew=True), lambda: MemOS.decrypt(place)):
        settings = {"encryption": key} if (place / "keys" / "data.key").exists() else {}
        with MemOS.open(place, embedder="hashing", worker="none", clock=clock, settings=settings) as memory:
            cube = memory.as_user("alice").add(f"tea is fine at {clock.now()}").cubes[0]
            block = derived_of(memory, [cube], body=b"numbers that stand in the open" * 100)
            (path,) = (place / "blobs").rglob(block.payload.blob)
            assert (b"numbers that stand" in path.read_bytes()) is not bool(settings)
            with memory._parts.blobs.open("default", block.payload.blob) as blob:
                assert isinstance(blob, bytes) is bool(settings)
        convert()
        assert not (place / "blobs").exists()
        settings = {"encryption": key} if (place / "keys" / "data.key").exists() else {}
        with MemOS.open(place, embedder="hashing", worker="none", clock=clock, settings=settings) as memory:
            assert memory.doctor() == ()
            memory.sweep()
            assert not lives(memory, block)
        clock.move(hours=1)


class Dropping(FakeRuntime):
    """A runtime that keeps a cache of its own, and counts how often it was emptied."""

    dropped = 0

    def drop(self):
        self.dropped += 1


def test_the_memory_of_this_process_is_told_of_what_changes_and_of_nothing_else(place, clock):
    with MemOS.open(place, embedder="hashing", worker="none", clock=clock, runtime=Dropping()) as memory:
        runtime, alice = memory._engine.runtime, memory.as_user("alice")
        cube = alice.add("tea is fine").cubes[0]
        alice.freeze(cube)
        alice.unfreeze(cube)
        alice.search("tea")
        assert runtime.dropped == 0
        alice.update(cube, "tea is bad")
        assert runtime.dropped == 1
        alice.acl("user/alice", {"user:bob": ["read"]})
        assert runtime.dropped == 2
        block = derived_of(memory, [alice.get(cube).cubes[0]])
        alice.forget(block)
        assert runtime.dropped == 3
        alice.erase(cube)
        assert runtime.dropped == 5  # and once more: an erasure, in whichever process, empties all that is kept of the tenant
