"""What `log` and `explain` refuse, and what happens when a log cannot be read."""

from datetime import UTC, datetime

import pytest

from memos import MemOS
from memos.errors import InvalidCall, Unavailable
from memos.memcube.call import MemoryCall
from memos.memcube.log import LogQuery
from memos.memcube.value import build

NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def memory(tmp_path):
    with MemOS.open(tmp_path / "memory", embedder="hashing", worker="none") as system:
        yield system


@pytest.fixture
def alice(memory):
    return memory.as_user("alice")


WRONG = {
    "a time without a zone": ({"since": datetime(2025, 1, 1)}, "no zone"),  # noqa: DTZ001 - it is what is refused
    "a number for a time": ({"until": 5}, "no time"),
    "times in the wrong order": ({"since": NOON, "until": NOON}, "since must be before until"),
    "no operation": ({"operation": "read"}, "operations"),
    "no status": ({"status": "bad"}, "is no status; there are ok"),
    "no type": ({"type": "text"}, "types"),
    "no namespace": ({"namespace": "nowhere/alice"}, "must begin with"),
    "a namespace that is none": ({"namespace": [None]}, "path"),
    "no call": ({"call": "x"}, "no call id"),
    "no caller": ({"caller": ""}, "name of a user"),
    "a caller that is no text": ({"caller": 5}, "name of a user"),
    "no aggregate": ({"aggregate": "cold"}, "aggregate"),
    "an aggregate with a cursor": ({"aggregate": "hot", "cursor": "x"}, "no pages"),
    "no rows": ({"limit": 0}, "limit"),
    "too many rows": ({"limit": 1001}, "limit"),
    "no cursor": ({"cursor": "x"}, "no cursor"),
    "a cursor that is no text": ({"cursor": 5}, "cursor"),
}


@pytest.mark.parametrize(("asked", "message"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_question_is_told_and_recorded(alice, asked, message):
    with pytest.raises(InvalidCall, match=message):
        alice.log(**asked)
    assert [row["operation"] for row in alice.log(status="invalid_call").value] == ["log"]


def test_a_list_that_is_none_is_refused(alice):
    for wrong in ({"operation": 5}, {"cube": 5}, {"cube": "x"}):
        with pytest.raises(InvalidCall, match=r"no list|no memory id"):
            alice.log(**wrong)


@pytest.mark.parametrize("operation", ["log", "explain"])
def test_unknown_options_are_refused(memory, operation):
    call = MemoryCall(id=memory._clock.new_id(), operation=operation, options={"text": "x"})
    reply = memory._api.handle(memory.as_user("alice").caller, call)
    assert (reply.status, reply.value) == ("invalid_call", None)


@pytest.mark.parametrize("operation", ["log", "explain"])
def test_the_past_has_no_logs_of_its_own(memory, alice, operation):
    alice.add("tea")
    options = {"call": memory._clock.new_id()} if operation == "explain" else {}
    call = MemoryCall(id=memory._clock.new_id(), operation=operation, options=options, at=0)
    reply = memory._api.handle(memory.as_user("alice").caller, call)
    assert (reply.status, "until" in reply.message) == ("invalid_call", True)


def test_a_log_that_cannot_be_read_is_unavailable(memory, alice):
    reply = alice.add("tea")
    memory._vault.journal.close()
    for ask in (alice.log, lambda: alice.log(aggregate="hot"), lambda: alice.explain(reply.call_id)):
        with pytest.raises(Unavailable):
            ask()


def test_a_log_read_that_cannot_be_recorded_is_refused(memory, alice):
    alice.add("tea")
    journal = memory._vault.journal
    journal._file._writer.set_commit_hook(lambda: True)
    with pytest.raises(Unavailable, match="withheld"):
        alice.log()
    journal._file._writer.set_commit_hook(None)
    assert [row["operation"] for row in alice.log().value] == ["add"]


def test_a_user_called_system_is_not_the_system(memory):
    memory.as_user("alice").list()
    named = memory.as_user("system")
    named.list()
    assert [row["operation"] for row in named.log(caller="system").value] == ["list"]
    assert [row["caller"] for row in named.log().value] == ["system"] * 2


def test_values_are_canonical():
    query = build(LogQuery, calls=["01890000-0000-7000-8000-00000000000A"], namespaces=["user/A b"], until="2025-06-01T14:00:00+02:00")
    assert query.calls == ("01890000-0000-7000-8000-00000000000a",)
    assert query.namespaces == ("user/A%20b",)
    assert query.until == NOON
    assert (query.limit, query.descending, query.caller) == (100, True, None)


def test_a_read_only_store_answers(tmp_path):
    with MemOS.open(tmp_path / "m", embedder="hashing", worker="none") as system:
        cube = system.as_user("alice").add("tea").cubes[0]
    with MemOS.open(tmp_path / "m", worker="none", read_only=True) as system:
        alice = system.as_user("alice")
        reply = alice.get(cube.id)
        assert [row["operation"] for row in alice.log().value] == ["get", "add"]
        assert alice.explain(reply.call_id).value["memories"][0]["id"] == cube.id
