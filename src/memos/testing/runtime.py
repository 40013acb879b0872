"""FakeRuntime: a ModelRuntime with every capability in plain Python, for tests of what is built upon one.

Its answer is a function of all the tokens of the prompt and of the adapter, and so are the numbers of its blocks: who attaches a block of
other tokens, another place or another adapter gets another answer or an error. It counts what it read, and fails as it is told to.
"""

from __future__ import annotations

import hashlib
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from memos.errors import InvalidCall
from memos.memcube.prompt import Part, Sampling, TokenUsage, require_ordered
from memos.ports.blobs import Blob
from memos.ports.marking import require_markable
from memos.ports.runtime import (
    GREEDY,
    USUAL,
    About,
    Adapter,
    Attached,
    Block,
    Capabilities,
    Composed,
    Course,
    Exam,
    Generated,
    Progress,
    Trained,
)
from memos.testing import runtime_blocks as kv
from memos.testing.runtime_answers import Answering, stopped_before
from memos.testing.runtime_blocks import FakeBlock, Tokens
from memos.testing.runtime_composing import Composing
from memos.testing.runtime_knobs import Counted, Speed, Teaching, Troubles
from memos.testing.runtime_learning import adapter_of, taught
from memos.testing.runtime_marking import Marking, marked

__all__ = ["EVERYTHING", "Counted", "FakeRuntime", "Speed", "Teaching", "Troubles"]

EVERYTHING = Capabilities(activation=True, compose=True, adapters=True, learning=True, tells=True, watermark=True)


@dataclass
class _State:
    counted: Counted = field(default_factory=Counted)
    seen: list[Tokens] = field(default_factory=list)
    closed: bool = False


class FakeRuntime(Composing, Marking):
    """`answer` is asked for the text of each answer, given the prompt's as one text; without it the answer is words by hash.

    Where `capabilities` say that it `keeps`, the beginnings of earlier prompts count as cached, as in an engine with a cache of its own.
    `error` is what compose says of its error without recomputation. `teaching`, `troubles` and `speed` may be set at any time.
    """

    def __init__(
        self,
        *,
        name: str = "fake:words@0",
        window: int = 8192,
        capabilities: Capabilities = EVERYTHING,
        answer: Callable[[str], str] | None = None,
        error: float = 0.1,
    ) -> None:
        self._name, self._window, self._can, self._answer, self._error = name, window, capabilities, answer, error
        self._lock = threading.Lock()
        self._state = _State()
        self.teaching, self.troubles, self.speed = Teaching(), Troubles(), Speed()

    @property
    def name(self) -> str:
        """See the port."""
        return self._name

    @property
    def capabilities(self) -> Capabilities:
        """See the port."""
        return self._can

    @property
    def window(self) -> int:
        """See the port."""
        return self._window

    @property
    def counted(self) -> Counted:
        """What was done until now, as a copy."""
        with self._lock:
            return replace(self._state.counted)

    @property
    def fingerprint(self) -> str:
        """See the port."""
        return hashlib.sha256(f"fake runtime 1\0{self._name}".encode()).hexdigest()

    def count(self, texts: Sequence[str]) -> list[int]:
        """See the port; exact."""
        return [len(kv.words(text)) for text in texts]

    def load(self) -> float:
        """See the port."""
        return self.speed.busy

    def close(self) -> None:
        """See the port."""
        self._state.closed = True

    def tokens(self, prompt: Sequence[Part]) -> tuple[NDArray[np.int64], ...]:
        """See the port."""
        self._require("activation")
        return kv.tokens_of(prompt)

    def generate(
        self, prompt: Sequence[Part], sampling: Sampling = GREEDY, *, attached: Attached | None = None, keep: bool = False
    ) -> Iterator[Generated]:
        """See the port; what is wrong is raised at once, what goes wrong later by the iteration."""
        self._require()
        require_ordered(prompt)
        if keep or (attached is not None and attached.blocks):
            self._require("activation")
        if sampling.watermark:
            self._require("watermark")
            require_markable(sampling)
        adapter = attached.adapter if attached is not None else None
        tokens = np.concatenate(kv.tokens_of(prompt))
        if len(tokens) >= self._window:
            raise InvalidCall(f"the prompt has {len(tokens)} tokens, the window {self._window} for it and its answer: send less")
        before = self._attached(tokens, attached.blocks if attached is not None else (), adapter)
        cached = sum(len(block.tokens) for block in before)
        whole = self._whole(tokens, before, adapter)
        if self._can.keeps:
            cached = max(cached, self._remembered(tokens))
        self._tell(requests=1, read=len(tokens) - cached, cached=cached)
        words = self._words(prompt, whole, sampling)
        most = min(sampling.max_tokens, self._window - len(tokens))
        return self._pieces(Answering(words, sampling.stop, most), self._usage(len(tokens), cached), whole if keep else None)

    def _usage(self, prompt: int, cached: int) -> TokenUsage:
        seconds = (prompt - cached) * self.speed.seconds_per_token
        told = (cached, prompt - cached) if self._can.tells else (None, None)
        return TokenUsage(prompt=prompt, completion=0, cached=told[0], computed=told[1], first_seconds=seconds)

    def _pieces(self, answering: Answering, usage: TokenUsage, kept: Block | None) -> Iterator[Generated]:
        for given, piece in enumerate(stopped_before(answering)):
            if self.troubles.seconds:
                time.sleep(self.troubles.seconds)
            if self.troubles.dies_after is not None and given >= self.troubles.dies_after:
                raise self.troubles.error or kv.gone()
            self._tell(written=len(piece.tokens))
            yield piece
        yield Generated("", usage=usage.model_copy(update={"completion": answering.written}), ended=answering.ended, kept=kept)

    def _words(self, prompt: Sequence[Part], whole: FakeBlock, sampling: Sampling) -> Iterator[str]:
        if self._answer is not None:
            return iter(kv.words(self._answer("\n\n".join(part.text for part in prompt))))
        chance = b"" if sampling.temperature == 0 else str(random.getrandbits(63) if sampling.seed is None else sampling.seed).encode()
        said = kv.spoken(hashlib.blake2b(whole.end + chance, digest_size=16).digest())
        return marked(said, self._key) if sampling.watermark else said

    def _attached(self, tokens: Tokens, given: Sequence[Block], adapter: Adapter | None) -> tuple[FakeBlock, ...]:
        before = kv.joined(given, self.fingerprint, self._taught(adapter))
        end = 0
        for block in before:
            if not np.array_equal(block.tokens, tokens[end : end + len(block.tokens)]):
                raise InvalidCall("the blocks are not of the tokens that this prompt begins with: attach those that are")
            end += len(block.tokens)
        if end < len(tokens):
            return before
        last = before[-1]  # the last token is read anyway: what follows it is what is asked
        return (*before[:-1], *([self.cut(last, 0, len(last.tokens) - 1)] if len(last.tokens) > 1 else []))

    def _whole(self, tokens: Tokens, before: Sequence[FakeBlock], adapter: Adapter | None) -> FakeBlock:
        name, lesson = self._taught(adapter)
        count = sum(len(block.tokens) for block in before)
        start = before[-1].end if before else self._start(lesson)
        rows = np.concatenate([*(block.rows for block in before), kv.rows_of(start, tokens[count:])])
        exact = all(block.exact for block in before)
        nothing = np.empty(0, dtype=np.int64)
        return FakeBlock(kv.frozen(tokens), nothing, kv.frozen(rows), self.fingerprint, name, lesson, exact)

    def encode(self, tokens: NDArray[np.int64], *, after: Sequence[Block] = (), adapter: Adapter | None = None) -> FakeBlock:
        """See the port."""
        self._require("activation")
        tokens = np.array(tokens, dtype=np.int64)
        if tokens.ndim != 1 or not len(tokens):
            raise InvalidCall("a block has at least one token: give their ids in one row")
        before = kv.joined(after, self.fingerprint, self._taught(adapter))
        if sum(len(block.tokens) for block in before) + len(tokens) > self._window:
            raise InvalidCall(f"the block would end behind the window of {self._window} tokens: encode less")
        whole = self._whole(np.concatenate([*(block.tokens for block in before), tokens]), before, adapter)
        self._tell(read=len(tokens))
        return kv.part(whole, len(whole.tokens) - len(tokens), len(whole.tokens))

    def cut(self, block: Block, start: int, stop: int) -> FakeBlock:
        """See the port."""
        self._require("activation")
        own = kv.own(block, self.fingerprint)
        if not 0 <= start < stop <= len(own.tokens):
            raise InvalidCall(f"a block of {len(own.tokens)} tokens has no part [{start}, {stop}): give 0 <= start < stop <= its length")
        return kv.part(own, start, stop)

    def pack(self, block: Block, about: About, *, form: Literal["float16", "int8"] = "float16") -> bytes:
        """See the port."""
        self._require("activation")
        own = kv.own(block, self.fingerprint)
        if not own.exact:
            raise InvalidCall("a block that was moved is not exact: it is used where it was composed, and never stored")
        if own.adapter != about.adapter:
            raise InvalidCall(f"the block was read under the adapter {own.adapter!r}, not {about.adapter!r}")
        return kv.packed(own, self._name, about, form)

    def unpack(self, blob: Blob, about: About) -> FakeBlock:
        """See the port."""
        self._require("activation")
        return kv.unpacked(blob, self.fingerprint, self._name, about)

    def compose(self, anchor: Block, blocks: Sequence[Block], *, recompute: float = 0.0) -> Composed:
        """See the port."""
        self._require("compose")
        if not 0.0 <= recompute <= 1.0:
            raise InvalidCall(f"recompute is {recompute}: a share from 0 to 1")
        first = kv.own(anchor, self.fingerprint)
        placed, read = kv.composed(first, [kv.own(block, self.fingerprint) for block in blocks], recompute)
        self._tell(read=read)
        approximate = any(not block.exact for block in placed)
        return Composed(placed, self._error * (1 - recompute) if approximate else 0.0, read)

    def train(
        self, course: Course, about: About, *, exam: Exam = USUAL, state: bytes | None = None, told: Callable[[Progress], bool]
    ) -> Trained | None:
        """See the port; as the settable `teaching` says."""
        self._require("learning")
        hear = partial(self._step, told=told)
        return taught(self._name, course, about, exam=exam, state=state, hear=hear, teaching=self.teaching)

    def _step(self, progress: Progress, told: Callable[[Progress], bool]) -> bool:
        self._tell(steps=1)
        if self.troubles.error is not None:
            raise self.troubles.error
        return told(progress)

    def adapter(self, name: str, blob: Blob, about: About) -> Adapter:
        """See the port."""
        self._require("adapters")
        return adapter_of(name, blob, self._name, about)

    def _taught(self, adapter: Adapter | None) -> tuple[str | None, str]:
        """The name and the hash of an adapter of this model; InvalidCall for another's."""
        if adapter is None:
            return None, ""
        self._require("adapters")
        if adapter.model != self._name or not isinstance(adapter.body, str):
            raise InvalidCall(f"the adapter {adapter.name!r} is one of {adapter.model}, not of {self._name}")
        return adapter.name, adapter.body

    def _start(self, lesson: str) -> bytes:
        return hashlib.blake2b(f"{self.fingerprint}\0{lesson}".encode(), digest_size=16).digest()

    def _remembered(self, tokens: Tokens) -> int:
        """How many tokens the most alike of the prompts before has in common with this one, which is remembered."""
        with self._lock:
            common = [kv.common(each, tokens) for each in self._state.seen]
            self._state.seen = [*self._state.seen[-15:], tokens]
        return min(max(common, default=0), len(tokens) - 1)

    def _tell(self, **more: int) -> None:
        with self._lock:
            for name, count in more.items():
                setattr(self._state.counted, name, getattr(self._state.counted, name) + count)

    def _require(self, capability: str | None = None) -> None:
        if self._state.closed:
            raise InvalidCall("this runtime was closed: make another")
        if capability is not None and not getattr(self._can, capability):
            raise InvalidCall(f"{self._name} has not the capability {capability}")
        if self.troubles.error is not None and self.troubles.dies_after is None:
            raise self.troubles.error
