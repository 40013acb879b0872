"""Training of an adapter: the layers below it are read once for each example, the answers alone are learned, and what the model says
of other things is held where it was by the divergence from it (KL) on questions and texts that have nothing to do with the lessons.

It is deterministic: what is trained in which step depends on the seed and the step alone, so that a training that was interrupted ends
where it would have ended.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional

from memos.backends.transformers import lora_merged, lora_model
from memos.backends.transformers.lora_batches import Batch, Example, Shelf, joined, openings, order

if TYPE_CHECKING:
    from memos.backends.transformers.lora_files import Shapes

_CLIP = 1.0
_FIRST = 0.2


@dataclass(frozen=True, slots=True)
class Method:
    """How an adapter is trained. `first` is the share of the layers that stay as they are; `rate` is AdamW's, reached in `warm` steps and
    falling in a straight line to a tenth; a step has `size` examples and, weighed by `guard`, `guards` of what is to stay. A training ends
    after `rounds` of all examples, or once each was said word by word and the loss of a round is below `enough`.
    """

    first: float = 0.5
    rate: float = 4e-3
    warm: int = 3
    size: int = 8
    guard: float = 1.6
    guards: int = 6
    rounds: int = 3
    enough: float = 0.06
    dtype: str = field(default_factory=lora_merged.fastest)
    targets: tuple[str, ...] = field(default=lora_model.TARGETS)


USUAL = Method()


class Training:
    """An adapter on the way, of examples to learn and others to hold. `teachers` are the likelihoods that an example is to have instead
    of its tokens alone (context distillation), by its place.
    """

    def __init__(self, model: Any, method: Method, rank: int, seed: int) -> None:
        count = len(model.model.layers)
        self.method, self.seed = method, seed
        self.first = min(count - 1, round(method.first * count))
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.made = lora_model.adapted(model, rank, range(self.first, count), method.targets)
        for name, weight in self.made.named_parameters():
            if "lora_" in name:
                weight.data = weight.data.float()
        used = lora_merged.in_dtype(model, getattr(torch, method.dtype))
        self._lower = lora_model.Lower(used, self.first)
        self._upper = lora_merged.Upper(used, self.made, self.first)
        self._weights = list(lora_model.weights(self.made).values())
        self._optimizer = torch.optim.AdamW(self._weights, lr=method.rate, weight_decay=0.0, fused=True)
        self.steps, self.loss = 0, float("inf")
        self.right: dict[int, bool] = {}
        self.over = False
        self._losses: list[float] = []

    def prepare(
        self, learned: Sequence[Example], kept: Sequence[Example], teachers: dict[int, torch.Tensor] | None = None
    ) -> Iterator[None]:
        """Read all examples up to the adapter, and what the model says of those to be kept; yields now and then."""
        alike = openings((*learned, *kept))
        self._learned, self._kept = Shelf(learned, self._lower, alike), Shelf(kept, self._lower, alike)
        self._teachers = teachers or {}
        for shelf in (self._learned, self._kept):
            for _ in shelf.fill():
                yield
        self._guards: list[tuple[Batch, torch.Tensor]] = []
        self._upper.merge()
        if self.method.guard and kept:
            for places in order(kept, self.method.guards, self.seed, 0):
                batch = self._kept.batch(places)
                with torch.no_grad():
                    said = self._upper.head(self._hidden(batch, self._upper.opened(batch.opening))).float()
                    self._guards.append((batch, functional.softmax(said, -1)))
                yield
        each = len(order(learned, self.method.size, self.seed, 0))
        self.a_round, self.all_steps = each, each * self.method.rounds

    def _hidden(self, batch: Batch, cache: Any) -> torch.Tensor:
        """The last hidden states where a batch has tokens to say, (tokens, width)."""
        hidden: torch.Tensor = self._upper(cache, batch.rest)
        return hidden.reshape(-1, hidden.shape[-1])[batch.places]

    def step(self) -> None:
        """One step; `over` is True once there is nothing more to learn."""
        round_, place = divmod(self.steps, self.a_round)
        if place == 0:
            self._losses = []
        places = order(self._learned.examples, self.method.size, self.seed, round_)[place]
        share = min(1.0, (self.steps + 1) / self.method.warm) * (1.0 - 0.9 * self.steps / self.all_steps)
        for group in self._optimizer.param_groups:
            group["lr"] = self.method.rate * share
        self._upper.merge()
        self._learn(places)
        torch.nn.utils.clip_grad_norm_(self._weights, _CLIP)
        self._optimizer.step()
        self._optimizer.zero_grad()
        self.steps += 1
        learned = len(self.right) == len(self._learned.examples) and all(self.right.values())
        ended = place == self.a_round - 1 and learned and sum(self._losses) / len(self._losses) < self.method.enough
        self.over = ended or self.steps >= self.all_steps

    def _learn(self, places: tuple[int, ...]) -> None:
        """The gradients of some examples, and of what is to stay beside them.

        What is wanted at a place is a likelihood of each token, so that the gradient of cross-entropy and of divergence alike is what the
        model says less what is wanted.
        """
        lessons = self._learned.batch(places)
        cache = self._upper.opened(lessons.opening)
        batch, expected = self._guards[self.steps % len(self._guards)] if self._guards else (None, None)
        alike = batch is not None and batch.group == lessons.group
        with torch.enable_grad():
            hidden = self._hidden(joined(lessons, batch) if batch is not None and alike else lessons, cache)
            if batch is not None and not alike:
                hidden = torch.cat([hidden, self._hidden(batch, self._upper.opened(batch.opening))])
        logits = self._upper.head(hidden.detach()).float()
        hidden.backward(self._wrong(logits, places, lessons, expected).to(hidden.dtype) @ self._upper.head.weight)

    def _wrong(self, logits: torch.Tensor, places: tuple[int, ...], lessons: Batch, expected: torch.Tensor | None) -> torch.Tensor:
        """The gradient of the loss by the logits, which are used up; the examples' stand before those of what is to stay."""
        count = len(lessons.places)
        right = logits[:count].argmax(-1) == lessons.wanted
        weights = _weights(lessons.which, len(places))
        said, rows = functional.softmax(logits, -1), torch.arange(count)
        self.loss = float((-said[rows, lessons.wanted].clamp_min(1e-30).log() * weights).sum())
        self._losses.append(self.loss)
        for place in places:
            self.right[place] = bool(right[lessons.which == place].all())
        mine = said[:count]
        if self._teachers:
            mine -= 0.5 * torch.cat([self._teachers[place] for place in places]).float()
            mine[rows, lessons.wanted] -= 0.5
        else:
            mine[rows, lessons.wanted] -= 1.0
        mine *= weights[:, None]
        if expected is not None:
            said[count:] = (said[count:] - expected) * (self.method.guard / len(expected))
        return said

    def tensors(self) -> dict[str, torch.Tensor]:
        """All that a training is besides its course: the adapter, the optimizer's moments, what was right, and the losses of the round."""
        made: dict[str, torch.Tensor] = {}
        for name, weight in lora_model.weights(self.made).items():
            made[name] = weight
            moments = self._optimizer.state.get(weight, {})
            for moment in ("exp_avg", "exp_avg_sq"):
                made[f"{moment}.{name}"] = moments.get(moment, torch.zeros_like(weight))
        right = [float(self.right.get(place, -1)) for place in range(len(self._learned.examples))]
        made["right"] = torch.tensor(right)
        made["losses"] = torch.tensor([*self._losses, *[0.0] * (self.a_round - len(self._losses))])
        return made

    def shapes(self) -> Shapes:
        """The shapes that those have."""
        return {name: tuple(tensor.shape) for name, tensor in self.tensors().items()}

    def restore(self, tensors: dict[str, torch.Tensor], steps: int) -> None:
        """Go on where another training was."""
        lora_model.fill(self.made, tensors)
        self.steps = steps
        for name, weight in lora_model.weights(self.made).items():
            if steps:
                self._optimizer.state[weight] = {
                    "step": torch.tensor(float(steps)),
                    "exp_avg": tensors[f"exp_avg.{name}"].clone(),
                    "exp_avg_sq": tensors[f"exp_avg_sq.{name}"].clone(),
                }
        self.right = {place: bool(value) for place, value in enumerate(tensors["right"].tolist()) if value >= 0}
        self._losses = [
            float(torch.tensor(value)) for value in tensors["losses"].tolist()[: (steps - 1) % self.a_round + 1 if steps else 0]
        ]
        self.over = steps >= self.all_steps


def _weights(which: torch.Tensor, count: int) -> torch.Tensor:
    """What each token to be said counts, of so many examples; `which` is the example of each.

    Each example counts the same, however long: else the longest answer is given to everything. Its first token counts a fifth of it at
    least: it decides which answer is given, and in a long one the others would outweigh it.
    """
    lengths = torch.unique_consecutive(which, return_counts=True)[1]
    each = lengths.repeat_interleave(lengths)
    first = torch.cat([which.new_ones(1, dtype=torch.bool), which[1:] != which[:-1]])
    share = (1.0 / each).clamp_min(_FIRST)
    return torch.where(first, share, (1.0 - share) / (each - 1).clamp_min(1)) / count


def memory(model: Any, method: Method, rank: int, lengths: Sequence[int], kept: int) -> int:
    """About how many bytes a training takes beside the model, of examples of these lengths, and so many tokens to be kept."""
    config = model.config
    layers = len(model.model.layers)
    width, inner = config.hidden_size, config.intermediate_size
    changed = layers - min(layers - 1, round(method.first * layers))
    adapter = changed * rank * 4 * (8 * width + 3 * (width + inner)) * 4
    hidden = (sum(lengths) + kept) * width * 4
    guards = kept * config.vocab_size * 4
    activations = max(method.size * max(lengths), 512) * changed * (14 * width + 6 * inner) * 4
    size = 2 if method.dtype == "bfloat16" else 4
    copied = changed * (2 * width * width + 3 * width * inner) * size
    if getattr(torch, method.dtype) != model.dtype:
        copied += size * sum(weight.numel() for weight in model.parameters())
    return int(copied + adapter + hidden + guards + activations + 3 * method.size * 16 * config.vocab_size * 4)
