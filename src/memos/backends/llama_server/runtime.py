"""LlamaServer: a llama.cpp server as a ModelRuntime. The server keeps its cache in slots; which slot a prompt goes to is chosen here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from time import monotonic
from typing import Any, NoReturn

from memos.backends.llama_server.server import Server
from memos.errors import BackendError, InvalidCall, Unavailable
from memos.memcube.prompt import Part, Sampling, TokenUsage
from memos.ports.runtime import GREEDY, Attached, Capabilities, Generated

Tokens = tuple[int, ...]


class LlamaServer:
    """The model of a server. `salt` stands for whoever may know of each other's prompts: what one salt has cached, no other hits.

    Thread-safe. `salted` gives the same server under another salt; closing one closes all.
    """

    def __init__(self, server: Server, salt: str = "") -> None:
        self._server, self._salt = server, salt

    def __repr__(self) -> str:
        return f"LlamaServer({self.name!r})"

    def salted(self, salt: str) -> LlamaServer:
        """The same model for somebody who must not learn, by the time an answer takes, what another has asked."""
        return LlamaServer(self._server, salt)

    @property
    def name(self) -> str:
        """`llama.cpp:<model>@<host>`, or with the start of the weights' sha256 where the file is at hand."""
        return self._server.name

    @property
    def capabilities(self) -> Capabilities:
        """It keeps a cache, and tells what it hit."""
        return Capabilities(keeps=True, tells=True)

    @property
    def window(self) -> int:
        """The context of a slot."""
        return self._server.window

    def count(self, texts: Sequence[str]) -> list[int]:
        """The tokens of each text, exactly."""
        return [len(self._server.layout.plain(text)) for text in texts]

    def load(self) -> float:
        """The share of its slots that answer, whoever asked."""
        return self._server.load()

    def close(self) -> None:
        """Remove what was kept of prompts, and end the server where it was started here."""
        self._server.close()

    def generate(
        self, prompt: Sequence[Part], sampling: Sampling = GREEDY, *, attached: Attached | None = None, keep: bool = False
    ) -> Iterator[Generated]:
        """See the port; the prompt is checked at once."""
        if keep or (attached is not None and (attached.blocks or attached.adapter is not None)):
            _cannot("has no KV blocks or adapters to attach: its server keeps its own cache, which a stable beginning of the prompt hits")
        if sampling.watermark:
            _cannot("marks nothing that it generates")
        tokens = self._tokens(prompt)
        if len(tokens) >= self.window:
            raise InvalidCall(f"the prompt has {len(tokens)} tokens, the window {self.window} for it and its answer: send less")
        return self._answered(tokens, sampling)

    def _tokens(self, prompt: Sequence[Part]) -> Tokens:
        return tuple(token for tokens in self._server.layout.tokens(prompt) for token in tokens)

    def _answered(self, tokens: Tokens, sampling: Sampling) -> Iterator[Generated]:
        with self._server.slots.taken(tokens, self._salt) as (slot, usable):
            body = {"prompt": tokens, "id_slot": slot.id, "cache_prompt": usable}
            body |= self._asked(tokens, sampling)
            start, first = monotonic(), None
            with closing(self._server.client.stream("/completion", body)) as events:
                for event in events:
                    first = monotonic() - start if first is None else first
                    if event.get("stop"):
                        yield self._last(event, len(tokens), first)
                        return
                    if event.get("content"):
                        yield Generated(event["content"], tuple(event.get("tokens") or ()))
        raise Unavailable(f"{self._server.client.where} broke off in the middle of an answer: see that it runs, then retry")

    def _asked(self, tokens: Tokens, sampling: Sampling) -> dict[str, Any]:
        """The request's options; the samplers that the server would add of its own are left out."""
        chance = {"seed": sampling.seed & 0x7FFF_FFFF} if sampling.seed is not None else {}
        return {
            "n_predict": min(sampling.max_tokens, self.window - len(tokens)),
            "temperature": sampling.temperature, "top_p": sampling.top_p, "top_k": sampling.top_k,
            "samplers": ["top_k", "top_p", "temperature"], "stop": list(sampling.stop),
            "stream": True, "return_tokens": True, **chance,
        }  # fmt: skip

    def _last(self, event: dict[str, Any], prompt: int, first: float) -> Generated:
        try:
            timings = event["timings"]
            cached, computed = int(timings["cache_n"]), int(timings["prompt_n"])
            usage = TokenUsage(
                prompt=prompt, completion=int(event["tokens_predicted"]), cached=cached, computed=computed, first_seconds=first
            )
        except (KeyError, TypeError, ValueError):
            raise BackendError(f"{self._server.client.where} does not tell what it read: see that it is recent") from None
        ended = "length" if event.get("stop_type") == "limit" else "stop"
        return Generated(str(event.get("content") or ""), tuple(event.get("tokens") or ()), usage, ended)  # type: ignore[arg-type]

    def save(self, prompt: Sequence[Part]) -> str:
        """Write what the server has read of a prompt's beginning into a file of the slot directory, and give its name.

        InvalidCall where there is no such directory, or nothing of the prompt is in a slot. The file leaks its text: it is gone with
        `drop` and `close`.
        """
        return self._server.save(self._tokens(prompt), self._salt)

    def restore(self, name: str) -> int:
        """Bring such a file back into a slot; how many tokens need not be read again, as the server was seen to have them.

        InvalidCall for a name that `save` did not give under this salt; BackendError where the server says that it did, and did not.
        """
        return self._server.restore(name, self._salt)

    def drop(self) -> None:
        """Forget every prompt, whoever's: remove the files and erase the slots, those that answer when they have ended; never raises.

        What a server that does not answer still holds is never hit. A server that was started with a cache of its own beside the slots
        keeps that: start it with `--cache-ram 0`.
        """
        self._server.drop()


def _cannot(what: str) -> NoReturn:
    raise InvalidCall(f"a llama.cpp server {what}")
