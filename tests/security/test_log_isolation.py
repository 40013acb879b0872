"""Nobody learns from the logs of another's calls: not their ids, not that they were made, not how many, through no verb and no cursor."""

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from memos import MemOS
from memos.errors import InvalidCall, MemOSError, NotFound
from memos.memcube.call import Caller, MemoryCall
from memos.memcube.change import ChangeSet, CubeWrite, ReadSet
from memos.ports.clock import SystemClock
from memos.ports.journal import AccessRow

NOWHERE = "01890000-0000-7000-8000-000000000000"
CANARY = "xylocanary"
AGGREGATES = ("hot", "slow", "denials", "by_hour")


class Slow:
    """A clock that goes on by a second when it is asked for the time, so that no time is told twice."""

    def __init__(self):
        self._at, self._ids = datetime(2025, 6, 1, 12, tzinfo=UTC), SystemClock()

    def now(self):
        self._at += timedelta(seconds=1)
        return self._at

    def new_id(self):
        return self._ids.new_id()


@pytest.fixture
def memory(tmp_path):
    with MemOS.open(tmp_path / "memory", embedder="hashing", worker="none", clock=Slow()) as system:
        yield system


def busy(memory, times=1):
    """What alice does: calls of every kind, of which some are refused; the ids of all calls and memories."""
    alice = memory.as_user("alice", session=CANARY)
    ids = set()
    for number in range(times):
        reply = alice.add([f"{CANARY} {number}", f"{CANARY} twice {number}"], namespace="user/alice/hidden", tags=[CANARY])
        replies = [
            reply,
            alice.search(CANARY),
            alice.get(reply.cubes[0].id),
            alice.update(reply.cubes[0].id, f"{CANARY} again {reply.call_id}"),
        ]
        ids |= {each.call_id for each in replies} | {cube.id for cube in reply.cubes}
        for attempt in (lambda: alice.get(NOWHERE), lambda: alice.add("x", namespace="user/bob")):
            with pytest.raises(MemOSError):
                attempt()
    return ids


@pytest.fixture(params=["another user", "another tenant", "a user of the same name in another tenant", "another tenant's auditor"])
def stranger(request, memory):
    return {
        "another user": memory.as_user("bob"),
        "another tenant": memory.as_user("bob", tenant="other"),
        "a user of the same name in another tenant": memory.as_user("alice", tenant="other"),
        "another tenant's auditor": memory.as_user("carol", tenant="other", roles=["auditor"]),
    }[request.param]


def everything(session, **more):
    """All that a session is told: every row, every aggregate."""
    return [session.log(limit=1000, **more).value, *(session.log(aggregate=each, limit=1000, **more).value for each in AGGREGATES)]


def test_no_row_and_no_count_tells_of_it(memory, stranger):
    hidden = busy(memory, 3)
    memory.drain()
    stranger.add("my own")
    stranger.search("own")
    told = json.dumps(everything(stranger), default=str)
    assert [each for each in (*hidden, CANARY, "hidden") if each in told] == []
    assert len(stranger.log(operation=["add", "search", "get", "update"]).value) == 2
    assert stranger.log(aggregate="denials").value == ()
    assert sum(row["calls"] for row in stranger.log(aggregate="by_hour", operation=["add", "search", "get", "update"]).value) == 2


def test_no_filter_finds_it(memory, stranger):
    hidden = sorted(busy(memory))
    memory.drain()
    stranger.list()
    for each in hidden:
        for name in ("cube", "call"):
            assert everything(stranger, **{name: each}) == everything(stranger, **{name: NOWHERE}) == [()] * 5
    assert everything(stranger, namespace="user/alice") == everything(stranger, namespace="user/nobody") == [()] * 5
    if stranger.caller.user != "alice":
        assert everything(stranger, caller="alice") == everything(stranger, caller="nobody") == [()] * 5


def test_it_is_explained_exactly_like_a_call_that_is_not_there(memory, stranger):
    for hidden in busy(memory):
        messages = []
        for call in (hidden, NOWHERE):
            with pytest.raises(NotFound) as error:
                stranger.explain(call)
            messages.append((str(error.value).replace(call, "ID"), error.value.details))
        assert messages[0] == messages[1]


def test_what_others_do_changes_nothing_that_is_told(tmp_path):
    """The same calls in two stores, in one of them among those of others: the rows are the same but for ids, times and the store's seq."""
    told = []
    for others in (0, 4):
        with MemOS.open(tmp_path / str(others), embedder="hashing", worker="none") as system:
            bob, rows = system.as_user("bob"), []
            for number in range(3):
                busy(system, others)
                bob.add(f"note {number}")
                bob.search("note")
                with pytest.raises(NotFound):
                    bob.get(NOWHERE)
                busy(system, others)
                rows.append(bob.log(limit=2))
            told.append([
                [bare(row) for page in rows for row in page.value],
                [len(page.next or "") for page in rows],
                [{**row, "last_at": None} for row in bob.log(aggregate="denials").value],
                [(row["calls"], row["failed"]) for row in bob.log(aggregate="by_hour").value],
                [row["count"] for row in bob.log(aggregate="hot").value],
            ])  # fmt: skip
    assert told[0] == told[1]


def bare(row):
    kept = {name: value for name, value in row.items() if name not in {"at", "call_id", "seq", "took_us"}}
    return kept | {"memories": [memory[1:] for memory in row["memories"]]}


class TestCursors:
    def test_a_cursor_tells_no_number(self, memory):
        """The numbers of rows count what all tenants do; a cursor reads as noise, and so does its difference to the next one."""
        bob = memory.as_user("bob")
        for _ in range(4):
            bob.list()
        cursors = [bob.log(limit=1).next for _ in range(2)]
        bodies = [base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)) for cursor in cursors]
        for body in bodies:
            assert not [number for number in range(100) if f",{number},".encode() in body or f" {number}," in body.decode("latin1")]
        same = sum(one == other for one, other in zip(*bodies, strict=True))
        assert same < len(bodies[0]) / 4

    def test_a_forged_cursor_is_refused(self, memory):
        busy(memory)
        bob, draw = memory.as_user("bob"), Random(3)
        for _ in range(3):
            bob.list()
        cursor = bob.log(limit=1).next
        changed = [cursor[:place] + ("A" if cursor[place] != "A" else "B") + cursor[place + 1 :] for place in range(len(cursor) - 1)]
        made = [base64.urlsafe_b64encode(json.dumps(each).encode()).decode() for each in ([1, 2], ["", 0, 0, 0, 0, 0], {}, "x")]
        for forged in ("", "x", "é", "A" * 80, cursor[1:], cursor[:-3], cursor * 2, draw.randbytes(40).hex(), *changed, *made):
            with pytest.raises(InvalidCall, match="no cursor of these rows"):
                bob.log(limit=1, cursor=forged)
        assert bob.log(limit=1, cursor=cursor).value

    def test_a_cursor_of_another_is_refused(self, memory, stranger):
        alice = memory.as_user("alice")
        busy(memory)
        cursor = alice.log(limit=1).next
        with pytest.raises(InvalidCall, match="no cursor of these rows"):
            stranger.log(limit=1, cursor=cursor)

    def test_a_cursor_of_another_store_is_refused(self, memory, tmp_path):
        busy(memory)
        cursor = memory.as_user("alice").log(limit=1).next
        with MemOS.open(tmp_path / "other", embedder="hashing", worker="none") as other:
            busy(other)
            with pytest.raises(InvalidCall, match="no cursor of these rows"):
                other.as_user("alice").log(limit=1, cursor=cursor)

    def test_an_auditors_cursor_opens_nothing_without_the_role(self, memory):
        busy(memory)
        cursor = memory.as_user("bob", roles=["auditor"]).log(limit=1).next
        assert memory.as_user("bob").log(limit=1000, cursor=cursor).value == ()


class TestAuditors:
    def test_see_every_call_of_their_tenant_and_no_text_and_no_name(self, memory):
        hidden = busy(memory, 2)
        auditor = memory.as_user("carol", roles=["auditor"])
        rows = auditor.log(limit=1000).value
        told = json.dumps([*everything(auditor), *(auditor.explain(row["call_id"]).value for row in rows)], default=str)
        assert {each for each in hidden if each not in told} == set()
        assert [word for word in (CANARY, "alice", "hidden", "user/") if word in told] == []
        assert len({row["caller"] for row in rows}) == 1

    @pytest.mark.parametrize("roles", [(), ("nurse",), ("Auditor",), ("auditors",)])
    def test_no_other_role_is_one(self, memory, roles):
        busy(memory)
        assert memory.as_user("carol", roles=roles).log().value == ()

    def test_may_read_no_more_memories_than_before(self, memory):
        busy(memory)
        auditor = memory.as_user("carol", roles=["auditor"])
        (hot, *_) = auditor.log(aggregate="hot").value
        with pytest.raises(NotFound):
            auditor.get(hot["id"])
        assert not auditor.search(CANARY, namespaces=["user/alice", "user"]).hits

    def test_see_nothing_of_another_tenant(self, memory):
        busy(memory)
        memory.as_user("alice", tenant="other").add("elsewhere")
        assert [row["operation"] for row in memory.as_user("carol", tenant="other", roles=["auditor"]).log().value] == ["add"]


def test_no_operation_of_the_logs_is_the_systems_alone_nor_its_callers_to_name(memory):
    busy(memory)
    api = memory._api
    for options in ({"caller": {"user": "alice"}}, {"tenant": "default"}, {"roles": ["auditor"]}, {"kind": "system"}):
        for operation in ("log", "explain"):
            reply = api.handle(memory.as_user("bob").caller, MemoryCall(id=memory._clock.new_id(), operation=operation, options=options))
            assert (reply.status, reply.value) == ("invalid_call", None)


def test_the_law_over_random_rows_of_many(memory):
    """Rows of both logs by everybody about everybody's memories: each caller is told of its own whole, of others' what it may see."""
    users, draw = ("alice", "bob"), Random(11)
    owned = {user: [cube.id for cube in memory.as_user(user).add([f"{user} {number}" for number in range(4)]).cubes] for user in users}
    cubes = [memory.as_user(user).get(each).cubes[0] for user in users for each in owned[user]]
    principals = {user: Caller(user=user) for user in users} | {"system": Caller(user="system", kind="system")}
    rows = []
    for _ in range(60):
        who, at, call = draw.choice(list(principals)), memory._clock.now(), memory._clock.new_id()
        picked = draw.sample(cubes, draw.randint(0, 3))
        if draw.random() < 0.5:
            cubes = [each if each not in picked else each.model_copy(update={"version": each.version + 1}) for each in cubes]
            picked = [each for each in cubes if each.id in {one.id for one in picked}]
            writes = tuple(CubeWrite(each, birth=False) for each in picked)
            memory._vault.commit(ChangeSet("default", principals[who], call, "update", at, writes=writes), ReadSet())
        else:
            hits = tuple((each.id, each.version, "dense", "plaintext") for each in picked)
            memory._vault.record(AccessRow(at, call, principals[who], "list", "ok", "", 1, hits))
        rows.append((call, who, [(each.id, each.version) for each in picked]))
    for user in users:
        session = memory.as_user(user)
        expected = []
        for call, who, named in rows:
            visible = named if who == user else [each for each in named if each[0] in owned[user]] if who == "system" else []
            if who == user or visible:
                expected.append((call, who, visible))
        found = session.log(operation=["update", "list"], descending=False, limit=1000).value
        assert [(row["call_id"], row["caller"], [each[:2] for each in row["memories"]]) for row in found] == expected
        cube = owned[user][0]
        found = session.log(cube=cube, operation=["update", "list"], descending=False, limit=1000).value
        assert [row["call_id"] for row in found] == [call for call, _, named in expected if cube in {each[0] for each in named}]


def test_a_row_of_another_user_that_an_access_list_opens_is_told_in_part(memory):
    """Where others may read what is mine, their rows tell me of it, and of nothing else in them."""
    mine = memory.as_user("alice").add("mine").cubes[0]
    his = memory.as_user("bob").add("his").cubes[0]
    hits = ((his.id, 1, "dense", "plaintext"), (mine.id, 1, "dense", "plaintext"))
    row = AccessRow(memory._clock.now(), memory._clock.new_id(), Caller(user="bob"), "search", "ok", "", 1, hits, withheld=(NOWHERE,))
    memory._vault.record(row)
    memory._vault.record(replace(row, call_id=memory._clock.new_id(), hits=hits[:1]))
    alice = memory.as_user("alice")
    assert alice.log(operation="search").value == ()
    alice.share(mine.id, "user:bob")
    (told,) = alice.log(operation="search").value
    assert (told["call_id"], told["caller"], told["took_us"], told["memories"]) == (row.call_id, None, None, hits[1:])
    assert [each["id"] for each in alice.explain(row.call_id).value["memories"]] == [mine.id]
    assert NOWHERE not in str(alice.explain(row.call_id).value)
    assert everything(alice, cube=his.id) == [()] * 5
    assert alice.log(caller="bob").value == ()
