"""An embedder behind an OpenAI-compatible endpoint: a server of one's own on loopback, or a provider's."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from memos.backends._embedding import checked_texts, unit_rows
from memos.backends._openai import KEY_VARIABLE, RETRY_LATER, checked_address, connected, options_of, require_usable
from memos.errors import BackendError, InvalidCall, Unavailable

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from openai import OpenAI

_BATCH = 128


class OpenAIEmbedder:
    """`model` at `url`, the address that `/embeddings` is appended to, e.g. `http://127.0.0.1:8080/v1`.

    The key is read from the environment variable `key_env` at the first call and stands in no error and no repr; a server that wants
    none needs none. `dimensions` is asked of the endpoint and belongs to the name, since it changes the vectors; left out, the width
    is what the model gives. A request waits `timeout` seconds (more than 0) and is tried again up to `retries` times (0 to 10) with
    growing pauses. Texts go out at most 128 at a time. Safe to use from several threads.
    """

    def __init__(
        self,
        url: str,
        model: str,
        *,
        dimensions: int | None = None,
        key_env: str | None = None,
        timeout: float = 30.0,
        retries: int = 3,
    ) -> None:
        self._url, self._host = checked_address(url)
        require_usable("embedder", model, key_env, timeout, retries)
        if dimensions is not None and dimensions < 1:
            raise InvalidCall(f"dimensions is {dimensions}: a vector has at least 1, or leave it out")
        self._model, self._asked, self._width = model, dimensions, dimensions
        self._key_env, self._timeout, self._retries = key_env, timeout, retries
        self._connecting = Lock()

    def __repr__(self) -> str:
        return f"OpenAIEmbedder({self._url!r}, {self._model!r}, dimensions={self._asked})"

    @property
    def name(self) -> str:
        """`openai:<model>@<host>`, followed by `/<dimensions>` where these are asked of the endpoint."""
        return f"openai:{self._model}@{self._host}" + (f"/{self._asked}" if self._asked else "")

    @property
    def dimensions(self) -> int:
        """The width of a vector; where neither given nor seen yet, the endpoint is asked, with the errors of `embed`."""
        if self._width is None:
            self._request(["dimensions"])
        return self._width or 0

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """float32 unit rows, shape (n, dimensions); an empty text is sent as a space, which endpoints accept.

        InvalidCall for what is no text, Unavailable (retryable) when the endpoint does not answer, BackendError when it refuses or
        gives something other than one vector a text, all of one width.
        """
        checked = [text or " " for text in checked_texts(texts)]
        if not checked:
            return np.zeros((0, self.dimensions), dtype=np.float32)
        return np.concatenate([self._request(checked[start : start + _BATCH]) for start in range(0, len(checked), _BATCH)])

    def _request(self, texts: list[str]) -> NDArray[np.float32]:
        options: dict[str, Any] = {} if self._asked is None else {"dimensions": self._asked}
        client = self._connect()
        import openai

        try:
            reply = client.embeddings.with_raw_response.create(model=self._model, input=texts, encoding_format="float", **options)
            body = reply.http_response.content
        except openai.APIStatusError as error:
            raise self._refusal(error.status_code) from None  # its text may hold the key or what was sent
        except openai.APITimeoutError:
            raise Unavailable(f"{self._where} gave no answer within {self._timeout:g} s: see that it runs, then retry") from None
        except openai.APIConnectionError:
            raise Unavailable(f"{self._where} cannot be reached: see that it runs and that the address is right, then retry") from None
        rows = unit_rows(self._vectors(body, len(texts)), self.name)
        self._width = rows.shape[1]
        return rows

    def _refusal(self, status: int) -> BackendError | Unavailable:
        if status in RETRY_LATER or status >= 500:
            return Unavailable(f"{self._where} answered {status} {self._retries + 1} times: retry later")
        if status in {401, 403}:
            return BackendError(f"{self._where} refused the key ({status}): set the environment variable {self._key_env or KEY_VARIABLE}")
        if status == 404:
            return BackendError(
                f"{self._where} answered 404: see that the address ends as the endpoint wants (often in /v1) and serves the model"
            )
        hint = (
            "leave out dimensions if the model has but one width"
            if self._asked
            else "see that it serves the model and takes texts this long"
        )
        return BackendError(f"{self._where} refused the request ({status}): {hint}")

    def _vectors(self, body: bytes, count: int) -> NDArray[np.float64]:
        """The vectors of a reply in the order of the texts, checked in number and width."""
        try:
            items = json.loads(body)["data"]
            if len(items) == count and all("index" in item for item in items):
                items = sorted(items, key=lambda item: int(item["index"]))
            rows = np.array([item["embedding"] for item in items], dtype=np.float64)
        except (ValueError, TypeError, KeyError):
            raise BackendError(
                f"{self._where} answered with something other than vectors: see that it is an OpenAI-compatible endpoint"
            ) from None
        if rows.ndim != 2 or len(rows) != count:
            raise BackendError(f"{self._where} gave {len(rows)} vectors for {count} texts: see that the model makes embeddings")
        if self._width not in {None, rows.shape[1]}:
            raise BackendError(
                f"{self._where} gave vectors of {rows.shape[1]} dimensions where {self._width} were expected: the model changed"
            )
        return rows

    @property
    def _where(self) -> str:
        return f"the embedding endpoint {self._url} (model {self._model})"

    def _connect(self) -> OpenAI:
        with self._connecting:
            return self._client

    @cached_property
    def _client(self) -> OpenAI:
        return connected("embedder", self._where, self._url, key_env=self._key_env, timeout=self._timeout, retries=self._retries)


def from_url(url: str) -> OpenAIEmbedder:
    """`openai+http://127.0.0.1:8080/v1?model=x`, or with `openai+https`; further options `dimensions key_env timeout retries`.

    InvalidCall when something is missing, unknown or no number.
    """
    known = {"model": str, "dimensions": int, "key_env": str, "timeout": float, "retries": int}
    address, options = options_of(url, "embedder", known)
    return OpenAIEmbedder(address, options.pop("model", ""), **options)
