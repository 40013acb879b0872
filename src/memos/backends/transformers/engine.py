"""The model itself: one forward pass at a time, what it can hold, and what it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from threading import RLock
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

from memos.backends.transformers.attention import prefer_grouped, turn_weights
from memos.backends.transformers.blocks import KvBlock, forked, hash_of, taken
from memos.backends.transformers.identity import digest_of, positions_of
from memos.errors import BackendError, InvalidCall
from memos.ports.runtime import Adapter

if TYPE_CHECKING:
    from numpy.typing import NDArray

Switch = Callable[[Adapter], AbstractContextManager[None]]
"""Puts an adapter into force for the time of a context; it is called while nothing else is computed."""


def no_adapters(_: Adapter) -> AbstractContextManager[None]:
    """The switch of a runtime without adapters."""
    raise InvalidCall("this runtime attaches no adapters")


class Engine:
    """A causal language model and the lock under which it computes.

    One forward pass runs at a time; those of several requests alternate. `switch` is how an adapter is put into force for a pass: then
    `running`, which computes, is the adapter's copy of `model`, which stays the same until it is closed.
    """

    def __init__(self, model: Any) -> None:
        self.model = self.running = model.eval()
        for weight in model.parameters():
            weight.requires_grad_(requires_grad=False)
        self.config = model.config.get_text_config(decoder=True)
        self.lock = RLock()
        self.switch: Switch = no_adapters
        self.dtype: torch.dtype = model.dtype
        prefer_grouped(model)
        turn_weights(model)
        self.waiting = 0
        self.shapes, self.refusal = self._probe()

    @contextmanager
    def using(self, adapter: Adapter | None) -> Iterator[None]:
        """The model for one who computes, with an adapter in force or with none."""
        self.waiting += 1
        try:
            with self.lock, torch.inference_mode(), self.switch(adapter) if adapter is not None else nullcontext():
                yield
        finally:
            self.waiting -= 1

    def forward(self, tokens: Sequence[int] | NDArray[np.int64], cache: DynamicCache, adapter: Adapter | None = None) -> torch.Tensor:
        """Read tokens that stand after those of a cache, which then has them too; the logits after the last, (vocabulary,)."""
        ids = torch.from_numpy(np.array(tokens, dtype=np.int64)[None])
        with self.using(adapter):
            logits: torch.Tensor = self.running(input_ids=ids, cache=cache, use_cache=True, logits_to_keep=1).logits[0, -1]
        return logits

    def fresh(self) -> DynamicCache:
        """A cache with nothing in it, as the model itself would make it."""
        return DynamicCache(config=self.config)

    def _probe(self) -> tuple[tuple[tuple[int, int], ...], str | None]:
        """The heads and the width of each layer's keys and values; and where they are not all that a layer keeps, why not."""
        tokens = np.arange(3, 9, dtype=np.int64) % self.config.vocab_size
        whole = self.fresh()
        try:
            expected = self.forward(tokens, whole)
        except Exception as error:
            raise BackendError(f"the model does not compute: {type(error).__name__}: {str(error)[:200]}") from error
        if not bool(torch.isfinite(expected).all()):
            raise BackendError("the model computes numbers that are none: try dtype=float32")
        odd = sorted({type(layer).__name__ for layer in whole.layers if type(layer) is not DynamicLayer})
        if odd:
            return (), f"its layers keep more or less than keys and values of every token ({', '.join(odd)})"
        if any(layer.keys.shape != layer.values.shape or layer.keys.shape[2] != len(tokens) for layer in whole.layers):
            return (), "its layers keep other than one key and one value of a token"
        shapes = tuple((int(layer.keys.shape[1]), int(layer.keys.shape[3])) for layer in whole.layers)
        prefix = KvBlock(tokens[:4], 0, hash_of(tokens[:0]), None, "", *taken(whole, 0, 4))
        got = self.forward(tokens[4:], forked((prefix,), shapes, self.dtype, 2))
        room = 3e-2 * float(expected.abs().max().clamp(min=1))
        if float((got - expected).abs().max()) > room:
            return (), "what it computes after its own keys and values is not what it computes of the whole text"
        return shapes, None

    def describe(self) -> dict[str, Any]:
        """What its KV depends on but weights and tokens, as plain values."""
        return {
            "dtype": str(self.dtype).removeprefix("torch."),
            "layers": [list(shape) for shape in self.shapes],
            "kinds": list(getattr(self.config, "layer_types", None) or ["full_attention"] * len(self.shapes)),
            "window": getattr(self.config, "sliding_window", None),
            "rope": positions_of(self.config),
            "attention": digest_of([self.config.model_type, getattr(self.config, "attention_multiplier", None)]),
        }
