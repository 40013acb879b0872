"""How often supersession is claimed in real talk: `python -m evals.lifecycle.talk [--show] [FILE ...]`.

Each turn is judged against its eight lexically nearest earlier turns. By default the shipped conversations.
"""

import argparse
import time
from pathlib import Path

from evals.lifecycle.pairs import DATA, load_talks, talk_pairs
from memos.operation.memlifecycle.supersession import CONFIDENT, Relation, judge


def main() -> None:
    """Print the claims per thousand turns, how long a judgement takes, and with --show the confident claims."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--show", action="store_true", help="print the confident claims")
    options = parser.parse_args()
    paths = options.files or [DATA / "harbour.json"]
    turns = sum(len(talk["turns"]) for talk in load_talks(paths))
    pairs = list(talk_pairs(paths))
    began = time.process_time()
    judged = [judge(pair.old, pair.new) for pair in pairs]
    spent = time.process_time() - began
    claims = [(verdict, pair) for verdict, pair in zip(judged, pairs, strict=True) if verdict.relation is Relation.SUPERSEDES]
    confident = [(verdict, pair) for verdict, pair in claims if verdict.confidence >= CONFIDENT]
    repeats = sum(verdict.relation is Relation.REPEATS for verdict in judged)
    print(f"{turns} turns, {len(pairs)} pairs, {spent / max(1, len(pairs)) * 1e6:.0f} µs per judgement of two readings")
    for name, count in (("superseding", len(claims)), ("confident", len(confident)), ("repeating", repeats)):
        print(f"{name}: {count}, {1000 * count / turns:.1f} per 1,000 turns")
    for verdict, pair in confident if options.show else ():
        print(f"{verdict.confidence:.2f} {verdict.reason}")
        for turn in (pair.earlier, pair.later):
            print(f"    {turn['date'][:10]} {turn['speaker']}: {turn['text'][:300]}")


if __name__ == "__main__":
    main()
