"""Nobody reads, counts or infers what is another's: between users of a tenant, and between tenants."""

from datetime import UTC, datetime

import pytest

from memos import MemOS
from memos.backends.embedding_cache import CachedEmbedder
from memos.backends.hashing import HashingEmbedder
from memos.errors import Denied, MemOSError, NotFound
from memos.memcube.call import CubeDraft, CubeRef, MemoryCall, MemoryQuery

CANARY = "xylocanary"
NOWHERE = "01890000-0000-7000-8000-000000000000"


@pytest.fixture
def memory(tmp_path):
    with MemOS.open(tmp_path / "memory", embedder="hashing", worker="none") as system:
        yield system


@pytest.fixture
def secret(memory):
    bob = memory.as_user("bob")
    return bob.add(f"Bob's {CANARY} password is hunter2", tags=[CANARY], session=CANARY, metadata={CANARY: CANARY}).cubes[0]


@pytest.fixture(params=["another user", "another tenant", "a tenant's user of the same name"])
def stranger(request, memory):
    return {
        "another user": memory.as_user("alice"),
        "another tenant": memory.as_user("alice", tenant="other"),
        "a tenant's user of the same name": memory.as_user("bob", tenant="other"),
    }[request.param]


def test_no_read_answers_with_it(stranger, secret):
    stranger.add("something of my own about a password")
    replies = [
        stranger.search(f"{CANARY} password", limit=100),
        stranger.search(CANARY, namespaces=["user/bob", "user", "shared"]),
        stranger.list(namespaces=["user/bob", "user"]),
        stranger.list(filter={"tags": {"any": [CANARY]}}),
        stranger.list(filter={"id": secret.id}),
    ]
    for reply in replies:
        assert CANARY not in reply.model_copy(update={"call": None}).model_dump_json()


@pytest.mark.parametrize("verb", ["get", "history", "forget"])
def test_it_is_not_found_exactly_like_what_is_not_there(stranger, secret, verb):
    missing = NOWHERE
    messages = []
    for cube_id in (secret.id, missing):
        with pytest.raises(NotFound) as error:
            getattr(stranger, verb)(cube_id)
        messages.append((str(error.value).replace(cube_id, "ID"), error.value.details))
    assert messages[0] == messages[1]


def test_it_cannot_be_changed_moved_or_composed(stranger, secret, memory):
    mine = stranger.add("mine").cubes[0]
    for attempt in (
        lambda: stranger.update(secret.id, "changed"),
        lambda: stranger.transfer(secret.id, to="user/alice/x"),
        lambda: stranger.compose([mine.id, secret.id]),
    ):
        with pytest.raises(NotFound):
            attempt()
    assert memory.as_user("bob").get(secret.id).cubes[0] == secret


ELSEWHERE = ["user/bob", "user/bob/notes", "context/bob/s1", "shared/team", "global", "expert/law", "pipeline/x", "user"]


@pytest.mark.parametrize("namespace", ELSEWHERE)
def test_nobody_writes_where_it_is_not_theirs(memory, namespace):
    alice = memory.as_user("alice")
    with pytest.raises(Denied):
        alice.add("planted", namespace=namespace)
    cube = alice.add("own").cubes[0]
    with pytest.raises(Denied):
        alice.transfer(cube.id, to=namespace)


@pytest.mark.parametrize("name", ["bob/../alice", "..", "b%2Fob", "bob\u0000", "b" * 200, "", " ", "user/bob", "bob%"])
def test_a_users_name_never_reaches_another_namespace(memory, secret, name):
    try:
        odd = memory.as_user(name)
        odd.add("a text of the odd one")
        shown = odd.search(CANARY, limit=100).hits
    except MemOSError:
        return
    assert CANARY not in str(shown)
    assert len(memory.as_user("bob").list().cubes) == 1
    assert not memory.as_user("alice").list().cubes


def test_a_score_tells_nothing_of_others(memory):
    alice = memory.as_user("alice")
    alice.add(["the boat is blue", "the house is white", "a blue bicycle"])
    before = [(hit.cube.text, hit.score, hit.why) for hit in alice.search("blue boat").hits]
    memory.as_user("bob").add([f"blue boat number {number}" for number in range(50)])
    memory.as_user("alice", tenant="other").add([f"blue boat number {number}" for number in range(50)])
    assert [(hit.cube.text, hit.score, hit.why) for hit in alice.search("blue boat").hits] == before


def test_equal_facts_of_two_people_are_two_memories(memory):
    one = memory.as_user("alice").add("The sky is blue").cubes[0]
    other = memory.as_user("bob").add("The sky is blue").cubes[0]
    elsewhere = memory.as_user("alice", tenant="other").add("The sky is blue").cubes[0]
    assert len({one.id, other.id, elsewhere.id}) == 3
    assert not other.provenance.records


def test_an_idempotency_key_is_the_callers_own(memory):
    one = memory.as_user("alice").add("a secret of alice", idempotency_key="k").cubes[0]
    other = memory.as_user("bob").add("a text of bob", idempotency_key="k").cubes[0]
    assert one.id != other.id


def test_a_call_cannot_name_its_caller_or_do_the_systems_work(memory):
    alice = memory.as_user("alice").caller
    system_only = memory._api.handle(alice, MemoryCall(id=NOWHERE, operation="index", options={"fills": (), "fence": None}))
    assert system_only.status == "denied"
    with pytest.raises(ValueError, match="caller"):
        MemoryCall(id=NOWHERE, operation="get", caller={"user": "bob"})


def test_the_conversations_of_others_give_no_neighbours(memory):
    at = datetime(2025, 1, 1, tzinfo=UTC)
    bob, alice = memory.as_user("bob"), memory.as_user("alice")
    bob.add([{"role": "user", "content": f"{CANARY} boat", "at": at}], session="s1")
    alice.add([{"role": "user", "content": "nothing of note", "at": at}], session="s1")
    assert not [name for hit in alice.search(f"{CANARY} boat").hits for name in hit.why if name.startswith("lex")]


def test_every_face_of_a_hidden_memory_is_the_same_status(memory, secret):
    alice = memory.as_user("alice").caller
    for operation in ("get", "history", "update", "forget", "transfer"):
        options = {"update": {"text": "x"}, "transfer": {"to": "user/alice/x"}}.get(operation, {})
        reply = memory._api.handle(alice, MemoryCall(id=NOWHERE, operation=operation, cubes=(CubeRef(id=secret.id),), options=options))
        assert (reply.status, reply.cubes, reply.hits) == ("not_found", (), ())
    drafts = (CubeDraft(text="x", namespace="user/bob"),)
    assert memory._api.handle(alice, MemoryCall(id=NOWHERE, operation="add", drafts=drafts)).status == "denied"
    query = MemoryQuery(text=CANARY, namespaces=("user/bob",))
    assert memory._api.handle(alice, MemoryCall(id=NOWHERE, operation="search", query=query)).hits == ()


class Counting:
    """An embedder that tells which texts reached it: what a cache answers is sooner there, and tells that it was met before."""

    name, dimensions = "counting", 16

    def __init__(self):
        self.reached = []
        self._embedder = HashingEmbedder(dimensions=16)

    def embed(self, texts):
        self.reached += texts
        return self._embedder.embed(texts)


@pytest.mark.parametrize("said", ["searched", "added", "added and embedded by the worker"])
@pytest.mark.parametrize("who", [("spy", "other"), ("spy", "default"), ("victim", "other"), ("vic", "timdefault")])
def test_the_cache_of_embeddings_tells_nobody_what_others_said(tmp_path, said, who):
    counting = Counting()
    text, (user, tenant) = f"I have tested positive for {CANARY}", who
    with MemOS.open(tmp_path / "m", embedder=CachedEmbedder(counting), worker="none") as memory:
        victim, spy = memory.as_user("victim"), memory.as_user(user, tenant=tenant)
        if said == "searched":
            victim.search(text)
        else:
            victim.add([text] if said == "added" else [text, *(f"other {number}" for number in range(9))], wait=True)
        for attempt in (lambda: spy.search(text), lambda: spy.add([text, *(f"mine {number}" for number in range(9))], wait=True)):
            counting.reached.clear()
            attempt()
            assert text in counting.reached
        counting.reached.clear()
        spy.search(text)
        assert counting.reached == []  # one's own is known again
