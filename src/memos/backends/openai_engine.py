"""An OpenAI-compatible chat endpoint as a ModelRuntime: vLLM, SGLang, llama.cpp or a hosted one, which keep their own caches."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from functools import cached_property
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Any, NoReturn

from memos.backends._openai import ABOUT_THE_REQUEST, checked_address, connected, options_of, reached, refusal, require_usable
from memos.errors import BackendError, InvalidCall, Unavailable
from memos.memcube.prompt import Part, Sampling, TokenUsage, messages, require_ordered
from memos.ports.runtime import GREEDY, Attached, Capabilities, Generated

if TYPE_CHECKING:
    from openai import OpenAI

USUAL_WINDOW = 4096
"""Of a model whose endpoint does not tell how large it is."""
_OPTIONS = {"model": str, "key_env": str, "timeout": float, "retries": int, "window": int, "salt": str}
_TOO_LONG = ("context_length", "exceed_context_size", "context length", "context size", "maximum context", "too long")

_TAGS = (
    r"(?:start|end)_of_turn|bos|eos|pad|/?s|unk|sop|eop|eod|/?think|/?tool_(?:call|response)|seed:\w{1,20}"
    r"|(?:extra_id|reserved)_\d{1,4}"
)
_WORDS = r"INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|TOOL_CONTENT|THINK|BOS|EOS|gMASK|sMASK"
CONTROLS = re.compile(rf"([<\[])(?=[|｜][^<>\[\]|｜\n]{{1,60}}[|｜][>\]]|(?:{_TAGS})>|/?(?:{_WORDS})\]|</?SYS>>)")
"""What begins a token that opens or ends a message in the templates of today's models."""
BROKEN = "\\1\u200b"


def plain(text: str) -> str:
    """A text in which nothing reads as a control token: a zero-width space stands after the first character of what would."""
    return CONTROLS.sub(BROKEN, text)


class OpenAIEngine:
    """`model` at `url`, the address that `/chat/completions` is appended to; `key_env`, `timeout` and `retries` as of `OpenAIChat`.

    `window` is asked of `/models` where it is not given, and 4096 where that does not tell. `salt` goes with each request as vLLM's
    `cache_salt`, so that only requests of one salt share what the engine has cached; an engine that refuses it is not used then. One
    that `salted` brings is left out from then on where the engine refuses it: hosted ones know none. Thread-safe.

    Such endpoints read `<|im_end|>` and the like in a message as what ends it, so that a memory could forge messages: see `plain`.
    """

    def __init__(
        self,
        url: str,
        model: str,
        *,
        key_env: str | None = None,
        timeout: float = 60.0,
        retries: int = 3,
        window: int | None = None,
        salt: str | None = None,
    ) -> None:
        self._url, self._host = checked_address(url)
        require_usable("runtime", model, key_env, timeout, retries)
        if window is not None and window < 2:
            raise InvalidCall(f"window is {window}: the tokens of a prompt and its answer together, at least 2")
        self._model, self._given, self._salt, self._wanted = model, window, salt, salt
        self._key_env, self._timeout, self._retries = key_env, timeout, retries
        self._lock = Lock()
        self._limit, self._under_way = "max_tokens", 0

    def __repr__(self) -> str:
        return f"OpenAIEngine({self._url!r}, {self._model!r})"

    def salted(self, salt: str) -> OpenAIEngine:
        """The same model for somebody who must share no cache with others."""
        options: dict[str, Any] = {"key_env": self._key_env, "timeout": self._timeout, "retries": self._retries, "window": self._given}
        made = OpenAIEngine(self._url, self._model, **options, salt=salt)
        made._wanted = self._wanted
        return made

    @property
    def name(self) -> str:
        """`openai:<model>@<host>`."""
        return f"openai:{self._model}@{self._host}"

    @property
    def capabilities(self) -> Capabilities:
        """It keeps a cache; whether it tells what it hit is seen in the usage of each answer."""
        return Capabilities(keeps=True)

    @property
    def window(self) -> int:
        """See the class."""
        with self._lock:
            return self._window

    def count(self, texts: Sequence[str]) -> list[int]:
        """A third of the bytes of each text: no tokenizer that falls back to bytes has more tokens than bytes, and most have fewer."""
        return [-(-len(text.encode()) // 3) for text in texts]

    def load(self) -> float:
        """Of the requests of this process, half busy with four at once; what others ask it does not tell."""
        return self._under_way / (self._under_way + 4)

    def close(self) -> None:
        """Close its connections, if there are any."""
        with self._lock:
            made = self.__dict__.pop("_client", None)
        if made is not None:
            made.close()

    def generate(
        self, prompt: Sequence[Part], sampling: Sampling = GREEDY, *, attached: Attached | None = None, keep: bool = False
    ) -> Iterator[Generated]:
        """See the port; the prompt is checked at once, whether it fits by the endpoint."""
        require_ordered(prompt)
        if keep or (attached is not None and (attached.blocks or attached.adapter is not None)):
            _cannot("has no KV blocks or adapters to attach: the engine keeps its own cache, which a stable beginning of the prompt hits")
        if sampling.watermark:
            _cannot("marks nothing that it generates")
        said = [{**message, "content": plain(message["content"])} for message in messages(prompt)]
        return self._answered(said, sampling)

    def _answered(self, said: list[dict[str, str]], sampling: Sampling) -> Iterator[Generated]:
        with self._lock:
            self._under_way += 1
        try:
            start, first, ended = monotonic(), None, None
            usage: Mapping[str, Any] = {}
            with closing(self._opened(said, sampling)) as stream:
                for chunk in self._chunks(stream):
                    first = monotonic() - start if first is None else first
                    text, why, told = self._parts(chunk)
                    ended, usage = why or ended, told or usage
                    if text:
                        yield Generated(text)
            if ended is None:
                raise Unavailable(f"{self._where} broke off in the middle of an answer: see that it runs, then retry")
            yield Generated("", (), self._usage(usage, first), "length" if ended == "length" else "stop")
        finally:
            with self._lock:
                self._under_way -= 1

    def _opened(self, said: list[dict[str, str]], sampling: Sampling) -> Any:
        """The stream of an answer; asked again with the other name of the limit where the endpoint wants that, or without the salt."""
        with self._lock:
            client = self._client
        import openai

        for _ in range(3):
            limit = self._limit
            try:
                with reached(self._where, self._timeout):
                    return client.chat.completions.create(**self._asked(said, sampling, limit))
            except openai.APIStatusError as error:
                text = error.response.text[:4000]
                if limit == "max_tokens" and "max_completion_tokens" in text:
                    self._limit = "max_completion_tokens"
                    continue
                if self._salt is not None and error.status_code in ABOUT_THE_REQUEST and "cache_salt" in text:
                    self._go_without_salt()
                    continue
                if error.status_code in ABOUT_THE_REQUEST and any(mark in text.lower() for mark in _TOO_LONG):
                    raise InvalidCall(f"the prompt and its answer do not fit the window of {self._where}: send less") from None
                raise refusal(self._where, error.status_code, tries=self._retries + 1, key_env=self._key_env) from None
        raise BackendError(f"{self._where} takes neither max_tokens nor max_completion_tokens: see that it is OpenAI-compatible")

    def _go_without_salt(self) -> None:
        if self._wanted is not None:
            raise BackendError(
                f"{self._where} knows no cache_salt: leave salt= out of the runtime's URL, or use an engine that has it (vLLM)"
            )
        self._salt = None

    def _asked(self, said: list[dict[str, str]], sampling: Sampling, limit: str) -> dict[str, Any]:
        extra = {"cache_salt": self._salt} if self._salt is not None else {}
        more: dict[str, Any] = {"stop": list(sampling.stop)} if sampling.stop else {}
        if sampling.top_p < 1:
            more["top_p"] = sampling.top_p
        if sampling.seed is not None:
            more["seed"] = sampling.seed & 0x7FFF_FFFF
        return {
            "model": self._model, "messages": said, "temperature": sampling.temperature, limit: sampling.max_tokens, **more,
            "stream": True, "stream_options": {"include_usage": True},
            "extra_body": extra | ({"top_k": sampling.top_k} if sampling.top_k else {}),
        }  # fmt: skip

    def _chunks(self, stream: Any) -> Iterator[Any]:
        import httpx
        import openai

        try:
            yield from stream
        except (openai.APIConnectionError, httpx.TransportError):
            raise Unavailable(f"{self._where} broke off in the middle of an answer: see that it runs, then retry") from None
        except (openai.APIError, json.JSONDecodeError):
            raise BackendError(f"{self._where} ended an answer with an error: see its log") from None

    def _parts(self, chunk: Any) -> tuple[str, str | None, Mapping[str, Any] | None]:
        """The text, the end and the usage in a piece of an answer, where they are there."""
        try:
            told = chunk.usage.model_dump() if chunk.usage is not None else None
            if not chunk.choices:
                return "", None, told
            text = chunk.choices[0].delta.content or ""
            if not isinstance(text, str):
                raise TypeError
            return text, chunk.choices[0].finish_reason, told
        except (AttributeError, TypeError, IndexError):
            raise BackendError(f"{self._where} answered with something other than a completion: see that it is OpenAI-compatible") from None

    def _usage(self, told: Mapping[str, Any], first: float | None) -> TokenUsage:
        try:
            prompt, completion = int(told.get("prompt_tokens") or 0), int(told.get("completion_tokens") or 0)
            cached = (told.get("prompt_tokens_details") or {}).get("cached_tokens")
            hit = None if cached is None else min(int(cached), prompt)
            computed = None if hit is None else prompt - hit
            return TokenUsage(prompt=prompt, completion=completion, cached=hit, computed=computed, first_seconds=first)
        except (TypeError, ValueError, AttributeError):
            raise BackendError(f"{self._where} tells of tokens that are no numbers: see that it is OpenAI-compatible") from None

    @property
    def _where(self) -> str:
        return f"the engine {self._url} (model {self._model})"

    @cached_property
    def _window(self) -> int:
        return self._given or self._told() or USUAL_WINDOW

    def _told(self) -> int | None:
        """The window as `/models` tells it: vLLM as max_model_len, llama.cpp as meta.n_ctx, others as context_length."""
        client = self._client
        import openai

        try:
            with reached(self._where, self._timeout):
                listed = client.models.with_raw_response.list().http_response.json()
            found = [each for each in listed["data"] if each["id"] == self._model or self._model in (each.get("aliases") or ())]
            one = found[0] if found else {}
            told = one.get("max_model_len") or one.get("context_length") or (one.get("meta") or {}).get("n_ctx")
            return told if isinstance(told, int) and told > 1 else None
        except (openai.APIStatusError, ValueError, TypeError, KeyError, AttributeError):
            return None

    @cached_property
    def _client(self) -> OpenAI:
        try:
            import openai  # noqa: F401 # looked for, as other runtimes look for theirs: without it the call is wrong, not the engine
        except ImportError:
            raise InvalidCall('an OpenAI-compatible runtime needs the SDK: run `pip install "memos-kernel[openai]"`') from None
        return connected("runtime", self._where, self._url, key_env=self._key_env, timeout=self._timeout, retries=self._retries)


def _cannot(what: str) -> NoReturn:
    raise InvalidCall(f"an OpenAI-compatible engine {what}")


def from_url(url: str) -> OpenAIEngine:
    """`openai+http://127.0.0.1:8000/v1?model=x`, or with `openai+https`; further options as the class has them."""
    address, options = options_of(url, "runtime", _OPTIONS)
    return OpenAIEngine(address, options.pop("model", ""), **options)
