"""KV blocks in memory, and the cache that a request reads them through."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

if TYPE_CHECKING:
    from numpy.typing import NDArray

Form = Literal["float16", "int8"]
KEPT = torch.float16
"""The type in which a request's cache holds keys and values, whatever the model computes in: so that a block is exact on the disk too."""
_ROOM = 64
"""How many tokens more a layer makes room for when it is full."""


def hash_of(tokens: NDArray[np.int64]) -> str:
    """The sha256 of token ids as int64, little endian, in hexadecimal."""
    return hashlib.sha256(tokens.astype("<i8").tobytes()).hexdigest()


NOTHING = hash_of(np.zeros(0, dtype=np.int64))
"""The anchor of a block that stands at the very beginning."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """Numbers of the shape (heads, tokens, width), and where they are int8 the factors that they are to be multiplied by."""

    body: torch.Tensor = field(repr=False)
    scale: torch.Tensor | None = field(default=None, repr=False)

    def write(self, target: torch.Tensor) -> None:
        """Write them into a tensor of their shape, in its type."""
        if self.scale is None:
            target.copy_(self.body)
        else:
            target.copy_(self.body.to(torch.float32).mul_(self.scale))

    def cut(self, start: int, stop: int) -> Numbers:
        """Those of some tokens; a view."""
        scale = self.scale
        return Numbers(self.body[:, start:stop], scale if scale is None or scale.shape[1] == 1 else scale[:, start:stop])

    @property
    def nbytes(self) -> int:
        """Their bytes, mapped or in memory."""
        return int(self.body.nbytes) + (0 if self.scale is None else int(self.scale.nbytes))


@dataclass(frozen=True, slots=True, eq=False)
class KvBlock:
    """The KV of consecutive tokens, as `memos.ports.runtime.Block`: keys and values of each layer. Nobody may change its tensors.

    `form` is the coarsest that its numbers have been through: those of a request's cache are float16.
    """

    tokens: NDArray[np.int64]
    base: int
    anchor: str
    adapter: str | None
    fingerprint: str
    keys: tuple[Numbers, ...] = field(repr=False)
    values: tuple[Numbers, ...] = field(repr=False)
    exact: bool = True
    form: Form = "float16"
    before: NDArray[np.int64] | None = field(default=None, repr=False)

    @property
    def nbytes(self) -> int:
        """The memory that its numbers take."""
        return sum(numbers.nbytes for numbers in (*self.keys, *self.values)) + self.tokens.nbytes

    def cut(self, start: int, stop: int, anchor: str) -> KvBlock:
        """The part [start, stop), after tokens of the hash `anchor`; its numbers are views of this block's."""
        return replace(
            self,
            tokens=self.tokens[start:stop],
            base=self.base + start,
            anchor=anchor,
            keys=tuple(numbers.cut(start, stop) for numbers in self.keys),
            values=tuple(numbers.cut(start, stop) for numbers in self.values),
        )


class Layer(DynamicLayer):  # type: ignore[misc]
    """A layer of a request's cache: it has room to grow, so that a new token costs the copying of nothing but itself.

    Its numbers are rounded to float16 as they come in, in the first pass over a prompt too: attaching gives the very numbers of reading.
    """

    def __init__(self, room: torch.Tensor, length: int) -> None:
        super().__init__()
        self.room, self.length = room, length
        self.device, self.is_initialized = room.device, True
        self._show()

    def _show(self) -> None:
        """Let the base class see what is there."""
        self.keys, self.values = self.room[0][:, :, : self.length], self.room[1][:, :, : self.length]

    def update(self, key_states: torch.Tensor, value_states: torch.Tensor, *_: Any, **__: Any) -> tuple[torch.Tensor, torch.Tensor]:
        """Append keys and values, and give all of them."""
        stop = self.length + key_states.shape[-2]
        if stop > self.room.shape[-2]:
            grown = self.room.new_empty((*self.room.shape[:-2], stop + max(_ROOM, stop // 4), self.room.shape[-1]))
            grown[..., : self.length, :] = self.room[..., : self.length, :]
            self.room = grown
        self.room[0][:, :, self.length : stop] = key_states.to(KEPT)
        self.room[1][:, :, self.length : stop] = value_states.to(KEPT)
        self.length = stop
        self._show()
        return self.keys, self.values


def forked(blocks: Sequence[KvBlock], shapes: Sequence[tuple[int, int]], dtype: torch.dtype, more: int) -> DynamicCache:
    """A cache of a request of its own that begins with some blocks, with room for `more` tokens. The blocks stay as they are.

    `shapes` are the heads and the width of each layer. Each number of the blocks is copied once, and brought to `dtype` on the way.
    """
    length = sum(len(block.tokens) for block in blocks)
    cache = DynamicCache()
    cache.layer_class_to_replicate = None
    cache.layers = []
    for index, (heads, width) in enumerate(shapes):
        room = torch.empty((2, 1, heads, length + more, width), dtype=dtype)
        at = 0
        for block in blocks:
            stop = at + len(block.tokens)
            block.keys[index].write(room[0, 0, :, at:stop])
            block.values[index].write(room[1, 0, :, at:stop])
            at = stop
        cache.layers.append(Layer(room, length))
    return cache


def taken(cache: DynamicCache, start: int, stop: int) -> tuple[tuple[Numbers, ...], tuple[Numbers, ...]]:
    """Copies of the keys and values of the tokens [start, stop) of a cache."""
    keys = tuple(Numbers(layer.keys[0, :, start:stop].to(KEPT, copy=True)) for layer in cache.layers)
    values = tuple(Numbers(layer.values[0, :, start:stop].to(KEPT, copy=True)) for layer in cache.layers)
    return keys, values
