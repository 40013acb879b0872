"""Fits the weights by which the antecedent of a pronoun is chosen: `python -m evals.reader.fitting [--splits dev more_a] [--folds 4]`.

A coordinate search: each weight in turn is moved up and down, and a move is kept where more labelled slots come out right (a wrong slot
counts a quarter against). With folds, the weights that are fitted on the other conversations are scored on those left out.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence

from evals.reader.data import HELD_BACK, Said, labelled
from evals.reader.matching import right_slot, told_by
from memos.interface.memreader.dialogue import Turn, ranking, standalone

STEPS = (0.8, -0.8, 0.4, -0.4)
WRONG = 0.25
DRIFT = 0.02
"""What a weight that is moved away from where the search began costs for each unit, so that only what pays for itself is moved."""


def worth(weights: Sequence[float], said: Iterable[Said]) -> tuple[float, int]:
    """How much the slots are worth that come out right with some weights, and how many are right."""
    ranking.use(tuple(weights))
    right = wrong = 0
    for each in said:
        turns = [Turn(role, text) for role, text in each.before]
        slots = standalone(each.text, turns, now=each.now).slots
        right += sum(right_slot(slot, slots) for slot in each.label.get("slots", ()))
        wrong += sum(not told_by(slot, each.label, each.text) for slot in slots)
    return right - WRONG * wrong, right


def fit(said: Sequence[Said], start: Sequence[float], rounds: int) -> list[float]:
    """The weights that are worth most."""
    best, value = list(start), worth(start, said)[0]
    for _ in range(rounds):
        before = value
        for i in range(len(best)):
            for step in STEPS:
                tried = [*best]
                tried[i] += step
                drift = DRIFT * sum(abs(a - b) for a, b in zip(tried, start, strict=True))
                got = worth(tried, said)[0] - drift
                if got > value + 1e-9:
                    best, value = tried, got
        if value == before:
            break
    return best


def main() -> None:
    """The weights, and with folds how they do on conversations that they were not fitted on."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--splits", nargs="+", default=["dev", "more_a"])
    parser.add_argument("--folds", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    if HELD_BACK in options.splits:
        parser.error("the split that is held back is not for fitting")
    said = [each for split in options.splits for each in labelled(split).dialogues if each.label.get("slots")]
    start = list(ranking.weights())
    names = sorted({each.id.rsplit(":", 1)[0] for each in said})
    print("as they are", worth(start, said))
    left_out = was = 0
    for fold in range(options.folds):
        out = set(names[fold :: options.folds])
        held = [each for each in said if each.id.rsplit(":", 1)[0] in out]
        was += worth(start, held)[1]
        left_out += worth(fit([each for each in said if each not in held], start, options.rounds), held)[1]
    if options.folds:
        print(f"on conversations left out: {left_out} right with fitted weights, {was} with those before")
    fitted = fit(said, start, options.rounds)
    print("fitted", worth(fitted, said))
    print(json.dumps({name: round(weight, 2) for name, weight in zip(ranking.FEATURES, fitted, strict=True)}))


if __name__ == "__main__":
    main()
