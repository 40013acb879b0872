"""Prints how well MemReader reads, and what it costs: `python -m evals.reader [--split dev|…|unseen] [--show]`."""

from __future__ import annotations

import argparse
from collections import Counter

from evals.reader.data import HELD_BACK, labelled, splits
from evals.reader.ours import reads
from evals.reader.scoring import score, shown


def main() -> None:
    """All figures, one line each; with --show what was missed, except of the split that is held back."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--split", choices=splits(), default="dev")
    parser.add_argument(
        "--show", nargs="?", const="", help="show what was missed, of figures whose name begins so; never of the unseen split"
    )
    options = parser.parse_args()
    figures, missed = score(labelled(options.split), reads())
    if options.show is not None and options.split != HELD_BACK:
        print(*shown(each for each in missed if each.figure.startswith(options.show)), sep="\n", end="\n\n")
    for name, value in figures.items():
        if not name.endswith("_of"):
            of = figures.get(f"{name}_of")
            print(f"{name:28} {value:.3f}" + (f"  of {of}" if of is not None else ""))
    mixed_up = Counter((each.wanted, each.given) for each in missed if each.figure == "intent_all")
    for (wanted, given), count in mixed_up.most_common():
        print(f"{wanted} read as {given}: {count}")


if __name__ == "__main__":
    main()
