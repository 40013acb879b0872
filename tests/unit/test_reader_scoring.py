"""The labels of MemReader and the scorer that counts by them: a reading as labelled is all right, one that knows nothing is not."""

from typing import get_args

import pytest

from evals.reader.data import HELD_BACK, Labelled, Said, labelled, splits
from evals.reader.matching import labelled_span, right_words, same_phrase, stems
from evals.reader.scoring import score, shown
from memos.memcube.call import CubeDraft, MemoryCall, MemoryQuery
from memos.memcube.reading import Intent, Output, Reading, Schedule, Slot, TimePhrase, Unresolved
from memos.memcube.window import Window
from memos.ports.clock import SystemClock

NEW_ID = SystemClock().new_id
SPLITS = splits()
LEAST = {"dev": (140, 120, 60, 40), "more_a": (110, 150, 50, 45), "unseen": (70, 60, 40, 30)}


def window_of(said: Said, label: dict | None) -> Window | None:
    start, end = (each and each.replace(tzinfo=said.now.tzinfo) for each in labelled_span(label))
    return Window(start=start, end=end) if start or end else None


def operation_of(label: dict, then: tuple[MemoryCall, ...] = (), **more: object) -> MemoryCall:
    options = {key: label[key] for key in ("to", "mode") if label.get(key)}
    drafts = (CubeDraft(text=label["text"]),) if label.get("text") else ()
    query = MemoryQuery(text=label.get("target") or "", window=more.pop("window", None))
    return MemoryCall(
        id=NEW_ID(), operation="search", intent=label["intent"], options=options, drafts=drafts, query=query, then=then, **more
    )


def as_labelled(said: Said) -> MemoryCall:
    """The call that a reader would make who understands just what the label says."""
    label, text = said.label, said.text
    if "operations" in label:
        first, *rest = label["operations"]
        return operation_of(first, tuple(operation_of(each) for each in rest))
    schedule = Schedule(rule=label.get("schedule"), event=label.get("event"))
    reading = Reading(
        said=text,
        standalone=" ".join((*label.get("must", ()), label.get("standalone", ""))),
        confidence=1,
        topics=label.get("topics", ()),
        entities=label.get("entities", ()),
        output=label.get("output", "memories"),
        times=tuple(TimePhrase(text="", start=0, end=0, window=window_of(said, each)) for each in label.get("windows", ())),
        slots=tuple(Slot(**{key: slot[key] for key in ("name", "words", "value", "turn")}) for slot in label.get("slots", ())),
        unresolved=tuple(Unresolved(kind=kind.split("/")[0], text=text, reason="labelled") for kind in label.get("unresolved", ())),
        schedule=schedule,
    )
    more = {"anchors": label.get("anchors", ()), "bearing": label.get("bearing", "during"), "window": window_of(said, label.get("window"))}
    then = tuple(operation_of({"intent": intent}) for intent in label.get("then", ()))
    return operation_of(label, then, reading=reading, **more)


def knowing_nothing(said: Said) -> MemoryCall:
    return MemoryCall(id=NEW_ID(), operation="search", reading=Reading(said=said.text, standalone=said.text, confidence=0))


@pytest.mark.parametrize("split", SPLITS)
def test_a_reading_as_labelled_is_right_in_every_figure(split: str) -> None:
    figures, missed = score(labelled(split), as_labelled)
    shares = {name: value for name, value in figures.items() if not name.endswith("_of") and not name.startswith("cpu")}
    assert {name for name, value in shares.items() if value != 1} == set(), [(each.figure, each.said.id) for each in missed]
    assert {"intent_all", "subjects_all_f1", "anchors", "slots", "standalone", "chains_exact", "none_left_alone", "targets"} < set(shares)


def test_a_reader_that_knows_nothing_is_told_so() -> None:
    figures, missed = score(labelled("dev"), knowing_nothing)
    assert max(figures[name] for name in ("subjects_all_f1", "anchors", "slots", "chains_exact", "none_left_alone", "targets")) == 0
    assert figures["intent_all"] < 0.6
    assert any("chains_exact" in line for line in shown(missed))


def test_a_reader_that_fails_is_counted_and_ends_nothing() -> None:
    figures, _ = score(labelled("dev"), lambda said: 1 / 0)
    assert (figures["bearing_every_text"], figures["intent_all"], figures["none_left_alone"]) == (0, 0, 0)


@pytest.mark.parametrize("split", SPLITS)
def test_labels_are_whole(split: str) -> None:
    sets = labelled(split)
    counts = tuple(map(len, (sets.dialogues, sets.requests, sets.none, sets.chains)))
    assert all(count >= least for count, least in zip(counts, LEAST.get(split, (1, 1, 1, 1)), strict=True))
    assert split not in LEAST or {said.intent for said in sets.requests} == set(get_args(Intent)) - {"none"}
    for said in (*sets.dialogues, *sets.requests):
        assert said.intent in get_args(Intent)
        assert said.label.get("output", "memories") in get_args(Output)
        assert all(0 <= turn < len(said.before) for slot in said.label.get("slots", ()) for turn in (slot["turn"], *slot.get("also", ())))
        assert all(slot["words"].lower() in said.text.lower() for slot in said.label.get("slots", ()))


def test_nothing_unseen_is_among_what_is_built_with() -> None:
    def texts(sets: Labelled) -> set[str]:
        return {said.text.casefold().strip(" .!?") for said in (*sets.requests, *sets.none, *sets.chains)}

    seen = {name for name in SPLITS if name != HELD_BACK}
    assert [name for name in seen if texts(labelled(name)) & texts(labelled(HELD_BACK))] == []


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("meeting notes", "note meeting places", False),
        ("meeting notes", "notes", True),
        ("my old medication", "medications", True),
        ("oat milk", "oats", False),
        ("Bob's birthday", "birthday", True),
    ],
)
def test_topics_match_by_stems_and_head(one: str, other: str, same: bool) -> None:
    assert same_phrase(one, other) is same


def test_words_are_right_with_little_beside_them() -> None:
    assert right_words("the old plan from Basel", "old plan")
    assert right_words("duplicates of the client list", "duplicates (client list)")
    assert right_words("duplicates", "duplicates (client list)")
    assert right_words("the note about the boiler", "boiler")
    assert not right_words("plan", "old plan")
    assert not right_words("", "(old plan)")
    assert not right_words("new dose to my medication notes", "medication notes")
    assert stems("£4,600 in May") == ("4600", "may")
