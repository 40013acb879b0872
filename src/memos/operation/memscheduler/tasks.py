"""Tasks: whether a request goes on with a conversation, asks how something is done, or asks for what is so; by signs and learnt weights."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple, get_args

from memos.memcube.plan import Task
from memos.operation.memscheduler.task_signs import signs

TASKS: tuple[Task, ...] = get_args(Task)


class Classified(NamedTuple):
    """The likeliest task, and how probable each is."""

    task: Task
    odds: Mapping[Task, float]

    @property
    def confidence(self) -> float:
        """How probable the likeliest is."""
        return round(self.odds[self.task], 4)


class Learnt(NamedTuple):
    """What was learnt: the weights of signs by task."""

    weights: Mapping[str, Mapping[Task, float]]


@lru_cache(maxsize=1)
def learnt() -> Learnt:
    """The weights that are shipped."""
    return Learnt(**json.loads(files(__package__).joinpath("tasks.json").read_text(encoding="utf-8")))


def classify(text: str, history: Sequence[str] = (), model: Learnt | None = None) -> Classified:
    """What a request is, by its words and by the turns before it (`history`, oldest first). Deterministic.

    A multinomial logistic regression over `task_signs.signs`; evals/scheduler/tasks.py fits it.
    """
    weights = (model or learnt()).weights
    total = dict.fromkeys(TASKS, 0.0)
    for sign in sorted(signs(text, history)):
        for task, weight in weights.get(sign, {}).items():
            total[task] += weight
    top = max(total.values())
    parts = {task: math.exp(value - top) for task, value in total.items()}
    whole = sum(parts.values())
    odds = {task: part / whole for task, part in parts.items()}
    return Classified(max(TASKS, key=odds.__getitem__), odds)
