"""How well MemReader reads what a person labelled before it was written; a third of the labels was seen by nobody who wrote it."""

import pytest

from evals.reader.__main__ import main
from evals.reader.data import labelled
from evals.reader.ours import reads
from evals.reader.scoring import score

HELD = {
    "bearing_every_text": 1.0, "look_alikes_kept_whole": 1.0, "no_window_where_none": 1.0, "windows_requests": 0.95,
    "none_left_alone": 0.95, "subjects_requests_f1": 0.88, "intent_all": 0.82, "nothing_open_where_none": 0.94, "anchors": 0.6,
    "chains_exact": 0.6, "targets": 0.7, "contents": 0.7, "slots": 0.5, "standalone": 0.54,
}  # fmt: skip
"""What each figure of the unseen split must reach at least."""


def without_cost(figures: dict[str, float | int]) -> dict[str, float | int]:
    return {name: value for name, value in figures.items() if not name.startswith("cpu")}


@pytest.mark.proof(capability="reader", small=1, full=5)
def test_unseen_words_are_read_as_a_person_labelled_them(trials, record_proof):
    reader = reads()
    rounds = [score(labelled("unseen"), reader)[0] for _ in range(trials)]
    dev, _ = score(labelled("dev"), reader)
    cheapest = {name: min(each[name] for each in rounds) for name in ("cpu_ms_p50", "cpu_ms_p95")}
    record_proof(rounds=trials, unseen={**rounds[0], **cheapest}, dev=dev)
    assert all(without_cost(each) == without_cost(rounds[0]) for each in rounds)
    assert {name: rounds[0][name] for name, least in HELD.items() if rounds[0][name] < least} == {}


def test_what_is_printed_of_the_unseen_split_has_no_word_of_it(capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", ["evals.reader", "--split", "unseen", "--show"])
    main()
    printed, sets = capsys.readouterr().out, labelled("unseen")
    assert "intent_all" in printed
    assert [said.id for group in (sets.dialogues, sets.requests, sets.none, sets.chains) for said in group if said.text in printed] == []
