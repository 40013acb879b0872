"""Examples in tokens, and the batches they are trained in: grouped by the opening that they share, which is read once for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.nn import functional

from memos.backends.transformers.lora_model import opened
from memos.memcube.prompt import Part

if TYPE_CHECKING:
    from memos.backends.transformers.layout import Layout


@dataclass(frozen=True, slots=True)
class Example:
    """Tokens of which the model is to say those from `said` on; `group` are those with the same opening, `lesson` what it is from."""

    tokens: tuple[int, ...]
    said: int
    group: str = ""
    lesson: int = -1


@dataclass(frozen=True, slots=True)
class Batch:
    """Examples as tensors: what enters the adapted layers of the opening (1, n, width) and of the rest (texts, tokens, width); `places`
    are the flat positions whose next token the model is to say, `wanted` those tokens, `which` the example that each belongs to.
    """

    opening: torch.Tensor
    rest: torch.Tensor
    places: torch.Tensor
    wanted: torch.Tensor
    which: torch.Tensor
    group: str


def asked(layout: Layout, question: str, system: str = "") -> tuple[int, ...]:
    """The tokens of a question up to where the answer begins."""
    parts = [Part(kind="query", role="user", text=question)]
    if system:
        parts.insert(0, Part(kind="system", role="system", text=system))
    return tuple(int(token) for token in np.concatenate(layout.tokens(parts)))


def shared(rows: Sequence[Sequence[int]]) -> int:
    """How many tokens some rows begin with alike."""
    if not rows:
        return 0
    least, most = min(map(tuple, rows)), max(map(tuple, rows))
    for place, (left, right) in enumerate(zip(least, most, strict=False)):
        if left != right:
            return place
    return min(len(least), len(most))


def openings(examples: Sequence[Example]) -> dict[str, int]:
    """How many tokens the examples of each group begin with alike, before anything is said."""
    made: dict[str, int] = {}
    for group in sorted({example.group for example in examples}):
        rows = [example.tokens[: example.said - 1] for example in examples if example.group == group]
        made[group] = shared(rows) if len(rows) > 1 else 0
    return made


class Shelf:
    """Examples with what enters the adapted layers, computed once."""

    def __init__(self, examples: Sequence[Example], lower: Any, openings: dict[str, int], *, at_once: int = 16) -> None:
        self.examples = tuple(examples)
        self._hidden: list[torch.Tensor] = [torch.empty(0)] * len(self.examples)
        self._opened: dict[str, torch.Tensor] = {}
        self.openings = openings
        self._lower, self._at_once = lower, at_once

    def fill(self) -> Any:
        """Compute what is missing, some at a time; yields after each lot."""
        for group, cut in sorted(self.openings.items()):
            members = [place for place, example in enumerate(self.examples) if example.group == group]
            members.sort(key=lambda place: len(self.examples[place].tokens))
            cache = None
            if members and cut:
                opening = torch.tensor([self.examples[members[0]].tokens[:cut]])
                cache, self._opened[group] = opened(self._lower.body, input_ids=opening)
            for start in range(0, len(members), self._at_once):
                lot = members[start : start + self._at_once]
                hidden = self._lower(padded([self.examples[place].tokens[cut:] for place in lot]), cache)
                for row, place in enumerate(lot):
                    self._hidden[place] = hidden[row, : len(self.examples[place].tokens) - cut].clone()
                yield len(lot)

    def batch(self, places: Sequence[int]) -> Batch:
        """Some examples of one group as a batch."""
        chosen = [self.examples[place] for place in places]
        cut = self.openings[chosen[0].group]
        longest = max(len(example.tokens) for example in chosen) - cut
        rest = self._hidden[places[0]].new_zeros((len(chosen), longest, self._hidden[places[0]].shape[-1]))
        flat: list[int] = []
        wanted: list[int] = []
        which: list[int] = []
        for row, (place, example) in enumerate(zip(places, chosen, strict=True)):
            rest[row, : len(example.tokens) - cut] = self._hidden[place]
            for token in range(max(example.said, cut + 1), len(example.tokens)):
                flat.append(row * longest + token - 1 - cut)
                wanted.append(example.tokens[token])
                which.append(place)
        opening = self._opened[chosen[0].group] if cut else rest[:1, :0]
        return Batch(opening, rest, torch.tensor(flat), torch.tensor(wanted), torch.tensor(which), chosen[0].group)


def joined(first: Batch, second: Batch) -> Batch:
    """Two batches of one group as one, the places of the first before those of the second."""
    longest = max(first.rest.shape[1], second.rest.shape[1])
    rest = torch.cat([functional.pad(each.rest, (0, 0, 0, longest - each.rest.shape[1])) for each in (first, second)])
    moved = []
    for each, before in ((first, 0), (second, len(first.rest))):
        length = each.rest.shape[1]
        moved.append((each.places // length + before) * longest + each.places % length)
    which = torch.cat([first.which, second.which])
    return Batch(first.opening, rest, torch.cat(moved), torch.cat([first.wanted, second.wanted]), which, first.group)


def padded(rows: Sequence[Sequence[int]]) -> torch.Tensor:
    """Rows of tokens as one tensor, filled up with 0 behind: a causal model never looks there."""
    longest = max(len(row) for row in rows)
    return torch.tensor([[*row, *[0] * (longest - len(row))] for row in rows])


def order(examples: Sequence[Example], size: int, seed: int, round_: int) -> list[tuple[int, ...]]:
    """The batches of a round: each example once, those of a batch of one group and of about the same length; the same for the same seed."""
    random = Random(f"{seed}/{round_}")  # noqa: S311 - an order is no secret
    made: list[tuple[int, ...]] = []
    for group in sorted({example.group for example in examples}):
        members = [place for place, example in enumerate(examples) if example.group == group]
        members.sort(key=lambda place: (len(examples[place].tokens) + random.uniform(0, 6), place))
        made.extend(tuple(members[start : start + size]) for start in range(0, len(members), size))
    random.shuffle(made)
    return made
