"""What MemoryPathResolver gives: `python -m evals.retrieval.resolver [--cache FOLDER] [SET ...]`, R@10 and R@20 by category, off and on.

Out of fold: each fold leaves out conversations of every set. The weights of the ranking, and that of the further step, which is the one of
`GRID` that finds most at ten, see only the others. `as shipped` is on with the step's shipped weight.
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from evals.retrieval.crossval import folds
from evals.retrieval.data import ADVERSARIAL, all_examples, embedded, for_training, sets
from evals.retrieval.fitting import EVERYTHING, NAMESPACE, book_of, fit
from memos.memcube.call import MemoryQuery
from memos.memcube.rank import Rank
from memos.operation.memoperator.path_resolver import CONCEPT, WEIGHT
from memos.operation.memoperator.ranking import shipped_weights
from memos.operation.memoperator.retrieval import Retrieval
from memos.testing.retrieval_eval import average, score

GRID = (0.0, 1.0, 2.0, 3.0, 3.5, 4.0, 4.5, 5.0, 6.0)
LIMITS = (10, 20)
WAYS = ("off", "on", "as shipped")


@dataclass(frozen=True)
class Asked:
    """A question, what the ranking without the step and the step alone say of each turn that was found, and the evidence."""

    category: str
    scores: np.ndarray
    nearness: np.ndarray
    turns: tuple[str, ...]
    evidence: frozenset[str]
    sessions: Mapping[str, str]

    def measures(self, weight: float) -> dict[str, float]:
        """The measures with the step at a weight."""
        order = np.argsort(-(self.scores + weight * self.nearness), kind="stable")
        return score([self.turns[place] for place in order], self.evidence, self.sessions)


def questions(conversation: Mapping, vectors: Mapping, weights: Mapping[str, float]) -> list[Asked]:
    """The questions of a conversation, each searched once, along its path."""
    view, turns = book_of(conversation, vectors).view(), conversation["turns"]
    retrieval, found = Retrieval(weights={**shipped_weights(), "late": weights}), []
    sessions = {turn["id"]: turn["session"] for turn in turns}
    for row in conversation["qa"]:
        vector, words = vectors[row["q"]]
        rank = Rank(coverage="off")
        query = MemoryQuery(text=row["q"], vector=vector, words=words, namespaces=(NAMESPACE,), limit=1000, rank=rank)
        hits = retrieval.retrieve(query, view, EVERYTHING, datetime.now(UTC)).hits
        near = np.array([hit.why.get(CONCEPT, 0.0) for hit in hits])
        scores = np.array([hit.score for hit in hits]) - near
        ids = tuple(turns[hit.row - 1]["id"] for hit in hits)
        found.append(Asked(str(row["cat"]), scores, near / WEIGHT, ids, frozenset(row["ev"]), sessions))
    return found


def weight_for(known: Sequence[Asked]) -> float:
    """The weight of the step that finds most at ten, the least of equal ones."""
    on = [each for each in known if each.nearness.any() and each.category != ADVERSARIAL]
    return max(GRID, key=lambda weight: (round(sum(each.measures(weight)["R@10"] for each in on), 9), -weight))


def table(rows: Sequence[tuple[Asked, Mapping[str, Mapping[str, float]]]]) -> str:
    """One line a category: questions, those with a further step, R@10 and R@20 off, on and as shipped."""
    head = " ".join(f"R@{limit:<3d}{way:>10s}" for limit in LIMITS for way in WAYS)
    lines = [f"{'category':28s} {'n':>4s} {'on':>4s} {head}"]
    for category in [*sorted({asked.category for asked, _ in rows}), "all"]:
        chosen = [row for row in rows if row[0].category == category or (category == "all" and row[0].category != ADVERSARIAL)]
        means = {way: average([found[way] for _, found in chosen]) for way in WAYS}
        shown = " ".join(f"{means[way][f'R@{limit}']:15.1f}" for limit in LIMITS for way in WAYS)
        lines.append(f"{category:28s} {len(chosen):4d} {sum(bool(asked.nearness.any()) for asked, _ in chosen):4d} {shown}")
    return "\n".join(lines)


def main() -> None:
    """Print a table for each set, and the weight of the step in each fold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="*", type=Path, help="retrieval sets; by default the development sets, or the shipped conversation")
    parser.add_argument("--cache", type=Path, help="a folder in which to keep vectors")
    options = parser.parse_args()
    data = sets(options.sets)
    vectors = [embedded(one, options.cache) for one in data]
    examples = [all_examples(one, options.cache, dense=True) for one in data]
    rows: list[list] = [[] for _ in data]
    chosen = []
    for held_out in folds(data):
        weights = fit([for_training(one, held_out) for one in examples])
        asked = [{each["id"]: questions(each, known, weights) for each in one} for one, known in zip(data, vectors, strict=True)]
        chosen.append(weight_for([row for one in asked for name, known in one.items() if name not in held_out for row in known]))
        used = {"off": 0.0, "on": chosen[-1], "as shipped": WEIGHT}
        for place, one in enumerate(asked):
            mine = [row for name, known in one.items() if name in held_out for row in known]
            rows[place] += [(row, {way: row.measures(weight) for way, weight in used.items()}) for row in mine]
    for each in rows:
        print(table(each))
    print(f"the weight of the step in each fold: {', '.join(map(str, chosen))}")


if __name__ == "__main__":
    main()
