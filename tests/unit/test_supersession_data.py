"""The pairs on which supersession is judged keep their counts, their split and the variety that makes them hard."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

PAIRS = Path(__file__).resolve().parents[2] / "evals" / "data" / "supersession.jsonl"
SUPERSEDES = {
    "move": 12, "job": 12, "relationship": 9, "preference": 12, "number": 15, "contact": 6, "negation": 12,
    "plan": 12, "pet": 6, "schedule": 9, "ownership": 6, "health": 6, "name": 3,
}  # fmt: skip
LOOK_ALIKES = {
    "other_person": 12, "additional": 12, "past": 9, "hypothetical": 9, "question": 6, "reported": 9, "other_attribute": 12,
    "temporary": 9, "refinement": 9, "repetition": 9, "other_thing": 6, "other_time": 6, "wish": 6, "multi_valued": 6,
}  # fmt: skip
MOST_PAIRS_PER_FRAME = 3
CUES = re.compile(
    r"\b(no longer|any ?more|any longer|now|from (today|here) on|these days|instead|moved|changed?|switched|quit|left|stopped|gave up"
    r"|cancelled|postponed|new|sold|not since|replaced|raised|lowered|is off|scrap|forget|update)\b",
    re.IGNORECASE,
)

Pair = dict[str, Any]


@pytest.fixture(scope="module")
def pairs() -> list[Pair]:
    return [json.loads(line) for line in PAIRS.read_text(encoding="utf-8").splitlines()]


def test_every_line_has_exactly_the_fields_of_the_format(pairs: list[Pair]) -> None:
    for pair in pairs:
        assert set(pair) - {"note"} == {"id", "split", "kind", "old", "new", "label"}
        assert all(isinstance(pair[field], str) for field in pair.keys() - {"old", "new"})
        for half in (pair["old"], pair["new"]):
            assert set(half) == {"speaker", "text", "at"}
            assert half["speaker"] is None or half["speaker"].strip()
            assert half["text"]
            assert half["text"] == half["text"].strip()


def test_ids_are_unique_and_speak_of_the_kind_only(pairs: list[Pair]) -> None:
    assert len({pair["id"] for pair in pairs}) == len(pairs)
    assert [pair["id"] for pair in pairs if not re.fullmatch(pair["kind"].replace("_", "-") + r"-\d\d", pair["id"])] == []


def test_half_the_pairs_supersede_and_half_only_look_alike(pairs: list[Pair]) -> None:
    kinds = {label: Counter(pair["kind"] for pair in pairs if pair["label"] == label) for label in ("supersedes", "none")}
    assert kinds == {"supersedes": SUPERSEDES, "none": LOOK_ALIKES}
    assert sum(SUPERSEDES.values()) == sum(LOOK_ALIKES.values()) == 120
    assert len(pairs) == 240


def test_a_third_of_every_kind_is_unseen(pairs: list[Pair]) -> None:
    splits = Counter((pair["kind"], pair["split"]) for pair in pairs)
    assert {split for _, split in splits} == {"dev", "unseen"}
    for kind, count in (SUPERSEDES | LOOK_ALIKES).items():
        assert splits[kind, "unseen"] * 3 == count, kind


def test_the_new_memory_is_the_later_one(pairs: list[Pair]) -> None:
    for pair in pairs:
        assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:00Z", pair[half]["at"]) for half in ("old", "new")), pair["id"]
        assert datetime.fromisoformat(pair["old"]["at"]) < datetime.fromisoformat(pair["new"]["at"]), pair["id"]


def test_no_text_occurs_twice(pairs: list[Pair]) -> None:
    count = Counter(" ".join(words(text)) for pair in pairs for text in texts(pair))
    assert [text for text, times in count.items() if times > 1] == []


def test_the_kinds_of_speaker_are_mixed_under_both_labels(pairs: list[Pair]) -> None:
    for label in ("supersedes", "none"):
        speakers = Counter(kind_of_speaker(pair["new"]["speaker"]) for pair in pairs if pair["label"] == label)
        assert all(speakers[kind] >= 25 for kind in ("named", "user", "note")), speakers
    assert {pair["label"] for pair in pairs if pair["old"]["speaker"] != pair["new"]["speaker"]} == {"supersedes", "none"}


def kind_of_speaker(speaker: str | None) -> str:
    return {None: "note", "user": "user", "assistant": "assistant"}.get(speaker, "named")


@pytest.mark.parametrize("size", [5, 4])
def test_no_run_of_words_is_used_by_many_pairs(pairs: list[Pair], size: int) -> None:
    assert repeated(pairs, lambda tokens: [tuple(tokens[start : start + size]) for start in range(len(tokens) - size + 1)]) == {}


def test_few_pairs_open_with_the_same_frame(pairs: list[Pair]) -> None:
    assert repeated(pairs, lambda tokens: [tuple(tokens[:3])] if len(tokens) > 2 else []) == {}


def test_the_frames_see_through_names_and_numbers() -> None:
    lower = {"moved", "to", "in", "she", "has", "cats"}
    for text in ("Marek moved to Oslo in 2019.", "Astrid moved to Bergen in 2023."):
        assert slots(text, lower) == ["#", "moved", "to", "#", "in", "#"]
    assert slots("She has 2 cats", lower) == ["she", "has", "#", "cats"]


def repeated(pairs: list[Pair], frames_of: Callable[[list[str]], list[tuple[str, ...]]]) -> dict[tuple[str, ...], list[str]]:
    """The frames that more pairs use than allowed, with the ids of those pairs."""
    lower = {word for pair in pairs for text in texts(pair) for word in re.findall(r"[\w'’]+", text) if word == word.lower()}
    users: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for pair in pairs:
        for text in texts(pair):
            for frame in frames_of(slots(text, lower)):
                users[frame].add(pair["id"])
    return {frame: sorted(ids) for frame, ids in users.items() if len(ids) > MOST_PAIRS_PER_FRAME and set(frame) != {"#"}}


def slots(text: str, lower: set[str]) -> list[str]:
    """The words of a text, with # for a number and for a name: a capitalised word that nobody writes in lower case."""
    found = re.findall(r"[\w'’]+", text)
    return ["#" if any(letter.isdigit() for letter in word) or is_name(word, lower) else word.lower() for word in found]


def is_name(word: str, lower: set[str]) -> bool:
    return word[0].isupper() and word.partition("'")[0] != "I" and word.lower() not in lower


def test_cue_words_alone_do_not_tell_the_labels_apart(pairs: list[Pair]) -> None:
    fired = Counter(pair["label"] for pair in pairs if CUES.search(pair["new"]["text"]))
    assert fired["none"] >= 20
    assert fired["supersedes"] / fired.total() < 0.75
    assert fired["supersedes"] < 0.7 * sum(SUPERSEDES.values())


def test_shared_words_alone_do_not_tell_the_labels_apart(pairs: list[Pair]) -> None:
    for smallest in range(5):
        chosen = Counter(pair["label"] for pair in pairs if shared_words(pair) >= smallest)
        assert chosen["supersedes"] / chosen.total() < 0.7, smallest


def shared_words(pair: Pair) -> int:
    return len(set(words(pair["old"]["text"])) & set(words(pair["new"]["text"])))


def test_notes_explain_something(pairs: list[Pair]) -> None:
    notes = [pair["note"] for pair in pairs if "note" in pair]
    assert len(notes) >= 5
    assert all(len(words(note)) >= 2 for note in notes)


def texts(pair: Pair) -> tuple[str, str]:
    return pair["old"]["text"], pair["new"]["text"]


def words(text: str) -> list[str]:
    return "".join(letter.lower() if letter.isalnum() else " " for letter in text).split()
