"""Policies: the compiled filter and Cedar give one answer, on columns, on memories and in SQL; what no filter says opens nothing."""

import pytest

from memos.infrastructure.memgovernance.permission import book, engine
from memos.infrastructure.memgovernance.permission.engine import Asking, answers, made_class
from memos.infrastructure.memgovernance.permission.resource import resource
from tests.policy_world import NOW, PRINCIPALS, ROLE_RULES, World

ACTIONS = ("read", "history", "write", "create")
CUBES = 20


def drawn_book(world):
    """A book of policies that are not validated: Cedar skips those that fail, and so must the filter."""
    text = world.policies()
    known = book._named("drawn", book.json.loads(book.cedar().policies_to_json_str(text))["staticPolicies"])
    policies = book.Policies(known, book.parsed_set(known), clocked=True)
    return text, book.Book(policies, ROLE_RULES, PRINCIPALS, amended=True, number=1)


def compared(world):
    """(what was asked, what the filter says, what Cedar says) of some memories under some policies."""
    text, drawn = drawn_book(world)
    asking = Asking(world.caller(), world.random.choice(ACTIONS), NOW)
    kind = made_class(drawn, asking)
    cubes = [(world.cube(), world.inherited()) for _ in range(CUBES)]
    told = [kind.filter.matches(cube, now=NOW, inherited=inherited) for cube, inherited in cubes]
    entities = [resource(cube, inherited) for cube, inherited in cubes]
    whole = answers(drawn.policies.whole, kind.entities, asking, entities, kind.entries)
    fewer = answers(kind.policies, kind.entities, asking, entities, kind.entries)
    assert [one.allowed for one in whole] == [one.allowed for one in fewer], text
    decided = engine.Engine().decide(kind, asking, cubes)
    assert decided == [one.allowed for one in whole], text
    return (text, asking, cubes), told, [answer.allowed for answer in whole]


@pytest.mark.proof(capability="policies", small=4_000, full=120_000)
def test_the_filter_and_cedar_give_one_answer(trials, record_proof):
    asked = allowed = 0
    for seed in range(trials // CUBES):
        (text, asking, cubes), told, answers_ = compared(World(seed))
        wrong = [(cube, one, other) for (cube, _), one, other in zip(cubes, told, answers_, strict=True) if one is not other]
        assert not wrong, (text, asking, wrong[0])
        asked, allowed = asked + len(told), allowed + sum(told)
    assert 0.1 < allowed / asked < 0.9
    record_proof(decisions=asked, allowed=allowed, mismatches=0, leaks=0)


@pytest.mark.proof(capability="policies-uncompilable", small=1_000, full=30_000)
def test_what_no_filter_says_opens_nothing(trials, record_proof):
    asked = hidden = 0
    for seed in range(trials // CUBES):
        (text, asking, cubes), told, answers_ = compared(World(seed, hard=True))
        leaks = [cube for (cube, _), one, other in zip(cubes, told, answers_, strict=True) if one and not other]
        assert not leaks, (text, asking, leaks[0])
        asked, hidden = asked + len(told), hidden + sum(other and not one for one, other in zip(told, answers_, strict=True))
    assert hidden
    record_proof(decisions=asked, leaks=0, hidden_because_uncompilable=hidden)
