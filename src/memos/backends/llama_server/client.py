"""The HTTP of a llama.cpp server, by the standard library: JSON, and answers as a stream. It follows no redirect and asks no proxy."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Generator
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

from memos.errors import BackendError, InvalidCall, Unavailable

LINE_LIMIT = 32 * 1024**2
"""A line of an answer that is longer is none."""


class Client:
    """The server at an address such as `http://127.0.0.1:8080`; `key` is sent as a bearer's and stands in no error."""

    def __init__(self, url: str, *, key: str | None = None, timeout: float = 120.0) -> None:
        parts = urlsplit(url)
        self.where = f"the llama.cpp server at {parts.netloc}"
        self.host = parts.netloc.lower()
        self._tls = parts.scheme == "https"
        self._place, self._base = (parts.hostname or "", parts.port), parts.path.rstrip("/")
        self._timeout = timeout
        self._headers = {"content-type": "application/json", **({"authorization": f"Bearer {key}"} if key else {})}

    def get(self, path: str) -> Any:
        """The JSON at a path."""
        return self._read("GET", path, None)

    def post(self, path: str, body: Any, *, within: float | None = None) -> Any:
        """The JSON that a request is answered with, `within` so many seconds of silence."""
        return self._read("POST", path, body, within)

    def stream(self, path: str, body: Any) -> Generator[dict[str, Any], None, None]:
        """The events of an answer, one by one; leaving off hangs up, which ends the server's work."""
        with closing(self._connection()) as connection:
            response = self._asked(connection, "POST", path, body)
            while line := self._line(response):
                if line.startswith(b"data: ") and line.strip() != b"data: [DONE]":
                    yield self._event(line[6:])

    def _line(self, response: http.client.HTTPResponse) -> bytes:
        try:
            line = response.readline(LINE_LIMIT)
        except TimeoutError:
            raise Unavailable(f"{self.where} said nothing for {self._timeout:g} s: see that it runs, then retry") from None
        except (OSError, http.client.HTTPException):
            raise Unavailable(f"{self.where} broke off in the middle of an answer: see that it runs, then retry") from None
        if len(line) >= LINE_LIMIT:
            raise BackendError(f"{self.where} answers without end: see that it is a llama.cpp server")
        return line

    def _event(self, text: bytes) -> dict[str, Any]:
        event = self._parsed(text)
        if not isinstance(event, dict):
            raise BackendError(f"{self.where} sent something other than an answer: see that it is a llama.cpp server")
        if "error" in event:
            raise self._refusal(int(dict(event["error"]).get("code") or 500), text)
        return event

    def _read(self, method: str, path: str, body: Any, within: float | None = None) -> Any:
        with closing(self._connection(within)) as connection:
            response = self._asked(connection, method, path, body)
            try:
                return self._parsed(response.read())
            except (OSError, http.client.HTTPException):
                raise Unavailable(f"{self.where} broke off in the middle of an answer: see that it runs, then retry") from None

    def _asked(self, connection: http.client.HTTPConnection, method: str, path: str, body: Any) -> http.client.HTTPResponse:
        sent = None if body is None else json.dumps(body).encode()
        try:
            connection.request(method, self._base + path, body=sent, headers=self._headers)
            response = connection.getresponse()
            if response.status != 200:
                raise self._refusal(response.status, response.read(100_000))
        except TimeoutError:
            raise Unavailable(f"{self.where} gave no answer within {self._timeout:g} s: see that it runs, then retry") from None
        except (OSError, http.client.HTTPException):
            raise Unavailable(f"{self.where} cannot be reached: see that it runs and that the address is right, then retry") from None
        return response

    def _refusal(self, status: int, said: bytes) -> BackendError | InvalidCall | Unavailable:
        """The error of a status; what the server says of it is not repeated, for it may hold what was sent."""
        if b"exceed_context_size_error" in said:
            return InvalidCall("the prompt does not fit the window of the model: send less")
        if status in {408, 429, 502, 503, 504}:
            return Unavailable(f"{self.where} answered {status}: it loads its model or is too busy; retry later")
        if status in {401, 403}:
            return BackendError(f"{self.where} refused the key ({status}): set the environment variable that key_env names")
        if status in {404, 405}:
            return BackendError(f"{self.where} does not know a path that a llama.cpp server has ({status}): see that it is one, and recent")
        if status == 501:
            return InvalidCall(f"{self.where} does not offer that: start it with --slots and --slot-save-path", status=status)
        return BackendError(f"{self.where} refused the request ({status})", status=status)

    def _parsed(self, text: bytes) -> Any:
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            raise BackendError(f"{self.where} answered with something other than JSON: see that it is a llama.cpp server") from None

    def _connection(self, within: float | None = None) -> http.client.HTTPConnection:
        (host, port), timeout = self._place, within or self._timeout
        if self._tls:
            return http.client.HTTPSConnection(host, port, timeout=timeout, context=ssl.create_default_context())
        return http.client.HTTPConnection(host, port, timeout=timeout)
