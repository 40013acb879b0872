"""Fitting: the weights of the linear fusion from questions whose evidence is known; deterministic, no library but NumPy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from evals.encoded import Encoded
from evals.retrieval.memory_view import Book
from memos.memcube.call import Grant, MemoryQuery
from memos.memcube.fields import microseconds
from memos.memcube.filter import Filter
from memos.operation.memoperator.features import KIN, NAMES, features
from memos.operation.memoperator.late import packed
from memos.operation.memoperator.retrieval import Retrieval
from memos.testing.retrieval_eval import body

LANES = tuple(name for name in NAMES if name.partition("_")[0] in {*KIN, "late"})
LIMITS = dict.fromkeys(LANES, (0.0, np.inf)) | {
    "dense_sess": (0.0, 0.0), "rare": (1.0, np.inf), "answers": (0.0, 1.5), "date": (0.0, 3.0),
    "assistant_x_told": (2.5, np.inf), "assistant_x_mine": (-2.0, 0.0),
}  # fmt: skip
"""Between what a weight must lie, whatever the sets say: no feature decides alone, and of what they hold too little is argued.

The only memory with a word of the question comes before those that have none; who asks what the assistant said wants what it said; a
date narrows a search. The session's likeness adds nothing to that of the neighbours, and costs time.
"""
L2 = 0.1
NAMESPACE = "user/alice"
EVERYTHING = Grant(filter=Filter.everything(), policies=())


@dataclass(frozen=True)
class Example:
    """One question: which conversation, its category, the features of every turn (n, f), and the places of the evidence."""

    conversation: str
    category: str
    features: np.ndarray
    evidence: np.ndarray


def spoken(turn: Mapping) -> str:
    """A turn as it is embedded."""
    return f"{turn['speaker']}: {body(turn)}"


def book_of(conversation: Mapping, vectors: Mapping[str, Encoded] | None) -> Book:
    """A conversation as rows, turn i at row i + 1."""
    book = Book(dimensions=len(next(iter(vectors.values()))[0]) if vectors else None)
    for place, turn in enumerate(conversation["turns"]):
        said = microseconds(datetime.fromisoformat(turn["date"]).replace(tzinfo=UTC)) if turn["date"] else 0
        vector, words = vectors[spoken(turn)] if vectors else (None, None)
        book.add(
            body(turn),
            vector=vector,
            words=packed(spoken(turn), words),
            namespace=NAMESPACE,
            speaker=turn["speaker"],
            session=str(turn["session"]),
            ordinal=place,
            said_at=said,
        )
    return book


def examples(conversation: Mapping, vectors: Mapping[str, Encoded] | None) -> list[Example]:
    """The questions of a conversation; with no vectors the features of the dense lane and of late interaction are 0."""
    view, retrieval = book_of(conversation, vectors).view(), Retrieval()
    place_of = {turn["id"]: place for place, turn in enumerate(conversation["turns"])}
    found = []
    for row in conversation["qa"]:
        vector, words = vectors[row["q"]] if vectors else (None, None)
        query = MemoryQuery(text=row["q"], vector=vector, words=words, namespaces=(NAMESPACE,))
        signals = retrieval.signals(query, view, EVERYTHING, datetime.now(UTC))
        values = features(signals, np.arange(signals.scope.n))
        matrix = np.zeros((signals.scope.n, len(NAMES)), np.float32)
        matrix[signals.scope.rows - 1] = np.array([values.get(name, np.zeros(signals.scope.n)) for name in NAMES]).T
        found.append(Example(conversation["id"], str(row["cat"]), matrix, np.array([place_of[name] for name in row["ev"]])))
    return found


def fit(sets: Sequence[Sequence[Example]], without: Sequence[str] = (), l2: float = L2, rounds: int = 30) -> dict[str, float]:
    """argmin over w of the mean over sets of the mean over questions of -log softmax(Xw)[evidence], + l2·|w·scale|²/f, within LIMITS.

    Newton's method, damped, each step's quadratic problem solved by coordinate descent.
    Sets count alike however many questions they have. The features `without` stay at 0.
    """
    scale = np.maximum(np.concatenate([example.features for each in sets for example in each[::7]]).std(axis=0, dtype=np.float64), 1e-3)
    questions = [(example.features / scale, example.evidence, 1 / (len(sets) * len(each))) for each in sets for example in each]
    used = np.any([x.any(axis=0) for x, _, _ in questions], axis=0)
    limits = LIMITS | dict.fromkeys(without, (0.0, 0.0))
    lowest, highest = (scale * np.array([limits.get(name, (-np.inf, np.inf))[end] for name in NAMES]) for end in (0, 1))
    w = np.where(used, np.clip(0, lowest, highest), 0)
    loss, gradient, hessian = _loss(questions, w, l2)
    for _ in range(rounds):
        direction = np.where(used, _step(w, gradient, hessian, lowest, highest) - w, 0)
        for halvings in range(30):
            new = w + direction / 2**halvings
            found = _loss(questions, new, l2)
            if found[0] <= loss + 1e-4 * gradient @ (new - w):
                break
        gain, w, (loss, gradient, hessian) = loss - found[0], new, found
        if gain < 1e-7:
            break
    return {name: round(float(value), 3) for name, value in zip(NAMES, w / scale, strict=True) if abs(value) > 1e-6}


def _loss(questions: Sequence[tuple], w: np.ndarray, l2: float) -> tuple[float, np.ndarray, np.ndarray]:
    """The loss, its gradient and its Hessian."""
    loss, gradient, hessian = l2 * w @ w / len(w), 2 * l2 * w / len(w), np.eye(len(w)) * 2 * l2 / len(w)
    for x, evidence, weight in questions:
        scores = x @ w
        scores -= scores.max()
        p = np.exp(scores)
        total = p.sum()
        p /= total
        mean = p @ x
        loss += weight * (np.log(total) - scores[evidence].mean())
        gradient += weight * (mean - x[evidence].mean(axis=0))
        hessian += weight * ((x * p[:, None]).T @ x - np.outer(mean, mean))
    return loss, gradient, hessian


def _step(w: np.ndarray, gradient: np.ndarray, hessian: np.ndarray, lowest: np.ndarray, highest: np.ndarray) -> np.ndarray:
    """The minimum of the quadratic model around w between `lowest` and `highest`."""
    target = w.copy()
    for _ in range(300):
        for i in range(len(w)):
            slope = gradient[i] + hessian[i] @ (target - w)
            target[i] = min(highest[i], max(lowest[i], target[i] - slope / hessian[i, i]))
    return target


def order_by(example: Example, weights: Mapping[str, float]) -> np.ndarray:
    """Places, best first."""
    scores = example.features @ np.array([weights.get(name, 0.0) for name in NAMES])
    return np.lexsort((np.arange(len(scores)), -scores))
