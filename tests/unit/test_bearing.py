"""Among the memories of one person hardly any ends another: rules, procedures, appointments and facts that only share words stand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from memos.operation.memlifecycle.agreement import moved, refused
from memos.operation.memlifecycle.supersession import Relation, Statement, judge, prepare

TESTS = Path(__file__).resolve().parents[1]
SCHEDULER = TESTS.parent / "evals" / "data" / "scheduler"
START = datetime(2026, 1, 1, 9, tzinfo=UTC)
GAPS = [timedelta(seconds=10), timedelta(days=30)]
LIKELY = 0.65


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


PAIRS = [row for row in _rows(TESTS / "succession.jsonl") if "label" in row]
NOTES = [row["text"] for row in _rows(TESTS / "succession.jsonl") if row["kind"] == "note"]
MONTH = [row["text"] for row in _rows(SCHEDULER / "month.jsonl") if row["kind"] == "memory"]
FACTS = [row["text"] for row in _rows(SCHEDULER / "facts_dev.jsonl")]


def _ended(pairs: Sequence[tuple[str, str]], gap: timedelta) -> list[tuple[str, str]]:
    """Of pairs of an earlier and a later note those in which the later one ends the earlier one, as consolidation decides it."""
    before = {old: prepare(Statement(old, None, START)) for old, _ in pairs}
    after = {new: prepare(Statement(new, None, START + gap)) for _, new in pairs}
    return [(old, new) for old, new in pairs if moved(old, new) or _succeeds(before[old], after[new])]


def _succeeds(old: Any, new: Any) -> bool:
    verdict = judge(old, new)
    likely = verdict.relation is Relation.SUPERSEDES and verdict.confidence >= LIKELY
    return likely and not refused(old.statement.text, new.statement.text, verdict.reason)


def _labelled(label: str) -> list[tuple[str, str]]:
    return [(row["old"], row["new"]) for row in PAIRS if row["label"] == label]


def test_the_pairs_are_many_and_differ() -> None:
    assert (len(_labelled("none")), len(_labelled("supersedes")), len(NOTES)) == (105, 56, 60)
    assert len({tuple(pair) for label in ("none", "supersedes") for pair in _labelled(label)}) == 161


@pytest.mark.parametrize("gap", GAPS, ids=["at once", "a month later"])
def test_what_shares_words_times_and_denials_ends_nothing(gap: timedelta) -> None:
    assert _ended(_labelled("none"), gap) == []


@pytest.mark.parametrize("gap", GAPS, ids=["at once", "a month later"])
def test_what_says_that_the_same_changed_ends_what_was(gap: timedelta) -> None:
    """Those missed announce the change in a way that the weights do not know, as "scrap the rule about …"."""
    assert len(_ended(_labelled("supersedes"), gap)) >= 50


@pytest.mark.parametrize("gap", GAPS, ids=["at once", "a month later"])
@pytest.mark.parametrize("texts", [MONTH + FACTS, NOTES], ids=["a month and facts", "notes"])
def test_no_memory_of_a_store_ends_another_in_whatever_order_they_come(texts: list[str], gap: timedelta) -> None:
    assert _ended(list(permutations(texts, 2)), gap) == []


@pytest.mark.parametrize(
    "new",
    [
        "No reminders before eight in the morning and none after nine at night.",
        "Never unlock the quay door before eight.",
        "The quay door is painted grey, no lights there.",
        "Closing: film off, count the donation box, lights off, alarm on, lock the quay door.",
    ],
)
def test_a_procedure_is_ended_by_no_rule_and_by_no_other_procedure(new: str) -> None:
    assert _ended([(MONTH[0], new)], GAPS[1]) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Never call me at lunch.", "You may call me at lunch again from now on."),
        ("Dogs are not allowed in the office.", "Dogs are allowed in the office now."),
        ("Labels for exhibits: two sentences, no adjectives.", "The labels for exhibits have changed: now three sentences instead of two."),
    ],
)
def test_a_rule_is_ended_by_what_names_it_and_says_that_it_changed(old: str, new: str) -> None:
    assert _ended([(old, new)], GAPS[1]) == [(old, new)]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("The garage holds one car.", "Ruben's brother sold the blue car."),  # somebody else's
        ("The hall is 4 metres long.", "Nothing hangs on the left wall of the hall."),  # left is a side
        ("Room 12 has no projector.", "The printer stands in room 304 now and then prints nothing."),
        ("The vet sees Bruno on the 5th.", "Bruno is no longer a puppy, he weighs 16 kilos."),
        ("Black tea with a slice of lemon.", "No salt in the soup for Grandpa, drops of lemon instead of it."),
    ],
)
def test_a_word_of_change_beside_something_else_ends_nothing(old: str, new: str) -> None:
    assert _ended([(old, new)], GAPS[1]) == []
