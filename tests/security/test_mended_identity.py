"""Identity, as it was attacked: no name, key or token sheds an agent, a suspension, an end or a quota, and nothing tells of others."""

from datetime import UTC, datetime, timedelta

import pytest

from memos import MemOS
from memos.errors import Denied, InvalidCall, QuotaExceeded
from memos.memcube.quarantine import quarantined
from tests.clock import HandClock

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)
DAY = NOON + timedelta(days=1)


@pytest.fixture
def clock():
    return HandClock(NOON)


@pytest.fixture
def memory(tmp_path, clock):
    with MemOS.open(tmp_path / "memory", embedder="hashing", worker="none", clock=clock) as system:
        yield system


@pytest.fixture
def root(memory):
    return memory.as_user("root", roles=["admin"])


def marked(session, text):
    return quarantined(session.add(text).cubes[0].policy)


def lent(session, to="ghost", **rights):
    return session.delegate(to, **({"until": LATER, "operations": ["add"]} | rights)).value["token"]


def test_no_name_key_or_token_sheds_an_untrusted_agent(memory, root):
    root.govern("source", "web", {"agents": ["crawler"]})
    key = root.create_key("alice", agent="crawler").value["key"]
    full = root.create_key("alice").value
    child = memory.session(key).create_key().value["key"]
    ways = {
        "its own": memory.session(key),
        "another agent": memory.session(key, agent="nice"),
        "a child": memory.session(child),
        "a child of another agent": memory.session(child, agent="nice"),
        "a token": memory.session(lent(memory.session(key))),
        "a token of another agent": memory.session(lent(memory.session(key, agent="nice")), agent="nice"),
        "a token of a trusted process": memory.session(lent(memory.as_user("alice", agent="crawler")), agent="nice"),
        "a key of a trusted process": memory.session(memory.as_user("alice", agent="crawler").create_key().value["key"], agent="nice"),
    }
    assert {name: marked(session, f"by {name}") for name, session in ways.items()} == dict.fromkeys(ways, True)
    assert not marked(memory.session(full["key"]), "by alice herself")
    with pytest.raises(Denied, match="what an agent makes is its own"):
        memory.session(key).rotate_key(full["prefix"])


def test_what_an_untrusted_user_lends_is_under_quarantine(memory, root):
    root.govern("principal", "mal", {"trust": "untrusted"})
    assert marked(memory.session(lent(memory.as_user("mal"))), "from a made-up holder")
    root.govern("principal", "mal", {"trust": "trusted"})
    assert not marked(memory.session(lent(memory.as_user("mal"))), "from a holder of one who is trusted")


def test_no_name_key_or_token_sheds_a_suspension(memory, root):
    key = root.create_key("alice", agent="planner").value["key"]
    child, token = memory.session(key).create_key().value["key"], lent(memory.session(key))
    standing = memory.session(key, agent="nice")
    standing.add("before")
    root.govern("principal", "agent:planner", {"suspended": True})
    for way in (key, child, token):
        with pytest.raises(Denied, match="suspended"):
            memory.session(way, agent="nice")
    with pytest.raises(Denied, match="suspended"):
        standing.add("after")


def test_nothing_outlives_the_key_that_made_it(memory, root, clock):
    made = root.create_key("alice", expires_at=LATER).value
    full = root.create_key("alice").value
    session = memory.session(made["key"])
    children = [session.create_key(), session.create_key(expires_at=DAY), session.rotate_key(full["prefix"])]
    assert [child.value["expires_at"] for child in children] == [LATER] * 3
    assert session.create_key(expires_at=NOON + timedelta(minutes=1)).value["expires_at"] == NOON + timedelta(minutes=1)
    token = session.delegate("ghost", until=DAY).value
    assert token["until"] == LATER
    clock.move(hours=1)
    for credential in (*(child.value["key"] for child in children), token["token"]):
        with pytest.raises(Denied, match="ended"):
            memory.session(credential)


def test_to_lend_rights_multiplies_no_quota(memory, root):
    alice = memory.as_user("alice")
    holders = [memory.session(lent(alice, to=name, operations=["list"])) for name in ("one", "two", "three")]
    root.govern("quota", "all", {"rates": ["2/hour"], "operations": ["list"]})
    holders[0].list()
    holders[1].list()
    for session in (holders[2], alice):
        with pytest.raises(QuotaExceeded):
            session.list()
    memory.as_user("three").list()
    root.govern("quota", "all", {"rates": ["1/hour"], "operations": ["list"], "users": ["two"]})
    bob = memory.session(lent(memory.as_user("bob"), to="two", operations=["list"]))
    holders[1].list()
    with pytest.raises(QuotaExceeded):
        bob.list()
    holders[0].list()


def test_to_lend_rights_multiplies_nothing_that_may_stand(memory, root):
    alice = memory.as_user("alice")
    root.govern("quota", "room", {"memories": 1, "users": ["alice"]})
    memory.session(lent(alice, to="one")).add("the first")
    with pytest.raises(QuotaExceeded):
        memory.session(lent(alice, to="two")).add("the second")


def test_a_narrowed_key_revokes_no_key_unless_it_names_that(memory, root):
    full = root.create_key("alice").value
    alice = memory.session(full["key"])
    narrow = memory.session(alice.create_key(namespaces="user/alice/trip").value["key"])
    with pytest.raises(Denied, match="revoke"):
        narrow.revoke(full["prefix"])
    alice.list()
    memory.session(alice.create_key(operations=["revoke"]).value["key"]).revoke(full["prefix"])
    with pytest.raises(Denied):
        alice.list()


@pytest.mark.parametrize(
    "attempt",
    [
        lambda root: root.govern([], "n", {}),
        lambda root: root.govern({}, "n", {}),
        lambda root: root.preview({"x": "\ud800"}),
        lambda root: root.preview({"\ud800": "permit(principal, action, resource);"}),
        lambda root: root.preview(None),
        lambda root: root.preview("x"),
        lambda root: root.preview(5),
        lambda root: root.preview({"x": None}, callers=None),
        lambda root: root.preview({"x": None}, callers=5),
        lambda root: root.preview({"x": None}, callers="x"),
        lambda root: root.preview({"x": None}, callers=[{"user": "bob", "roles": ["\ud800"]}]),
        lambda _: MemOS.attenuate(None),
        lambda _: MemOS.attenuate(b"x"),
        lambda _: MemOS.attenuate(0),
        lambda _: MemOS.attenuate([]),
    ],
)
def test_what_makes_no_sense_is_an_invalid_call(root, attempt):
    with pytest.raises(InvalidCall):
        attempt(root)


def test_who_does_not_govern_learns_nothing_of_others_from_documents(memory, root):
    root.govern("role", "ward", {"clearance": "confidential", "brings": ["night"]})
    root.govern("principal", "nina", {"roles": ["ward"], "clearance": "restricted"})
    alice = memory.as_user("alice")
    cube = alice.add("shared with a role").cubes[0]
    alice.share(cube.id, ["role:ward", "user:bob"])
    assert alice.access(cube.id, "nina").value.keys() & {"roles", "clearance"} == {"roles"}
    assert alice.access(cube.id, "nina").value["roles"] == ()
    assert alice.access(cube.id, "nina", roles=["other"]).value["roles"] == ("other",)
    told = root.access(cube.id, "nina").value
    assert (told["roles"], told["clearance"]) == (("night", "ward"), "restricted")
    assert {(row["user"], row["roles"]) for row in alice.who(cube.id).value["who"]} == {
        ("alice", ()),
        ("bob", ()),
        ("(anybody)", ("ward",)),
    }
    assert ("nina", ()) in {(row["user"], row["roles"]) for row in root.who(cube.id).value["who"]}
