"""The logs through the public face: what a call was given is what the log explains, and questions are answered row by row."""

import inspect
import random
from datetime import UTC, datetime, timedelta

import pytest

from memos import MemOS, Session
from memos.errors import InvalidCall, NotFound
from memos.infrastructure.memgovernance.governance import MemGovernance
from memos.memcube.call import MemoryCall
from memos.memcube.change import ChangeSet, CubeWrite, ReadSet
from memos.ports.clock import SystemClock
from memos.ports.journal import AccessRow
from tests.acceptance import test_story

NOWHERE = "01890000-0000-7000-8000-000000000000"
STORY = {
    name: function for name, function in vars(test_story).items() if name.startswith("test_") and ".search(" in inspect.getsource(function)
}


class Hand:
    """A clock that is set by hand; ids are fresh all the same."""

    def __init__(self, at=datetime(2025, 6, 1, 12, tzinfo=UTC)):
        self.at, self._ids = at, SystemClock()

    def now(self):
        return self.at

    def new_id(self):
        return self._ids.new_id()


@pytest.fixture
def clock():
    return Hand()


@pytest.fixture
def memory(tmp_path, clock):
    with MemOS.open(tmp_path / "memory", embedder="hashing", worker="none", clock=clock) as system:
        yield system


@pytest.fixture
def alice(memory):
    return memory.as_user("alice")


@pytest.fixture
def auditor(memory):
    return memory.as_user("carol", roles=["auditor"])


def operations(reply):
    return [row["operation"] for row in reply.value]


def given(reply):
    """What a search handed over, in its order."""
    return [(hit.cube.id, hit.cube.version, hit.cube.type, frozenset(_lanes(hit.why))) for hit in reply.hits]


def _lanes(why):
    kinds = {"lex": "lexical", "dense": "dense", "date": "temporal", "when": "temporal"}
    return {kinds[name.partition("_")[0]] for name, value in why.items() if value > 0 and name.partition("_")[0] in kinds}


def explained(session, reply):
    """What the log says was handed over."""
    row = session.explain(reply.call_id).value
    return [(each["id"], each["version"], each["form"], frozenset(each["lanes"])) for each in row["memories"]]


@pytest.mark.proof(capability="explain", small=40, full=1000)
def test_the_explained_memories_equal_the_returned_ones(trials, record_proof, tmp_path, monkeypatch):
    """For every search of the acceptance story, and for as many more over a store whose memories change meanwhile."""
    counted = {"story_tests": len(STORY), "searches": 0, "memories": 0, "differing": 0}
    search = Session.search

    def searching(self, *arguments, **wanted):
        reply = search(self, *arguments, **wanted)
        counted["searches"] += 1
        counted["memories"] += len(reply.hits)
        counted["differing"] += explained(self, reply) != given(reply)
        return reply

    monkeypatch.setattr(Session, "search", searching)
    for name, test in STORY.items():
        (tmp_path / name).mkdir()
        with MemOS.open(tmp_path / name / "memory", embedder="hashing", worker="none") as system:
            parts = {"memory": system, "alice": system.as_user("alice"), "tmp_path": tmp_path / name}
            test(**{parameter: parts[parameter] for parameter in inspect.signature(test).parameters})
    in_story = counted["searches"]
    with MemOS.open(tmp_path / "more", embedder="hashing", worker="none") as system:
        wander(system.as_user("alice"), trials)
    record_proof(in_story=in_story, **counted)
    assert len(STORY) >= 10
    assert in_story >= 15
    assert counted["searches"] == in_story + trials
    assert counted["memories"] > trials
    assert counted["differing"] == 0


def wander(alice, searches):
    """Searches of every size among additions, updates and departures."""
    draw = random.Random(7)
    words = ["boat", "tea", "Lisbon", "garden", "key", "doctor", "blue", "ferry"]
    ids = [cube.id for cube in alice.add([f"{draw.choice(words)} {draw.choice(words)} {number}" for number in range(30)]).cubes]
    for number in range(searches):
        alice.search(f"{draw.choice(words)} {draw.choice(words)}", limit=draw.choice([1, 3, 10, 100]))
        if number % 3 == 0:
            alice.update(draw.choice(ids), f"{draw.choice(words)} {draw.choice(words)} again {number}")
        if number % 7 == 0 and len(ids) > 5:
            alice.forget(ids.pop())


class TestExplain:
    def test_a_search_tells_its_memories_in_order_whatever_comes_of_them(self, alice):
        one, two = alice.add(["a blue boat", "a blue house"]).cubes
        reply = alice.search("blue boat")
        alice.update(one.id, "a red boat")
        alice.forget(two.id)
        told = alice.explain(reply.call_id).value
        assert [each["id"] for each in told["memories"]] == [hit.cube.id for hit in reply.hits]
        assert {each["id"]: (each["version"], each["visible"]) for each in told["memories"]} == {one.id: (1, True), two.id: (1, False)}
        assert (told["operation"], told["status"], told["caller"], told["source"]) == ("search", "ok", "alice", "access")
        assert told["took_us"] > 0

    def test_a_write_names_the_versions_written(self, alice):
        cube = alice.add("tea at four").cubes[0]
        changed = alice.update(cube.id, "tea at five")
        told = alice.explain(changed.call_id).value
        assert told["memories"] == ({"id": cube.id, "version": 2, "form": "plaintext", "lanes": (), "visible": True},)
        assert (told["operation"], told["source"], told["seq"]) == ("update", "commit", changed.seq)

    def test_a_repeated_call_is_explained_as_the_one_that_wrote(self, alice):
        first = alice.add("once", idempotency_key="k")
        assert alice.explain(alice.add("once", idempotency_key="k").call_id).value["call_id"] == first.call_id

    def test_what_was_withheld_is_told_to_auditors_alone(self, alice, auditor, memory, monkeypatch):
        kept, back = alice.add(["a blue boat", "a blue house"]).cubes
        disclose = MemGovernance.disclose

        def stricter(self, warrant, grant, reply, now, heads=None):
            stays = tuple(hit for hit in reply.hits if hit.cube.id != back.id)
            shown, _ = disclose(self, warrant, grant, reply.model_copy(update={"hits": stays}), now, heads)
            return shown, tuple(hit.cube.id for hit in reply.hits if hit.cube.id == back.id)

        monkeypatch.setattr(MemGovernance, "disclose", stricter)
        reply = alice.search("blue")
        monkeypatch.undo()
        assert [hit.cube.id for hit in reply.hits] == [kept.id]
        assert "withheld" not in alice.explain(reply.call_id).value
        assert back.id not in alice.explain(reply.call_id).model_dump_json()
        assert auditor.explain(reply.call_id).value["withheld"] == (back.id,)

    @pytest.mark.parametrize("named", ["", "no id", "0" * 32, None, 7, NOWHERE.replace("-7", "-4")])
    def test_what_is_no_call_id_is_refused(self, alice, named):
        with pytest.raises(InvalidCall, match="call"):
            alice.explain(named)

    def test_a_call_that_is_not_there_is_not_found(self, alice):
        with pytest.raises(NotFound, match="log"):
            alice.explain(NOWHERE)
        assert alice.log(status="not_found").value[0]["operation"] == "explain"

    def test_of_rows_under_one_id_the_askers_own_that_wrote_comes_first(self, alice, memory, auditor):
        reply = alice.add("mine")
        api, call = memory._api, MemoryCall(id=reply.call_id, operation="list")
        for user in ("alice", "bob"):
            assert api.handle(memory.as_user(user).caller, call).status == "ok"
        assert alice.explain(reply.call_id).value["operation"] == "add"
        assert memory.as_user("bob").explain(reply.call_id).value["operation"] == "list"
        assert len(alice.log(call=reply.call_id).value) == 2
        assert len(auditor.log(call=reply.call_id).value) == 3


class TestQuestions:
    def test_by_time_half_open(self, alice, clock):
        calls = []
        for _ in range(4):
            calls.append(alice.list().call_id)
            clock.at += timedelta(hours=1)
        start = clock.at - timedelta(hours=4)
        found = alice.log(since=start + timedelta(hours=1), until=start + timedelta(hours=3)).value
        assert [row["call_id"] for row in found] == [calls[2], calls[1]]
        assert [row["call_id"] for row in alice.log(until=start + timedelta(hours=1)).value] == [calls[0]]
        assert alice.log(since=clock.at - timedelta(hours=1), operation="list").value[0]["at"] == clock.at - timedelta(hours=1)

    def test_by_operation_status_and_call(self, alice):
        cube = alice.add("tea").cubes[0]
        with pytest.raises(NotFound):
            alice.get(NOWHERE)
        reply = alice.get(cube.id)
        assert operations(alice.log(operation="add")) == ["add"]
        assert operations(alice.log(operation=["add", "get"])) == ["get", "get", "add"]
        assert operations(alice.log(status="not_found")) == ["get"]
        assert operations(alice.log(status="not_found", operation="add")) == []
        assert [row["call_id"] for row in alice.log(call=[reply.call_id, NOWHERE]).value] == [reply.call_id]
        assert alice.log(operation=[]).value == ()

    def test_by_memory_where_it_stood_and_what_it_was_made_of(self, alice):
        note = alice.add("a note", namespace="user/alice/notes").cubes[0]
        alice.add("a fact")
        alice.transfer(note.id, to="user/alice/archive")
        alice.get(note.id)
        assert operations(alice.log(cube=note.id)) == ["get", "transfer", "add"]
        assert operations(alice.log(namespace="user/alice/notes")) == ["add"]
        assert operations(alice.log(namespace="user/alice/archive")) == ["get", "transfer"]
        assert operations(alice.log(namespace="user/alice")) == ["get", "transfer", "add", "add"]
        assert operations(alice.log(namespace="user/alice", cube=note.id, operation="add")) == ["add"]
        assert operations(alice.log(type="plaintext", operation="get")) == ["get"]
        assert operations(alice.log(type="parameter")) == []
        assert operations(alice.log(cube=NOWHERE)) == []

    def test_one_memory_must_pass_all_that_is_asked_of_memories(self, alice):
        alice.add("a note", namespace="user/alice/notes")
        fact = alice.add("a fact").cubes[0]
        alice.list()
        assert operations(alice.log(operation="list", namespace="user/alice/notes")) == ["list"]
        assert operations(alice.log(operation="list", namespace="user/alice/notes", cube=fact.id)) == []

    def test_by_caller(self, alice, memory, auditor):
        alice.get(alice.add("tea").cubes[0].id)
        memory.as_user("bob").add("coffee")
        memory.drain()
        assert operations(alice.log(caller="alice")) == ["get", "add"]
        assert operations(alice.log(caller="bob")) == operations(alice.log(caller="system")) == operations(alice.log(caller="nobody")) == []
        assert operations(auditor.log(caller="bob")) == ["add"]
        assert "use" in operations(auditor.log(caller="system"))
        assert {row["caller"] for row in auditor.log(caller="system").value} == {"system"}
        assert {row["caller"] for row in auditor.log().value} > {"system", "carol"}

    def test_a_row_tells_ids_and_numbers_only(self, alice, auditor):
        cube = alice.add("the password is xyzzy", tags=["xyzzytag"], metadata={"xyzzykey": "xyzzyvalue"}).cubes[0]
        alice.search("where is the xyzzy?")
        fields = {"at", "call_id", "operation", "status", "caller", "source", "seq", "memories", "took_us", "branch"}
        for session in (alice, auditor):
            reply = session.log(operation=["add", "search"])
            assert all(set(row) == fields for row in reply.value)
            assert "xyzzy" not in str(reply.value)
            assert [memory[:2] for row in reply.value for memory in row["memories"]] == [(cube.id, 1)] * 2

    def test_a_branch_is_named_to_its_owner_alone(self, alice, memory, auditor):
        branch = alice.branch("xyzzy")
        replies = [branch.add("what if"), branch.list()]
        for reply in replies:
            for session in (alice, branch):
                assert session.explain(reply.call_id).value["branch"] == "xyzzy"
            assert auditor.explain(reply.call_id).value["branch"] is None
        assert {row["branch"] for row in alice.log(operation=["add", "list"]).value} == {"xyzzy"}
        told = str([auditor.log().value, auditor.log(aggregate="slow").value])
        assert [word for word in ("xyzzy", "alice") if word in told] == []
        assert alice.explain(alice.add("tea").call_id).value["branch"] == ""
        with pytest.raises(InvalidCall, match="until"):
            alice.at("now").log()

    def test_logs_do_not_count_as_use(self, alice, memory):
        cube = alice.add("tea").cubes[0]
        reply = alice.get(cube.id)
        for _ in range(3):
            alice.explain(reply.call_id)
            alice.log(aggregate="hot")
        memory.drain()
        assert alice.get(cube.id).cubes[0].usage.count == 1


class TestPages:
    @pytest.mark.parametrize("descending", [True, False])
    @pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
    def test_pages_join_to_the_logs_as_they_were_at_the_first(self, alice, memory, clock, descending, limit):
        """Many calls share one time, and calls go on between the pages, each page being one."""
        for number in range(12):
            alice.add(f"fact {number}") if number % 3 else alice.list()
            clock.at += timedelta(seconds=number % 2)
        whole = [row["call_id"] for row in alice.log(descending=descending, limit=1000).value]
        reply = alice.log(descending=descending, limit=limit)
        extra = alice.log(limit=1, operation="log").value[0]["call_id"]
        joined = [row["call_id"] for row in reply.value]
        while reply.next is not None:
            alice.add(f"fact {len(joined)} meanwhile")
            reply = alice.log(descending=descending, limit=limit, cursor=reply.next)
            assert 1 <= len(reply.value) <= limit
            joined += [row["call_id"] for row in reply.value]
        # the first page saw the listing that asked for the whole, which did not see itself
        assert len(joined) == len(set(joined)) == len(whole) + 1
        assert extra not in joined
        assert [call for call in joined if call in whole] == whole

    def test_a_page_that_ends_where_the_rows_end_has_no_next(self, alice):
        alice.add(["tea"])
        alice.list()
        assert alice.log(limit=2, operation=["add", "list"]).next is None
        assert alice.log(limit=1, operation=["add", "list"]).next is not None

    def test_a_cursor_is_of_one_question(self, alice):
        alice.add("tea")
        alice.list()
        cursor = alice.log(limit=1, operation=["add", "list"]).next
        assert operations(alice.log(limit=5, operation=["add", "list"], cursor=cursor)) == ["add"]
        for other in ({}, {"operation": "add"}, {"operation": ["add", "list"], "descending": False}):
            with pytest.raises(InvalidCall, match="no cursor of these rows"):
                alice.log(**other, cursor=cursor)


class TestAggregates:
    def test_hot_counts_what_was_disclosed_outside_of_branches(self, alice, auditor, memory, clock):
        tea, boat = alice.add(["tea", "boat"]).cubes
        hits = ((tea.id, 1, "", "plaintext"),)
        for _ in range(3):
            memory._vault.record(AccessRow(clock.at, memory._clock.new_id(), alice.caller, "list", "ok", "", 1, hits, branch="what-if"))
        alice.get([tea.id, boat.id])
        last = alice.log(operation="get").value[0]["at"]
        alice.get(boat.id)
        expected = ({"id": boat.id, "count": 2}, {"id": tea.id, "count": 1, "last_at": last})
        for session in (alice, auditor):
            found = session.log(aggregate="hot").value
            assert [{name: row[name] for name in wanted} for row, wanted in zip(found, expected, strict=True)] == list(expected)
        assert [row["id"] for row in alice.log(aggregate="hot", limit=1).value] == [boat.id]
        assert [row["id"] for row in alice.log(aggregate="hot", cube=tea.id).value] == [tea.id]

    def test_slow_gives_the_longest_first(self, alice):
        for _ in range(5):
            alice.list()
        rows = alice.log(operation="list").value
        slow = alice.log(aggregate="slow", operation="list", limit=3).value
        assert [row["took_us"] for row in slow] == sorted((row["took_us"] for row in rows), reverse=True)[:3]
        assert set(slow[0]) == set(rows[0])

    def test_denials_count_what_was_refused_and_what_was_not_found(self, alice, auditor, clock):
        for _ in range(3):
            with pytest.raises(NotFound):
                alice.get(NOWHERE)
        clock.at += timedelta(minutes=1)
        with pytest.raises(Exception, match="write only below"):
            alice.add("x", namespace="user/bob")
        with pytest.raises(InvalidCall):
            alice.search("")
        first = {"caller": "alice", "operation": "get", "status": "not_found", "count": 3, "last_at": clock.at - timedelta(minutes=1)}
        second = {"caller": "alice", "operation": "add", "status": "denied", "count": 1, "last_at": clock.at}
        assert alice.log(aggregate="denials").value == (first, second)
        assert [row["count"] for row in auditor.log(aggregate="denials").value] == [3, 1]
        assert alice.log(aggregate="denials", limit=1).value == (first,)

    @pytest.mark.parametrize("descending", [True, False])
    def test_by_hour(self, alice, clock, descending):
        hours = []
        for calls in (2, 1, 3):
            hours.append({"hour": clock.at, "calls": calls, "failed": 0})
            clock.at += timedelta(minutes=59)
            for _ in range(calls):
                alice.list()
            clock.at += timedelta(minutes=1)
        with pytest.raises(NotFound):
            alice.get(NOWHERE)
        hours.append({"hour": clock.at, "calls": 1, "failed": 1})
        hours.sort(key=lambda row: row["hour"], reverse=descending)
        assert alice.log(aggregate="by_hour", operation=["list", "get"], descending=descending).value == tuple(hours)
        assert alice.log(aggregate="by_hour", operation="get").value == tuple(row for row in hours if row["failed"])
        assert alice.log(aggregate="by_hour", operation=["list", "get"], limit=2, descending=descending).value == tuple(hours[:2])


def test_what_the_system_did_to_ones_memories_is_shown_without_those_of_others(alice, memory, auditor, clock):
    """One commit of the system's own principal on the memories of two people: each sees its own."""
    bob = memory.as_user("bob")
    mine, his = alice.add("mine").cubes[0], bob.add("his").cubes[0]
    principal = MemGovernance().system_of("default")
    writes = tuple(CubeWrite(cube.model_copy(update={"version": 2}), birth=False) for cube in (his, mine))
    call = memory._clock.new_id()
    change = ChangeSet("default", principal, call, "update", clock.at, writes=writes, took=5)
    memory._vault.commit(change, ReadSet())
    for session, cube in ((alice, mine), (bob, his)):
        (row,) = session.log(caller="system").value
        assert (row["caller"], row["memories"], row["took_us"]) == ("system", ((cube.id, 2),), None)
        assert [each["id"] for each in session.explain(call).value["memories"]] == [cube.id]
        assert operations(session.log(cube=cube.id)) == ["update", "add"]
        assert operations(session.log(namespace=cube.namespace, caller="system")) == ["update"]
        assert call not in str(session.log(aggregate="slow").value)
    assert operations(alice.log(cube=his.id)) == operations(alice.log(namespace="user/bob")) == []
    assert len(auditor.explain(call).value["memories"]) == 2
    alice.forget(mine.id)
    assert alice.log(caller="system").value == ()
    with pytest.raises(NotFound):
        alice.explain(call)
