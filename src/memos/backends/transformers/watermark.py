"""The watermark that is made when a text is generated: SynthID-Text (Dathathri et al., Nature 634, 2024), and its detector.

Each token is chosen by a tournament of DEPTH rounds among draws from the model's own distribution; what wins a round is a bit, the g-value,
that a key gives to (the CONTEXT tokens before, token, round). Averaged over keys every token keeps its probability; who has the key sees
that the g-values of marked text are too high. The detector needs the key and the tokens, and no model: under a key that did not mark the
text the g-values are bits of a random table, so that the distribution of the score is computed and nothing is trained. The hash is that
of transformers' `SynthIDTextWatermarkLogitsProcessor`; its table of bits, there drawn from a seed of 32 bits, is drawn from the whole key.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np

from memos.ports.marking import RATE, Detection, require_key, require_rate

if TYPE_CHECKING:
    from numpy.typing import NDArray

DEPTH = 30
"""Rounds of the tournament. More of them leave more in a text of much choice, and weigh less in one of little: see decision 41."""
CONTEXT = 4
"""How many tokens before choose the g-values of one."""
SPACE = 2**18
"""The bits of the table. Who sees much marked text learns a small table sooner."""
WEIGHTS = np.linspace(10.0, 1.0, DEPTH) / np.linspace(10.0, 1.0, DEPTH).sum()
"""The earlier a round, the more of it is left in the text: the weighted mean of the paper."""
NARROWEST = 25
"""The fewest tokens of a window in which a quoted part is looked for."""
_MULTIPLIER = np.uint64(6364136223846793005)


@dataclass(frozen=True, eq=False)
class Mark:
    """What a key says: `keys`, one a round, shape (DEPTH,), and the `table` of bits, shape (SPACE,)."""

    keys: NDArray[np.uint64] = field(repr=False)
    table: NDArray[np.uint8] = field(repr=False)

    def values(self, tokens: NDArray[np.int64]) -> tuple[NDArray[np.uint8], NDArray[np.intp]]:
        """The g-values of tokens, shape (n, DEPTH), and where those stand: only tokens whose context was not there before are counted,
        since others were either not marked or are no new evidence.
        """
        if len(tokens) <= CONTEXT:
            return np.empty((0, DEPTH), np.uint8), np.empty(0, np.intp)
        runs = np.lib.stride_tricks.sliding_window_view(tokens.astype(np.uint64), CONTEXT + 1)
        contexts = np.ones(len(runs), np.uint64)
        for place in range(CONTEXT):
            contexts = _absorbed(contexts, runs[:, place])
        fresh = np.sort(np.unique(contexts, return_index=True)[1])
        grams = _absorbed(contexts[fresh], runs[fresh, CONTEXT])
        return self._drawn(grams), fresh + CONTEXT

    @cached_property
    def null(self) -> tuple[float, float]:
        """Mean and variance of the weighted g-value of a token that this key did not choose: over the whole table, and exact."""
        total = np.zeros(SPACE)
        for key, weight in zip(self.keys, WEIGHTS, strict=True):
            total += weight * self._drawn(np.arange(SPACE, dtype=np.uint64), key[None])[:, 0]
        return float(total.mean()), float(total.var())

    def _drawn(self, grams: NDArray[np.uint64], keys: NDArray[np.uint64] | None = None) -> NDArray[np.uint8]:
        """The bit of each hash in each round."""
        places = _absorbed(grams[:, None], (self.keys if keys is None else keys)[None, :]) & np.uint64(SPACE - 1)
        drawn: NDArray[np.uint8] = self.table[places]
        return drawn


def _absorbed(hashes: NDArray[np.uint64], data: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The next hash: a linear congruential generator modulo 2^64, as `accumulate_hash` of transformers has it."""
    return (hashes + data) * _MULTIPLIER + np.uint64(1)


@lru_cache(maxsize=16)
def mark_of(key: bytes) -> Mark:
    """The mark of a key, by SHAKE-256 (FIPS 202). Two rounds never have the same bits."""
    spare = 8 * DEPTH
    stream = hashlib.shake_256(b"memos SynthID-Text 1\0" + require_key(key)).digest(8 * spare + SPACE // 8)
    drawn = np.frombuffer(stream[: 8 * spare], "<u8") >> np.uint64(1)
    apart = np.sort(np.unique(drawn & np.uint64(SPACE - 1), return_index=True)[1])[:DEPTH]
    return Mark(drawn[apart].astype(np.uint64), np.unpackbits(np.frombuffer(stream[8 * spare :], np.uint8)))


@dataclass(frozen=True, slots=True)
class _Found:
    """A part of the tokens counted, from `start` to `stop`, how far it deviates, and how often chance does as well."""

    start: int
    stop: int
    deviation: float
    p_value: float


class Detector:
    """Looks for the mark of one key in texts of one tokenizer: `encode` gives a text's tokens, `decode` the text of tokens."""

    def __init__(self, key: bytes, encode: Callable[[str], NDArray[np.int64]], decode: Callable[[Sequence[int]], str]) -> None:
        self._mark, self._encode, self._decode = mark_of(bytes(require_key(key))), encode, decode

    def detect(self, text: str | Sequence[int], *, rate: float = RATE) -> Detection:
        """What a text shows of the mark, as a whole or in a part of it; see `Detection`. InvalidCall unless the rate is between 0 and 1."""
        require_rate(rate)
        tokens = np.asarray(self._encode(text) if isinstance(text, str) else text, dtype=np.int64)
        values, places = self._mark.values(tokens)
        scores = values @ WEIGHTS
        mean, variance = self._mark.null
        found = best_part(scores - mean, variance)
        part = scores[found.start : found.stop]
        first = max(0, int(places[found.start]) - CONTEXT) if 0 < found.start < len(places) else 0
        last = int(places[found.stop - 1]) + 1 if 0 < found.stop < len(places) else len(tokens)
        span = (first, last) if not isinstance(text, str) else self._characters(text, tokens, first, last)
        score = float(part.mean()) if len(part) else mean
        return Detection(score, found.deviation, found.p_value, len(part), span, rate)

    def _characters(self, text: str, tokens: NDArray[np.int64], first: int, last: int) -> tuple[int, int]:
        """From which character to which some tokens stand; the ends of the text are its ends."""
        start = len(self._decode(tokens[:first].tolist())) if first else 0
        stop = len(self._decode(tokens[:last].tolist())) if last < len(tokens) else len(text)
        return min(start, len(text)), min(stop, len(text))


def best_part(scores: NDArray[np.float64], variance: float) -> _Found:
    """What part of a text speaks most for a mark: all of it, or a window of 25, 50, 100 … tokens.

    `scores` are centred. The sum of n of them has, without the mark, the variance n × `variance` and, being of 30 n bits, all but a normal
    distribution. Half of the false positives is spent on the whole, half on the windows together (Bonferroni: at most, since they overlap).
    """
    count = len(scores)
    whole = _Found(0, count, *_tail(float(scores.sum()), count * variance))
    sums = np.concatenate([[0.0], np.cumsum(scores)])
    windows, best = 0, whole
    width = NARROWEST
    while width < count:
        starts = np.unique(np.append(np.arange(0, count - width, max(1, width // 4)), count - width))
        over = sums[starts + width] - sums[starts]
        windows += len(starts)
        at = int(over.argmax())
        deviation, p_value = _tail(float(over[at]), width * variance)
        if best is whole or p_value < best.p_value:
            best = _Found(int(starts[at]), int(starts[at]) + width, deviation, p_value)
        width *= 2
    if not windows:
        return whole
    of_whole, of_best = min(1.0, 2 * whole.p_value), min(1.0, 2 * windows * best.p_value)
    if of_whole <= of_best:
        return _Found(whole.start, whole.stop, whole.deviation, of_whole)
    return _Found(best.start, best.stop, best.deviation, of_best)


def _tail(total: float, variance: float) -> tuple[float, float]:
    """By how many standard deviations a sum exceeds 0, and how often chance does as well; nothing at all speaks for nothing."""
    if variance <= 0.0:
        return 0.0, 1.0
    deviation = total / math.sqrt(variance)
    return deviation, 0.5 * math.erfc(deviation / math.sqrt(2.0))
