"""Fits the weights of the supersession detector: `python -m evals.lifecycle.train [--talk FILE ...] [--check]`.

Learnt from: the development pairs of `supersession.jsonl`, all of `supersession_more.jsonl`, and, as examples of what does not supersede,
each turn of whole talks with its eight lexically nearest earlier turns (the shipped conversations, and those named by --talk). The few true
changes among the latter are noise that the weights bear. Prints out-of-fold figures for the pairs, five folds over kinds, then
writes `weights.json`; --check only prints.
"""

import argparse
import json
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from evals.lifecycle.pairs import DATA, load_pairs, statement, talk_pairs
from memos.operation import memlifecycle
from memos.operation.memlifecycle.features import unit_features
from memos.operation.memlifecycle.statements import prepare
from memos.operation.memlifecycle.supersession import DECISION

WEIGHTS = Path(memlifecycle.__path__[0]) / "weights.json"
FOLDS = 5
L2 = 2.0
TALK = 100.0
"""The pairs of the talks together weigh as much as so many labelled pairs."""
ROUNDS, STEPS = 3, 15
RULE = "borne"
"""A condition of a verdict, which is not weighed; what is printed leaves it out."""


class Bags:
    """Pairs of texts, each a bag of the features of its pairs of units; `owner` tells the bag of each row."""

    def __init__(self, bags: Sequence[Sequence[Mapping[str, float]]], names: Mapping[str, int]) -> None:
        self.size = len(bags)
        self.owner = np.array([place for place, bag in enumerate(bags) for _ in bag], int)
        self.rows = np.zeros((len(self.owner), len(names) + 1))
        self.rows[:, -1] = 1
        for row, features in zip(self.rows, (features for bag in bags for features in bag), strict=True):
            for name in features.keys() & names.keys():
                row[names[name]] = features[name]

    def best(self, values: np.ndarray, nothing: float) -> np.ndarray:
        """The highest value of each bag."""
        found = np.full(self.size, nothing)
        np.maximum.at(found, self.owner, values)
        return found


def sigmoid(odds: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-np.clip(odds, -40, 40)))


def regress(rows: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Logistic regression by Newton's method; the bias, in the last column, is not drawn to 0."""
    penalty = np.eye(rows.shape[1]) * L2
    penalty[-1, -1] = 1e-3
    beta = np.zeros(rows.shape[1])
    for _ in range(STEPS):
        p = sigmoid(rows @ beta)
        slope = rows.T @ (weights * (p - labels)) + penalty @ beta
        beta -= np.linalg.solve((rows * (weights * p * (1 - p))[:, None]).T @ rows + penalty, slope)
    return beta


def fit(pairs: Bags, labels: np.ndarray, chosen: np.ndarray, talk: Bags, spoken: np.ndarray) -> np.ndarray:
    """Weights from the chosen pairs and rows of talk; of a superseding pair only the units that speak most for it count."""
    counts = np.bincount(pairs.owner, minlength=pairs.size)[pairs.owner]
    positive, inside = labels[pairs.owner] == 1, chosen[pairs.owner]
    beta = None
    for _ in range(ROUNDS):
        if beta is None:
            share = np.where(positive, 1 / counts, counts**-0.5)
        else:
            odds = pairs.rows @ beta
            share = np.where(positive, odds >= pairs.best(odds, -np.inf)[pairs.owner], counts**-0.5)
        rows = np.vstack([pairs.rows[inside], talk.rows[spoken]])
        told = np.r_[labels[pairs.owner][inside], np.zeros(spoken.sum())]
        beta = regress(rows, told, np.r_[share[inside], np.full(spoken.sum(), TALK / len(talk.rows))])
    return beta


def folds(kinds: Sequence[str]) -> np.ndarray:
    """The fold of each pair, every kind spread over all folds; drawn from a fixed seed."""
    chance = random.Random(1)
    places = defaultdict(list)
    for place, kind in enumerate(kinds):
        places[kind].append(place)
    found = np.zeros(len(kinds), int)
    for kind, members in sorted(places.items()):
        chance.shuffle(members)
        for at, place in enumerate(members):
            found[place] = (at + len(kind)) % FOLDS
    return found


def line(name: str, labels: np.ndarray, probabilities: np.ndarray) -> str:
    """Precision and recall at several thresholds."""
    cells = []
    for threshold in (0.4, 0.5, DECISION, 0.7, 0.8):
        claimed = probabilities >= threshold
        right = (claimed & (labels == 1)).sum()
        cells.append(f"{threshold:.2f}: {right / max(1, claimed.sum()):.3f} / {right / labels.sum():.3f}")
    return f"{name:12s} " + "   ".join(cells)


def main() -> None:
    """Fit, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--talk", nargs="*", type=Path, default=[], help="more conversations, JSON or JSON in gzip")
    parser.add_argument("--check", action="store_true", help="write nothing")
    options = parser.parse_args()
    development = [pair for pair in load_pairs(DATA / "supersession.jsonl") if pair["split"] == "dev"]
    pairs = development + load_pairs(DATA / "supersession_more.jsonl")
    found = [unit_features(prepare(statement(pair["old"])), prepare(statement(pair["new"]))) for pair in pairs]
    talks = list(talk_pairs([DATA / "harbour.json", *options.talk]))
    heard = [unit_features(each.old, each.new) for each in talks]
    names = {
        name: at
        for at, name in enumerate(sorted({name for bags in (found, heard) for bag in bags for row in bag for name in row} - {RULE}))
    }
    bags, talk = Bags(found, names), Bags(heard, names)
    labels = np.array([pair["label"] == "supersedes" for pair in pairs], float)
    told, fold, conversations = np.zeros(len(pairs)), folds([pair["kind"] for pair in pairs]), sorted({each.talk for each in talks})
    heard_in = np.array([conversations.index(each.talk) % FOLDS for each in talks])[talk.owner]
    for one in range(FOLDS):
        beta = fit(bags, labels, fold != one, talk, heard_in != one)
        told[fold == one] = bags.best(sigmoid(bags.rows @ beta), 0.0)[fold == one]
    print("out of fold, precision / recall from each threshold on")
    is_development = np.arange(len(pairs)) < len(development)
    for name, these in (("development", is_development), ("more", ~is_development), ("both", is_development | ~is_development)):
        print(line(name, labels[these], told[these]))
    beta = fit(bags, labels, np.ones(len(pairs), bool), talk, np.ones(len(talk.rows), bool))
    if not options.check:
        weights = {"bias": round(float(beta[-1]), 4)} | {name: round(float(beta[at]), 4) for name, at in names.items()}
        WEIGHTS.write_text(json.dumps(weights, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
