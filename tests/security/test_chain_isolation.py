"""A chain can do nothing that its steps could not, and what it stages is nobody else's, whatever becomes of it."""

import threading
from contextlib import suppress

import pytest

from memos import MemOS
from memos.backends.hashing import HashingEmbedder
from memos.errors import Denied, InvalidCall, MemOSError, NotFound

NOWHERE = "019a0000-0000-7000-8000-000000000000"
TEAM = "user/alice/team"
SECRET = "the vault opens with quicksilver"


@pytest.fixture
def memory(tmp_path):
    with MemOS.open(tmp_path / "memory", embedder="hashing", worker="none") as memory:
        yield memory


def add(text, **draft):
    return {"operation": "add", "drafts": [{"text": text, **draft}]}


def of(operation, *ids, **options):
    return {"operation": operation, "cubes": [{"id": each} for each in ids], "options": options}


def world(memory):
    """Alice's secret, one that she has shared with bob for reading, one that an untrusted agent wrote, and bob's own."""
    alice, bob = memory.as_user("alice"), memory.as_user("bob")
    secret, shared, mine = alice.add(SECRET).cubes[0], alice.add("shared for reading").cubes[0], bob.add("of bob").cubes[0]
    alice.share(shared.id, "user:bob")
    frozen = bob.add("frozen").cubes[0]
    bob.freeze(frozen.id)
    return {"secret": secret.id, "shared": shared.id, "mine": mine.id, "frozen": frozen.id}


FORBIDDEN = {
    "reads another's": lambda ids: of("get", ids["secret"]),
    "reads its history": lambda ids: of("history", ids["secret"]),
    "changes what is shared for reading": lambda ids: of("update", ids["shared"], text="of bob now"),
    "forgets it": lambda ids: of("forget", ids["shared"]),
    "shares it on": lambda ids: of("share", ids["shared"], principals=["user:eve"]),
    "takes it": lambda ids: of("transfer", ids["shared"], to="user/bob"),
    "composes with another's": lambda ids: of("compose", ids["mine"], ids["secret"]),
    "relates to another's": lambda ids: of("relate", ids["mine"], ids["secret"], relation="about"),
    "writes into another's": lambda ids: add("planted", namespace="user/alice"),
    "moves into another's": lambda ids: of("transfer", ids["mine"], to="user/alice"),
    "changes what is frozen": lambda ids: of("update", ids["frozen"], text="thawed"),
    "asks as the system": lambda ids: {"operation": "transition", "options": {"moves": [[ids["secret"], "expired", "decay"]]}},
    "governs": lambda ids: {"operation": "govern", "options": {"kind": "policy", "key": "p", "body": None}},
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_a_step_may_do_what_the_call_may_do_alone_and_nothing_else(memory, what):
    ids = world(memory)
    bob, call = memory.as_user("bob"), FORBIDDEN[what](ids)
    with pytest.raises(MemOSError) as alone:
        bob.handle(call)
    before = [cube.id for cube in bob.list(limit=100).cubes]
    for others in ([add("first")], [of("update", ids["mine"], text="changed"), of("share", ids["mine"], principals=["user:alice"])]):
        with pytest.raises(type(alone.value) if what not in {"asks as the system", "governs"} else (Denied, InvalidCall)) as chained:
            bob.together([*others, call, add("last")])
        assert SECRET not in str(chained.value)
    assert [cube.id for cube in bob.list(limit=100).cubes] == before
    assert bob.get(ids["mine"]).cubes[0].text == "of bob"
    assert [cube.text for cube in memory.as_user("alice").list().cubes] == [SECRET, "shared for reading"]
    with pytest.raises(NotFound):
        memory.as_user("alice").get(ids["mine"])


def test_reads_in_a_chain_show_what_they_show_alone(memory):
    ids = world(memory)
    bob = memory.as_user("bob")
    queries = [
        {"operation": "search", "query": {"text": SECRET, "namespaces": ["user/alice", "user/bob"]}},
        {"operation": "list", "query": {"namespaces": ["user/alice"]}},
        {"operation": "list", "query": {"filter": {"owner": "alice"}}},
        {"operation": "log"},
    ]
    reply = bob.together([add("something new"), *queries])
    found, listed, owned, logged = reply.then
    assert ids["secret"] not in {hit.cube.id for hit in found.hits}
    assert [cube.id for cube in listed.cubes] == [ids["shared"]] == [cube.id for cube in owned.cubes]
    assert ids["secret"] not in str(logged.value)


class Gate(HashingEmbedder):
    """An embedder that lets others look while a chain is under way: it waits at the text that ends with a bell."""

    def __init__(self):
        super().__init__()
        self.waiting, self.go_on = threading.Event(), threading.Event()

    def embed(self, texts):
        if any(text.endswith("bell") for text in texts):
            self.waiting.set()
            assert self.go_on.wait(60)
        return super().embed(texts)


@pytest.mark.parametrize("last", [add("done"), of("get", NOWHERE)])
def test_nobody_sees_what_is_staged_while_it_is_only_staged(tmp_path, last):
    """In a namespace that many read, with an index that all share: neither rows, nor words, nor scores, nor counts, nor logs."""
    with MemOS.open(tmp_path / "memory", embedder="hashing", worker="none") as memory:
        alice = memory.as_user("alice")
        alice.acl(TEAM, {"user:bob": ["read"]})
        alice.add(["mercury is a planet", "silver is a metal"], namespace=TEAM)
        before = look(memory)
    gate = Gate()
    with MemOS.open(tmp_path / "memory", embedder=gate, worker="none") as memory:  # whose indexes nobody has read yet
        alice = memory.as_user("alice")
        thread = threading.Thread(target=suppressed, args=(lambda: alice.together(chain(last)),))
        thread.start()
        assert gate.waiting.wait(60)
        during = look(memory)
        gate.go_on.set()
        thread.join(timeout=60)
        after = look(memory)
        assert during == before
        if last["operation"] == "get":
            assert (after[:2], memory.doctor()) == (before[:2], ())
        else:
            assert SECRET in after[1]
            assert SECRET in [text for text, *_ in after[0]]


def look(memory):
    """What others than alice see of her team's memories, and of what she does."""
    bob, auditor = memory.as_user("bob"), memory.as_user("eve", roles=["auditor"])
    return (
        [(hit.cube.text, hit.score, hit.why) for hit in bob.search("quicksilver metal", namespaces=[TEAM]).hits],
        [cube.text for cube in bob.list(namespaces=[TEAM]).cubes],
        [row["operation"] for row in auditor.log(caller="alice").value],
    )


def chain(last):
    home = {"namespace": TEAM}
    search = {"operation": "search", "query": {"text": "quicksilver", "namespaces": [TEAM]}}
    return [add(SECRET, **home), search, search, add("at the bell", **home), last]


def suppressed(act):
    with suppress(MemOSError):
        act()


def test_what_is_shared_in_a_chain_that_fails_stays_unshared(memory):
    alice, bob = memory.as_user("alice"), memory.as_user("bob")
    secret = alice.add(SECRET).cubes[0]
    with pytest.raises(NotFound):
        alice.together([of("share", secret.id, principals=["user:bob"]), {"operation": "list"}, of("get", NOWHERE)])
    with pytest.raises(NotFound):
        bob.get(secret.id)
    assert bob.search("quicksilver vault").hits == ()


def test_who_is_not_trusted_is_not_trusted_in_a_chain(memory):
    memory.as_user("ada", roles=["admin"]).govern("principal", "agent:crawler", {"trust": "untrusted"})
    crawler, alice = memory.as_user("alice", agent="crawler"), memory.as_user("alice")
    own = alice.add("I like tea").cubes[0]
    with pytest.raises(Denied, match=r"step 2 \(update\): what you write is under review"):
        crawler.together([add("I like coffee"), of("update", own.id, text="I hate tea")])
    reply = crawler.together([add("I like tea"), {"operation": "list"}])
    assert reply.cubes[0].id != own.id, "what is under quarantine joins nothing"
    assert {cube.id for cube in reply.then[0].cubes} == {own.id, reply.cubes[0].id}
    assert [cube.id for cube in alice.list().cubes] == [own.id]
