"""What is asked in words, or by calls made of them, against what it must not tell or break: parts that are hidden, and hostile values."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest

from memos import MemOS
from memos.errors import InvalidCall, NotFound
from tests.clock import HandClock

START = datetime(2025, 3, 1, 9, tzinfo=UTC)
SECRET = "kim@example.org"


@pytest.fixture
def memory():
    with MemOS.open("memory:", embedder="hashing", worker="none", clock=HandClock(START)) as opened:
        yield opened


@pytest.mark.parametrize(
    "asked", [{"speaker": SECRET}, {"metadata.mail": {"gte": "kim@"}}, {"tags": {"any": [SECRET]}}, {"not": {"speaker": "zoe"}}]
)
@pytest.mark.parametrize("text", ["boat", ""])
def test_no_side_of_a_comparison_asks_for_what_is_hidden_beside_a_text(memory, asked, text):
    message = {"role": "user", "name": SECRET, "content": "About the boat", "metadata": {"mail": SECRET}, "tags": [SECRET]}
    memory.as_user("alice").add([message], sensitivity="internal", acl={"user:bob": ["read"]}, session="s")
    bob = memory.as_user("bob")
    call = {"operation": "compare", "query": {"text": "nothing of it"}, "options": {"against": {"text": text, "filter": asked}}}
    reply = bob.handle(call)
    assert reply.value["sides"][1]["sentences"] == []
    assert reply.hits == ()
    assert len(bob.handle({"operation": "compare", "query": {"text": "x"}, "options": {"against": {"text": "boat"}}}).hits) == 1


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00Z", "0001-01-01T12:00:00Z", "9999-12-31T23:59:59.999999Z", "9999-12-25T00:00:00Z"])
@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Pacific/Niue"])
def test_no_memory_at_the_end_of_the_calendar_stops_what_others_ask(memory, at, zone):
    alice, bob = memory.as_user("alice"), memory.as_user("bob")
    alice.add([{"role": "user", "content": "The conference: next week, last year, in two months.", "at": at}], session="s",
              acl={"user:bob": ["read"]})  # fmt: skip
    bob.add([{"role": "user", "content": "The conference was in Porto.", "at": START}], session="t")
    for words in ("what did we say during the conference?", "what happened before the conference?", "what did we say last year?"):
        assert bob.ask(words, now=START, tz=zone).status == "ok"
    for bearing in ("during", "around", "before", "after", "since", "until"):
        call = {"operation": "search", "query": {"text": "Porto"}, "anchors": ["the conference"], "bearing": bearing}
        assert bob.handle(call).status == "ok"


def nested(depth):
    call = {"operation": "none"}
    for _ in range(depth):
        call = {"operation": "none", "then": [call]}
    return call


def endless():
    call = {"operation": "none"}
    call["then"] = [call]
    return call


@pytest.mark.parametrize("call", [nested(2), nested(9), nested(3000), endless()], ids=["2", "9", "3000", "endless"])
def test_chains_in_chains_are_refused_however_deep(memory, call):
    alice = memory.as_user("alice")
    with pytest.raises(InvalidCall, match="no chain of its own"):
        alice.handle(call)
    with pytest.raises(InvalidCall, match="no chain of its own"):
        alice.together([call])


@pytest.mark.parametrize(
    "call",
    [
        {"operation": "extract", "options": {"by": ["rules"]}},
        {"operation": "extract", "options": {"by": {}}},
        {"operation": "search", "query": {"text": "x"}, "anchors": ["the conference"] * 17},
        {"operation": "count", "query": {}, "reading": {"said": "x", "standalone": "x", "confidence": 1, "topics": ["x" * 200_000]}},
        {"operation": "compare", "query": {"text": "x"}, "options": {"against": {"text": "x", "limit": 10**30}}},
        {"operation": "compare", "query": {"text": "x"}, "options": {"against": "x"}},
    ],
)
def test_hostile_parts_of_a_call_are_invalid(memory, call):
    with pytest.raises(InvalidCall):
        memory.as_user("alice").handle(call)


@pytest.mark.parametrize(
    "parts",
    [
        {"limit": 0}, {"limit": "x"}, {"limit": 10**9}, {"namespaces": [None]}, {"idempotency_key": 5}, {"idempotency_key": "x" * 300},
        {"country": 5}, {"turns": 5}, {"turns": None}, {"turns": [{"content": "x", "role": ["user"]}]},
        {"turns": [{"content": "x", "at": "never"}]}, {"turns": [{"content": "x", "at": 5}]}, {"turns": [{"content": "x", "name": 5}]},
        {"now": "0001-01-01T00:00:00+00:00", "tz": "Pacific/Niue"}, {"now": "9999-12-31T23:59:59+00:00", "tz": "Pacific/Kiritimati"},
    ],
)  # fmt: skip
def test_hostile_circumstances_are_invalid(memory, parts):
    with pytest.raises(InvalidCall):
        memory.as_user("alice").ask("what did Ana say about the boat?", **parts)


@pytest.mark.parametrize("now", ["0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59+00:00"])
def test_at_the_ends_of_the_calendar_words_are_read(memory, now):
    for words in (
        "what did I say last year?",
        "what is next week?",
        "forget the boat",
        "compare May and June",
        "every Monday summarise it",
    ):
        with suppress(InvalidCall, NotFound):
            memory.as_user("alice").ask(words, now=now)
