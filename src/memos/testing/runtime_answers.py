"""How FakeRuntime writes: a word at a time, until a stop string, the end or the limit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from memos.ports.runtime import Generated
from memos.testing.runtime_blocks import token


@dataclass
class Answering:
    """The words to come, the texts that end them, and the most of them; what was written so far and how it ended."""

    words: Iterator[str]
    stop: tuple[str, ...]
    most: int
    written: int = 0
    ended: Literal["stop", "length"] = "stop"


def stopped_before(answering: Answering) -> Iterator[Generated]:
    """The pieces of an answer up to what stops it, of which nothing is given out: what may be its beginning is held back."""
    held, tokens = "", []
    for word in answering.words:
        if answering.written == answering.most:
            answering.ended = "length"
            break
        answering.written += 1
        held += word
        tokens.append(token(word))
        place = min((at for text in answering.stop if (at := held.find(text)) >= 0), default=-1)
        if place >= 0:
            if place:
                yield Generated(held[:place], tuple(tokens))
            return
        free = len(held) - _beginning(held, answering.stop)
        if free:
            yield Generated(held[:free], tuple(tokens))
            held, tokens = held[free:], []
    if held:
        yield Generated(held, tuple(tokens))


def _beginning(text: str, stop: tuple[str, ...]) -> int:
    """The length of the longest end of a text that a stop string begins with."""
    return max((size for each in stop for size in range(1, len(each)) if text.endswith(each[:size])), default=0)
