"""The verbs of a session, through the public face, on a real store."""

from datetime import UTC, datetime, timedelta

import pytest

from memos import MemOS, Window
from memos.errors import Denied, InvalidCall, NotFound, VersionConflict

MONDAY = datetime(2025, 3, 3, 9, 0, tzinfo=UTC)
TALK = [
    {"role": "user", "name": "Alice", "content": "I moved to Lisbon in March.", "at": MONDAY},
    {"role": "assistant", "content": "How do you like it there?", "at": MONDAY + timedelta(minutes=1)},
    {"role": "user", "name": "Alice", "content": "Very much, and I bought a sailing boat.", "at": MONDAY + timedelta(minutes=2)},
]


@pytest.fixture
def memory(tmp_path):
    with MemOS.open(tmp_path / "memory", embedder="hashing", worker="none") as system:
        yield system


@pytest.fixture
def alice(memory):
    return memory.as_user("alice")


def test_a_text_is_found_again_by_its_words(alice):
    alice.add("I'm allergic to peanuts.")
    alice.add("The car is in the garage.")
    hits = alice.search("peanuts allergy").hits
    assert hits[0].cube.text == "I'm allergic to peanuts."
    assert sum(hits[0].why.values()) == pytest.approx(hits[0].score)


def test_messages_keep_speaker_time_session_and_order(alice):
    reply = alice.add(TALK, session="s1")
    assert [cube.text for cube in reply.cubes] == [message["content"] for message in TALK]
    assert [cube.speaker for cube in reply.cubes] == ["Alice", "assistant", "Alice"]
    assert [cube.ordinal for cube in reply.cubes] == [0, 1, 2]
    assert {cube.session for cube in reply.cubes} == {"s1"}
    assert reply.cubes[1].said_at == MONDAY + timedelta(minutes=1)
    assert alice.get(reply.cubes[2].id).cubes[0] == reply.cubes[2]


def test_a_session_goes_on_where_it_ended(alice):
    alice.add(TALK, session="s1")
    assert alice.add({"role": "user", "content": "Bye."}, session="s1").cubes[0].ordinal == 3


def test_messages_without_a_session_are_one_conversation_of_their_own(alice):
    first, second = alice.add(TALK).cubes, alice.add(TALK).cubes
    assert len({cube.session for cube in first}) == len({cube.session for cube in second}) == 1
    assert first[0].session != second[0].session


def test_equal_facts_are_one_memory_with_both_provenances(alice):
    first = alice.add("I live in Porto", tags=["home"]).cubes[0]
    second = alice.add("i live  in PORTO", tags=["city"], trigger="import").cubes[0]
    assert second.id == first.id
    assert second.version == 2, "the tags that it brought are a new version"
    assert alice.add("I live in porto").cubes[0].version == 2, "what brings nothing new is a record, no version"
    assert [tag.key for tag in second.tags] == ["home", "city"]
    assert [record.trigger for record in second.provenance.records] == ["import"]
    assert len(alice.get(second.id).cubes[0].provenance.records) == 2
    assert len(alice.list().cubes) == 1


@pytest.mark.parametrize("other", ["I live in Lisbon", "I do not live in Porto", "I live in Porto 2", "I lived in Porto"])
def test_texts_that_differ_are_never_merged(alice, other):
    alice.add(["I live in Porto", other])
    assert len(alice.list().cubes) == 2


def test_equal_facts_within_one_batch_are_one_memory(alice):
    reply = alice.add(["tea at four", "Tea at four", "coffee"])
    assert reply.cubes[0].id == reply.cubes[1].id != reply.cubes[2].id


def test_turns_are_never_deduplicated_but_by_session_and_ordinal(alice):
    turn = {"role": "user", "content": "ok", "ordinal": 4}
    first = alice.add([turn], session="s1").cubes[0]
    assert alice.add([turn], session="s1").cubes[0].id == first.id
    assert alice.add([{**turn, "ordinal": 5}], session="s1").cubes[0].id != first.id
    with pytest.raises(InvalidCall, match="turn 4"):
        alice.add([{**turn, "content": "no"}], session="s1")


def test_an_idempotency_key_repeats_the_reply_and_refuses_another_call(alice):
    first = alice.add(TALK, session="s1", idempotency_key="k1")
    again = alice.add(TALK, session="s1", idempotency_key="k1")
    assert [cube.id for cube in again.cubes] == [cube.id for cube in first.cubes]
    with pytest.raises(InvalidCall, match="idempotency"):
        alice.add("something else", idempotency_key="k1")


def test_update_makes_a_version_and_the_old_words_no_longer_find_it(alice):
    cube = alice.add("My bike is red").cubes[0]
    updated = alice.update(cube.id, "My bicycle is green", expect_version=1).cubes[0]
    assert (updated.id, updated.version, updated.text) == (cube.id, 2, "My bicycle is green")
    assert alice.search("green bicycle").hits[0].cube.version == 2
    assert [version.text for version in alice.history(cube.id).cubes] == ["My bike is red", "My bicycle is green"]
    with pytest.raises(VersionConflict) as conflict:
        alice.update(cube.id, "My bike is blue", expect_version=1)
    assert conflict.value.details == {"id": cube.id, "expected": 1, "found": 2}


def test_update_changes_the_header_and_keeps_the_text(alice):
    cube = alice.add("Dentist on Friday", tags=["health"]).cubes[0]
    end = datetime(2099, 1, 1, tzinfo=UTC)
    alice.update(cube.id, tags=["health", "dentist"], metadata={"place": "Baixa"}, expires_at=end, priority=5)
    found = alice.list(filter={"tags": {"all": ["dentist"]}, "metadata.place": "Baixa"}).cubes[0]
    assert (found.text, found.version, found.policy.expires_at, found.policy.priority) == ("Dentist on Friday", 2, end, 5)
    assert alice.update(cube.id, expires_at="never").cubes[0].policy.expires_at is None


def test_an_update_to_a_fact_that_stands_elsewhere_is_refused(alice):
    one, other = alice.add(["tea", "coffee"]).cubes
    with pytest.raises(InvalidCall, match=one.id):
        alice.update(other.id, "Tea")


def test_forget_takes_it_from_every_present_read(alice):
    cube = alice.add("The code is 1234").cubes[0]
    assert alice.forget(cube.id).value == 1
    assert not alice.search("code 1234").hits
    assert not alice.list(states=["expired", "generated"]).cubes
    with pytest.raises(NotFound):
        alice.get(cube.id)
    with pytest.raises(NotFound):
        alice.update(cube.id, "x")
    assert alice.history(cube.id).cubes[-1].state == "expired"
    assert alice.add("The code is 1234").cubes[0].id != cube.id


def test_a_memory_leaves_when_its_time_is_over(alice):
    alice.add("The offer ends", expires_at=datetime(2020, 1, 1, tzinfo=UTC))
    assert not alice.search("offer").hits
    assert not alice.list().cubes


def test_transfer_moves_a_memory_with_its_id_within_the_own_namespaces(alice):
    cube = alice.add("A note").cubes[0]
    moved = alice.transfer(cube.id, to="user/alice/notes").cubes[0]
    assert (moved.id, moved.namespace) == (cube.id, "user/alice/notes")
    assert [one.namespace for one in alice.history(cube.id).cubes] == ["user/alice", "user/alice/notes"]
    assert [hit.cube.id for hit in alice.search("note", namespaces="user/alice/notes").hits] == [cube.id]
    assert len(alice.search("note").hits) == 1
    for elsewhere in ("user/bob", "shared/team", "global"):
        with pytest.raises(Denied):
            alice.transfer(cube.id, to=elsewhere)


def test_compose_keeps_order_parents_and_the_strictest_policy(alice):
    end = datetime(2099, 1, 1, tzinfo=UTC)
    one = alice.add("First this.", expires_at=end).cubes[0]
    two = alice.add("Then that.", priority=7).cubes[0]
    whole = alice.compose([two.id, one.id], tags=["plan"]).cubes[0]
    assert whole.text == "Then that.\n\nFirst this."
    assert [(parent.id, parent.version) for parent in whole.provenance.parents] == [(two.id, 1), (one.id, 1)]
    assert (whole.policy.expires_at, whole.policy.priority) == (end, 7)
    assert len(alice.list().cubes) == 3


def test_lists_page_in_a_stable_order(alice):
    alice.add([f"fact {number}" for number in range(25)])
    texts = [cube.text for page in alice.pages(limit=10) for cube in page.cubes]
    assert sorted(texts, key=lambda text: int(text.split()[1])) == texts
    assert len(texts) == 25


def test_windows_and_filters_narrow_a_search(alice):
    alice.add(TALK, session="s1", tags=["move"])
    later = Window(start=MONDAY + timedelta(minutes=2))
    assert [hit.cube.ordinal for hit in alice.search("Lisbon boat", window=later).hits] == [2]
    assert [hit.cube.ordinal for hit in alice.search("Lisbon", window=(None, MONDAY + timedelta(seconds=1))).hits] == [0]
    assert not alice.search("Lisbon", filter={"tags": {"any": ["other"]}}).hits
    assert len(alice.search("Lisbon", filter={"tags": {"all": ["move"]}}).hits) == 3


def test_many_texts_are_acknowledged_before_their_vectors(alice, memory):
    reply = alice.add([f"the cat number {number} sleeps" for number in range(20)])
    assert alice.search("cat number 7").hits[0].cube.text == "the cat number 7 sleeps"
    assert "no vector yet" in alice.search("cat").warnings[0]
    assert memory.drain()
    assert not alice.search("cat").warnings
    assert len(reply.cubes) == 20


def test_wait_computes_the_vectors_first(alice):
    alice.add([f"the cat number {number} sleeps" for number in range(20)], wait=True)
    assert not alice.search("cat").warnings


def test_use_is_derived_from_the_access_log(alice, memory):
    cube = alice.add("The key is under the mat").cubes[0]
    assert cube.usage.count == 0
    alice.search("key")
    alice.get(cube.id)
    memory.drain()
    usage = alice.get(cube.id).cubes[0].usage
    assert usage.count == 2
    assert usage.heat > 0
    assert usage.last_used_at is not None


def test_a_store_opens_again_with_all_it_held(tmp_path):
    with MemOS.open(tmp_path / "m", embedder="hashing", worker="none") as system:
        cube = system.as_user("alice").add("kept").cubes[0]
    with MemOS.open(tmp_path / "m", worker="none") as system:
        assert system.as_user("alice").get(cube.id).cubes[0] == cube
        assert system.as_user("alice").search("kept").hits[0].cube == cube


def test_without_an_embedder_everything_works_by_words(tmp_path):
    with MemOS.open(tmp_path / "m", embedder=None) as system:
        alice = system.as_user("alice")
        alice.add(["The boat is blue", "The house is white"], wait=True)
        reply = alice.search("blue boat")
        assert reply.hits[0].cube.text == "The boat is blue"
        assert not reply.warnings
        with pytest.raises(InvalidCall, match="no embedder"):
            alice.add("x", vector=[1.0, 0.0])
