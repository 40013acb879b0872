"""What a search finds of the evidence, as a search gives it."""

import pytest

from evals.retrieval.data import SHIPPED, embedded, sets
from evals.retrieval.recall import answerable, by_category, out_of_fold, searched
from memos.testing.retrieval_eval import average, load

FOLDS = 5
FLOORS = {"R@10": 82.0, "R@20": 87.0, "MRR": 66.0}
"""Out of fold on the first development set; a little below what was measured."""


@pytest.mark.proof(capability="recall", small=1, full=FOLDS)
def test_the_evidence_is_found(trials, record_proof, tmp_path):
    """Small: the shipped conversations by the shipped weights. At full size: the development sets, where they are at hand, out of fold."""
    if trials < FOLDS:
        data = load(SHIPPED[0])
        rows = [row for each in data for row in searched(each, embedded([each], None))]
        means = average([row for _, row in answerable(rows)])
        record_proof(questions=means["n"], r_at_10=means["R@10"])
        assert means["R@10"] >= 85
        assert means["MRR"] >= 70
        return
    found = [answerable(rows) for rows in out_of_fold(sets(), tmp_path, trials)]
    figures = {}
    for number, rows in enumerate(found, 1):
        means = average([row for _, row in rows])
        figures[f"set_{number}"] = {"questions": means["n"]} | {name: round(means[name], 1) for name in FLOORS}
        figures[f"set_{number}_by_category"] = {name: round(value, 1) for name, value in by_category(rows).items()}
    record_proof(folds=trials, **figures)
    assert all(figures["set_1"][name] >= floor for name, floor in FLOORS.items())
