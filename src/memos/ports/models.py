"""Embedder, Reranker and ChatModel: the ports to models that turn text into vectors, compare texts, and write."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar, runtime_checkable

from memos.errors import BackendError, Unavailable
from memos.memcube.vector import Words

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


Given = TypeVar("Given")


@dataclass(frozen=True, slots=True)
class Remembered:
    """What a store knows of the embedder of its vectors; `url` is None for one that the program gave as an object."""

    name: str
    dimensions: int
    url: str | None


@runtime_checkable
class Embedder(Protocol):
    """Two embedders of one name give the same vectors; a store remembers the name."""

    @property
    def name(self) -> str:
        """The identity of the model, e.g. `minilm-l6-int8@` and the start of its weights' sha256."""

    @property
    def dimensions(self) -> int:
        """The width of a vector."""

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit rows, shape (n, dimensions). Unavailable when an endpoint does not answer, BackendError when a model is broken."""


@runtime_checkable
class MultiVector(Protocol):
    """An embedder that also tells how it read each word of a text, from the same forward pass: for late interaction.

    Khattab and Zaharia 2020, "ColBERT".
    """

    @property
    def word_dimensions(self) -> int:
        """The width of a word's vector, 0 when the model behind has none."""

    def embed_words(self, texts: Sequence[str]) -> tuple[NDArray[np.float32], list[Words]]:
        """What `embed` gives, and the words of each text that the model has read. The same errors."""


@runtime_checkable
class Remembering(Protocol):
    """An embedder that remembers vectors: how long it takes tells whether a text was met before."""

    def apart(self, who: tuple[str, str] | None) -> Embedder:
        """The same embedder, which remembers for (tenant, user) alone; for None it remembers nothing."""


@runtime_checkable
class Forgetful(Protocol):
    """An embedder that can forget the vectors that it remembers."""

    def clear(self) -> None:
        """Forget them, as after an erasure."""


def clear(embedder: object) -> None:
    """Let an embedder that remembers forget."""
    if isinstance(embedder, Forgetful):
        embedder.clear()


def apart(embedder: Embedder, who: tuple[str, str] | None) -> Embedder:
    """The embedder as one caller may use it, so that its time tells nobody what others have said."""
    return embedder.apart(who) if isinstance(embedder, Remembering) else embedder


@runtime_checkable
class Reranker(Protocol):
    """A model that reads a question and a text together, such as a cross-encoder (Nogueira and Cho 2019)."""

    @property
    def name(self) -> str:
        """The identity of the model."""

    def score(self, query: str, texts: Sequence[str]) -> NDArray[np.float32]:
        """How well each text answers, shape (n,), on any scale, more being better. Unavailable and BackendError as an Embedder's."""


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """A message to a model."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Completion:
    """What a model wrote: the text, and where a schema was given what it parses to, None where it parses to nothing.

    The tokens are those that are paid for; `cost` is in the currency of the prices that the operator named, None where none are.
    """

    text: str
    parsed: Any = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float | None = None
    finished: bool = True
    """False when it was cut off at `max_tokens`."""
    refused: bool = False
    """Whether the model, or who runs it, would not answer."""


@runtime_checkable
class ChatModel(Protocol):
    """A model that answers messages."""

    @property
    def name(self) -> str:
        """The identity of the model, as provenance names it, e.g. `openai:<model>@<host>`."""

    def complete(self, messages: Sequence[ChatMessage], schema: Mapping[str, Any] | None = None, *, max_tokens: int = 1024) -> Completion:
        """An answer of at most so many tokens; with a JSON schema it should be JSON that fits.

        Unavailable and BackendError as an Embedder's. A BackendError whose details have a `status` of 400, 413 or 422 is about these
        messages, any other about the model.
        """


UNIT = 1e-5
"""How far from length 1 a vector may be and still count as a unit vector."""


def embedded(embedder: Embedder, texts: Sequence[str]) -> NDArray[np.float32]:
    """What an embedder gives for some texts, checked, for anybody may have written it: unit rows or rows of zeros, (n, dimensions).

    Unavailable when it says so itself; BackendError for whatever else it raises, and for rows of another shape or that are not finite.
    """
    return _checked(embedder, texts, _guarded(embedder, lambda: embedder.embed(texts)))


def word_dimensions(embedder: object) -> int:
    """The width of the word vectors that an embedder gives, 0 for none."""
    return embedder.word_dimensions if isinstance(embedder, MultiVector) else 0


def read(embedder: Embedder, texts: Sequence[str]) -> tuple[NDArray[np.float32], list[Words | None]]:
    """What an embedder gives for some texts, checked as by `embedded`, with the words of each; None where it tells of none."""
    if not isinstance(embedder, MultiVector) or not embedder.word_dimensions:
        return embedded(embedder, texts), [None] * len(texts)
    rows, words = _guarded(embedder, lambda: embedder.embed_words(texts))
    width = embedder.word_dimensions
    if len(words) != len(texts) or not all(_sound(each, width) for each in words):
        raise BackendError(f"the embedder {embedder.name} gave other words than finite rows of {width} numbers; check the model")
    return _checked(embedder, texts, rows), list(words)


def _sound(words: Words, width: int) -> bool:
    import numpy as np

    return words.rows.shape == (len(words.spans), width) and bool(np.isfinite(words.rows).all())


def completed(
    chat: ChatModel, messages: Sequence[ChatMessage], schema: Mapping[str, Any] | None = None, *, max_tokens: int = 1024
) -> Completion:
    """What a model answers, checked, for anybody may have written it.

    Unavailable when it says so itself; BackendError for whatever else it raises, and for what is no Completion of sensible numbers.
    """
    given: object = _guarded(chat, lambda: chat.complete(messages, schema, max_tokens=max_tokens))
    if not isinstance(given, Completion) or not isinstance(given.text, str):
        raise BackendError(f"the chat model {chat.name} gave a {type(given).__name__} instead of a Completion with a text; check the model")
    counts: tuple[object, ...] = (given.prompt_tokens, given.completion_tokens)
    if not all(isinstance(count, int) and 0 <= count < MOST_TOKENS for count in counts):
        raise BackendError(f"the chat model {chat.name} counts other than numbers of tokens; check the model")
    cost: object = given.cost
    if cost is not None and not (isinstance(cost, int | float) and math.isfinite(cost) and cost >= 0):
        raise BackendError(f"the chat model {chat.name} names a cost that is no amount; check the model")
    return given


MOST_TOKENS = 2**31
"""More than any one answer can take."""


def _guarded(model: Embedder | Reranker | ChatModel, give: Callable[[], Given]) -> Given:
    try:
        return give()
    except (BackendError, Unavailable):
        raise
    except Exception as error:  # a model is other people's code
        kind = "reranker" if isinstance(model, Reranker) else "chat model" if isinstance(model, ChatModel) else "embedder"
        raise BackendError(f"the {kind} {model.name} failed with {type(error).__name__}; check the model") from error


def _checked(embedder: Embedder, texts: Sequence[str], given: object) -> NDArray[np.float32]:
    import numpy as np

    rows = _guarded(embedder, lambda: np.array(given, dtype=np.float32))
    if rows.shape != (len(texts), embedder.dimensions) or not np.isfinite(rows).all():
        raise BackendError(f"the embedder {embedder.name} gave other rows than {len(texts)} finite ones of its width; check the model")
    lengths = np.linalg.norm(rows.astype(np.float64), axis=1, keepdims=True)  # float32 squares of 1e30 are infinite, of 1e-30 zero
    uneven = (lengths > 0) & (np.abs(lengths - 1) > UNIT)
    return (rows / np.where(uneven, lengths, 1.0)).astype(np.float32) if uneven.any() else rows


def rerank(reranker: Reranker, query: str, texts: Sequence[str]) -> NDArray[np.float32]:
    """What a reranker says of some texts, checked: from 0 for the least to 1 for the best of them, 0 for all when it prefers none.

    Unavailable when it says so itself; BackendError for whatever else it raises, and for anything but a finite number a text.
    """
    import numpy as np

    given = _guarded(reranker, lambda: np.array(reranker.score(query, list(texts)), dtype=np.float64))
    if given.shape != (len(texts),) or not np.isfinite(given).all():
        raise BackendError(f"the reranker {reranker.name} gave other than {len(texts)} finite numbers; check the model")
    least, span = given.min(initial=np.inf), np.ptp(given) if len(given) else 0.0
    return ((given - least) / span if span > 0 else np.zeros(len(given))).astype(np.float32)


def embedding_input(speaker: str | None, text: str) -> str:
    """What is embedded for a memory: a turn with its speaker, `"Speaker: text"`, which finds more than the bare text."""
    return f"{speaker}: {text}" if speaker else text
