"""Out-of-fold quality of the fusion: `python -m evals.retrieval.crossval [--cache FOLDER] [SET ...]`.

Each fold leaves out conversations of every set, fits one joint set of weights to the others, and scores the questions of those left out.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

from evals.retrieval.data import ADVERSARIAL, all_examples, for_training, sets
from evals.retrieval.fitting import Example, fit, order_by
from memos.operation.memoperator.features import LATE
from memos.testing.retrieval_eval import average, score

FOLDS = 5
DEPTH = 200
SHOWN = ("R@5", "R@10", "R@20", "Hit@10", "All@10", "MRR", "nDCG@10", "session R@5")


def folds(data: Sequence[Sequence[Mapping]]) -> list[frozenset[str]]:
    """The conversations that each fold leaves out, of each set a fifth in file order."""
    return [
        frozenset(each["id"] for one in data for each in one[fold * len(one) // FOLDS : (fold + 1) * len(one) // FOLDS])
        for fold in range(FOLDS)
    ]


def out_of_fold(
    data: Sequence[Sequence[Mapping]], found: Sequence[Sequence[Example]], without: Sequence[str] = ()
) -> list[list[tuple[str, dict[str, float]]]]:
    """For each set the category and the measures of every question, by weights that never saw its conversation."""
    turns = {each["id"]: each["turns"] for one in data for each in one}
    rows: list[list[tuple[str, dict[str, float]]]] = [[] for _ in data]
    for held_out in folds(data):
        weights = fit([for_training(one, held_out) for one in found], without)
        for place, one in enumerate(found):
            rows[place] += [
                (example.category, measures(example, turns[example.conversation], weights))
                for example in one
                if example.conversation in held_out
            ]
    return rows


def measures(example: Example, turns: Sequence[Mapping], weights: Mapping[str, float]) -> dict[str, float]:
    """How well the weights rank the turns for one question."""
    ids = [turn["id"] for turn in turns]
    ranked = [ids[place] for place in order_by(example, weights)[:DEPTH]]
    return score(ranked, [ids[place] for place in example.evidence], {turn["id"]: turn["session"] for turn in turns})


def line(label: str, rows: Sequence[tuple[str, dict[str, float]]]) -> str:
    """One row of the table."""
    means = average([row for _, row in rows])
    return f"{label:32s} {means['n']:5d} " + " ".join(f"{means[name]:11.1f}" for name in SHOWN)


def main() -> None:
    """Print the table: with an embedder that tells of words, with one that does not, with none."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="*", type=Path, help="retrieval sets; by default the development sets, or the shipped conversation")
    parser.add_argument("--cache", type=Path, help="a folder in which to keep vectors")
    options = parser.parse_args()
    data = sets(options.sets)
    names = [path.stem.partition(".")[0] for path in options.sets] or [f"set {place}" for place in range(1, len(data) + 1)]
    print(" " * 38 + " ".join(f"{name:>11s}" for name in SHOWN))
    variants = (("late interaction", True, ()), ("one vector", True, LATE), ("words alone", False, ()))
    for label, dense, without in variants:
        found = [all_examples(each, options.cache, dense=dense) for each in data]
        for name, rows in zip(names, out_of_fold(data, found, without), strict=True):
            print(line(f"{label}, {name}", [row for row in rows if row[0] != ADVERSARIAL]))
            for category in sorted({category for category, _ in rows}):
                print(line(f"    category {category}", [row for row in rows if row[0] == category]))


if __name__ == "__main__":
    main()
