"""Fit the weights that MemOS ships: `python -m evals.retrieval.train [--cache FOLDER] [SET ...]`. The same sets give the same weights."""

import argparse
import json
from pathlib import Path

from evals.retrieval.data import ROOT, all_examples, for_training, sets
from evals.retrieval.fitting import fit
from memos.operation.memoperator.features import LATE

WEIGHTS = ROOT / "src" / "memos" / "operation" / "memoperator" / "weights.json"


def main() -> None:
    """Fit the three weight sets jointly to all sets named and write them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="*", type=Path, help="retrieval sets; by default the development sets, or the shipped conversation")
    parser.add_argument("--cache", type=Path, help="a folder in which to keep vectors")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    options = parser.parse_args()
    data = sets(options.sets)
    with_vectors, without = ([for_training(all_examples(each, options.cache, dense=dense)) for each in data] for dense in (True, False))
    weights = {"late": fit(with_vectors), "dense": fit(with_vectors, LATE), "lexical": fit(without)}
    options.out.write_text(json.dumps(weights, indent=2) + "\n", encoding="utf-8")
    print(f"wrote {options.out}")


if __name__ == "__main__":
    main()
