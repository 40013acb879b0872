"""What stays under a budget, and how policies fare."""

import json
from itertools import pairwise
from pathlib import Path

import pytest

from memos.errors import InvalidCall
from memos.operation.memscheduler.following import Following, keeper
from memos.operation.memscheduler.policies import KINDS, Policy
from memos.operation.memscheduler.signals import Costs
from memos.operation.memscheduler.simulate import budget_of, compared, replay
from memos.operation.memscheduler.workloads import WORKLOADS, Need, Request, generated, request_of

CLINIC = Path(__file__).resolve().parents[2] / "evals" / "data" / "scheduler" / "trace_clinic.jsonl"
POLICIES = [Policy(name=kind, kind=kind) for kind in KINDS]


def kept(kind, uses, budget=300):
    cache = keeper(Policy(kind=kind), budget)
    hits = [cache.use(key, size, cost) for key, size, cost in uses]
    return cache, hits


def test_lru_lets_go_of_what_was_used_longest_ago():
    cache, hits = kept("lru", [(key, 100, 1.0) for key in "abcad"])
    assert hits == [False, False, False, True, False]
    assert [key in cache for key in "abcd"] == [True, False, True, True]


def test_lfu_lets_go_of_what_was_used_least():
    cache, _ = kept("lfu", [(key, 100, 1.0) for key in "aabbcd"])
    assert [key in cache for key in "abcd"] == [True, True, False, True]


def test_gdsf_weighs_cost_for_each_byte_and_ages():
    cache, _ = kept("gdsf", [("dear", 100, 9.0), ("cheap", 100, 1.0), ("large", 100, 1.0), ("new", 100, 2.0)])
    assert ("dear" in cache, "cheap" in cache, "new" in cache) == (True, False, True)
    for place in range(30):
        cache.use(f"x{place}", 100, 3.0)
    assert "dear" not in cache


@pytest.mark.parametrize("kind", KINDS)
def test_the_budget_is_never_passed_and_what_is_dropped_is_gone(kind):
    cache = keeper(Policy(kind=kind), 5_000)
    sizes = {}
    for each in generated("scan", 3, 400):
        for need in each.needs:
            sizes[need.id] = need.tokens
            cache.use(need.id, need.tokens, 1.0)
            assert cache.bytes <= 5_000
    assert cache.bytes == sum(size for key, size in sizes.items() if key in cache)
    held = next(key for key in sizes if key in cache)
    cache.drop(held)
    assert held not in cache
    assert not cache.use(held, sizes[held], 1.0)
    assert not keeper(Policy(kind=kind), 10).use("large", 11, 1.0)


def test_ours_follows_another_way_when_what_is_asked_for_changes():
    cache = Following(3_000)
    for each in [*generated("bursts", 1, 400), *generated("loop", 1, 1500)]:
        for need in each.needs:
            cache.use(need.id, need.tokens, 1.0)
    assert cache.followed in {"steady", "slow", "lasting"}


@pytest.mark.parametrize("name", ["assistant", "clinic", "agent", "zipf", "drift"])
def test_ours_fares_as_well_as_the_best_of_the_others(name):
    *others, ours = compared(generated(name, 11, 1500), POLICIES)
    assert ours.score >= max(each.score for each in others)


@pytest.mark.parametrize("name", ["scan", "loop", "bursts", "sessions", "mixture"])
def test_ours_is_never_far_behind(name):
    *others, ours = compared(generated(name, 12, 1500), POLICIES)
    assert ours.score >= 0.97 * max(each.score for each in others)


@pytest.mark.parametrize("name", WORKLOADS)
def test_a_generated_workload_is_the_same_each_time_and_each_id_has_one_size(name):
    requests = generated(name, 5, 300)
    assert requests == generated(name, 5, 300)
    assert requests != generated(name, 6, 300)
    assert len(requests) >= 300 - 4
    assert all(one.at <= other.at for one, other in pairwise(requests))
    sizes = {}
    assert all(sizes.setdefault(need.id, need.tokens) == need.tokens > 0 for each in requests for need in each.needs)


def test_figures_are_what_they_say():
    one = Request(0.0, (Need("a", 100), Need("b", 50)), evidence=("a", "z"))
    costs = Costs()
    figures = replay(POLICIES[0], [one, Request(90.0, (Need("a", 100),))], 10**9, costs)
    assert (figures.needs, figures.hit_ratio, figures.tokens, figures.tokens_read) == (3, pytest.approx(1 / 3), 250, 150)
    spared = costs.read(100) - 100 * costs.load["ram"]
    assert figures.saved == pytest.approx(spared / (2 * costs.read(100) + costs.read(50)))
    assert figures.score == pytest.approx(figures.hit_ratio * figures.saved)
    assert figures.recall == 0.5
    assert figures.ttft < figures.ttft_text
    assert figures.bytes == 150 * costs.bytes["ram"]
    nothing = replay(POLICIES[3], [one, one], 0)
    assert (nothing.hit_ratio, nothing.ttft) == (0.0, nothing.ttft_text)
    assert replay(POLICIES[3], []).needs == 0


def test_a_trace_is_read_and_a_wrong_one_refused():
    rows = [json.loads(line) for line in CLINIC.read_text(encoding="utf-8").splitlines()]
    requests = [request_of(row) for row in rows]
    assert len(requests) == 273
    assert budget_of(requests, Costs()) > 0
    for wrong in (
        None,
        [],
        {},
        {"at": 1},
        {"at": "x", "needs": []},
        {"at": 1, "needs": [{"id": "a"}]},
        {"at": 1, "needs": [{"id": "a", "tokens": 0}]},
    ):
        with pytest.raises(InvalidCall):
            request_of(wrong)
    with pytest.raises(InvalidCall, match="assistant"):
        generated("nope")
