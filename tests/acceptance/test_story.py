"""The verbs of a session, through the public face, on a real store."""

import re
import time
from copy import copy, deepcopy
from datetime import UTC, date, datetime, timedelta

import pytest

from memos import MemOS, Window
from memos.backends.hashing import HashingEmbedder
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


def test_the_messages_of_a_chat_api_are_taken_as_they_are(alice):
    call = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Lisbon"}'}}
    other = {"id": "call_2", "type": "function", "function": {"name": "tides", "arguments": {"day": "x" * 900}}}
    transcript = [
        {"id": "m1", "role": "user", "content": "What is the weather?", "timestamp": "2025-03-03T09:00:00Z"},
        {"role": "assistant", "content": None, "tool_calls": [call, other], "refusal": None, "annotations": []},
        {"role": "tool", "tool_call_id": "call_1", "content": "Sunny", "timestamp": MONDAY},
        {"role": "assistant", "content": "", "function_call": {"name": "old_style", "arguments": "{}"}},
        {"role": "assistant", "content": "I look it up.", "tool_calls": [call], "metadata": {"mine": 1}},
        {"role": "assistant", "refusal": "I cannot help with that."},
        {"role": "assistant", "content": None, "audio": {"id": "a", "data": "x" * 100_000, "transcript": "Good morning."}},
    ]
    cubes = alice.add(transcript, session="s1").cubes
    texts = [cube.text for cube in cubes]
    assert texts[0] == "What is the weather?"
    assert texts[1].startswith('weather({"city": "Lisbon"})\ntides({"day": "xxx')
    assert texts[1].endswith("x…)")
    assert len(texts[1]) < 600
    assert texts[2:] == ["Sunny", "old_style({})", "I look it up.", "I cannot help with that.", "Good morning."]
    assert [cube.metadata for cube in cubes] == [
        {"id": "m1"},
        {"tool_calls": [call, other]},
        {"tool_call_id": "call_1"},
        {"function_call": {"name": "old_style", "arguments": "{}"}},
        {"tool_calls": [call], "mine": 1},
        {"refusal": "I cannot help with that."},
        {"audio": "left out: 100,054 bytes"},
    ]
    assert cubes[0].said_at == cubes[2].said_at == MONDAY
    assert alice.list(filter={"metadata.tool_call_id": "call_1"}).cubes == (cubes[2],)
    assert alice.search("weather in Lisbon").hits[0].cube.session == "s1"


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
    assert [tag.key for tag in second.own_tags] == ["home", "city"]
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


def test_closing_says_how_many_vectors_are_left(tmp_path, caplog):
    class Slow(HashingEmbedder):
        def embed(self, texts):
            time.sleep(0.3)
            return super().embed(texts)

    given = {"close_seconds": 0.1, "embed_batch": 1, "inline_vectors": 0, "worker_idle_seconds": 0.01}
    with MemOS.open(tmp_path / "m", embedder=Slow(dimensions=32), settings=given) as memory:
        memory.as_user("alice").add([f"number {number}" for number in range(20)])
    said = [record.message for record in caplog.records if record.name == "memos.worker"]
    assert len(said) == 1
    assert re.fullmatch(r"the store is closed with (1\d|20) vectors pending; who opens it next does what is left", said[0])
    with MemOS.open(tmp_path / "n", embedder="hashing") as memory:
        memory.as_user("alice").add([f"number {number}" for number in range(20)])
    assert [record.message for record in caplog.records if record.name == "memos.worker"] == said


def test_what_was_forgotten_counts_nowhere_as_a_memory(memory, alice, tmp_path):
    one, _ = alice.add(["The code is 1234", "The boat is blue"]).cubes
    alice.forget(one)
    status = memory.status()
    assert (status.memories, status.versions, status.contents) == (1, 3, 2)
    assert sum(space.memories for space in memory.namespaces()) == 1
    assert memory.backup(tmp_path / "backup").memories == 1
    assert MemOS.restore_backup(tmp_path / "backup", tmp_path / "restored", keys=tmp_path / "memory/keys").memories == 1


def test_a_memory_leaves_when_its_time_is_over(alice):
    alice.add("The offer ends", expires_at=datetime.now(UTC) + timedelta(seconds=0.2))
    assert alice.list().cubes
    time.sleep(0.25)
    assert not alice.search("offer").hits
    assert not alice.list().cubes


def test_times_are_taken_as_datetimes_as_days_and_as_texts(alice):
    day = datetime(2999, 1, 1, tzinfo=UTC)
    given = [day, date(2999, 1, 1), "2999-01-01", "2999-01-01T00:00:00Z", "2999-01-01T01:00:00+01:00"]
    for number, end in enumerate(given):
        cube = alice.add(f"ends {number}", expires_at=end).cubes[0]
        assert cube.policy.expires_at == day
        later = alice.update(cube.id, priority=1, expires_at="3000-01-01").cubes[0]
        assert later.policy.expires_at == day.replace(year=3000)
    alice.add(
        [{"role": "user", "content": "said in January", "at": "2025-01-31"}, {"role": "user", "content": "said then", "at": "2025-02-01"}]
    )
    for window in (("2025-01-01", "2025-02-01"), [date(2025, 1, 1), date(2025, 2, 1)], (None, "2025-01-31T00:00:01Z")):
        assert [hit.cube.text for hit in alice.search("said", window=window).hits] == ["said in January"]


def test_a_memory_itself_may_be_named_wherever_its_id_may(alice):
    one, two = alice.add(["First this.", "Then that."]).cubes
    assert alice.get(one).cubes == (one,)
    assert alice.get([two, one.id]).cubes == (two, one)
    assert alice.update(one, "First that.").cubes[0].version == 2
    assert len(alice.history(one).cubes) == 2
    assert alice.compose([one, two]).cubes[0].text == "First that.\n\nThen that."
    assert alice.transfer(two, to="user/alice/notes").cubes[0].id == two.id
    assert alice.forget(two).value == 1
    assert alice.forget([one]).value == 1


def test_a_reply_is_no_list_and_says_where_its_memories_are(alice):
    reply = alice.add("A note")
    for iterate in (iter, list, tuple):
        with pytest.raises(TypeError, match=r"\.hits.*\.cubes"):
            iterate(reply)
    assert reply == reply.model_copy()
    assert type(reply).model_validate(reply.model_dump()).cubes == reply.cubes
    assert copy(reply) == deepcopy(reply) == reply
    assert "A note" in repr(reply)


def test_a_store_and_a_session_say_who_they_are_and_not_what_they_hold(memory, alice):
    alice.add("A secret")
    status = memory.status()
    assert repr(memory) == f"<MemOS {status.directory}, store {status.store_id}>"
    assert repr(alice) == "<Session of user 'alice', tenant 'default'>"
    assert repr(memory.as_user("bob", tenant="acme", session="s1")) == "<Session of user 'bob', tenant 'acme', session 's1'>"
    memory.close()
    assert repr(memory).endswith(f"store {status.store_id}, closed>")


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
