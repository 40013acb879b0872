"""Which memories change their form, and that nothing flaps."""

import json
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from memos.memcube.state import MemoryType
from memos.operation.memscheduler.conversion import Placed, Subject, expected_uses
from memos.operation.memscheduler.pinning import pages
from memos.operation.memscheduler.placement import moves
from memos.operation.memscheduler.policies import Placement, Policy
from memos.operation.memscheduler.signals import Signals
from memos.ports.runtime import Capabilities

NOW = datetime(2026, 3, 2, tzinfo=UTC)
DAY = timedelta(days=1)
FULL = Capabilities(activation=True, compose=True, adapters=True, learning=True)
TEXT, BLOCK, ADAPTER = MemoryType.PLAINTEXT, MemoryType.ACTIVATION, MemoryType.PARAMETER
MONTH = Path(__file__).resolve().parents[2] / "evals" / "data" / "scheduler" / "month.jsonl"
KEPT = {"session": "its session may go on", "expiring": "it expires", "sensitive": "it has sensitive parts"}


def signals(now=NOW, **rest):
    return Signals(now, capabilities=FULL, **rest)


def hot(**rest):
    return replace(Subject("m", 1, 60, heat=8.0, count=8, first_used_at=NOW - 3 * DAY, last_used_at=NOW, kind="procedure"), **rest)


def moved(subject, placed=None, at=None):
    made = moves([subject], {} if placed is None else {subject.cube: placed}, at or signals())
    return [(each.before, each.after, each.tier) for each in made]


def test_what_is_hot_becomes_a_block_and_what_is_not_stays():
    assert moved(hot()) == [(TEXT, BLOCK, "mapped")]
    assert moved(hot(heat=1.0)) == []
    assert moved(hot(last_used_at=NOW - 5 * DAY)) == []
    assert moved(hot(), at=Signals(NOW)) == []


def test_between_the_thresholds_nothing_moves():
    for heat in (2.5, 3.0, 3.5):
        assert moved(hot(heat=heat)) == []
        assert moved(hot(heat=heat), Placed(BLOCK, "mapped", NOW - 9 * DAY)) == []


def test_what_cools_goes_to_int8_and_then_to_text():
    since = NOW - 9 * DAY
    assert moved(hot(heat=1.5), Placed(BLOCK, "mapped", since)) == [(BLOCK, BLOCK, "int8")]
    assert moved(hot(heat=1.5), Placed(BLOCK, "int8", since)) == []
    assert moved(hot(heat=0.5), Placed(BLOCK, "int8", since)) == [(BLOCK, TEXT, "text")]
    assert moved(hot(heat=8.0), Placed(BLOCK, "int8", since)) == [(BLOCK, BLOCK, "mapped")]


def test_long_and_steady_use_is_learnt_and_what_lies_idle_is_text_again():
    steady = hot(heat=14.0, count=30, first_used_at=NOW - 20 * DAY)
    assert moved(steady) == [(TEXT, ADAPTER, "mapped")]
    assert moved(replace(steady, kind="event")) == [(TEXT, BLOCK, "mapped")]
    assert moved(replace(steady, first_used_at=NOW - 5 * DAY)) == [(TEXT, BLOCK, "mapped")]
    assert moved(steady, at=Signals(NOW, capabilities=replace(FULL, learning=False))) == [(TEXT, BLOCK, "mapped")]
    learnt = Placed(ADAPTER, "mapped", NOW - 9 * DAY)
    assert moved(steady, learnt) == []
    assert moved(replace(steady, last_used_at=NOW - 8 * DAY), learnt) == [(ADAPTER, TEXT, "text")]


def test_nothing_moves_within_a_day_but_what_has_become_protected():
    fresh = Placed(BLOCK, "mapped", NOW - timedelta(hours=23))
    assert moved(hot(heat=0.1), fresh) == []
    assert moved(hot(protected="it is confidential"), fresh) == [(BLOCK, TEXT, "text")]


def test_blocks_fit_their_bytes_and_the_most_useful_come_first():
    policy = Policy(placement=Placement(bytes=2 * 60 * 23_040))
    subjects = [hot(cube=f"m{place}", heat=5.0 + place) for place in range(5)]
    made = moves(subjects, {}, signals(), policy)
    assert [each.cube for each in made] == ["m4", "m3"]
    kept = {"m0": Placed(BLOCK, "mapped", NOW - 9 * DAY)}
    assert [each.cube for each in moves(subjects, kept, signals(), policy)] == ["m4"]


def test_a_move_has_the_numbers_it_was_decided_by():
    (move,) = moves([hot()], {}, signals())
    assert move.inputs["block_uses"] == pytest.approx(expected_uses(8.0, 7.0), abs=1e-4)
    assert move.inputs["block_gain"] == pytest.approx(
        move.inputs["block_uses"] * move.inputs["saved_seconds"] / move.inputs["build_seconds"], rel=1e-3
    )
    assert (move.at, move.inputs["heat"], move.inputs["thresholds"]["gain"]) == (NOW, 8.0, 2.0)
    assert "uses to come" in move.reason


def test_uses_to_come_follow_the_heat():
    assert expected_uses(4.0, 7.0) == pytest.approx(2.0)
    assert expected_uses(4.0, 1e6) == pytest.approx(4.0)
    assert expected_uses(0.0, 7.0) == 0.0


def test_of_a_thousand_protected_memories_none_moves():
    random = Random(7)
    subjects = [
        hot(
            cube=f"m{place}",
            heat=random.uniform(0, 90),
            count=random.randrange(500),
            first_used_at=NOW - 60 * DAY,
            protected=random.choice([*KEPT.values()]),
        )
        for place in range(1000)
    ]
    assert moves(subjects, {}, signals()) == ()
    assert pages(subjects, [[each.cube for each in subjects[:9]]], NOW) == []


def month(memories, uses, days, step=timedelta(hours=1)):
    """Every hour of a month: the moves, as (when, move), under heat as the store keeps it."""
    heat, last, first, count, placed, made = defaultdict(float), {}, {}, defaultdict(int), {}, []
    now, waiting = NOW, sorted(uses, key=lambda use: use[0])
    while now < NOW + days * DAY:
        while waiting and waiting[0][0] <= now:
            when, needs = waiting.pop(0)
            for key in needs:
                heat[key] = cooled(heat[key], last.get(key, when), when) + 1
                last[key], count[key] = when, count[key] + 1
                first.setdefault(key, when)
        subjects = [
            Subject(
                each["key"], 1, max(1, len(each["text"]) // 4), cooled(heat[each["key"]], last.get(each["key"], now), now),
                count[each["key"]], first.get(each["key"]), last.get(each["key"]), each["nature"], KEPT.get(each["nature"]),
            )
            for each in memories
            if NOW + (each["day"] - 1) * DAY <= now
        ]  # fmt: skip
        for move in moves(subjects, placed, signals(now)):
            assert placed.get(move.cube, Placed()).form is move.before
            placed[move.cube] = Placed(move.after, move.tier, now)
            made.append((now, move))
        now += step
    return made


def cooled(heat, since, now):
    return heat * 2 ** -((now - since) / (7 * DAY))


def test_a_month_of_use_takes_a_memory_through_all_forms_and_nothing_flaps():
    rows = [json.loads(line) for line in MONTH.read_text(encoding="utf-8").splitlines()]
    memories = [row for row in rows if row["kind"] == "memory"]
    uses = [(NOW + (row["day"] - 1) * DAY + clock(row["time"]), row["needs"]) for row in rows if row["kind"] == "use"]
    made = month(memories, uses, 45)
    assert [move.after for _, move in made if move.cube == "opening"] == [BLOCK, ADAPTER, TEXT]
    natures = {each["key"]: each["nature"] for each in memories}
    assert not {natures[move.cube] for _, move in made} & set(KEPT)
    require_calm(made)


def clock(text):
    hours, minutes = text.split(":")
    return timedelta(hours=int(hours), minutes=int(minutes))


def require_calm(made):
    """At most one move a day each."""
    last = {}
    for when, move in made:
        assert when - last.get(move.cube, NOW - 9 * DAY) >= DAY
        last[move.cube] = when


@pytest.mark.parametrize("seed", range(3))
def test_nothing_flaps_whatever_the_use(seed):
    random = Random(seed)
    memories = [{"key": f"m{each}", "day": 1, "text": "x" * random.randrange(40, 2000), "nature": "procedure"} for each in range(12)]
    uses = []
    for each in memories:
        rate, phase = random.choice((0.2, 0.5, 1.0, 3.0)), random.choice((1, 3, 7, 30))
        for day in range(60):
            busy = rate * (3 if day // phase % 2 == 0 else 0.1)
            uses += [(NOW + (day + random.random()) * DAY, [each["key"]]) for _ in range(int(busy) + (random.random() < busy % 1))]
    made = month(memories, uses, 60, timedelta(hours=3))
    require_calm(made)
    assert len(made) < len(memories) * 60 / 5
