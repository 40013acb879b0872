"""Several blocks with which prompts can begin: each question has the one that holds most of what it needs."""

from datetime import UTC, datetime, timedelta

import pytest

from memos import MemOS
from memos.testing.runtime import FakeRuntime
from tests.clock import HandClock

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
SETTINGS = {"convert_seconds": 0, "consolidate": False, "schedule": {"placement": {"beginning": 270}}}
ROOM = 400
"""Tokens for memories: a block and some others."""
GARDEN = [
    f"In bed {number} of the garden grow the {plant}, sown in March behind the shed, watered every second evening when it has not rained."
    for number, plant in enumerate(("beans", "leeks", "carrots", "onions", "beets", "peas", "chard", "fennel", "garlic", "radishes"))
]
BOAT = [
    f"In locker {number} of the boat lies the {thing}, bought at the chandler of the old harbour, and checked every spring before we sail."
    for number, thing in enumerate(("anchor", "flare", "chart", "pump", "rope", "horn", "lamp", "compass", "winch", "fender"))
]
WHERE = ("In which bed of the garden grow the leeks?", "In which locker of the boat lies the pump?")


@pytest.fixture
def clock():
    return HandClock(START)


@pytest.fixture
def opened(tmp_path, clock):
    def again(**options):
        return MemOS.open(tmp_path / "store", runtime=FakeRuntime(window=4096), clock=clock, worker="none", settings=SETTINGS | options)

    return again


def learnt(memory, user="alice", **options):
    """The memories of both topics, asked about until both have a block."""
    alice = memory.as_user(user)
    topics = [[cube.id for cube in alice.add(texts, **options).cubes] for texts in (GARDEN, BOAT)]
    memory.drain(30)
    asked(memory, alice)
    return alice, topics


def asked(memory, alice, times=4):
    """Both questions in turn, now and then."""
    for _ in range(times):
        for question in WHERE:
            memory._clock.move(hours=1)
            alice.context(question, budget=ROOM)
    memory.drain(30)


def blocks(alice):
    """The memories of each block of several, by its id."""
    live = alice.list(types=["activation"], limit=1000).cubes
    return {cube.id: {parent.id for parent in cube.provenance.parents} for cube in live if len(cube.provenance.parents) > 1}


def attached(context):
    """What is attached: the derived memories, and those that they are made of."""
    return {cube for each in context.attachments for cube in each.cubes}, {
        source for each in context.attachments for source in each.sources
    }


def test_two_topics_asked_in_turn_both_attach_a_block_of_their_own(opened):
    with opened() as memory:
        alice, topics = learnt(memory)
        held, seen = blocks(alice), set()
        for question, topic, texts in zip((*WHERE, *WHERE), (*topics, *topics), (GARDEN, BOAT, GARDEN, BOAT), strict=True):
            context = alice.context(question, budget=ROOM)
            (via,), sources = attached(context)
            assert sources == held[via]
            assert len(sources & set(topic)) > len(sources) / 2
            pinned = [each for each in context.plan.injections if each.pinned]
            assert {each.cube for each in pinned} == sources
            assert {each.via for each in pinned} == {via}
            assert all(each.cached == each.tokens for each in pinned)
            assert context.plan.read < context.plan.tokens / 2
            assert context.attachments[0].exact
            assert any(texts[0] in part.text for part in context.parts)
            seen.add(via)
            told = context.plan.inputs["beginnings"]
            assert max(told, key=lambda each: each["brings"])["via"] == via
            assert {each["via"] for each in told} == {None, *held}
        assert len(seen) == 2


def test_an_answer_behind_a_block_is_that_of_the_whole_prompt(opened):
    with opened() as memory:
        alice, _ = learnt(memory)
        for question in WHERE:
            context = alice.context(question, budget=ROOM)
            plain = "".join(piece.text for piece in FakeRuntime(window=4096).generate(context.parts))
            answer = alice.chat(question, store=False, budget=ROOM).value
            assert answer.text == plain
            assert answer.usage.cached >= context.attachments[0].tokens


def test_the_log_and_explain_say_why_a_block_was_made(opened):
    with opened() as memory:
        alice, _ = learnt(memory)
        for via in blocks(alice):
            (decision,) = alice.get(via).cubes[0].metadata["decisions"]
            assert "prompts can begin with it and" in decision["reason"]
            assert decision["inputs"]["spared"] >= decision["inputs"]["thresholds"]["even"]
            row = next(row for row in alice.log(cube=decision["cube"], operation=["convert"]).value)
            assert any(each["cube"] == decision["cube"] for each in alice.explain(row["call_id"]).value["decisions"])


def test_a_block_is_void_with_any_of_its_memories_and_the_others_stay(opened):
    with opened() as memory:
        alice, (garden, boat) = learnt(memory)
        before = blocks(alice)
        gone = garden[1]
        alice.forget(gone)
        after = blocks(alice)
        assert after == {via: held for via, held in before.items() if gone not in held}
        assert 0 < len(after) < len(before)
        assert gone not in attached(alice.context(WHERE[0], budget=ROOM))[1]
        asked(memory, alice)
        held = blocks(alice)
        assert all(gone not in each for each in held.values())
        assert {via for via, each in before.items() if gone not in each} <= set(held)
        assert attached(alice.context(WHERE[0], budget=ROOM))[1] & set(garden)
        assert attached(alice.context(WHERE[1], budget=ROOM))[1] & set(boat)


def test_what_is_not_asked_any_more_is_let_go(opened, clock):
    with opened() as memory:
        alice, _ = learnt(memory)
        assert blocks(alice)
        clock.time += timedelta(days=30)
        memory.drain(30)
        assert not blocks(alice)


def test_another_opening_or_a_filter_that_leaves_one_out_has_no_block(opened):
    with opened() as memory:
        alice, (garden, _) = learnt(memory)
        assert attached(alice.context(WHERE[0], budget=ROOM))[0]
        for options in ({"system": "Be brief."}, {"tools": "search(text)"}, {"filter": {"id": {"in": garden[1:]}}}):
            assert not attached(alice.context(WHERE[0], budget=ROOM, **options))[0]


def test_another_user_has_none_of_it(opened):
    with opened() as memory:
        learnt(memory)
        context = memory.as_user("bob").context(WHERE[0])
        assert not context.attachments
        assert not context.plan.injections
