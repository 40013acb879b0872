"""The side of the watermark that generates: transformers' SynthID processor over the likeliest tokens, keyed by a Mark."""

from __future__ import annotations

from functools import lru_cache

import torch
from transformers import SynthIDTextWatermarkLogitsProcessor

from memos.backends.transformers.decoding import Processor
from memos.backends.transformers.layout import Layout
from memos.backends.transformers.watermark import CONTEXT, Detector, Mark, mark_of
from memos.memcube.prompt import Sampling
from memos.ports.marking import require_markable

HEAD = 1024
"""How many of the likeliest tokens take part in the tournament, as one group: the others keep their probabilities."""


class Tournament(SynthIDTextWatermarkLogitsProcessor):  # type: ignore[misc]
    """The tournament over one answer. It knows the answer from the prompt by counting its calls: the prompt chooses no g-value, since a
    detector does not see it. A token whose context was there before is not marked, so that the answer as a whole is distributed as
    without the mark.
    """

    def __init__(self, mark: Mark) -> None:
        super().__init__(CONTEXT + 1, mark.keys.astype("int64").tolist(), 1, 0, 1, torch.device("cpu"))
        self.sampling_table = _table(mark)
        self._calls = 0
        self._seen: set[int] = set()

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """The scores after the tournament, of tokens (1, n) and scores (1, vocabulary)."""
        self._calls += 1
        if self._calls <= CONTEXT:
            return scores
        usual = scores.log_softmax(-1)
        head, places = usual.topk(min(HEAD, scores.shape[-1]))
        keys, contexts = self._compute_keys(input_ids[:, -CONTEXT:], places)
        context = int(contexts[0])
        if context in self._seen:
            return scores
        self._seen.add(context)
        won = self.update_scores(head, self.sample_g_values(keys))
        return usual.scatter(-1, places, won + head.logsumexp(-1, keepdim=True))


@lru_cache(maxsize=16)
def _table(mark: Mark) -> torch.Tensor:
    """A mark's bits as the processor wants them."""
    return torch.from_numpy(mark.table.astype("int64"))


class Watermark:
    """A key in use: what makes the processors of requests, and the detector of what they mark in texts of a model's tokenizer."""

    def __init__(self, key: bytes, layout: Layout) -> None:
        self._mark = mark_of(key)
        self.detector = Detector(key, layout.plain, layout.spoken)

    def processors(self, sampling: Sampling) -> tuple[Processor, ...]:
        """The processor of one answer, where it asks for a watermark."""
        if not sampling.watermark:
            return ()
        require_markable(sampling)
        return (Tournament(self._mark),)
