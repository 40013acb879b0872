"""Scores of what a detector finds against lists of labelled texts, by kind."""

import json
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = ROOT / "evals" / "data" / "personal.jsonl"
SHARED = ROOT.parent / "shared" / "data" / "pii_cases.jsonl"
SURE = ("EMAIL", "IBAN", "IP", "SSN", "CARD", "PHONE", "SECRET")
"""Kinds of which the patterns must find nearly all."""


def cases(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


class Score:
    """Finds count where they touch a labelled entity of their kind; each counts once."""

    def __init__(self, listed, detect):
        self.right, self.wrong, self.missed, self.exact = Counter(), Counter(), Counter(), 0
        self.mistakes = []
        for case in listed:
            self._count(case, list(detect(case["text"])))

    def _count(self, case, found):
        for entity in case["entities"]:
            hit = next(
                (one for one in found if one.label == entity["type"] and one.start < entity["end"] and entity["start"] < one.end), None
            )
            if hit is None:
                self.missed[entity["type"]] += 1
                self.mistakes.append(("missed", entity["type"], entity["text"]))
                continue
            found.remove(hit)
            self.right[entity["type"]] += 1
            self.exact += (hit.start, hit.end) == (entity["start"], entity["end"])
        for one in found:
            self.wrong[one.label] += 1
            self.mistakes.append(("false", one.label, case["text"][one.start : one.end]))

    def precision(self):
        return self.right.total() / max(1, self.right.total() + self.wrong.total())

    def recall(self, kinds=None):
        right, missed = (
            sum(count for kind, count in counts.items() if kinds is None or kind in kinds) for counts in (self.right, self.missed)
        )
        return right / max(1, right + missed)

    def by_kind(self):
        kinds = sorted({*self.right, *self.wrong, *self.missed})
        return {kind: {"right": self.right[kind], "false": self.wrong[kind], "missed": self.missed[kind]} for kind in kinds}

    def figures(self):
        rounded = {"precision": round(self.precision(), 3), "recall": round(self.recall(), 3), "recall_sure": round(self.recall(SURE), 3)}
        return {**rounded, "exact": self.exact, "found": self.right.total(), "by_kind": self.by_kind()}
