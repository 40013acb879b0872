"""Reading tokens into blocks, and which blocks fit the beginning of a prompt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

from memos.backends.transformers.blocks import NOTHING, Form, KvBlock, forked, hash_of, taken
from memos.backends.transformers.engine import Engine
from memos.errors import InvalidCall
from memos.ports.runtime import Adapter, Attached, Block

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FORMS: tuple[Form, ...] = ("float16", "int8")


class Reader(Protocol):
    """What of a runtime is needed here."""

    @property
    def engine(self) -> Engine: ...  # noqa: D102
    @property
    def fingerprint(self) -> str: ...  # noqa: D102
    @property
    def window(self) -> int: ...  # noqa: D102


def own(runtime: Reader, block: Block) -> KvBlock:
    """A block as this runtime's; InvalidCall for another's."""
    if not isinstance(block, KvBlock) or block.fingerprint != runtime.fingerprint:
        raise InvalidCall("this block is of another model, tokenizer, chat template or number type")
    return block


def coarsest(blocks: Sequence[KvBlock]) -> Form:
    """The coarsest form that the numbers of some blocks have been through."""
    return max((block.form for block in blocks), key=_FORMS.index, default="float16")


def following(runtime: Reader, blocks: Sequence[Block], adapter: str | None) -> tuple[KvBlock, ...]:
    """Blocks that stand one behind the other from the beginning on; InvalidCall where they do not, or were read under another adapter."""
    checked = tuple(own(runtime, block) for block in blocks)
    at, whole = 0, np.zeros(0, dtype=np.int64)
    for block in checked:
        if block.adapter != adapter:
            raise InvalidCall(f"a block was read under the adapter {block.adapter or 'none'}, not {adapter or 'none'}: it is void under it")
        if block.base != at:
            raise InvalidCall(f"a block stands at position {block.base}, not at {at}")
        if block.exact and block.anchor != hash_of(whole):
            raise InvalidCall("a block was read after other tokens than those before it")
        whole = np.concatenate([whole, block.tokens])
        at = len(whole)
    return checked


def fitting(runtime: Reader, attached: Attached, tokens: NDArray[np.int64]) -> tuple[KvBlock, ...]:
    """What of the attached blocks stands in for the beginning of a prompt: all but the prompt's last token at most.

    InvalidCall unless their tokens are exactly its first.
    """
    blocks = following(runtime, attached.blocks, attached.adapter.name if attached.adapter else None)
    given = np.concatenate([block.tokens for block in blocks]) if blocks else tokens[:0]
    if len(given) > len(tokens) or not np.array_equal(given, tokens[: len(given)]):
        raise InvalidCall("the tokens of the attached blocks are not the first of the prompt")
    if blocks and len(given) == len(tokens):
        last = blocks[-1]
        blocks = (*blocks[:-1], last.cut(0, len(last.tokens) - 1, last.anchor))
    return tuple(block for block in blocks if len(block.tokens))


def encoded(runtime: Reader, tokens: NDArray[np.int64], after: Sequence[Block], adapter: Adapter | None) -> KvBlock:
    """The KV of tokens that stand after some blocks."""
    name = adapter.name if adapter else None
    tokens = np.array(tokens, dtype=np.int64)
    before = following(runtime, after, name)
    passed = np.concatenate([block.tokens for block in before]) if before else tokens[:0]
    if tokens.ndim != 1 or not len(tokens) or tokens.min() < 0 or tokens.max() >= runtime.engine.config.vocab_size:
        raise InvalidCall("a block is made of one token or more of the model's vocabulary")
    if len(passed) + len(tokens) > runtime.window:
        raise InvalidCall(f"{len(passed) + len(tokens)} tokens do not fit the window of {runtime.window}")
    cache = forked(before, runtime.engine.shapes, runtime.engine.dtype, len(tokens))
    runtime.engine.forward(tokens, cache, adapter)
    tokens.flags.writeable = False
    return KvBlock(
        tokens, len(passed), hash_of(passed), name, runtime.fingerprint, *taken(cache, len(passed), len(passed) + len(tokens)),
        exact=all(block.exact for block in before), form=coarsest(before), before=passed,
    )  # fmt: skip


def cut(block: KvBlock, start: int, stop: int) -> KvBlock:
    """The part [start, stop) of a block; InvalidCall for one that is empty, or whose anchor cannot be told."""
    if not 0 <= start < stop <= len(block.tokens):
        raise InvalidCall(f"a block of {len(block.tokens)} tokens has no part from {start} to {stop}")
    before = block.before if block.anchor != NOTHING else block.tokens[:0]
    if start == 0:
        anchor = block.anchor
    elif before is None:
        raise InvalidCall(
            "a block from a file that stands after other tokens is cut at its end alone: what stood before it is not in the file"
        )
    else:
        anchor = hash_of(np.concatenate([before, block.tokens[:start]]))
    return block.cut(start, stop, anchor)
