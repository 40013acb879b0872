"""Fits the weights by which tasks are told: `python -m evals.scheduler.tasks [--check] [--tables]`.

Learnt from `tasks.jsonl`, and from `tasks_more.jsonl`, requests written for this by whoever wrote the signs. --tables prints what is found
of each tenth of `tasks.jsonl` when the rest is learnt from, with and without the others, and writes nothing; --check tells whether
`tasks.json` is what comes out. `tasks_unseen.jsonl` is scored, never read for anything else.
"""

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from memos.operation.memscheduler import tasks
from memos.operation.memscheduler.task_signs import signs
from memos.operation.memscheduler.tasks import TASKS, Learnt, classify

DATA = Path(__file__).resolve().parents[1] / "data" / "scheduler"
WEIGHTS = Path(tasks.__file__).with_name("tasks.json")
L2 = 1.0
RARE = 3
"""A sign is learnt from so many requests at least."""
SMALL = 0.03
"""Weights nearer to 0 are left out."""
STEPS = 400


class Request(NamedTuple):
    """A labelled request and the turns before it."""

    text: str
    history: tuple[str, ...]
    task: str


def requests(name: str) -> list[Request]:
    """Those of a file."""
    rows = (json.loads(line) for line in (DATA / f"{name}.jsonl").read_text(encoding="utf-8").splitlines())
    return [Request(row["text"], tuple(turn["text"] for turn in row["turns"]), row["task"]) for row in rows]


def fitted(found: Sequence[Request], l2: float = L2) -> Learnt:
    """Multinomial logistic regression with a ridge, by Newton's diagonal steps over all."""
    each = [signs(one.text, one.history) for one in found]
    counts = Counter(sign for one in each for sign in one)
    names = sorted(sign for sign, count in counts.items() if count >= RARE)
    place = {name: number for number, name in enumerate(names)}
    inputs = np.zeros((len(found), len(names)))
    for row, one in enumerate(each):
        inputs[row, [place[sign] for sign in one if sign in place]] = 1
    wanted = np.eye(len(TASKS))[[TASKS.index(one.task) for one in found]]
    weights, moved = np.zeros((len(names), len(TASKS))), np.zeros((len(names), len(TASKS)))
    step = 1 / (0.5 * np.linalg.norm(inputs, 2) ** 2 + l2)
    for number in range(STEPS):
        ahead = weights + moved * number / (number + 3)
        odds = np.exp(inputs @ ahead - (inputs @ ahead).max(1, keepdims=True))
        odds /= odds.sum(1, keepdims=True)
        after = ahead - step * (inputs.T @ (odds - wanted) + l2 * ahead)
        moved, weights = after - weights, after
    rows = {
        name: {task: round(float(value), 2) for task, value in zip(TASKS, weights[number], strict=True) if abs(value) >= SMALL}
        for name, number in place.items()
    }
    return Learnt({name: row for name, row in rows.items() if row})


def right(found: Sequence[Request], model: Learnt | None = None) -> list[bool]:
    """Of each request whether its task is told."""
    return [classify(one.text, one.history, model).task == one.task for one in found]


def out_of_fold(found: Sequence[Request], more: Sequence[Request], l2: float = L2, folds: int = 10) -> float:
    """The share that is told right of each fold when the others are learnt from."""
    told: list[bool] = []
    for fold in range(folds):
        kept = [one for number, one in enumerate(found) if number % folds != fold]
        told += right([one for number, one in enumerate(found) if number % folds == fold], fitted([*kept, *more], l2))
    return sum(told) / len(told)


def written(model: Learnt) -> str:
    """The file of weights."""
    lines = ",\n".join(f"{json.dumps(sign, ensure_ascii=False)}: {json.dumps(row)}" for sign, row in sorted(model.weights.items()))
    return f'{{"weights": {{\n{lines}\n}}}}\n'


def main() -> None:
    """Fit, and write or compare or tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--tables", action="store_true")
    parser.add_argument("--unseen", action="store_true", help="score what is held back: one figure")
    given = parser.parse_args()
    found, more = requests("tasks"), requests("tasks_more")
    if given.tables:
        for l2 in (0.3, 1.0, 3.0):
            print(f"l2 {l2}: alone {out_of_fold(found, (), l2):.3f}, with more {out_of_fold(found, more, l2):.3f}", end=", ")
            crossed = (sum(right(found, fitted(more, l2))) / len(found), sum(right(more, fitted(found, l2))) / len(more))
            print(f"learnt from more alone {crossed[0]:.3f}, more of the others {crossed[1]:.3f}")
        return
    if given.unseen:
        held = right(requests("tasks_unseen"))
        print(f"held back: {sum(held) / len(held):.3f} of {len(held)}")
        return
    made = written(fitted([*found, *more]))
    if given.check:
        raise SystemExit(
            0 if WEIGHTS.read_text(encoding="utf-8") == made else f"{WEIGHTS} is not what the requests give: run without --check"
        )
    WEIGHTS.write_text(made, encoding="utf-8")
    print(f"wrote {len(json.loads(made)['weights'])} signs to {WEIGHTS}")


if __name__ == "__main__":
    main()
