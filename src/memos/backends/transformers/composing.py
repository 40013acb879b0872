"""Composition: blocks that were each read right after the same anchor, brought one behind the other, which is approximate.

Keys are turned to their new positions (RoPE, Su et al. 2021: turning by a distance is exact), values stay. What is wrong then is that no
block has seen the ones before it. A share of the tokens is read anew through all layers, after all that stands before them: a small share
at the seams, where each block begins, for those lack the context of what stands before them most; a greater one where keys and values
deviate most from what they should be in an early layer (CacheBlend, Yao et al. 2025), which costs the layers before it for every token.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from transformers import DynamicCache

from memos.backends.transformers.blocks import KEPT, KvBlock, Layer, Numbers, forked, hash_of
from memos.backends.transformers.engine import Engine
from memos.errors import InvalidCall

if TYPE_CHECKING:
    from numpy.typing import NDArray

SEAMS = 0.2
"""The greatest share that is read anew at the seams alone."""
EARLY = 3
"""The layer whose keys and values say which tokens deviate; all before it are computed anew for every token."""


class _EnoughError(Exception):
    """The layer that was wanted is reached: the rest of the pass is not needed."""


class _Early(Layer):
    """A layer that ends the pass once it has its keys and values."""

    def update(self, key_states: torch.Tensor, value_states: torch.Tensor, *_: Any, **__: Any) -> tuple[torch.Tensor, torch.Tensor]:
        super().update(key_states, value_states)
        raise _EnoughError


class _Mended(Layer):
    """A layer in which new keys and values take the places of others."""

    def __init__(self, room: torch.Tensor, places: torch.Tensor) -> None:
        super().__init__(room, room.shape[-2])
        self.places = places

    def update(self, key_states: torch.Tensor, value_states: torch.Tensor, *_: Any, **__: Any) -> tuple[torch.Tensor, torch.Tensor]:
        self.room[0].index_copy_(2, self.places, key_states.to(KEPT).to(self.room.dtype))
        self.room[1].index_copy_(2, self.places, value_states.to(KEPT).to(self.room.dtype))
        return self.keys, self.values


class _Last(_Mended):
    """The last of them: with its keys and values all that is wanted of the pass is there."""

    def update(self, key_states: torch.Tensor, value_states: torch.Tensor, *_: Any, **__: Any) -> tuple[torch.Tensor, torch.Tensor]:
        super().update(key_states, value_states)
        raise _EnoughError


def turning(engine: Engine) -> torch.Tensor | None:
    """The frequencies (width / 2,) by which the model's keys are turned at each position; None where they are not what it computes.

    It is seen by turning the first layer's key of a token from one place to another, where the model itself has the same token.
    """
    base = getattr(engine.model, "model", None)
    kind = (getattr(engine.config, "rope_parameters", None) or {}).get("rope_type", "default")
    found = getattr(getattr(base, "rotary_emb", None), "inv_freq", None)
    if engine.refusal is not None or kind not in ("default", "linear", "llama3") or not isinstance(found, torch.Tensor):
        return None
    frequencies = found.detach().float()
    if any(width != 2 * len(frequencies) for _, width in engine.shapes):
        return None
    cache = engine.fresh()
    engine.forward([7] * 40, cache)
    keys = cache.layers[0].keys[0].float()
    turned = turn(keys[:, :1], 39, frequencies)
    near = float((turned - keys[:, 39:]).abs().max()) <= 2e-2 * float(keys.abs().max().clamp(min=1e-6))
    return frequencies if near else None


def turn(keys: torch.Tensor, distance: int, frequencies: torch.Tensor) -> torch.Tensor:
    """Keys (heads, tokens, width) that many positions further on, computed in float32; pairs are (i, i + width / 2), as in Llama."""
    angles = (frequencies * distance).repeat(2)
    low, high = keys.chunk(2, dim=-1)
    return keys * angles.cos() + torch.cat((-high, low), dim=-1) * angles.sin()


def moved(block: KvBlock, base: int, frequencies: torch.Tensor) -> KvBlock:
    """A block at another position, no longer exact."""
    distance = base - block.base
    if not distance:
        return replace(block, exact=False)
    keys = []
    for numbers in block.keys:
        plain = torch.empty(numbers.body.shape)
        numbers.write(plain)
        keys.append(Numbers(turn(plain, distance, frequencies).to(KEPT)))
    return replace(block, base=base, keys=tuple(keys), exact=False)


def placed(anchor: KvBlock, blocks: Sequence[KvBlock], frequencies: torch.Tensor) -> tuple[KvBlock, ...]:
    """Blocks one behind the other after their anchor; InvalidCall for one that was not read right after it."""
    if anchor.base or not anchor.exact:
        raise InvalidCall("an anchor stands at the very beginning, and is exact")
    wanted, at, made = hash_of(anchor.tokens), len(anchor.tokens), []
    for block in blocks:
        if not block.exact or block.anchor != wanted or block.adapter != anchor.adapter:
            raise InvalidCall("a block was not read right after this anchor, under the same adapter")
        made.append(moved(block, at, frequencies))
        at += len(block.tokens)
    if made:
        made[0] = blocks[0]
    return tuple(made)


def mended(engine: Engine, anchor: KvBlock, blocks: tuple[KvBlock, ...], share: float) -> tuple[tuple[KvBlock, ...], int]:
    """Blocks in their places of which a share of the tokens has been read anew, and how many; the first block needs none of it."""
    start = len(anchor.tokens)
    tokens = np.concatenate([anchor.tokens, *(block.tokens for block in blocks)])
    first = start + len(blocks[0].tokens)
    count = min(round(share * (len(tokens) - start)), len(tokens) - first)
    if count <= 0:
        return blocks, 0
    with engine.using(None):
        cache = forked((anchor, *blocks), engine.shapes, engine.dtype, 0)
        if share <= SEAMS:
            places = _seams(blocks, first, share)
        else:
            places = first + _deviation(engine, tokens, cache, first).topk(count).indices.sort().values
        _read(engine, tokens, cache, places)
    return _cut(cache, blocks, start), len(places)


def _seams(blocks: Sequence[KvBlock], first: int, share: float) -> torch.Tensor:
    """The places of the first tokens of each block but the first one, so many that they are that share of all."""
    whole = share * sum(len(block.tokens) for block in blocks) / sum(len(block.tokens) for block in blocks[1:])
    places: list[int] = []
    at = first
    for block in blocks[1:]:
        places.extend(range(at, at + min(len(block.tokens), max(1, round(whole * len(block.tokens))))))
        at += len(block.tokens)
    return torch.tensor(places)


def _deviation(engine: Engine, tokens: NDArray[np.int64], cache: DynamicCache, first: int) -> torch.Tensor:
    """How far the keys and values of each token from `first` on are from what they should be in an early layer, (tokens,)."""
    at = min(EARLY, len(engine.shapes) // 2)
    early = forked((), engine.shapes[: at + 1], engine.dtype, len(tokens))
    early.layers[at] = _Early(early.layers[at].room, 0)
    with suppress(_EnoughError):
        engine.model(input_ids=torch.from_numpy(tokens[None]), cache=early, use_cache=True, logits_to_keep=1)
    have, should = cache.layers[at].room, early.layers[at].room
    return (have[..., first : len(tokens), :] - should[..., first : len(tokens), :]).float().square().sum(dim=(0, 1, 2, 4))


def _read(engine: Engine, tokens: NDArray[np.int64], cache: DynamicCache, places: torch.Tensor) -> None:
    """Read the tokens at some places anew, each after all that stands before it, and put their keys and values into a cache."""
    cache.layers = [*(_Mended(layer.room, places) for layer in cache.layers[:-1]), _Last(cache.layers[-1].room, places)]
    mask = torch.arange(len(tokens))[None, :] <= places[:, None]
    with suppress(_EnoughError):
        engine.model(
            input_ids=torch.from_numpy(tokens)[places][None], position_ids=places[None], attention_mask=mask[None, None], cache=cache,
            use_cache=True, logits_to_keep=1,
        )  # fmt: skip


def _cut(cache: DynamicCache, blocks: Sequence[KvBlock], at: int) -> tuple[KvBlock, ...]:
    """The blocks of a cache, at the places of others."""
    made = []
    for block in blocks:
        stop = at + len(block.tokens)
        keys = tuple(Numbers(layer.room[0][0, :, at:stop].to(KEPT, copy=True)) for layer in cache.layers)
        values = tuple(Numbers(layer.room[1][0, :, at:stop].to(KEPT, copy=True)) for layer in cache.layers)
        made.append(replace(block, base=at, keys=keys, values=values, exact=False))
        at = stop
    return tuple(made)
