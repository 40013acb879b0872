"""Recall as a search gives it, out of fold: `python -m evals.retrieval.recall [--cache FOLDER] [SET ...]`.

Each fold fits one set of weights for all sets to the conversations that it keeps, and puts the questions of those that it leaves out to
`Retrieval`, with all that a search does: candidates, coverage, paths.
"""

import argparse
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from evals.encoded import Encoded
from evals.retrieval.crossval import FOLDS, folds, line
from evals.retrieval.data import ADVERSARIAL, all_examples, embedded, for_training, sets
from evals.retrieval.fitting import EVERYTHING, NAMESPACE, book_of, fit
from memos.memcube.call import MemoryQuery
from memos.operation.memoperator.features import LATE
from memos.operation.memoperator.retrieval import Retrieval
from memos.testing.retrieval_eval import average, score

LIMIT = 20
Rows = list[tuple[str, dict[str, float]]]


def searched(conversation: Mapping, known: Mapping[str, Encoded], weights: Mapping[str, Mapping[str, float]] | None = None) -> Rows:
    """The category and the measures of each question of a conversation; with no weights by those that are shipped."""
    view, retrieval, turns = book_of(conversation, known).view(), Retrieval(weights=weights), conversation["turns"]
    session_of, rows = {turn["id"]: turn["session"] for turn in turns}, Rows()
    for row in conversation["qa"]:
        vector, words = known[row["q"]]
        measures: dict[str, float] = {}
        for limit in (LIMIT, 10):
            query = MemoryQuery(text=row["q"], vector=vector, words=words, namespaces=(NAMESPACE,), limit=limit)
            hits = retrieval.retrieve(query, view, EVERYTHING, datetime.now(UTC)).hits
            found = score([turns[hit.row - 1]["id"] for hit in hits], row["ev"], session_of)
            measures |= found if limit == LIMIT else {name: found[name] for name in found if name.endswith(("@10", "@5"))}
        rows.append((str(row["cat"]), measures))
    return rows


def out_of_fold(data: Sequence[Sequence[Mapping]], cache: Path | None, count: int = FOLDS) -> list[Rows]:
    """For each set the rows of its questions, of the first `count` folds."""
    known = [embedded(one, cache) for one in data]
    found = [all_examples(one, cache, dense=True) for one in data]
    rows: list[Rows] = [[] for _ in data]
    for held_out in folds(data)[:count]:
        training = [for_training(one, held_out) for one in found]
        weights = {"late": fit(training), "dense": fit(training, LATE), "lexical": {}}
        for place, one in enumerate(data):
            for conversation in one:
                if conversation["id"] in held_out:
                    rows[place] += searched(conversation, known[place], weights)
    return rows


def by_category(rows: Rows) -> dict[str, float]:
    """R@10 of each category."""
    return {each: average([row for category, row in rows if category == each])["R@10"] for each in sorted({each for each, _ in rows})}


def answerable(rows: Rows) -> Rows:
    """Without the questions about what nobody said."""
    return [row for row in rows if row[0] != ADVERSARIAL]


def main() -> None:
    """Print a line for each set, and its categories."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="*", type=Path, help="retrieval sets; by default the development sets, or the shipped conversation")
    parser.add_argument("--cache", type=Path, help="a folder in which to keep vectors")
    options = parser.parse_args()
    for rows in out_of_fold(sets(options.sets), options.cache):
        print(line("all", answerable(rows)))
        for category in sorted({category for category, _ in rows}):
            print(line(f"    category {category}", [row for row in rows if row[0] == category]))


if __name__ == "__main__":
    main()
