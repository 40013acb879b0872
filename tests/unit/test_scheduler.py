"""What MemScheduler gives a model, and why."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from memos.memcube.call import MemoryCall, MemoryQuery
from memos.memcube.state import MemoryType
from memos.operation.memscheduler.policies import USUAL, Policy
from memos.operation.memscheduler.scheduler import plan
from memos.operation.memscheduler.signals import LOCAL, Available, Candidate, Costs, Signals
from memos.ports.runtime import Capabilities

NOW = datetime(2026, 3, 1, tzinfo=UTC)
FULL = Capabilities(activation=True, compose=True, adapters=True, learning=True, tells=True)


def called(text):
    return MemoryCall(id="01900000-0000-7000-8000-000000000000", operation="search", query=MemoryQuery(text=text))


def found(count, tokens=40, **rest):
    return [
        Candidate(f"m{place:03}", 1, tokens, similarity=10 - place, rank=place, text=f"memory {place}", **rest) for place in range(count)
    ]


def block(tier="ram", tokens=40, exact=True, adapter=None, via="kv"):
    return Available(MemoryType.ACTIVATION, tier, via, tokens, tokens * 23_040, adapter, exact)


def adapter(via="lora"):
    return Available(MemoryType.PARAMETER, "mapped", via, 0, 40_000)


def given(made):
    return [each.cube for each in made.injections]


def test_without_a_runtime_all_is_text_and_the_budget_holds():
    made = plan(called("Where does she live?"), found(100), Signals(NOW, budget=400))
    assert {each.form for each in made.injections} == {MemoryType.PLAINTEXT}
    assert (made.tokens, made.read) == (400, 400)
    assert set(given(made)) == {f"m{place:03}" for place in range(10)}
    assert len(made.passed) == 90
    assert all(each.reason for each in (*made.injections, *made.passed))


def test_the_window_bounds_what_is_given():
    made = plan(called("Where?"), found(100), Signals(NOW, budget=4000, window=1000, taken=300, answer=500))
    assert made.tokens == 200
    assert plan(called("Where?"), found(10), Signals(NOW, window=100)).injections == ()


def test_what_is_given_stands_in_canonical_order_whatever_its_score():
    candidates = [replace(each, cube=f"m{99 - (each.rank or 0):03}") for each in found(20)]
    made = plan(called("Where does she live?"), candidates, Signals(NOW))
    assert given(made) == sorted(given(made))
    assert [each.order for each in made.injections] == list(range(20))


def test_standing_instructions_come_first_and_take_their_share_at_most():
    standing = [Candidate(f"z{place}", 1, 60, kind="instruction", standing=True, text=f"always {place}") for place in range(10)]
    made = plan(called("Where does she live?"), [*found(60), *standing], Signals(NOW, budget=1000))
    assert given(made)[:4] == ["z0", "z1", "z2", "z3"]
    assert all(cube.startswith("m") for cube in given(made)[4:])


def test_a_busy_model_reads_less():
    idle, busy = (plan(called("Where does she live?"), found(100), Signals(NOW, budget=4000, load=load)) for load in (0.0, 1.0))
    assert 10 < len(busy.injections) < len(idle.injections)
    assert "not worth" in busy.passed[-1].reason


@pytest.mark.parametrize("better", [{"priority": 100}, {"heat": 50.0}])
def test_priority_and_heat_weigh(better):
    candidates = found(30)
    candidates[12] = replace(candidates[12], **better)
    made = plan(called("Where does she live?"), candidates, Signals(NOW, budget=400))
    assert "m012" in given(made)
    assert "m012" not in given(plan(called("Where does she live?"), found(30), Signals(NOW, budget=400)))


def test_what_says_the_same_is_passed_over_unless_a_number_or_another_voice_tells_it_apart():
    texts = ("I live in Lisbon now with two cats", "Now I live in Lisbon with two cats!", "I live in Lisbon now with 2 cats")
    candidates = [replace(each, text=text, speaker="Ann") for each, text in zip(found(3), texts, strict=True)]
    candidates.append(replace(candidates[0], cube="m009", rank=9, speaker="Bob"))
    made = plan(called("Where does she live?"), candidates, Signals(NOW))
    assert given(made) == ["m000", "m002", "m009"]
    assert made.passed[0].reason == "it says what m000 says"


def test_said_again_on_another_day_it_is_another_memory():
    again = [replace(each, text="I went running", said_at=NOW - timedelta(days=each.rank)) for each in found(2)]
    assert len(plan(called("When did she run?"), again, Signals(NOW)).injections) == 2


def test_blocks_of_the_stable_beginning_are_attached_in_canonical_order_before_the_rest():
    candidates = found(10)
    for place in (7, 2, 4):
        candidates[place] = replace(candidates[place], forms=(block(),))
    made = plan(called("And what about the other one?"), candidates, Signals(NOW, capabilities=FULL))
    assert given(made)[:3] == ["m002", "m004", "m007"]
    assert [each.pinned for each in made.injections] == [True] * 3 + [False] * 7
    assert made.read == made.tokens - 120
    assert made.inputs["seconds"] < made.inputs["seconds_as_text"]


def paged(pages, tokens=40):
    """Blocks, each with places in a search and with memories that it did not find."""
    candidates = found(20, tokens)
    for via, places, others in pages:
        for place in places:
            forms = (*candidates[place].forms, block("mapped", tokens, via=via))
            candidates[place] = replace(candidates[place], forms=forms)
        candidates += [Candidate(f"{via}-{number:03}", 1, tokens, forms=(block("mapped", tokens, via=via),)) for number in range(others)]
    return candidates


def test_of_several_blocks_the_prompt_begins_with_the_one_that_holds_most_of_what_is_likely():
    candidates = paged([("one", (0, 2, 4, 6), 10), ("two", (1, 12, 13, 14), 10)])
    made = plan(called("When did Ann move?"), candidates, Signals(NOW, capabilities=FULL))
    begun = [each for each in made.injections if each.pinned]
    assert [each.cube for each in begun] == sorted(["m000", "m002", "m004", "m006", *(f"one-{number:03}" for number in range(10))])
    assert {each.via for each in begun} == {"one"}
    assert made.read == made.tokens - 14 * 40
    assert not any(each.cube.startswith("two") for each in (*made.injections, *made.passed))
    first, *others = made.inputs["beginnings"]
    assert (first["via"], first["memories"], first["tokens"]) == (None, 0, 0)
    assert {each["via"]: each["memories"] for each in others} == {"one": 14, "two": 14}
    assert max(made.inputs["beginnings"], key=lambda each: each["brings"])["via"] == "one"


def test_a_memory_in_several_blocks_is_given_once():
    made = plan(called("Where?"), paged([("one", (0, 1, 2), 2), ("two", (1, 2, 3), 2)]), Signals(NOW, capabilities=FULL))
    assert len(given(made)) == len(set(given(made)))
    assert len({each.via for each in made.injections if each.pinned}) == 1


def test_a_block_is_attached_as_a_whole_or_not_at_all():
    candidates = paged([("one", (0, 1, 2, 3), 20)])
    signals = Signals(NOW, capabilities=FULL)
    assert sum(each.pinned for each in plan(called("Where?"), candidates, signals).injections) == 24
    assert not any(each.pinned for each in plan(called("Where?"), candidates, replace(signals, budget=900)).injections)
    secret = [replace(each, protected="it is confidential") if each.cube == "one-003" else each for each in candidates]
    assert not any(each.pinned for each in plan(called("Where?"), secret, signals).injections)


def test_behind_a_block_of_several_nothing_is_composed():
    candidates = [replace(each, forms=(*each.forms, block(exact=False, via=f"own {each.cube}"))) for each in paged([("one", (0, 1, 2), 5)])]
    made = plan(called("Where?"), candidates, Signals(NOW, capabilities=FULL, compose=True))
    assert len({each.form for each in made.injections if not each.pinned}) == 1
    assert any(each.pinned for each in made.injections) != any(
        each.form is MemoryType.ACTIVATION for each in made.injections if not each.pinned
    )


def test_what_stands_in_a_block_and_was_not_found_is_no_candidate_by_itself():
    made = plan(called("Where?"), paged([("one", (19,), 30)], 60), Signals(NOW, capabilities=FULL))
    assert not any(each.cube.startswith("one") for each in (*made.injections, *made.passed))
    assert not any(each["cube"].startswith("one") for each in made.inputs["candidates"])


def test_a_beginning_that_saves_less_than_attaching_costs_is_read():
    candidates = [replace(found(1)[0], tokens=10, forms=(block(tokens=10),))]
    assert plan(called("Where?"), candidates, Signals(NOW, capabilities=FULL)).injections[0].form is MemoryType.PLAINTEXT


def test_a_pinned_memory_that_nobody_wants_goes_where_it_does_not_pay():
    useless = [Candidate(f"a{place}", 1, 300, pinned=True, forms=(block("int8", 300),), text=f"old {place}") for place in range(6)]
    made = plan(called("When did Ann move?"), [*found(20), *useless], Signals(NOW, capabilities=FULL))
    assert not any(cube.startswith("a") for cube in given(made))
    assert "does not pay" in {each.cube: each.reason for each in made.passed}["a0"]


def test_an_engine_that_keeps_its_own_cache_gets_the_pinned_ones_as_text_at_the_beginning():
    candidates = [replace(each, pinned=each.rank in {3, 5}) for each in found(8)]
    made = plan(
        called("Go on, as we discussed"), candidates, Signals(NOW, capabilities=Capabilities(keeps=True, tells=True), hit_rate=0.75)
    )
    assert given(made)[:2] == ["m003", "m005"]
    assert [each.cached for each in made.injections[:3]] == [30, 30, 0]


def test_composing_needs_the_setting_the_model_and_a_block():
    candidates = [replace(each, forms=(block(exact=False),)) for each in found(5)]
    allowed = Signals(NOW, capabilities=FULL, compose=True)
    made = plan(called("Where does she live?"), candidates, allowed)
    assert {(each.form, each.pinned, each.via) for each in made.injections} == {(MemoryType.ACTIVATION, False, "kv")}
    assert made.read == 0
    for forbidding in (replace(allowed, compose=False), replace(allowed, capabilities=replace(FULL, compose=False))):
        assert {each.form for each in plan(called("Where?"), candidates, forbidding).injections} == {MemoryType.PLAINTEXT}


def test_one_adapter_is_routed_to_a_procedure_and_none_to_a_fact():
    candidates = [replace(each, kind="procedure", forms=(adapter("lora" if each.rank < 4 else "other"),)) for each in found(6)]
    made = plan(called("How do I set up the pump? Walk me through the steps."), candidates, Signals(NOW, capabilities=FULL))
    assert (made.task, made.adapter) == ("procedure", "lora")
    assert [each.form for each in made.injections].count(MemoryType.PARAMETER) == 4
    assert {each.via for each in made.injections if each.via} == {"lora"}
    assert made.tokens == 80
    fact = plan(called("When did Ann buy the pump?"), candidates, Signals(NOW, capabilities=FULL))
    assert (fact.adapter, fact.tokens) == (None, 240)


def test_under_an_adapter_no_block_is_used_that_was_read_without_it():
    kept = [replace(each, kind="procedure", forms=(adapter(), block())) for each in found(3)]
    rest = [replace(each, cube=f"n{each.rank}", forms=(block(),)) for each in found(1)]
    made = plan(called("How do I set up the pump? Walk me through the steps."), [*kept, *rest], Signals(NOW, capabilities=FULL))
    forms = {each.form for each in made.injections}
    assert forms in ({MemoryType.PARAMETER, MemoryType.PLAINTEXT}, {MemoryType.ACTIVATION})


def test_what_is_protected_is_text_whatever_it_is_kept_as():
    candidates = [replace(each, kind="procedure", forms=(block(), adapter()), protected="it is confidential") for each in found(5)]
    made = plan(called("How do I set up the pump?"), candidates, Signals(NOW, capabilities=FULL, compose=True))
    assert {each.form for each in made.injections} == {MemoryType.PLAINTEXT}
    assert all("it stays text: it is confidential" in each.reason for each in made.injections)


def test_a_memory_that_is_found_and_pinned_is_given_once():
    twice = [*found(3), Candidate("m001", 1, 40, pinned=True, forms=(block(),), text="memory 1")]
    made = plan(called("What else?"), twice, Signals(NOW, capabilities=FULL))
    assert sorted(given(made)) == ["m000", "m001", "m002"]
    assert made.injections[0].form is MemoryType.ACTIVATION


def test_the_numbers_are_told_and_no_text():
    made = plan(called("Where does she live?"), [replace(each, text="a secret") for each in found(3)], Signals(NOW))
    assert [each["cube"] for each in made.inputs["candidates"]] == [each.cube for each in made.injections] + [
        each.cube for each in made.passed
    ]
    assert "secret" not in made.model_dump_json()
    assert made.policy == "memos"


def test_the_same_values_give_the_same_plan():
    signals = Signals(NOW, capabilities=FULL, compose=True, history=("Hello",))
    candidates = [replace(each, forms=(block(),)) for each in found(50)]
    assert plan(called("And then?"), candidates, signals) == plan(called("And then?"), candidates, signals)


def test_a_policy_is_a_document():
    policy = Policy.model_validate_json('{"name": "frugal", "weighing": {"price": 0.2}}')
    frugal, usual = (plan(called("Where?"), found(50), Signals(NOW, given=LOCAL), each) for each in (policy, USUAL))
    assert (frugal.policy, usual.policy) == ("frugal", "memos")
    assert len(frugal.injections) < len(usual.injections)
    assert Policy() == USUAL


def test_costs_are_those_that_were_measured():
    costs = Costs()
    for tokens, measured in ((256, 1.19), (1024, 5.53), (2048, 10.5), (4096, 25.2)):
        assert costs.read(tokens) == pytest.approx(measured, rel=0.08)
    assert costs.read(100) + costs.read(300, 100) == pytest.approx(costs.read(400))
