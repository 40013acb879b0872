"""Fits the weights by which intents are decided: `python -m evals.reader.train_intent [--check] [--tables]`.

Learnt from the labelled words of evals/data/reader that are for building, by three authors, and from `intents.jsonl`, clauses written for
this. --tables prints what is found for each author when only the others are learnt from, how true the certainty is, and writes nothing;
--check tells whether `intents.json` is what comes out. Nothing that is held back is read.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from evals.reader.data import DATA, HELD_BACK, Said, labelled, splits
from memos.interface import memreader
from memos.interface.memreader.deciding import INTENTS, Learnt, certainty, chances, chosen, seen
from memos.interface.memreader.dialogue import Turn
from memos.interface.memreader.intent import Intention
from memos.interface.memreader.reader import MemReader
from memos.memcube.reading import Intent

WEIGHTS = Path(memreader.__path__[0]) / "intents.json"
OWN = "own"
L2 = 3.0
WITHOUT = 0.3
"""How much of each example counts without the word of the rules: their makers knew most of these words, and not those to come."""
COUNTED = 0.7
"""What one clause written for this counts: among them are fewer that recall than people say."""
RARE = 4
"""A sign is learnt from so many clauses at least."""
STEPS = 150
SMALL = 0.04
"""Weights nearer to 0 are left out."""
SCALES = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.35, 1.5)
_WHEN = datetime(2025, 7, 16, 14, 30, tzinfo=UTC)


class Example(NamedTuple):
    """One clause: its signs, what it is labelled, what the rules take it for, and of which set it is."""

    signs: frozenset[str]
    intent: Intent
    ruled: Intention
    group: str


def examples(split: str) -> list[Example]:
    """The clauses of a split, or those written for this."""
    if split == OWN:
        rows = (json.loads(line) for line in (DATA / "intents.jsonl").read_text(encoding="utf-8").splitlines())
        return [each for row in rows for each in _told(Said(row["text"], row["text"], _WHEN), row["intents"], OWN)]
    sets = labelled(split)
    found = [each for said in sets.chains for each in _told(said, [one["intent"] for one in said.label["operations"]], "chains")]
    for group, saids in (("utterances", (*sets.dialogues, *sets.requests)), ("none", sets.none)):
        found += [each for said in saids for each in _told(said, [said.intent, *said.label.get("then", ())], group)]
    return found


def _told(said: Said, intents: Sequence[Intent], group: str) -> list[Example]:
    """The clauses of an utterance with the intent of each, as far as it is told which clause has which.

    Where an utterance has one intent and several clauses, what only states something beside it wants nothing of its own.
    """
    turns = tuple(Turn(role=role, text=text) for role, text in said.before)
    found = MemReader().evidence(said.text, now=said.now, turns=turns)
    wanted: list[str | None] = list(intents)
    if set(intents) == {"none"}:
        wanted = ["none"] * len(found)
    elif len(found) > len(intents) == 1 and group != "chains":
        right = [place for place, (each, _) in enumerate(found) if each.intention.intent == intents[0]] or [len(found) - 1]
        wanted = [None if each.intention.question or each.intention.verb else "none" for each, _ in found]
        wanted[right[-1]] = intents[0]
    if len(found) != len(wanted):
        return []
    return [
        Example(seen(each, place), intent, each.intention, group)  # type: ignore[arg-type]
        for (each, place), intent in zip(found, wanted, strict=True)
        if intent is not None
    ]


def fit(told: Sequence[Example]) -> dict[str, dict[str, float]]:
    """The weights of a multinomial logistic regression, by accelerated descent in a fixed number of steps."""
    often = Counter(sign for each in told for sign in each.signs)
    names = {sign: place for place, sign in enumerate(sorted(sign for sign, count in often.items() if count >= RARE))}
    rows = np.zeros((len(told), len(names)), np.float32)
    for row, each in zip(rows, told, strict=True):
        row[[names[sign] for sign in each.signs if sign in names]] = 1
    unruled = rows.copy()
    unruled[:, [place for sign, place in names.items() if sign.startswith("rule=")]] = 0
    wanted = np.eye(len(INTENTS), dtype=np.float32)[[INTENTS.index(each.intent) for each in told]]
    beta = _descended(
        np.vstack([rows, unruled]),
        np.vstack([wanted, wanted]),
        np.outer(np.float32([1 - WITHOUT, WITHOUT]), np.float32([COUNTED if each.group == OWN else 1 for each in told])).ravel(),
        np.float32([0.01 if sign == "bias" else 1.0 for sign in names]),
    )
    weights = {
        sign: {intent: round(float(value), 2) for intent, value in zip(INTENTS, beta[place], strict=True) if abs(value) >= SMALL}
        for sign, place in names.items()
    }
    return {sign: by_intent for sign, by_intent in weights.items() if by_intent}


def _descended(rows: np.ndarray, wanted: np.ndarray, counts: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Nesterov's descent from 0, with the step that the largest curvature allows."""
    scaled, steepest = rows * np.sqrt(counts)[:, None], np.ones(rows.shape[1], np.float32)
    for _ in range(15):
        steepest = scaled.T @ (scaled @ steepest)
        curve = float(np.linalg.norm(steepest))
        steepest /= curve
    step = 1 / (0.53 * curve + L2)
    beta = np.zeros((rows.shape[1], wanted.shape[1]), np.float32)
    ahead, pace = beta, 1.0
    for _ in range(STEPS):
        odds = rows @ ahead
        shares = np.exp(odds - odds.max(1, keepdims=True))
        shares /= shares.sum(1, keepdims=True)
        slope = rows.T @ ((shares - wanted) * counts[:, None]) + L2 * drawn[:, None] * ahead
        after, next_pace = ahead - step * slope, (1 + (1 + 4 * pace * pace) ** 0.5) / 2
        ahead, beta, pace = after + (pace - 1) / next_pace * (after - beta), after, next_pace
    return beta


def believed(weights: Mapping[str, Mapping[str, float]], told: Sequence[Example]) -> float:
    """By how much weights are to be believed, so that probabilities are most true of clauses that were not learnt from."""

    def doubt(scale: float) -> float:
        model = Learnt(weights, scale)
        return -sum(np.log(max(chances(each.signs, model)[each.intent], 1e-6)) for each in told)

    return min(SCALES, key=doubt)


def tables(found: Mapping[str, Sequence[Example]], *, own: bool) -> tuple[list[str], list[tuple[float, bool]], float]:
    """A line for each author learnt nothing from, every decision's certainty and whether it was right, and the best scale."""
    lines, held, scales = list[str](), list[tuple[float, bool]](), list[float]()
    for split in (each for each in found if each != OWN):
        weights = fit([each for name, told in found.items() if name != split and (own or name != OWN) for each in told])
        scales.append(believed(weights, found[split]))
        for group in ("utterances", "none", "chains"):
            right = Counter[str]()
            told = [each for each in found[split] if each.group == group]
            for each in told:
                right += Counter(name for name, intent in _answers(each, weights, scales[-1], held) if intent == each.intent)
            shares = "  ".join(f"{name} {right[name] / len(told):.3f}" for name in ("rules", "model", "both"))
            lines.append(f"{split:8} {group:11} of {len(told):3}  {shares}")
    return lines, held, float(np.mean(scales))


def _answers(
    each: Example, weights: Mapping[str, Mapping[str, float]], scale: float, held: list[tuple[float, bool]]
) -> list[tuple[str, Intent]]:
    """What the rules, the signs without the rules, and both say of a clause."""
    model = Learnt(weights, scale)
    alone = chances(frozenset(sign for sign in each.signs if not sign.startswith("rule=")), model)
    sure = chances(each.signs, model)
    both = chosen(each.ruled, sure, model.overrules)
    held.append((certainty(each.ruled, both, sure), both == each.intent))
    return [("rules", each.ruled.intent), ("model", max(alone, key=alone.__getitem__)), ("both", both)]


def reliability(held: Sequence[tuple[float, bool]]) -> list[str]:
    """How often decisions were right, by how sure they were."""
    edges = (0.0, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.01)
    lines = list[str]()
    for low, high in pairwise(edges):
        inside = [(sure, right) for sure, right in held if low <= sure < high]
        if inside:
            sure, right = np.mean([each[0] for each in inside]), np.mean([each[1] for each in inside])
            lines.append(f"{low:.2f} to {min(high, 1):.2f}: {len(inside):4} decisions, said {sure:.3f}, right {right:.3f}")
    return lines


def main() -> None:
    """Writes the weights, or prints tables, or compares."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare with the file, write nothing")
    parser.add_argument("--tables", action="store_true", help="print what is found of each author, write nothing")
    options = parser.parse_args()
    found = {name: examples(name) for name in (*(split for split in splits() if split != HELD_BACK), OWN)}
    lines, held, scale = tables(found, own=True)
    if options.tables:
        print("learnt from the two others:", *tables(found, own=False)[0], sep="\n")
        print("from the two others and from what was written for this:", *lines, *reliability(held), sep="\n")
        return
    model: dict[str, Any] = {"scale": round(scale, 2), "overrules": 0.5, "weights": fit([each for told in found.values() for each in told])}
    text = "{" + ",\n".join(f'"{name}": {json.dumps(model[name])}' for name in ("scale", "overrules")) + ',\n"weights": {\n'
    text += ",\n".join(f"{json.dumps(sign)}: {json.dumps(by_intent)}" for sign, by_intent in model["weights"].items()) + "\n}}\n"
    if options.check:
        print("as shipped" if WEIGHTS.read_text(encoding="utf-8") == text else "not as shipped")
        return
    WEIGHTS.write_text(text, encoding="utf-8")
    print(f"{len(model['weights'])} signs, scale {model['scale']}, {len(text) // 1024} KiB")


if __name__ == "__main__":
    main()
