"""What the model of one process has read of memories leaves its memory at its next call once another process has changed these."""

import json
import subprocess
import sys

import pytest

from memos import MemOS
from memos.testing.runtime import FakeRuntime

SECRET = "The spare key hangs in the shed behind the house, on the third nail from the left."
OTHER = """
import json, sys
from memos import MemOS
store, who, what = sys.argv[1], json.loads(sys.argv[2]), json.loads(sys.argv[3])
with MemOS.open(store, embedder=None, worker="none") as memory:
    session = memory.as_user(who["user"], roles=who.get("roles", ()), tenant=who.get("tenant", "default"))
    for verb, arguments, options in what:
        getattr(session, verb)(*arguments, **options)
    memory.drain(10)
"""


@pytest.fixture
def store(tmp_path):
    return tmp_path / "store"


@pytest.fixture
def memory(store):
    with MemOS.open(store, embedder=None, worker="none", runtime=FakeRuntime(window=4096)) as opened:
        yield opened


@pytest.fixture
def elsewhere(store):
    """Does something in another process."""

    def do(*what, user="alice", **who):
        command = [sys.executable, "-c", OTHER, str(store), json.dumps({"user": user} | who), json.dumps(what)]
        subprocess.run(command, check=True, timeout=60)

    return do


@pytest.fixture
def read(memory):
    """Two turns of a conversation that the model has read, by id."""
    alice = memory.as_user("alice", session="s")
    turns = alice.chat(SECRET, max_tokens=8).value.turns
    alice.chat("And the other one?", max_tokens=8)
    return turns


def held(memory):
    return memory.activations().blocks


@pytest.mark.parametrize(
    "what",
    [
        ("forget", ["{}"], {}),
        ("update", ["{}", "It is nowhere."], {}),
        ("archive", ["{}"], {}),
        ("transfer", ["{}"], {"to": "user/alice/x"}),
    ],
    ids=lambda each: each[0],
)
def test_what_another_process_changes_leaves_the_memory_at_the_next_call(memory, read, elsewhere, what):
    verb, arguments, options = what
    before = held(memory)
    elsewhere((verb, [each.format(read[0]) for each in arguments], options))
    assert held(memory) == before
    memory.as_user("somebody").list()
    assert held(memory) < before
    assert memory.activations().voided >= 1
    assert not any(node_tells(memory, read[0]))


def node_tells(memory, cube_id):
    """Of each part that is held, whether it tells of a memory."""
    waiting = list(memory._engine._attacher.tiers._roots.values())
    while waiting:
        node = waiting.pop()
        waiting += node.below()
        yield node.piece is not None and any(each == cube_id for each, _ in node.piece.sources)


def test_what_changes_nothing_of_it_stays(memory, read, elsewhere):
    before = held(memory)
    assert any(node_tells(memory, read[0]))
    elsewhere(("get", [list(read)], {}), ("add", ["Something else."], {}), ("freeze", [read[0]], {}), ("search", ["the spare key"], {}))
    elsewhere(("add", [SECRET], {}), user="bob")
    elsewhere(("add", [SECRET], {}), tenant="another")
    memory.as_user("somebody").list()
    assert held(memory) == before
    assert any(node_tells(memory, read[0]))
    assert memory.as_user("alice", session="s").chat("And then?", max_tokens=8).value.usage.cached > 20


def test_what_this_process_does_itself_is_no_others(memory, read, elsewhere):
    alice, before = memory.as_user("alice", session="s"), held(memory)
    alice.confirm(read[0])
    alice.freeze(read[0])
    memory.drain(30)
    elsewhere(("add", ["Something else."], {}))
    memory.as_user("somebody").list()
    assert held(memory) == before


def test_who_may_see_what_is_changed_elsewhere(memory, read, elsewhere):
    """A memory of Alice's that Bob's model has read is withdrawn; and a rule lets go of all memories, since it names none."""
    alice, bob = memory.as_user("alice"), memory.as_user("bob", session="b")
    shared = alice.add(SECRET * 3, acl={"user:bob": ["read"]}).cubes[0].id
    alice.convert(shared, to="activation")
    context = bob.context("Where does the spare key hang?", namespaces=["user/alice", "user/bob"])
    assert shared in {source for each in context.attachments for source in each.sources}
    bob.chat("Where does the spare key hang?", namespaces=["user/alice", "user/bob"], max_tokens=8)
    assert any(node_tells(memory, shared))
    elsewhere(("unshare", [shared], {"principals": "user:bob"}))
    memory.as_user("somebody").list()
    assert not any(node_tells(memory, shared))
    assert any(node_tells(memory, read[0]))
    elsewhere(("govern", ["quota", "q", {"rates": ["9/minute"], "operations": ["add"]}], {}), user="ada", roles=["admin"])
    memory.as_user("somebody").list()
    assert not any(node_tells(memory, read[0]))


def test_so_many_commits_that_they_are_not_looked_at_let_go_of_all(memory, read, elsewhere, monkeypatch):
    monkeypatch.setattr("memos.interface.memory_api.forgetting.COMMITS", 3)
    elsewhere(*[("add", [f"Something else, number {number}."], {}) for number in range(6)])
    memory.as_user("somebody").list()
    assert held(memory) == 0


def test_without_a_model_nothing_is_looked_up(store, elsewhere, monkeypatch):
    asked = []
    with MemOS.open(store, embedder=None, worker="none") as memory:
        memory.as_user("alice").add("One memory.")
        monkeypatch.setattr(memory._parts.adapter, "events", lambda *given: asked.append(given) or ())
        elsewhere(("add", ["Something else."], {}))
        assert len(memory.as_user("alice").list().cubes) == 2
    assert not asked
