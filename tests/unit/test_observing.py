"""What answers took, as the scheduler hears of it."""

import pytest

from memos.interface.memory_api.observing import USUAL, Observed
from memos.memcube.prompt import TokenUsage


def usage(prompt, cached, factor=1.0):
    computed = prompt - cached
    return TokenUsage(prompt=prompt, completion=5, cached=cached, computed=computed, first_seconds=factor * USUAL.read(computed, cached))


def test_nothing_observed_is_the_usual():
    observed = Observed()
    assert observed.hit_rate == 0.0
    assert observed.costs() is None


@pytest.mark.parametrize("factor", [0.1, 1.0, 7.0])
def test_costs_are_scaled_by_what_reading_took(factor):
    observed = Observed()
    for _ in range(5):
        observed.note(usage(400, 100, factor))
    assert observed.costs().read(300) == pytest.approx(factor * USUAL.read(300))
    assert observed.costs().train == pytest.approx(factor * USUAL.train)
    assert observed.hit_rate == pytest.approx(0.25)


def test_the_last_answers_weigh_most():
    observed = Observed()
    for cached in [0] * 30 + [380] * 30:
        observed.note(usage(400, cached))
    assert observed.hit_rate > 0.85


def test_what_tells_nothing_changes_nothing_and_nonsense_is_bounded():
    observed = Observed()
    observed.note(TokenUsage(prompt=100, completion=1))
    observed.note(TokenUsage(prompt=10, completion=1, cached=2, computed=8, first_seconds=90.0))
    assert observed.costs() is None
    observed.note(TokenUsage(prompt=100, completion=1, cached=0, computed=100, first_seconds=1e9))
    assert observed.costs().linear == 50 * USUAL.linear


def test_an_engine_that_keeps_a_cache_is_given_credit_until_it_tells_otherwise():
    observed = Observed(keeps=True)
    assert observed.hit_rate == pytest.approx(0.5)
    for _ in range(60):
        observed.note(usage(400, 0))
    assert observed.hit_rate < 0.01
