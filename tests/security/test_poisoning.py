"""Poisoning: what untrusted writers write is seen by them and reviewers alone, and joins and ends nothing; no source fills an answer."""

from datetime import UTC, datetime

import pytest

from memos import MemOS
from memos.errors import Denied, InvalidCall, NotFound
from memos.memcube.change import ChangeSet, CubeWrite, ReadSet
from memos.memcube.quarantine import MARK, quarantined
from tests.clock import HandClock

START = datetime(2026, 1, 1, 9, 0, tzinfo=UTC)
CANARY = "xylophone canary"


@pytest.fixture
def memory(tmp_path):
    with MemOS.open(tmp_path / "memory", embedder="hashing", worker="none", clock=HandClock(START)) as memory:
        yield memory


@pytest.fixture
def admin(memory):
    return memory.as_user("ada", roles=["admin"])


@pytest.fixture
def alice(memory):
    return memory.as_user("alice")


@pytest.fixture
def crawler(memory, admin):
    admin.govern("source", "the web", {"agents": ["crawler"]})
    return memory.as_user("alice", agent="crawler")


@pytest.fixture
def reviewer(memory):
    return memory.as_user("rita", roles=["reviewer"])


def seen(session, cube_id):
    try:
        session.get(cube_id)
    except NotFound:
        return False
    return True


def test_only_the_writer_and_reviewers_see_it_on_any_way(memory, alice, crawler, reviewer):
    mine = alice.add("my own xylophone").cubes[0]
    poison = crawler.add(CANARY).cubes[0]
    assert quarantined(poison.policy)
    assert seen(crawler, poison.id)
    assert [hit.cube.id for hit in crawler.search("canary").hits[:1]] == [poison.id]
    for other in (alice, memory.as_user("alice", agent="planner"), memory.as_user("alice", roles=["nurse"]), memory.as_user("bob")):
        assert not seen(other, poison.id)
        replies = [other.search("xylophone"), other.list(), other.list(states=["generated", "archived"])]
        assert all(poison.id not in str(reply) and CANARY not in str(reply) for reply in replies)
        assert sum(row["memories"] for row in other.heat().value) == (1 if other.caller.user == "alice" else 0)
        for verb in ("history", "lineage", "forget", "archive", "confirm", "freeze"):
            with pytest.raises(NotFound):
                getattr(other, verb)(poison.id)
        with pytest.raises(Denied):
            other.review()
        assert not seen(other.at(2), poison.id)
    assert [cube.id for cube in reviewer.review().cubes] == [poison.id]
    assert reviewer.review(poison.id).cubes[0].text == CANARY
    with pytest.raises(NotFound):
        reviewer.review(mine.id)
    with pytest.raises(NotFound):
        reviewer.get(mine.id)
    assert memory.as_user("rita", tenant="acme", roles=["reviewer"]).review().cubes == ()


def test_hidden_words_move_no_score(memory, alice, crawler):
    alice.add([f"a note on harbour {number}" for number in range(5)])
    before = [(hit.cube.id, hit.score) for hit in alice.search("harbour note").hits]
    crawler.add([f"harbour harbour {number} note" for number in range(50)])
    assert [(hit.cube.id, hit.score) for hit in alice.search("harbour note").hits] == before


def test_released_it_is_like_any_other_and_refused_it_is_gone(memory, alice, crawler, reviewer, admin):
    good, bad = crawler.add(["a good page", "a bad page"]).cubes
    assert reviewer.review([good.id], release=True).cubes[0].policy.acl == ()
    assert seen(alice, good.id)
    admin.review(bad.id, release=False)
    assert not seen(alice, bad.id)
    assert not seen(crawler, bad.id)
    assert reviewer.review().cubes == ()
    assert alice.add("A good page").cubes[0].id == good.id, "it stands for its fact"
    row = alice.history(good.id).cubes[-1]
    assert row.provenance.context.agent == "crawler" or row.provenance.origin == "review"
    with pytest.raises(NotFound):
        reviewer.review(good.id, release=True)


def test_it_joins_nothing_and_takes_no_place(memory, alice, crawler, reviewer):
    standing = alice.add("the gate code is 4711", tags=["door"]).cubes[0]
    same = crawler.add("The gate code is 4711", tags=["evil"], priority=100).cubes[0]
    assert same.id != standing.id
    assert [tag.key for tag in alice.get(standing.id).cubes[0].own_tags] == ["door"]
    first = crawler.add("only the crawler says so").cubes[0]
    assert alice.add("only the crawler says so").cubes[0].id != first.id
    turn = {"role": "user", "content": "squatted", "session": "s", "ordinal": 0}
    crawler.add([turn])
    assert alice.add([turn | {"content": "the first turn"}]).cubes[0].ordinal == 0
    assert quarantined(reviewer.review(first.id).cubes[0].policy)
    assert not quarantined(reviewer.review(first.id, release=True).cubes[0].policy)
    assert memory.doctor() == ()


def test_it_ends_and_absorbs_no_memory_of_others(memory, alice, crawler):
    standing = alice.add(["I'm allergic to peanuts!", "I live in Porto."]).cubes
    crawler.add(["I am allergic to peanuts", "I live in Lisbon now."])
    memory.drain()
    for cube in standing:
        now = alice.get(cube.id).cubes[0]
        assert (now.state, now.valid_to, now.text) == ("generated", None, cube.text)


def test_the_untrusted_change_only_what_is_under_review(memory, alice, crawler, reviewer):
    standing = alice.add("the truth").cubes[0]
    own = crawler.add("a rumour").cubes[0]
    for change in (
        lambda: crawler.update(standing.id, "a lie"),
        lambda: crawler.forget(standing.id),
        lambda: crawler.archive(standing.id),
        lambda: crawler.freeze(standing.id),
        lambda: crawler.confirm(standing.id),
        lambda: crawler.transfer(standing.id, to="user/alice/elsewhere"),
        lambda: crawler.restore(standing.id, version=1),
    ):
        with pytest.raises(Denied, match="under review"):
            change()
    assert alice.get(standing.id).cubes[0] == standing.model_copy(update={"usage": alice.get(standing.id).cubes[0].usage})
    assert quarantined(crawler.update(own.id, "a rumour, repeated").cubes[0].policy)
    assert not seen(alice, own.id)
    reviewer.review(own.id, release=True)
    with pytest.raises(Denied):
        crawler.update(own.id, "now that you trust me")


def test_what_is_made_of_it_is_under_quarantine_too(memory, alice, crawler):
    first, second = crawler.add(["one", "two"]).cubes
    clean = alice.add("clean").cubes[0]
    composed = crawler.compose([first.id, clean.id]).cubes[0]
    assert quarantined(composed.policy)
    assert not seen(alice, composed.id)
    branch = crawler.branch("b")
    branch.update(second.id, "two, from a branch")
    born = branch.add("born in a branch").cubes[0]
    branch.merge()
    assert not seen(alice, second.id)
    assert not seen(alice, born.id)


@pytest.mark.parametrize("key", ["mallory", "user:mallory"])
def test_a_user_of_whom_the_tenant_says_so(memory, admin, key):
    mallory = memory.as_user("mallory")
    clean = mallory.add("before").cubes[0]
    admin.govern("principal", key, {"trust": "untrusted"})
    assert quarantined(mallory.add("after").cubes[0].policy)
    assert not quarantined(mallory.get(clean.id).cubes[0].policy)
    assert quarantined(memory.as_user("mallory", agent="any").add("by an agent").cubes[0].policy)
    assert not quarantined(memory.as_user("mallory", tenant="acme").add("elsewhere").cubes[0].policy)
    admin.govern("principal", key, None)
    assert not quarantined(mallory.add("trusted again").cubes[0].policy)


def test_a_namespace_of_which_the_tenant_says_so(memory, alice, admin):
    admin.govern("source", "inbox", {"namespaces": ["user/alice/inbox"]})
    mail = alice.add("mail", namespace="user/alice/inbox/today").cubes[0]
    assert quarantined(mail.policy)
    assert seen(alice, mail.id), "she wrote it"
    fetched = memory.as_user("alice", agent="mailer").add("fetched", namespace="user/alice/inbox").cubes[0]
    assert not seen(alice, fetched.id)
    assert not quarantined(alice.add("note").cubes[0].policy)


def test_what_is_no_source_and_what_cannot_be_reviewed(memory, alice, admin, reviewer):
    with pytest.raises(InvalidCall, match="names agents, namespaces"):
        admin.govern("source", "x", {})
    with pytest.raises(InvalidCall, match="name the memories to release"):
        reviewer.review(release=True)
    with pytest.raises(InvalidCall):
        reviewer.review(limit=0)
    with pytest.raises(Denied, match="takes the role 'reviewer'"):
        alice.review("01900000-0000-7000-8000-000000000000", release=True)


def test_reviews_come_in_pages(memory, crawler, reviewer):
    ids = {cube.id for cube in crawler.add([f"page {number}" for number in range(25)]).cubes}
    first = reviewer.review(limit=10)
    rest = reviewer.review(limit=100, cursor=first.next)
    assert {cube.id for cube in (*first.cubes, *rest.cubes)} == ids
    assert len(first.cubes) == 10


def shared_by(memory, writer, texts, agent=None):
    """Memories of another owner where alice may see them, as policies will bring them about."""
    cubes = memory.as_user("alice", agent=agent).add(texts).cubes
    for cube in cubes:
        changed = cube.model_copy(update={"policy": cube.policy.model_copy(update={"owner": writer})})
        base = {
            "tenant": "default",
            "caller": memory.as_user("alice").caller,
            "call_id": memory._clock.new_id(),
            "operation": "update",
            "at": START,
        }
        memory._vault.commit(ChangeSet(**base, writes=(CubeWrite(changed, birth=False),)), ReadSet())
    return cubes


@pytest.fixture
def capped(tmp_path):
    with MemOS.open(tmp_path / "capped", embedder="hashing", worker="none", settings={"per_source": 2}) as memory:
        yield memory


def test_no_source_fills_an_answer_and_the_next_best_take_its_places(capped):
    alice = capped.as_user("alice")
    shared_by(capped, "spammer", [f"cheap harbour harbour tickets {number}" for number in range(40)])
    shared_by(capped, "carol", ["a harbour walk", "the harbour at night", "a harbour café"])
    alice.add([f"my harbour note {number}" for number in range(5)])
    hits = alice.search("harbour tickets", limit=9).hits
    owners = [hit.cube.policy.owner for hit in hits]
    assert (owners.count("spammer"), owners.count("carol"), owners.count("alice")) == (2, 2, 5)
    assert owners[:2] == ["spammer"] * 2, "the best come first still"
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert len(alice.search("harbour", limit=3).hits) == 3


def test_a_flood_does_not_bury_the_others(capped, monkeypatch):
    from memos.interface.memory_api import sources

    monkeypatch.setattr(sources, "MOST", 16)
    alice = capped.as_user("alice")
    shared_by(capped, "spammer", [f"harbour harbour harbour tickets {number}" for number in range(60)])
    shared_by(capped, "carol", ["one word of a harbour in a much longer text about other things"])
    mine = alice.add("another word of a harbour in a long text about quite other things and more").cubes[0]
    hits = alice.search("harbour tickets", limit=5).hits
    assert [hit.cube.policy.owner for hit in hits].count("spammer") == 2
    assert {hit.cube.policy.owner for hit in hits} == {"spammer", "carol", "alice"}
    assert mine.id in {hit.cube.id for hit in hits}
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert all(abs(sum(hit.why.values()) - hit.score) < 1e-6 for hit in hits)


def test_the_mark_is_what_grants_are_told():
    assert MARK == "review:role:reviewer"


def test_where_policies_share_it_is_hidden_from_all_who_read_there(memory, admin, reviewer):
    admin.govern("source", "the web", {"agents": ["crawler"]})
    crawler = memory.as_user("carl", agent="crawler", roles=["team"])
    bob = memory.as_user("bob", roles=["team"])
    clean = memory.as_user("carl", roles=["team"]).add("the harbour is open", namespace="shared/team").cubes[0]
    poison = crawler.add("the harbour is closed", namespace="shared/team").cubes[0]
    assert seen(bob, clean.id)
    assert not seen(bob, poison.id)
    assert [hit.cube.id for hit in bob.search("harbour").hits] == [clean.id]
    assert [cube.id for cube in bob.list(namespaces="shared/team").cubes] == [clean.id]
    assert not seen(memory.as_user("carl", roles=["team"]), poison.id)
    assert not seen(reviewer, clean.id)
    reviewer.review(poison.id, release=True)
    assert seen(bob, poison.id)


def test_who_reviews_may_be_said_in_documents(memory, admin, crawler):
    poison = crawler.add(CANARY).cubes[0]
    admin.govern("role", "librarian", {"brings": ["reviewer"]})
    admin.govern("principal", "lena", {"roles": ["librarian"]})
    assert [cube.id for cube in memory.as_user("lena").review().cubes] == [poison.id]


def test_nobody_opens_it_by_an_access_list(memory, alice, crawler):
    with pytest.raises(InvalidCall, match="the right 'review' is not given by hand"):
        crawler.add(CANARY, acl={"user:alice": ["review"]})
    poison = crawler.add(CANARY, acl={"user:alice": ["read"], "user:bob": ["read"]}).cubes[0]
    with pytest.raises(Denied, match="is under quarantine"):
        crawler.share(poison.id, "role:reviewer")
    assert not seen(alice, poison.id)
    assert not seen(memory.as_user("bob"), poison.id)
