"""TransformersRuntime: a model of this process as a ModelRuntime that hands out KV blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import copy
from functools import partial
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from memos.backends.transformers import packing, reading
from memos.backends.transformers.blocks import KvBlock, forked, hash_of, taken
from memos.backends.transformers.composition import Composer
from memos.backends.transformers.decoding import Chooser, Pieces, Processor
from memos.backends.transformers.engine import Engine
from memos.backends.transformers.identity import digest_of, weights_in
from memos.backends.transformers.layout import Layout
from memos.backends.transformers.lora import Learning, able, in_force
from memos.backends.transformers.watermark_logits import Watermark
from memos.errors import InvalidCall
from memos.memcube.prompt import Part, Sampling, TokenUsage
from memos.ports.blobs import Blob
from memos.ports.composing import MOST, Case, Proven
from memos.ports.marking import RATE, Detection, require_markable
from memos.ports.runtime import GREEDY, About, Adapter, Attached, Block, Capabilities, Composed, Generated

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from transformers import DynamicCache

Marking = Callable[[Sampling], Processor | None]
"""Makes the processor of one request, or None where it wants none; see `TransformersRuntime.processors`."""


class TransformersRuntime(Learning):
    """A causal language model and its tokenizer, as objects of transformers. Thread-safe: forward passes of several requests alternate.

    `weights` is a hash of the weights, computed where it is not given. `window` bounds the prompt and its answer together, by default as
    the model's configuration does; `home` is where what is measured of the model is kept. `processors` make what changes the scores of a
    request's next token, after temperature, top_k and top_p; `engine.switch` puts adapters into force. `watermark_key` is a secret by which
    answers are marked where that is asked for: see `marking`.
    """

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        *,
        name: str = "model",
        weights: str | None = None,
        window: int | None = None,
        home: Path | None = None,
        watermark_key: bytes | None = None,
    ) -> None:
        self.engine = Engine(model)
        self.engine.switch = partial(in_force, self)
        self._learns = able(model)
        self.tokenizer, self.layout, self.home = tokenizer, Layout(tokenizer), home
        self.weights = weights or weights_in(model)
        self.processors: list[Marking] = []
        self._name = f"transformers:{name}@{self.weights[:12]}"
        most = int(getattr(self.engine.config, "max_position_embeddings", 0) or 2048)
        self._window = min(window or most, most)
        self.stops = frozenset(_ends(model, tokenizer))
        self.about = self.engine.describe()
        self._fingerprint = digest_of([self.weights, self.layout.vocabulary, self.layout.template, self.about])
        self.watermark = None if watermark_key is None else Watermark(watermark_key, self.layout)
        self.composer = Composer(self)

    @property
    def name(self) -> str:
        """The model as provenance names it."""
        return self._name

    @property
    def fingerprint(self) -> str:
        """A hash of weights, tokenizer, chat template, positions, kinds of layers and number type."""
        return self._fingerprint

    @property
    def capabilities(self) -> Capabilities:
        """What it can."""
        return Capabilities(
            activation=self.engine.refusal is None,
            adapters=self._learns,
            learning=self._learns,
            compose=bool(self.composer.proven),
            tells=True,
            watermark=self.watermark is not None,
        )

    @property
    def window(self) -> int:
        """The most tokens of a prompt and its answer together."""
        return self._window

    def count(self, texts: Sequence[str]) -> list[int]:
        """How many tokens each text has."""
        return [len(self.layout.plain(text)) for text in texts]

    def tokens(self, prompt: Sequence[Part]) -> tuple[NDArray[np.int64], ...]:
        """The tokens of each part, and in one more element those that open the answer."""
        return self.layout.tokens(prompt)

    def load(self) -> float:
        """How busy it is: the share of four requests that compute or wait."""
        return min(1.0, self.engine.waiting / 4)

    def close(self) -> None:
        """Let go of the model; what is being generated ends with an error."""
        with self.engine.lock:
            self.engine.model = self.engine.running = None

    def generate(
        self, prompt: Sequence[Part], sampling: Sampling = GREEDY, *, attached: Attached | None = None, keep: bool = False
    ) -> Iterator[Generated]:
        """Answer a prompt, piece by piece; see `ModelRuntime.generate`. What is wrong with the call is raised at once."""
        self._require_open()
        attached = attached or Attached()
        tokens = np.concatenate(self.tokens(prompt))
        if len(tokens) + sampling.max_tokens > self._window:
            raise InvalidCall(
                f"a prompt of {len(tokens)} tokens and an answer of {sampling.max_tokens} do not fit the window of {self._window}"
            )
        if sampling.watermark:
            self._require_watermark()
            require_markable(sampling)
        if keep or attached.blocks:
            self.require_activation()
        blocks = reading.fitting(self, attached, tokens)
        return self._answer(tokens, sampling, blocks, attached.adapter, keep=keep)

    def _answer(
        self, tokens: NDArray[np.int64], sampling: Sampling, blocks: tuple[KvBlock, ...], adapter: Adapter | None, *, keep: bool
    ) -> Iterator[Generated]:
        """The pieces of an answer, the last one with what it took."""
        began, first = process_time(), None
        cached = sum(len(block.tokens) for block in blocks)
        cache = self._cache(blocks, len(tokens) - cached + min(sampling.max_tokens, 256))
        logits = self._forward(tokens[cached:], cache, adapter)
        kept = self._kept(tokens, cache, blocks, adapter) if keep else None
        made = [processor for making in self.processors if (processor := making(sampling)) is not None]
        chooser = Chooser(sampling, [*made, *(self.watermark.processors(sampling) if self.watermark else ())])
        pieces, said, given = Pieces(self.tokenizer, sampling.stop), tokens.tolist(), 0
        ended: Literal["stop", "length"] = "length"
        for number in range(sampling.max_tokens):
            if number:
                logits = self._forward(said[-1:], cache, adapter)
            token = chooser.choose(said, logits)
            first = process_time() - began if first is None else first
            given += 1
            said.append(token)
            if token in self.stops:
                ended = "stop"
                break
            text = pieces.add(token)
            yield Generated(text, (token,))
            if pieces.stopped:
                ended = "stop"
                break
        usage = TokenUsage(prompt=len(tokens), completion=given, cached=cached, computed=len(tokens) - cached, first_seconds=first)
        yield Generated(pieces.end(), usage=usage, ended=ended, kept=kept)

    def encode(self, tokens: NDArray[np.int64], *, after: Sequence[Block] = (), adapter: Adapter | None = None) -> Block:
        """Read tokens that stand after some blocks, and give their KV; see `ActivationRuntime.encode`."""
        self._require_open()
        self.require_activation()
        return reading.encoded(self, tokens, after, adapter)

    def cut(self, block: Block, start: int, stop: int) -> Block:
        """The part [start, stop) of a block: as exact as the block is, sharing its numbers."""
        return reading.cut(reading.own(self, block), start, stop)

    def pack(self, block: Block, about: About, *, form: Literal["float16", "int8"] = "float16") -> bytes:
        """A block as a safetensors file; see `ActivationRuntime.pack`."""
        return packing.packed(self, reading.own(self, block), about, form)

    def unpack(self, blob: Blob, about: About) -> Block:
        """A block from such a file, mapped where `blob` is a path; see `ActivationRuntime.unpack`."""
        self.require_activation()
        return packing.unpacked(self, blob, about)

    def compose(self, anchor: Block, blocks: Sequence[Block], *, recompute: float = 0.0) -> Composed:
        """Blocks one behind the other after their anchor, approximate; see `ActivationRuntime.compose`."""
        self._require_open()
        self.require_activation()
        return self.composer.compose(reading.own(self, anchor), [reading.own(self, block) for block in blocks], recompute)

    @property
    def proven(self) -> tuple[Proven, ...]:
        """What composition was measured to cost, where that is good enough."""
        return self.composer.proven

    def calibrate(self, system: str, cases: Sequence[Case], *, recompute: Sequence[float], most: float = MOST) -> tuple[Proven, ...]:
        """Measure what composition costs; see `ComposingRuntime.calibrate`."""
        self._require_open()
        self.require_activation()
        return self.composer.calibrate(system, cases, recompute=recompute, most=most)

    def marking(self, key: bytes) -> TransformersRuntime:
        """The same model, marking by another key: closing one closes both."""
        other = copy(self)
        other.watermark = Watermark(key, self.layout)
        return other

    def detect(self, text: str | Sequence[int], *, rate: float = RATE) -> Detection:
        """Look for this key's mark in a text; see `MarkingRuntime.detect`."""
        return self._require_watermark().detector.detect(text, rate=rate)

    def _require_watermark(self) -> Watermark:
        """What marks; InvalidCall without a key."""
        if self.watermark is None:
            raise InvalidCall("this runtime has no key for a watermark: give it watermark_key, or use marking(key)")
        return self.watermark

    def require_activation(self) -> None:
        """InvalidCall where this model's KV cannot be held."""
        if self.engine.refusal is not None:
            raise InvalidCall(f"this model's KV cannot be kept: {self.engine.refusal}")

    def _require_open(self) -> None:
        if self.engine.model is None:
            raise InvalidCall("this runtime is closed")

    def _cache(self, blocks: tuple[KvBlock, ...], more: int) -> DynamicCache:
        """The cache of one request."""
        if self.engine.refusal is not None:
            return self.engine.fresh()
        return forked(blocks, self.engine.shapes, self.engine.dtype, more)

    def _forward(self, tokens: Sequence[int] | NDArray[np.int64], cache: DynamicCache, adapter: Adapter | None) -> Any:
        """A forward pass; InvalidCall once the runtime is closed."""
        self._require_open()
        return self.engine.forward(tokens, cache, adapter)

    def _kept(self, tokens: NDArray[np.int64], cache: DynamicCache, blocks: tuple[KvBlock, ...], adapter: Adapter | None) -> KvBlock:
        """The KV of a whole prompt, as exact as the blocks were that it began with."""
        return KvBlock(
            tokens, 0, hash_of(tokens[:0]), adapter.name if adapter else None, self._fingerprint, *taken(cache, 0, len(tokens)),
            exact=all(block.exact for block in blocks), form=reading.coarsest(blocks), before=tokens[:0],
        )  # fmt: skip


def _ends(model: Any, tokenizer: Any) -> set[int]:
    """The tokens that end an answer: the model's, the generation settings', and the tokenizer's own end."""
    ends: set[int] = set()
    for found in (
        getattr(model.config, "eos_token_id", None),
        getattr(model.generation_config, "eos_token_id", None),
        tokenizer.eos_token_id,
    ):
        ends.update(found if isinstance(found, list | tuple) else [found] if found is not None else [])
    named = ("<|im_end|>", "<|eot_id|>", "<end_of_turn>", "<|end|>")
    ends.update(token for name in named if (token := tokenizer.get_added_vocab().get(name)) is not None)
    return ends
