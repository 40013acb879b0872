"""The conversations that ship with the evaluations keep the shape their readers rely on."""

import json
from collections import Counter
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

HARBOUR = Path(__file__).resolve().parents[2] / "evals" / "data" / "harbour.json"
MULTI_HOP, TEMPORAL, OPEN_DOMAIN, SINGLE_HOP, ADVERSARIAL = range(1, 6)

Conversation = dict[str, Any]


@pytest.fixture(scope="module")
def conversations() -> list[Conversation]:
    loaded: list[Conversation] = json.loads(HARBOUR.read_text(encoding="utf-8"))
    return loaded


def named(conversations: list[Conversation], name: str) -> Conversation:
    return next(each for each in conversations if each["id"] == name)


def test_ids_are_unique_across_the_file(conversations: list[Conversation]) -> None:
    assert [each["id"] for each in conversations] == ["harbour", "assistant"]
    turn_ids = [turn["id"] for each in conversations for turn in each["turns"]]
    assert [name for name, count in Counter(turn_ids).items() if count > 1] == []


def test_every_object_has_exactly_the_fields_of_the_format(conversations: list[Conversation]) -> None:
    turn_types = {"id": str, "session": int, "date": str, "speaker": str, "text": str, "caption": str}
    for each in conversations:
        assert set(each) == {"id", "speakers", "turns", "qa"}
        assert all({field: type(value) for field, value in turn.items()} == turn_types for turn in each["turns"])
        assert all({field: type(value) for field, value in row.items()} == {"q": str, "cat": int, "ev": list} for row in each["qa"])


def test_texts_are_filled_in_and_speakers_are_the_declared_pair(conversations: list[Conversation]) -> None:
    for each in conversations:
        assert len(each["speakers"]) == 2
        assert {turn["speaker"] for turn in each["turns"]} == set(each["speakers"])
        assert all(turn["text"] and turn["text"] == turn["text"].strip() for turn in each["turns"])
        assert not [turn["id"] for turn in each["turns"] if "{{" in turn["text"] or "}}" in turn["text"]]


def test_sessions_run_from_one_upward_and_dates_never_go_back(conversations: list[Conversation]) -> None:
    for each in conversations:
        sessions = [turn["session"] for turn in each["turns"]]
        assert sessions == sorted(sessions)
        assert set(sessions) == set(range(1, max(sessions) + 1))
        dates = [datetime.fromisoformat(turn["date"]) for turn in each["turns"]]
        assert all(earlier <= later for earlier, later in pairwise(dates))
        assert len(set(zip(sessions, dates, strict=True))) == len(set(dates)) == len(set(sessions))


def test_every_question_names_existing_evidence_in_the_order_of_the_talk(conversations: list[Conversation]) -> None:
    for each in conversations:
        position = {turn["id"]: index for index, turn in enumerate(each["turns"])}
        for row in each["qa"]:
            assert row["ev"], row["q"]
            places = [position[name] for name in row["ev"]]
            assert all(earlier < later for earlier, later in pairwise(places)), row["q"]


def test_every_question_is_asked_once(conversations: list[Conversation]) -> None:
    questions = [row["q"] for each in conversations for row in each["qa"]]
    assert len(questions) == len(set(questions))
    assert [question for question in questions if not question.endswith("?")] == []


def test_every_category_is_present_and_multi_hop_needs_two_turns(conversations: list[Conversation]) -> None:
    for each in conversations:
        count = Counter(row["cat"] for row in each["qa"])
        assert set(count) == {MULTI_HOP, TEMPORAL, OPEN_DOMAIN, SINGLE_HOP, ADVERSARIAL}
        assert count[ADVERSARIAL] < len(each["qa"]) / 10
        assert [row["q"] for row in each["qa"] if row["cat"] == MULTI_HOP and len(row["ev"]) < 2] == []


def test_no_question_repeats_its_evidence_word_for_word(conversations: list[Conversation]) -> None:
    for each in conversations:
        texts = {turn["id"]: words(turn["text"]) for turn in each["turns"]}
        for row in each["qa"]:
            asked = words(row["q"])
            runs = {tuple(asked[start : start + 6]) for start in range(len(asked) - 5)}
            for name in row["ev"]:
                said = texts[name]
                assert runs.isdisjoint(tuple(said[start : start + 6]) for start in range(len(said) - 5)), row["q"]


def words(text: str) -> list[str]:
    return "".join(letter.lower() if letter.isalnum() else " " for letter in text).split()


@pytest.mark.parametrize(
    ("name", "sessions", "turns", "questions", "days"),
    [("harbour", 10, 240, 60, 280), ("assistant", 4, 60, 20, 60)],
)
def test_the_conversations_are_long_enough_to_be_searched(
    conversations: list[Conversation], name: str, sessions: int, turns: int, questions: int, days: int
) -> None:
    each = named(conversations, name)
    dates = [datetime.fromisoformat(turn["date"]) for turn in each["turns"]]
    assert each["turns"][-1]["session"] >= sessions
    assert len(each["turns"]) >= turns
    assert len(each["qa"]) >= questions
    assert (dates[-1] - dates[0]).days >= days


def test_the_two_kinds_of_talk_differ_as_intended(conversations: list[Conversation]) -> None:
    friends, assistant = named(conversations, "harbour"), named(conversations, "assistant")
    assert assistant["speakers"] == ["user", "assistant"]
    assert sum(bool(turn["caption"]) for turn in friends["turns"]) >= 10
    assert mean_words(assistant) > 2 * mean_words(friends)


def mean_words(conversation: Conversation) -> float:
    return sum(len(words(turn["text"])) for turn in conversation["turns"]) / len(conversation["turns"])
