"""ModelRuntime: the port to a model that answers prompts; some can hand out their KV caches, compose them, and learn adapters.

`memos.testing.runtime_contract` is the conformance suite; what a runtime says it can, in `capabilities`, is what is tested of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from memos.memcube.prompt import Part, Sampling, TokenUsage
from memos.ports.blobs import Blob

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


GREEDY = Sampling()
"""The likeliest token each time, 256 of them at most."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a runtime can. One that `keeps` has a cache of its own, which a stable beginning of the prompts makes good use of.

    `activation`: it is an ActivationRuntime. `compose`: composed reuse was proven for this model. `adapters` and `learning`: it is a
    LearningRuntime, which attaches adapters, and trains them. `tells`: it tells how many tokens were cached. `watermark`: it is a
    MarkingRuntime (ports/marking.py) and has a key.
    """

    activation: bool = False
    compose: bool = False
    adapters: bool = False
    learning: bool = False
    keeps: bool = False
    tells: bool = False
    watermark: bool = False


@dataclass(frozen=True, slots=True)
class Generated:
    """A piece of an answer; the last one has `usage`, and why it ended. `kept` is the KV of the prompt, where that was asked for."""

    text: str
    tokens: tuple[int, ...] = ()
    usage: TokenUsage | None = None
    ended: Literal["stop", "length"] | None = None
    kept: Block | None = None


@runtime_checkable
class ModelRuntime(Protocol):
    """A model in an engine. Thread-safe; what it cannot do it refuses with InvalidCall that says so.

    Unavailable when an engine does not answer, BackendError when a model is broken.
    """

    @property
    def name(self) -> str:
        """The model as provenance names it: `engine:model@` and the start of its weights' sha256 where they are at hand."""

    @property
    def capabilities(self) -> Capabilities:
        """What it can."""

    @property
    def window(self) -> int:
        """The most tokens of a prompt and its answer together."""

    def count(self, texts: Sequence[str]) -> list[int]:
        """How many tokens each text has, estimated where the tokenizer is not at hand; never less than a third of the true number."""

    def generate(
        self, prompt: Sequence[Part], sampling: Sampling = GREEDY, *, attached: Attached | None = None, keep: bool = False
    ) -> Iterator[Generated]:
        """Answer a prompt, piece by piece. Ending the iteration early ends the work.

        InvalidCall for a prompt that does not fit the window, for blocks that are not of these very tokens, model and adapter, and for
        `attached` or `keep` where the runtime has no such capability.
        """

    def load(self) -> float:
        """How busy it is now, from 0 to 1."""

    def close(self) -> None:
        """Let go of the model."""


class Block(Protocol):
    """The KV of consecutive tokens under one model and one adapter. It never changes, and many requests may share it.

    `tokens` stand at the positions from `base` on, after tokens of which `anchor` is the hash (hexadecimal sha256 of their ids as int64
    little endian). A block that was moved by composition has `exact` False.
    """

    @property
    def tokens(self) -> NDArray[np.int64]:
        """Shape (n,)."""

    @property
    def base(self) -> int:
        """The position of the first."""

    @property
    def anchor(self) -> str:
        """The hash of all tokens before the first, as they were when it was read."""

    @property
    def adapter(self) -> str | None:
        """The name of the adapter in force when it was read."""

    @property
    def exact(self) -> bool:
        """Whether attaching it gives what reading its tokens gives."""

    @property
    def nbytes(self) -> int:
        """The memory that it takes."""


@dataclass(frozen=True, slots=True)
class Adapter:
    """A LoRA adapter that a runtime has loaded: `name` is its blob's or another that is its own, `body` the runtime's."""

    name: str
    model: str
    body: Any = field(repr=False)


@dataclass(frozen=True, slots=True)
class Attached:
    """What stands in for reading the beginning of a prompt: blocks of exactly its first tokens, in order; and the adapter in force."""

    blocks: tuple[Block, ...] = ()
    adapter: Adapter | None = None


@dataclass(frozen=True, slots=True)
class About:
    """What a stored block or adapter says of itself beside its tensors, as text; a reader refuses it where it is not what is expected.

    `tenant` is a keyed mark, `sources` are (id, version), `expires` an ISO time. The runtime adds what it knows: model, weights,
    tokenizer, template, positions, types.
    """

    tenant: str
    sources: tuple[tuple[str, int], ...] = ()
    adapter: str | None = None
    expires: str | None = None


@runtime_checkable
class ActivationRuntime(ModelRuntime, Protocol):
    """A runtime that hands out KV blocks."""

    @property
    def fingerprint(self) -> str:
        """All that a block depends on but its tokens and adapter: weights, tokenizer, chat template, positions, number type; a hash."""

    def tokens(self, prompt: Sequence[Part]) -> tuple[NDArray[np.int64], ...]:
        """The tokens of each part, tokenised by itself, and in one more element those that open the answer."""

    def encode(self, tokens: NDArray[np.int64], *, after: Sequence[Block] = (), adapter: Adapter | None = None) -> Block:
        """Read tokens that stand after some blocks, and give their KV."""

    def cut(self, block: Block, start: int, stop: int) -> Block:
        """The part [start, stop) of a block: as exact as the block is, sharing its numbers."""

    def pack(self, block: Block, about: About, *, form: Literal["float16", "int8"] = "float16") -> bytes:
        """A block as a safetensors file: K of int8 per channel, V per token. InvalidCall for a block that is not exact."""

    def unpack(self, blob: Blob, about: About) -> Block:
        """A block from such a file, mapped where it can be. BackendError, with the reason, for what is no block of this model and
        adapter, of this tenant, for whatever is malformed or lies of its shapes; nothing in it is executed, and no more read than it has.
        """

    def compose(self, anchor: Block, blocks: Sequence[Block], *, recompute: float = 0.0) -> Composed:
        """Blocks that were each read right after `anchor`, brought one behind the other after it, for the price of moving them.

        A share `recompute` of their tokens, those that deviate most, is read anew. InvalidCall where this is not proven for the model.
        """


@dataclass(frozen=True, slots=True)
class Composed:
    """Blocks in their new places, approximate; `error` bounds the KL divergence as measured for so many blocks; `read` tokens anew."""

    blocks: tuple[Block, ...]
    error: float
    read: int


@dataclass(frozen=True, slots=True)
class Lesson:
    """What an adapter is to learn from one memory: its text, and questions with their answers where somebody has written them.

    `asked` are trained on, `held` are asked by the gate alone. Where there are none the runtime makes its own of the text.
    """

    cube: str
    text: str
    kind: Literal["fact", "procedure", "style"] = "fact"
    asked: tuple[tuple[str, str], ...] = ()
    held: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Course:
    """A training: lessons, how it is taught, and its bounds. `labelled` learns the texts, `distilled` what the same model answers with
    the text in its prompt. `seconds` are CPU time in all, over all resumptions.
    """

    lessons: tuple[Lesson, ...]
    by: Literal["labelled", "distilled"] = "labelled"
    rank: int = 8
    seed: int = 0
    seconds: float = 120.0
    memory_bytes: int = 4 * 1024**3


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a training is: `done` from 0 to 1, the steps and the CPU seconds so far; `state` resumes it, where one was saved now."""

    done: float
    steps: int
    seconds: float
    loss: float
    state: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Exam:
    """What an adapter must pass to go live."""

    recall: float = 0.8
    perplexity: float = 1.2
    """The most that the perplexity of held-out text may grow, as a factor."""
    neighbours: float = 0.8
    """The least share of neighbouring answers, which it was not to learn, that must be as they were without it."""


USUAL = Exam()


@dataclass(frozen=True, slots=True)
class Report:
    """What the gate measured, and why an adapter was refused; `reasons` is empty when it passed."""

    recall: float
    perplexity: float
    neighbours: float
    asked: int
    reasons: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether the adapter may go live."""
        return not self.reasons


@dataclass(frozen=True, slots=True)
class Trained:
    """An adapter as a safetensors file, what it was trained with, and what the gate said. `finished` False: stopped, `state` resumes."""

    body: bytes = field(repr=False)
    report: Report
    steps: int
    seconds: float


@runtime_checkable
class LearningRuntime(ModelRuntime, Protocol):
    """A runtime that attaches LoRA adapters, and with `capabilities.learning` trains them."""

    def train(
        self, course: Course, about: About, *, exam: Exam = USUAL, state: bytes | None = None, told: Callable[[Progress], bool]
    ) -> Trained | None:
        """Train an adapter and examine it; `told` hears of the progress, and ends the training by giving False: then None.

        InvalidCall for a course that cannot be taught within its bounds, BackendError for a `state` that is not of this course.
        """

    def adapter(self, name: str, blob: Blob, about: About) -> Adapter:
        """Load an adapter; BackendError, with the reason, as `ActivationRuntime.unpack`."""
