"""KV blocks and adapters are seen where every memory is that they were made of, by who asks for them, and counted nowhere else."""

from datetime import UTC, datetime

import pytest

from memos import MemOS
from memos.errors import Denied, NotFound
from memos.memcube.call import MemoryCall, MemoryQuery, raising
from memos.ports.clock import SystemClock
from tests.clock import HandClock
from tests.deriving import derived_of, lives

START = datetime(2026, 1, 1, 9, 0, tzinfo=UTC)
TYPES = ("activation", "parameter")


@pytest.fixture
def clock():
    return HandClock(START)


@pytest.fixture
def memory(tmp_path, clock):
    with MemOS.open(tmp_path / "memory", embedder="hashing", worker="none", clock=clock) as system:
        yield system


@pytest.fixture
def people(memory):
    return memory.as_user("alice"), memory.as_user("bob")


def counted(session, **query):
    """What the operation count tells."""
    call = MemoryCall(id=SystemClock().new_id(), operation="count", query=MemoryQuery(text="", **query))
    return raising(session._door.handle(session.caller, call)).value


def told(session, sources):
    """All that a caller can be told without naming types."""
    found = session.search("tea coffee code", limit=50, explain=True)
    return (
        {cube.id for cube in session.list(limit=100).cubes},
        {hit.cube.id: round(hit.score, 5) for hit in found.hits},
        found.warnings,
        counted(session),
        session.tags().value,
        {cube.id for cube in session.get(sources).cubes},
    )


def test_what_is_derived_changes_nothing_of_what_anybody_is_told(memory, people):
    alice, bob = people
    cubes = alice.add([f"tea {number} is fine, coffee {number} is not" for number in range(30)]).cubes
    theirs = bob.add("the code is 7").cubes[0]
    memory.drain()
    before = told(alice, cubes), told(bob, [theirs])
    for number in range(20):
        derived_of(memory, cubes[number : number + 3], kind="parameter" if number % 2 else "activation", namespace="user/alice")
        derived_of(memory, [theirs], owner="bob", tags=[])
    memory.drain()
    assert (told(alice, cubes), told(bob, [theirs])) == before
    with memory._parts.adapter.view("default") as view:
        assert view.pending(10).items == ()
    assert memory.doctor() == ()
    assert memory.rebuild() > 0
    assert memory.reembed("hashing://32") == 31
    assert memory.drain()
    assert memory.doctor() == ()


def test_they_are_told_where_their_types_are_named(memory, people):
    alice, bob = people
    cube = alice.add("tea is fine").cubes[0]
    block, adapter = derived_of(memory, [cube]), derived_of(memory, [cube], kind="parameter")
    memory.drain()
    for filter_, wanted in (
        ({"type": "activation"}, {block.id}),
        ({"type": {"in": list(TYPES)}}, {block.id, adapter.id}),
        ({"not": {"type": "plaintext"}}, {block.id, adapter.id}),
        ({"type": {"exists": True}}, {cube.id, block.id, adapter.id}),
    ):
        assert {each.id for each in alice.list(filter=filter_).cubes} == wanted
        assert counted(alice, filter=filter_) == len(wanted)
        assert bob.list(filter=filter_, namespaces="user/alice").cubes == ()
        assert counted(bob, filter=filter_, namespaces=("user/alice",)) == 0
    assert alice.get(block).cubes[0].payload == block.payload
    assert [each.version for each in alice.history(block).cubes] == [1]
    assert alice.search("tea", types=["activation"]).warnings == ()
    assert {hit.cube.id for hit in alice.search("tea", types=["plaintext"]).hits} == {cube.id}


def shared(memory, alice, bob):
    """A block of alice's, of a memory of hers and one that bob lets her read."""
    mine, theirs = alice.add("tea is fine").cubes[0], bob.add("the code is 7").cubes[0]
    bob.share(theirs, ["user:alice"])
    return mine, theirs, derived_of(memory, [mine, theirs], namespace="user/alice")


def ways(session, block, source):
    """Whether a caller is told of something derived, by each way."""
    return {
        "get": lambda: session.get(block).cubes,
        "history": lambda: session.history(block).cubes,
        "list": lambda: block.id in [cube.id for cube in session.list(filter={"type": "activation"}, namespaces="user/alice").cubes],
        "search": lambda: block.id in [hit.cube.id for hit in session.search("tea", types=["activation"], namespaces="user/alice").hits],
        "lineage": lambda: block.id in repr(session.lineage(source).value),
        "graph": lambda: block.id in repr(session.graph(source, depth=2).value),
        "log": lambda: block.id in repr(session.log(limit=100).value),
    }


def seen(session, block, source):
    found = {}
    for name, way in ways(session, block, source).items():
        try:
            found[name] = bool(way())
        except NotFound:
            found[name] = False
    return {name for name, there in found.items() if there}


def test_who_sees_every_source_sees_it_and_nobody_else(memory, people):
    alice, bob = people
    mine, theirs, block = shared(memory, alice, bob)
    assert {"get", "list", "lineage"} <= seen(alice, block, mine)
    assert seen(bob, block, theirs) == set(), "bob sees one of its sources"
    carol = memory.as_user("carol")
    assert seen(carol, block, mine) == set()


def test_a_row_that_a_list_opens_is_hidden_while_a_source_is(memory, people):
    """Somebody is let into the namespace in which the block stands, and not into that of one of its sources."""
    alice, _ = people
    open_one = alice.add("tea is fine").cubes[0]
    closed = alice.add("the password is secret", namespace="user/alice/closed").cubes[0]
    alice.share(open_one, ["user:carol"], rights=["read", "history"])
    carol = memory.as_user("carol")
    policy = {"owner": "alice", "acl": [{"principal": "user:carol", "rights": ["read", "history"]}]}
    block = derived_of(memory, [open_one, closed], namespace="user/alice", policy_of=policy)
    other = derived_of(memory, [open_one], namespace="user/alice", policy_of=policy)
    assert seen(carol, block, open_one) == set()
    assert {"get", "list", "history"} <= seen(carol, other, open_one)
    assert counted(carol, filter={"type": "activation"}, namespaces=("user/alice",)) == 1
    with pytest.raises(NotFound):
        carol.forget(block)


def test_a_credential_for_some_memories_shows_no_block_of_others(memory, people):
    alice, _ = people
    one, two = alice.add(["tea is fine", "coffee is not"]).cubes
    block = derived_of(memory, [one, two], namespace="user/alice")
    assert {"get", "list"} <= seen(alice, block, one)
    narrowed = memory.as_user("alice", purpose="other")
    alice.update(two, conditions={"context.purpose": "care"})
    assert not lives(memory, block)
    third = derived_of(memory, [one, two], namespace="user/alice")
    assert "get" not in seen(narrowed, third, one)
    assert "get" in seen(memory.as_user("alice", purpose="care"), third, one)


def test_erasing_by_filter_or_person_reaches_what_is_derived(memory, people):
    alice, bob = people
    mine, theirs, block = shared(memory, alice, bob)
    receipt = alice.erase(filter={"type": "activation"}).value
    assert receipt.counts["memories"] == 1 if hasattr(receipt, "counts") else True
    assert not lives(memory, block)
    again = derived_of(memory, [mine, theirs], namespace="user/alice")
    assert bob.erase(theirs).value.status == "complete"
    assert not lives(memory, again)
    with pytest.raises((NotFound, Denied)):
        bob.get(again)


def test_what_one_erases_tells_nothing_of_what_others_made_of_it(memory, people):
    alice, bob = people
    _, theirs, block = shared(memory, alice, bob)
    preview = bob.erase(theirs, dry_run=True).value
    assert block.id not in repr(preview)
    receipt = bob.erase(theirs).value
    assert block.id not in repr(receipt)
    assert not lives(memory, block)
