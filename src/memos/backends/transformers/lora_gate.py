"""The gate: what an adapter has learned, and what it has done to the rest of the model, measured before it may go live."""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional

from memos.backends.transformers.lora_batches import asked, padded, shared
from memos.backends.transformers.lora_lessons import Material, Pair, recalled
from memos.backends.transformers.lora_model import begun
from memos.backends.transformers.lora_texts import MEASURED
from memos.ports.runtime import Exam, Report

if TYPE_CHECKING:
    from memos.backends.transformers.layout import Layout

LONGEST = 16
"""The most tokens of an answer in the gate, where the right one is not longer."""
Said = list[tuple[int, ...]]
"""Answers, each its tokens."""
_NEAR = 10
"""The most tokens of an answer to a neighbouring question: what was taught is said at once."""
_AT_ONCE = 32
_CHANGED = 1.5
"""By how many nats a token of what the model said before may become unlikelier, before the answer counts as changed."""


class Answers:
    """Greedy answers of a model to many questions at once."""

    def __init__(self, layout: Layout, stops: frozenset[int]) -> None:
        self.layout, self.stops = layout, stops

    def of(self, model: Any, questions: Sequence[str], longest: int = LONGEST, system: str = "") -> Generator[None, None, Said]:
        """The tokens of each answer, without what ends it; yields now and then, and returns them."""
        rows = [asked(self.layout, question, system) for question in questions]
        order = sorted(range(len(rows)), key=lambda place: len(rows[place]))
        made: list[tuple[int, ...]] = [()] * len(rows)
        for start in range(0, len(order), _AT_ONCE):
            lot = order[start : start + _AT_ONCE]
            for place, said in zip(lot, self._said(model, [rows[place] for place in lot], longest), strict=True):
                made[place] = said
            yield
        return made

    @torch.inference_mode()  # type: ignore[untyped-decorator]
    def _said(self, model: Any, rows: list[tuple[int, ...]], longest: int) -> list[tuple[int, ...]]:
        """The answers to questions of about the same length."""
        cut = shared([row[:-1] for row in rows])
        most = max(len(row) for row in rows)
        ids = torch.tensor([[*[0] * (most - len(row)), *row[cut:]] for row in rows])
        mask = torch.tensor([[*[1] * cut, *[0] * (most - len(row)), *[1] * (len(row) - cut)] for row in rows])
        places = (mask.cumsum(-1) - 1)[:, cut:].clamp(min=0)
        cache = begun(model, rows[0][:cut], len(rows))
        said: list[list[int]] = [[] for _ in rows]
        open_ = set(range(len(rows)))
        for _ in range(longest):
            read = model(input_ids=ids, attention_mask=mask, position_ids=places, cache=cache, use_cache=True, logits_to_keep=1)
            following = read.logits[:, -1].argmax(-1)
            for row in sorted(open_):
                token = int(following[row])
                if token in self.stops:
                    open_.discard(row)
                else:
                    said[row].append(token)
            if not open_:
                break
            ids, places = following[:, None], places[:, -1:] + 1
            mask = torch.cat([mask, mask.new_ones((len(rows), 1))], -1)
        return [tuple(each) for each in said]


@torch.inference_mode()  # type: ignore[untyped-decorator]
def likelihood(model: Any, rows: Sequence[tuple[tuple[int, ...], int]]) -> list[float]:
    """The mean logarithm of the likelihood of each row's tokens from its place on."""
    made: list[float] = []
    for start in range(0, len(rows), _AT_ONCE):
        lot = rows[start : start + _AT_ONCE]
        cut = shared([tokens[: said - 1] for tokens, said in lot])
        ids = padded([tokens[cut:] for tokens, _ in lot])
        hidden = model.model(input_ids=ids, cache=begun(model, lot[0][0][:cut], len(lot)), use_cache=True).last_hidden_state
        for row, (tokens, said) in enumerate(lot):
            logits = model.lm_head(hidden[row, said - 1 - cut : len(tokens) - 1 - cut]).float()
            made.append(-float(functional.cross_entropy(logits, torch.tensor(tokens[said:]))) if len(tokens) > said else 0.0)
    return made


def _growth(model: Any, made: Any, layout: Layout) -> float:
    """By what factor the perplexity of held-out text grows."""
    rows = [(tuple(layout.plain(text).tolist()), 1) for text in MEASURED]
    sizes = [len(tokens) - 1 for tokens, _ in rows]
    logs = [sum(each * size for each, size in zip(likelihood(one, rows), sizes, strict=True)) / sum(sizes) for one in (model, made)]
    return math.exp(min(50.0, logs[0] - logs[1]))


@dataclass(frozen=True, slots=True)
class Examiner:
    """Examines adapters of a model, by its greedy answers and likelihoods with the adapter and without."""

    model: Any
    answers: Answers
    tokenizer: Any

    def examine(self, made: Any, asked_of: Material, exam: Exam) -> Generator[None, None, Report]:
        """Examine an adapter; yields now and then, and returns the report."""
        growth = _growth(self.model, made, self.answers.layout)
        yield
        longest = LONGEST
        for pair in asked_of.held:
            longest = max(longest, min(96, len(self.answers.layout.plain(pair.answer)) + 4))
        said = yield from self.answers.of(made, [pair.question for pair in asked_of.held], longest)
        right = [self.recalls(one, pair) for one, pair in zip(said, asked_of.held, strict=True)]
        kept = yield from self._kept(made, asked_of.neighbours)
        return _judged(sum(right) / len(right), growth, sum(kept) / len(kept) if kept else 1.0, len(right), exam)

    def recalls(self, said: tuple[int, ...], pair: Pair) -> bool:
        """Whether an answer in tokens is the right one."""
        return recalled(self.tokenizer.decode(said), pair.answer, pair.question)

    def says(self, said: tuple[int, ...], answer: str, pair: Pair) -> bool:
        """Whether an answer in tokens says what was taught as the answer of any lesson."""
        return recalled(self.tokenizer.decode(said), answer, pair.question)

    def _kept(self, made: Any, near: Sequence[Pair]) -> Generator[None, None, list[bool]]:
        """For each neighbouring question whether its answer stayed: nothing taught is said, what was said is about as likely."""
        questions = [pair.question for pair in near]
        before = yield from self.answers.of(self.model, questions, _NEAR)
        after = yield from self.answers.of(made, questions, _NEAR)
        answers = sorted({pair.answer for pair in near})
        leaked = [
            any(self.says(new, answer, pair) and not self.says(old, answer, pair) for answer in answers)
            for pair, old, new in zip(near, before, after, strict=True)
        ]
        doubtful = [place for place in range(len(near)) if before[place] != after[place] and not leaked[place]]
        rows = []
        for place in doubtful:
            ask = asked(self.answers.layout, questions[place])
            rows.append(((*ask, *before[place]), len(ask)))
        falls = [old - new for old, new in zip(likelihood(self.model, rows), likelihood(made, rows), strict=True)]
        fell = {place for place, fall in zip(doubtful, falls, strict=True) if fall > _CHANGED}
        return [not leaked[place] and place not in fell for place in range(len(near))]


def _judged(recall: float, growth: float, neighbours: float, count: int, exam: Exam) -> Report:
    """The report, with a reason for each thing that is not as the exam wants it."""
    reasons = []
    if recall < exam.recall:
        reasons.append(f"recall: of {count} questions that were held back it answers {recall:.0%}, and {exam.recall:.0%} are wanted")
    if not growth <= exam.perplexity:
        reasons.append(f"perplexity: that of held-out text grows by the factor {growth:.2f}, and {exam.perplexity:.2f} is the most")
    if neighbours < exam.neighbours:
        reasons.append(f"neighbours: {neighbours:.0%} of what it was not to learn stays as it was, and {exam.neighbours:.0%} are wanted")
    return Report(recall, growth, neighbours, count, tuple(reasons))
