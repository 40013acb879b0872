"""The times of what is asked in words: what was said then or tells of then, and the periods of what is named by an event."""

from datetime import UTC, datetime, timedelta

import pytest

from memos import MemoryCall, MemoryQuery, MemOS, Window
from memos.memcube.call import raising
from memos.memcube.reading import Reading, TimePhrase
from tests.clock import HandClock

NOW = datetime(2025, 7, 16, 14, 30, tzinfo=UTC)
DIARY = [
    ("2024-05-03", "I was admitted to the hospital today, the infection is bad."),
    ("2024-05-05", "The doctor said to take my medication with food."),
    ("2024-05-09", "Discharged from the hospital at last."),
    ("2024-11-02", "The doctor said that I may stop the medication in spring."),
    ("2025-02-10", "The conference in Porto begins; my talk is on Thursday."),
    ("2025-02-12", "Met Ines, who works on tides."),
    ("2025-02-13", "The conference in Porto is over."),
    ("2025-06-20", "I went to Lisbon two weeks ago and bought a lamp."),
    ("2025-07-10", "Bought a chair for the kitchen."),
]


@pytest.fixture
def memory():
    with MemOS.open("memory:", embedder="hashing", worker="none", clock=HandClock(NOW)) as system:
        yield system


@pytest.fixture
def alice(memory):
    session = memory.as_user("alice")
    said = [{"role": "user", "content": text, "at": day(begun) + timedelta(hours=10)} for begun, text in DIARY]
    session.add(said, session="diary", wait=True)
    return session


def asked(session, text, *, window=None, anchors=(), bearing="during", operation="search", topics=("x",), phrase="then", limit=10):
    times = () if window is None else (TimePhrase(text=phrase, start=0, end=len(phrase), window=window),)
    read = Reading(said=text, standalone=text, confidence=1.0, topics=topics, times=times)
    query = MemoryQuery(text=text, window=window, limit=limit)
    call = MemoryCall(id=session._clock.new_id(), operation=operation, query=query, anchors=anchors, bearing=bearing, reading=read)
    return raising(session._door.handle(session.caller, call))


def within(reply):
    return {hit.cube.text for hit in reply.hits if "beyond" not in hit.why}


def day(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class TestWindow:
    def test_what_tells_of_the_time_is_of_it(self, alice):
        early_june = Window(start=day("2025-06-01"), end=day("2025-06-11"))
        reply = asked(alice, "what was bought", window=early_june)
        assert within(reply) == {DIARY[7][1]}
        assert reply.hits[0].cube.text == DIARY[7][1]

    def test_what_is_not_of_it_is_marked_and_every_score_is_the_sum(self, alice):
        reply = asked(alice, "what was bought", window=Window(start=day("2025-07-01"), end=day("2025-08-01")))
        assert within(reply) == {DIARY[8][1]}
        for hit in reply.hits:
            assert sum(hit.why.values()) == pytest.approx(hit.score)
            assert ("window" in hit.why) != ("beyond" in hit.why)

    def test_a_date_with_its_year_counts_less_than_the_time_of_the_asker(self, alice):
        july = Window(start=day("2025-07-01"), end=day("2025-08-01"))
        dated = asked(alice, "what was bought", window=july, phrase="July 2025").hits[0].why["window"]
        assert dated < asked(alice, "what was bought", window=july, phrase="this month").hits[0].why["window"]

    def test_a_question_of_nothing_but_a_time_gives_nothing_else(self, alice):
        reply = asked(alice, "what happened", window=Window(start=day("2025-02-01"), end=day("2025-03-01")), topics=())
        assert {hit.cube.text for hit in reply.hits} == {text for _, text in DIARY[4:7]}

    def test_counts_and_digests_take_nothing_else(self, alice):
        february = Window(start=day("2025-02-01"), end=day("2025-03-01"))
        assert asked(alice, "the conference", window=february, operation="count", topics=("conference",)).value == 2
        cited = asked(alice, "the conference", window=february, operation="summarise").hits
        assert {hit.cube.text for hit in cited} <= {text for _, text in DIARY[4:7]}

    def test_a_window_of_search_itself_is_about_when_it_was_said(self, alice):
        found = alice.search("what was bought", window=(day("2025-06-01"), day("2025-06-11"))).hits
        assert found == ()


class TestAnchors:
    def test_the_period_is_that_of_the_memories_about_it(self, alice):
        reply = asked(alice, "what did the doctor say about my medication", anchors=("hospital",))
        assert reply.hits[0].cube.text == DIARY[1][1]
        assert within(reply) == {DIARY[0][1], DIARY[1][1], DIARY[2][1]}

    def test_the_reply_names_the_memories_that_it_came_from_and_they_are_in_the_log(self, alice):
        reply = asked(alice, "what did the doctor say about my medication", anchors=("hospital",), limit=1)
        (anchor,) = reply.details["anchors"]
        assert anchor["text"] == "hospital"
        (period,) = anchor["periods"]
        assert (period["start"][:10], period["end"][:10]) == ("2024-05-03", "2024-05-10")
        named = set(period["memories"])
        assert {cube.text for cube in alice.get(list(named)).cubes} == {DIARY[0][1], DIARY[2][1]}
        assert named <= {each["id"] for each in alice.explain(reply.call_id).value["memories"]}

    @pytest.mark.parametrize(
        ("bearing", "told"),
        [
            ("before", {DIARY[1][1], DIARY[3][1]}),
            ("until", {DIARY[1][1], DIARY[3][1]}),
            ("after", {DIARY[3][1], DIARY[7][1], DIARY[8][1]}),  # said before it, of the spring that came after it
            ("since", {DIARY[3][1], DIARY[7][1], DIARY[8][1]}),
            ("during", set()),
        ],
    )
    def test_bearings(self, alice, bearing, told):
        reply = asked(alice, "medication or bought", anchors=("conference",), bearing=bearing)
        others = {DIARY[1][1], DIARY[3][1], DIARY[7][1], DIARY[8][1]}
        assert within(reply) & others == told

    def test_what_no_memory_tells_of_limits_nothing_and_is_said(self, alice):
        reply = asked(alice, "what did I buy", anchors=("coronation",))
        assert any("'coronation'" in each for each in reply.warnings)
        assert reply.hits
        assert not any("beyond" in hit.why for hit in reply.hits)

    def test_several_of_one_name_are_said(self, alice):
        alice.add([{"role": "user", "content": "Back in the hospital for my knee.", "at": day("2025-03-03")}], session="diary", wait=True)
        reply = asked(alice, "what did the doctor say", anchors=("hospital",))
        assert len(reply.details["anchors"][0]["periods"]) == 2
        assert any("several times" in each for each in reply.warnings)

    def test_a_window_chooses_among_them(self, alice):
        alice.add([{"role": "user", "content": "Back in the hospital for my knee.", "at": day("2025-03-03")}], session="diary", wait=True)
        last_year = Window(start=day("2024-01-01"), end=day("2025-01-01"))
        reply = asked(alice, "what did the doctor say", anchors=("hospital",), window=last_year)
        (period,) = reply.details["anchors"][0]["periods"]
        assert period["start"][:4] == "2024"
        assert not any("several times" in each for each in reply.warnings)

    def test_others_memories_tell_no_period(self, memory, alice):
        bob = memory.as_user("bob")
        bob.add("A note of Bob about the doctor.", wait=True)
        reply = asked(bob, "what did the doctor say", anchors=("hospital",))
        assert reply.details["anchors"] == [{"text": "hospital", "periods": []}]

    def test_the_past_is_asked_as_of_then(self, alice):
        alice.snapshot("before")
        alice.add([{"role": "user", "content": "The coronation was today.", "at": NOW - timedelta(days=1)}], session="diary", wait=True)
        assert len(asked(alice, "what happened", anchors=("coronation",)).details["anchors"][0]["periods"]) == 1
        then = alice.at("before")
        assert then._place.at is not None
        query = MemoryQuery(text="what happened")
        call = MemoryCall(id=alice._clock.new_id(), operation="search", query=query, anchors=("coronation",), at=then._place.at)
        assert raising(alice._door.handle(alice.caller, call)).details["anchors"] == [{"text": "coronation", "periods": []}]
