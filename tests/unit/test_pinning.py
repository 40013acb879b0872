"""Which blocks are kept with which prompts can begin."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from memos.memcube.state import MemoryType
from memos.operation.memscheduler.conversion import Subject
from memos.operation.memscheduler.pinning import likeliest, pages, within
from memos.operation.memscheduler.policies import Placement, Policy

NOW = datetime(2026, 3, 2, tzinfo=UTC)
DAY = timedelta(days=1)
SMALL = Policy(name="small", placement=Placement(beginning=100))


def told(count, tokens=20, heat=0.0, start=0):
    """Memories in canonical order."""
    return [Subject(f"m{place:03}", 1, tokens, heat, int(heat), NOW - DAY, NOW if heat else None) for place in range(start, start + count)]


def heated(memories, **heat):
    """The memories, some of them used, each by a request of its own."""
    at = {cube: NOW - place * timedelta(minutes=1) for place, cube in enumerate(heat)}
    return [replace(each, heat=heat[each.cube], count=3, last_used_at=at[each.cube]) if each.cube in heat else each for each in memories]


def cubes(found):
    return [each.cubes for each in found]


def names(start, end):
    return tuple(f"m{place:03}" for place in range(start, end))


def test_a_block_is_made_where_memories_were_used_with_those_that_stand_around_them():
    assert cubes(pages(heated(told(15), m007=2.0, m008=2.0), (), NOW, SMALL)) == [names(5, 10)]
    assert pages(told(15), (), NOW, SMALL) == []
    assert pages(heated(told(15), m007=1.0, m008=1.0), (), NOW, SMALL) == []
    assert pages(heated(told(1), m000=9.0), (), NOW, SMALL) == []


def test_for_a_memory_that_alone_is_hot_a_block_of_its_own_does():
    assert pages(heated(told(15), m007=60.0, m008=1.0), (), NOW, SMALL) == []


def test_what_one_request_has_used_counts_once():
    listed = [replace(each, heat=1.0, last_used_at=NOW) for each in told(5)]
    assert pages(listed, (), NOW, SMALL) == []
    apart = [replace(each, last_used_at=NOW - place * DAY / 9) for place, each in enumerate(listed)]
    assert cubes(pages(apart, (), NOW, SMALL)) == [names(0, 5)]


def test_it_is_made_for_what_was_used_lately_and_stays_until_it_has_cooled():
    old = [replace(each, heat=2.0, last_used_at=NOW - 5 * DAY - place * DAY / 9) for place, each in enumerate(told(5))]
    assert pages(old, (), NOW, SMALL) == []
    assert cubes(pages(old, [names(0, 5)], NOW, SMALL)) == [names(0, 5)]
    assert pages([replace(each, heat=0.1) for each in old], [names(0, 5)], NOW, SMALL) == []


def test_what_comes_later_moves_no_border():
    before = heated(told(13), m001=9.0, m002=4.0, m006=9.0, m007=4.0)
    standing = cubes(pages(before, (), NOW, SMALL))
    assert standing == [names(0, 5), names(5, 10)]
    after = [*before, *heated(told(30, start=13), m013=4.0, m014=9.0)]
    made = pages(after, standing, NOW, SMALL)
    assert [each.cubes for each in made if each.stands] == standing
    assert [each.cubes for each in made if not each.stands] == [names(10, 15)]


def test_a_small_one_stays_until_there_is_twice_as_much_to_hold():
    small = cubes(pages(heated(told(2), m000=9.0, m001=4.0), (), NOW, SMALL))
    assert small == [names(0, 2)]
    (same,) = pages(heated(told(3), m000=9.0, m001=4.0), small, NOW, SMALL)
    assert (same.cubes, same.stands) == (names(0, 2), True)
    (larger,) = pages(heated(told(4), m000=9.0, m001=4.0), small, NOW, SMALL)
    assert (larger.cubes, larger.stands) == (names(0, 4), False)


def test_what_is_protected_too_long_or_gone_stands_in_none():
    memories = heated(told(10), m002=9.0, m001=4.0, m007=9.0, m008=4.0)
    secret = [replace(each, protected="it is confidential") if each.cube == "m003" else each for each in memories]
    assert all("m003" not in each for each in cubes(pages(secret, [names(0, 5)], NOW, SMALL)))
    long = [replace(each, tokens=101) if each.cube == "m003" else each for each in memories]
    assert all("m003" not in each for each in cubes(pages(long, (), NOW, SMALL)))
    gone = [each for each in memories if each.cube != "m003"]
    assert all("m003" not in each for each in cubes(pages(gone, [names(0, 5), names(5, 10)], NOW, SMALL)))
    assert names(5, 10) in cubes(pages(gone, [names(0, 5), names(5, 10)], NOW, SMALL))


def test_none_takes_more_than_half_of_the_window():
    hot = heated(told(30), **dict.fromkeys(names(0, 30), 3.0))
    assert {each.tokens for each in pages(hot, (), NOW, SMALL, window=130)} == {60}
    assert {each.tokens for each in pages(hot, (), NOW, SMALL)} == {100}


@pytest.mark.parametrize("seed", range(5))
def test_no_memory_stands_in_two_and_none_is_too_large_whatever_comes_and_goes(seed):
    chance, memories, standing = Random(seed), told(40, heat=1.0), []
    for step in range(30):
        kept = [each for each in memories if chance.random() > 0.02]
        memories = [replace(each, heat=chance.random() * 4, last_used_at=NOW - chance.random() * DAY) for each in kept] + told(
            chance.randrange(4), 35, 2.0, start=100 + 10 * step
        )
        found = pages(memories, standing, NOW, SMALL)
        held = [cube for each in found for cube in each.cubes]
        assert len(held) == len(set(held))
        assert all(each.tokens <= 100 and list(each.cubes) == sorted(each.cubes) for each in found)
        assert {each.cubes for each in found if each.stands} <= set(standing)
        assert not {each.cubes for each in found if not each.stands} & set(standing)
        standing = cubes(found)
    assert len(standing) > 3


def test_where_there_is_little_room_the_hottest_stand_and_change_only_for_much_hotter():
    found = pages(heated(told(15), m000=4.0, m001=2.0, m005=5.0, m006=2.0, m010=6.0, m011=2.0), (), NOW, SMALL)
    assert cubes(within(found, 200, SMALL)) == [names(10, 15), names(5, 10)]
    assert within(found, 99, SMALL) == []
    standing = [names(0, 5)]
    assert cubes(within(pages(heated(told(10), m000=4.0, m001=2.0, m005=5.0, m006=2.0), standing, NOW, SMALL), 100, SMALL)) == standing
    assert cubes(within(pages(heated(told(10), m000=4.0, m001=2.0, m005=9.0, m006=2.0), standing, NOW, SMALL), 100, SMALL)) == [
        names(5, 10)
    ]


def test_among_many_those_are_looked_at_that_hold_most_of_what_was_found():
    blocks = {"a": {"x", "y"}, "b": {"z"}, "c": {"w"}, "d": {"v", "u"}}
    assert likeliest(blocks, {"z": 0, "x": 3, "y": 4, "u": 9}, 2) == ("b", "a")
    assert likeliest(blocks, {"z": 0, "x": 3, "y": 4, "u": 9}, 9) == ("b", "a", "d")
    assert likeliest(blocks, {}, 9) == ()


def test_the_decision_has_its_numbers():
    (page,) = pages(heated(told(15), m007=2.0, m008=3.0), (), NOW, SMALL)
    move = page.move(NOW, SMALL)
    assert (move.cube, move.before, move.after, move.at) == ("m008", MemoryType.PLAINTEXT, MemoryType.ACTIVATION, NOW)
    assert move.inputs["heat"] == 5.0
    assert (move.inputs["memories"], move.inputs["tokens"], move.inputs["policy"]) == (5, 100, "small")
    assert "4 others" in move.reason
