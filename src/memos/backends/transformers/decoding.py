"""Choosing the next token, and turning tokens into pieces of text as they come."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from memos.memcube.prompt import Sampling

if TYPE_CHECKING:
    import torch

Processor = Callable[["torch.Tensor", "torch.Tensor"], "torch.Tensor"]
"""Takes the tokens so far (1, n) and the scores of the next one (1, vocabulary), and gives new scores: transformers' LogitsProcessor."""


class Chooser:
    """Chooses tokens as a Sampling says: temperature, then the `top_k` likeliest, then the fewest that have `top_p` together (Holtzman et
    al. 2020), then what the processors make of it. With the same seed, the same scores give the same tokens.
    """

    def __init__(self, sampling: Sampling, processors: Sequence[Processor]) -> None:
        import torch

        self._sampling, self._processors = sampling, processors
        self._random = torch.Generator()
        if sampling.seed is not None:
            self._random.manual_seed(sampling.seed)
        elif sampling.temperature:
            self._random.seed()

    def choose(self, tokens: Sequence[int], logits: torch.Tensor) -> int:
        """The next token after `tokens`, of logits of the shape (vocabulary,)."""
        import torch

        if not self._sampling.temperature and not self._processors:
            return int(logits.argmax())
        scores = logits.float()[None]
        if self._sampling.temperature:
            scores = self._warped(scores / self._sampling.temperature)
        if self._processors:
            so_far = torch.tensor([list(tokens)], dtype=torch.long)
            for processor in self._processors:
                scores = processor(so_far, scores)
        if not self._sampling.temperature:
            return int(scores.argmax())
        return int(torch.multinomial(scores.softmax(-1)[0], 1, generator=self._random))

    def _warped(self, scores: torch.Tensor) -> torch.Tensor:
        """Scores of which those outside of top_k and top_p are -inf."""
        import torch

        never = float("-inf")
        if 0 < self._sampling.top_k < scores.shape[-1]:
            least = scores.topk(self._sampling.top_k).values[..., -1:]
            scores = scores.masked_fill(scores < least, never)
        if self._sampling.top_p < 1.0:
            ordered, places = scores.sort(descending=True)
            shares = ordered.softmax(-1)
            dropped = shares.cumsum(-1) - shares >= self._sampling.top_p
            scores = scores.masked_fill(torch.zeros_like(dropped).scatter(-1, places, dropped), never)
        return scores


class Pieces:
    """Turns tokens into text piece by piece: a character is given once it is whole, and nothing of a stop string ever is."""

    def __init__(self, tokenizer: Any, stop: Sequence[str]) -> None:
        self._tokenizer, self._stop = tokenizer, tuple(text for text in stop if text)
        self._tokens: list[int] = []
        self._from = self._read = 0
        self._held = ""
        self.stopped = False

    def add(self, token: int) -> str:
        """The text that is certain once one more token is there; `stopped` when a stop string has appeared."""
        self._tokens.append(token)
        whole, known = self._decoded(self._from), self._decoded(self._from, self._read)
        if whole.endswith("�") and len(self._tokens) - self._read < 16:
            return ""
        self._from, self._read = self._read, len(self._tokens)
        return self._released(whole[len(known) :])

    def end(self) -> str:
        """What is left when no token comes any more."""
        whole, known = self._decoded(self._from), self._decoded(self._from, self._read)
        text = self._released(whole[len(known) :])
        if not self.stopped:
            text, self._held = text + self._held, ""
        return text

    def _decoded(self, start: int, stop: int | None = None) -> str:
        """The text of some tokens."""
        return str(self._tokenizer.decode(self._tokens[start:stop], skip_special_tokens=True, clean_up_tokenization_spaces=False))

    def _released(self, text: str) -> str:
        """What of the held text and this may be given: nothing from a stop string on, and not what may be the beginning of one."""
        if self.stopped:
            return ""
        text = self._held + text
        found = [at for stop in self._stop if (at := text.find(stop)) >= 0]
        if found:
            self.stopped, self._held = True, ""
            return text[: min(found)]
        kept = max((size for stop in self._stop for size in range(1, len(stop)) if text.endswith(stop[:size])), default=0)
        self._held = text[len(text) - kept :] if kept else ""
        return text[: len(text) - kept]
