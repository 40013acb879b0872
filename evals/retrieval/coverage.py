"""What coverage gives: `python -m evals.retrieval.coverage [--cache FOLDER] [SET ...]`, R@10 and R@20 by category, off and auto."""

import argparse
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from evals.retrieval.crossval import DEPTH
from evals.retrieval.data import embedded, sets
from evals.retrieval.fitting import EVERYTHING, NAMESPACE, book_of
from memos.memcube.call import MemoryQuery
from memos.memcube.rank import Rank
from memos.operation.memoperator.coverage import shape_of
from memos.operation.memoperator.retrieval import Retrieval
from memos.testing.retrieval_eval import average, score

LIMITS = (10, 20)


def rows_of(conversation: Mapping, vectors: Mapping, coverage: str) -> list[tuple[str, bool, dict[str, float]]]:
    """Of every question its category, whether coverage is on for it, and the measures of what is answered at each limit."""
    view, retrieval, turns = book_of(conversation, vectors).view(), Retrieval(), conversation["turns"]
    sessions, found = {turn["id"]: turn["session"] for turn in turns}, []
    for row in conversation["qa"]:
        vector, words = vectors[row["q"]]
        query = MemoryQuery(text=row["q"], vector=vector, words=words, namespaces=(NAMESPACE,), rank=Rank(coverage=coverage))
        measures: dict[str, float] = {}
        for limit in (DEPTH, *reversed(LIMITS)):
            hits = retrieval.retrieve(query.model_copy(update={"limit": limit}), view, EVERYTHING, datetime.now(UTC)).hits
            measured = score([turns[hit.row - 1]["id"] for hit in hits], row["ev"], sessions)
            measures |= measured if limit == DEPTH else {f"R@{limit}": measured[f"R@{limit}"]}
        found.append((str(row["cat"]), shape_of(query) is not None, measures))
    return found


def table(off: Sequence[tuple], auto: Sequence[tuple]) -> str:
    """One line a category: questions, those for which it is on, R@10 and R@20 without and with it."""
    lines = [f"{'category':28s} {'n':>4s} {'on':>4s} " + " ".join(f"{f'R@{limit}':>6s} {'auto':>6s}" for limit in LIMITS)]
    for category in [*sorted({row[0] for row in off}), "all"]:
        without, spread = ([row for row in rows if category in {row[0], "all"}] for rows in (off, auto))
        means = [average([row[2] for row in rows]) for rows in (without, spread)]
        shown = " ".join(f"{mean[f'R@{limit}']:6.1f}" for limit in LIMITS for mean in means)
        lines.append(f"{category:28s} {len(without):4d} {sum(row[1] for row in spread):4d} {shown}")
    return "\n".join(lines)


def main() -> None:
    """Print a table for each set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="*", type=Path, help="retrieval sets; by default the development sets, or the shipped conversation")
    parser.add_argument("--cache", type=Path, help="a folder in which to keep vectors")
    options = parser.parse_args()
    for conversations in sets(options.sets):
        vectors = embedded(conversations, options.cache)
        off, auto = ([row for each in conversations for row in rows_of(each, vectors, mode)] for mode in ("off", "auto"))
        print(table(off, auto))


if __name__ == "__main__":
    main()
