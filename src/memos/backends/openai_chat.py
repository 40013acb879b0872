"""A chat model behind an OpenAI-compatible endpoint: a server of one's own on loopback, or a provider's."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any

from memos.backends._openai import checked_address, connected, options_of, reached, refusal, require_usable
from memos.errors import BackendError, InvalidCall
from memos.ports.models import ChatMessage, Completion

if TYPE_CHECKING:
    from openai import OpenAI

_FORMATS = ("json_schema", "json_object", "none")
"""How an endpoint can be asked for JSON, the surest first."""
_OPTIONS = {
    "model": str, "key_env": str, "timeout": float, "retries": int, "max_tokens": int, "price_in": float, "price_out": float, "format": str,
}  # fmt: skip
_FENCED = re.compile(r"^\s*```(?:json)?\s*\n(.*?)\n?\s*```\s*$", re.DOTALL)


class OpenAIChat:
    """`model` at `url`, the address that `/chat/completions` is appended to, e.g. `http://127.0.0.1:8080/v1`.

    The key is read from the environment variable `key_env` at the first call and stands in no error and no repr. A request waits `timeout`
    seconds and is tried again up to `retries` times (0 to 10) with growing pauses. An answer has `max_tokens` tokens at most, whatever is
    asked. `price_in` and `price_out` are what a million tokens cost; without them no cost is told. `format` is how JSON is asked for,
    "json_schema", "json_object" or "none"; an endpoint that refuses one is asked by the next. Safe to use from several threads.
    """

    def __init__(
        self,
        url: str,
        model: str,
        *,
        key_env: str | None = None,
        timeout: float = 60.0,
        retries: int = 3,
        max_tokens: int = 4096,
        price_in: float | None = None,
        price_out: float | None = None,
        format: str = "json_schema",
    ) -> None:
        self._url, self._host = checked_address(url)
        require_usable("chat model", model, key_env, timeout, retries)
        if max_tokens < 1:
            raise InvalidCall(f"max_tokens is {max_tokens}: an answer has at least 1")
        if not all(price is None or 0 <= price < 1e9 for price in (price_in, price_out)):
            raise InvalidCall("price_in and price_out are what a million tokens cost, from 0 on")
        if format not in _FORMATS:
            raise InvalidCall(f"format is {format[:40]!r}: {', '.join(_FORMATS)} are possible")
        self._model, self._most, self._prices, self._format = model, max_tokens, (price_in, price_out), format
        self._key_env, self._timeout, self._retries = key_env, timeout, retries
        self._limit = "max_tokens"
        self._connecting = Lock()

    def __repr__(self) -> str:
        return f"OpenAIChat({self._url!r}, {self._model!r})"

    @property
    def name(self) -> str:
        """`openai:<model>@<host>`."""
        return f"openai:{self._model}@{self._host}"

    def complete(self, messages: Sequence[ChatMessage], schema: Mapping[str, Any] | None = None, *, max_tokens: int = 1024) -> Completion:
        """An answer; with a schema `parsed` is the JSON that it is, None where it is none.

        Unavailable (retryable) when the endpoint does not answer, BackendError when it refuses or gives something other than an answer.
        """
        while True:
            asked, limit = self._format, self._limit
            try:
                return self._asked(messages, schema, max_tokens, asked, limit)
            except _Refused as refused:
                if not self._settled(refused, schema, asked, limit):
                    raise refusal(self._where, refused.status, tries=self._retries + 1, key_env=self._key_env) from None

    def _settled(self, refused: _Refused, schema: Mapping[str, Any] | None, asked: str, limit: str) -> bool:
        """Whether the request can be made in another way, which is taken from then on."""
        if limit == "max_tokens" and "max_completion_tokens" in refused.said:
            self._limit = "max_completion_tokens"
            return True
        if schema is None or asked == _FORMATS[-1] or refused.status not in {400, 422, 500, 501}:
            return False
        self._format = _FORMATS[_FORMATS.index(asked) + 1]
        return True

    def _asked(self, messages: Sequence[ChatMessage], schema: Mapping[str, Any] | None, most: int, form: str, limit: str) -> Completion:
        client = self._connect()
        import openai

        options: dict[str, Any] = {limit: min(most, self._most), "temperature": 0}
        if schema is not None and form == "json_schema":
            options["response_format"] = {"type": form, "json_schema": {"name": "answer", "schema": dict(schema), "strict": True}}
        elif schema is not None and form == "json_object":
            options["response_format"] = {"type": form}
        said: list[Any] = [{"role": message.role, "content": message.content} for message in messages]
        try:
            with reached(self._where, self._timeout):
                reply = client.chat.completions.with_raw_response.create(model=self._model, messages=said, **options)
                body = reply.http_response.content
        except openai.APIStatusError as error:
            raise _Refused(error.status_code, error.response.text[:2000]) from None  # its text may hold the key or what was sent
        return self._completion(body, parse=schema is not None)

    def _completion(self, body: bytes, *, parse: bool) -> Completion:
        try:
            read = json.loads(body)
            choice = read["choices"][0]
            message, used = choice["message"], read.get("usage") or {}
            text = message.get("content") or ""
            tokens = max(0, int(used.get("prompt_tokens") or 0)), max(0, int(used.get("completion_tokens") or 0))
            if not isinstance(text, str):
                raise TypeError
        except (ValueError, TypeError, KeyError, IndexError, AttributeError):
            raise BackendError(f"{self._where} answered with something other than a completion: see that it is OpenAI-compatible") from None
        ended = choice.get("finish_reason")
        return Completion(
            text, parsed(text) if parse else None, *tokens, cost=self._cost(*tokens), finished=ended != "length",
            refused=bool(message.get("refusal")) or ended == "content_filter",
        )  # fmt: skip

    def _cost(self, prompt: int, completion: int) -> float | None:
        into, out = self._prices
        return None if into is None and out is None else (prompt * (into or 0.0) + completion * (out or 0.0)) / 1e6

    @property
    def _where(self) -> str:
        return f"the chat endpoint {self._url} (model {self._model})"

    def _connect(self) -> OpenAI:
        with self._connecting:
            return self._client

    @cached_property
    def _client(self) -> OpenAI:
        return connected("chat model", self._where, self._url, key_env=self._key_env, timeout=self._timeout, retries=self._retries)


class _Refused(Exception):
    """A status other than success, and what came with it."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(status)
        self.status, self.said = status, said


def parsed(text: str) -> Any:
    """The JSON that a text is, with or without a fence around it; None where it is none."""
    fenced = _FENCED.match(text)
    try:
        return json.loads(fenced[1] if fenced is not None else text)
    except (ValueError, RecursionError):
        return None


def from_url(url: str) -> OpenAIChat:
    """`openai+http://127.0.0.1:8080/v1?model=x`, or with `openai+https`; further options as the class has them.

    InvalidCall when something is missing, unknown or no number.
    """
    address, options = options_of(url, "chat model", _OPTIONS)
    return OpenAIChat(address, options.pop("model", ""), **options)
