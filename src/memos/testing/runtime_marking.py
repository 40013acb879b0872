"""How FakeRuntime marks what it says: of each two neighbouring words a key says yes or no, and marked answers have only words of yes."""

from __future__ import annotations

import hashlib
import hmac
import math
from collections.abc import Iterator, Sequence
from copy import copy
from itertools import pairwise
from typing import Self

from memos.errors import InvalidCall
from memos.ports.marking import RATE, Detection, require_key, require_rate
from memos.ports.runtime import Capabilities
from memos.testing import runtime_blocks as kv

FAKE_KEY = b"the key of a fake, which everybody knows"


class Marking:
    """What makes a fake a MarkingRuntime. An `answer` that a test gives is never marked."""

    _can: Capabilities
    _key: bytes = FAKE_KEY

    def marking(self, key: bytes) -> Self:
        """See the port."""
        other = copy(self)
        other._key = require_key(key)  # noqa: SLF001 -- of the same class
        return other

    def detect(self, text: str | Sequence[int], *, rate: float = RATE) -> Detection:
        """See the port; a fake looks at the whole text."""
        if not self._can.watermark:
            raise InvalidCall("this runtime cannot watermark: its capabilities say what it can")
        if not isinstance(text, str):
            raise InvalidCall("a fake looks at texts: give it one")
        require_rate(rate)
        told = [_yes(self._key, *pair) for pair in pairwise(text.lower().split())]
        count, found = len(told), sum(told)
        p_value = sum(math.comb(count, more) for more in range(found, count + 1)) / 2**count
        deviation = (2 * found - count) / math.sqrt(count) if count else 0.0
        return Detection(found / count if count else 0.5, deviation, p_value, count, (0, len(text)), rate)


def marked(said: Iterator[str], key: bytes) -> Iterator[str]:
    """As many words as were to be said, each of which the key allows after the one before."""
    before = ""
    for place, word in enumerate(said):
        chosen = word.strip()
        if place:
            at = kv.SAYS.index(chosen)
            chosen = next((each for each in (*kv.SAYS[at:], *kv.SAYS[:at]) if _yes(key, before, each)), chosen)
        before = chosen.lower()
        yield f" {chosen}" if place else chosen


def _yes(key: bytes, before: str, word: str) -> bool:
    """Whether the key allows a word after another."""
    return hmac.digest(key, f"{before} {word}".encode(), hashlib.sha256)[0] % 2 == 1
