"""What backends behind HTTP share: addresses and options; and those behind OpenAI-compatible endpoints the client and its errors."""

from __future__ import annotations

import math
import os
import re
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from memos.errors import BackendError, InvalidCall, Unavailable

if TYPE_CHECKING:
    from openai import OpenAI

KEY_VARIABLE = "OPENAI_API_KEY"
RETRY_LATER = frozenset({408, 409, 429})
ABOUT_THE_REQUEST = frozenset({400, 413, 422})


def checked_address(url: str) -> tuple[str, str]:
    """The address of an OpenAI-compatible endpoint; see `plain_address`."""
    return plain_address(url, "an OpenAI-compatible endpoint", "http://127.0.0.1:8080/v1")


def plain_address(url: str, what: str, example: str) -> tuple[str, str]:
    """The address without a slash at its end, and its host with the port; errors do not repeat it, for it may hold a secret."""
    wrong = InvalidCall(f"the address of {what} looks like {example}, without query or fragment")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise wrong from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0 or parts.query or parts.fragment:
        raise wrong
    if "@" in parts.netloc:
        raise InvalidCall("an address holds no user name or password: put the key into an environment variable and name it with key_env")
    return url.rstrip("/"), parts.netloc.lower()


def require_usable(what: str, model: str, key_env: str | None, timeout: float, retries: int) -> None:
    """InvalidCall for what no endpoint can be called with."""
    if not model:
        raise InvalidCall(f"an OpenAI-compatible {what} needs a model: name the one that the endpoint serves")
    if key_env is not None and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", key_env):
        raise InvalidCall("key_env is the name of the environment variable that holds the key, never the key itself")
    if not (timeout > 0 and math.isfinite(timeout)):
        raise InvalidCall(f"timeout is {timeout}: give the seconds that one request may take, more than 0")
    if not 0 <= retries <= 10:
        raise InvalidCall(f"retries is {retries}: 0 to 10 are possible")


def options_of(url: str, what: str, known: Mapping[str, type]) -> tuple[str, dict[str, Any]]:
    """The address in a URL such as `openai+http://127.0.0.1:8080/v1?model=x`, and its options as their kinds.

    InvalidCall when something is missing, unknown or no number.
    """
    scheme, address, options = options_of_url(url, what, known)
    if not scheme.startswith("openai+"):
        raise InvalidCall(f"the URL of an OpenAI-compatible {what} begins with openai+http:// or openai+https://")
    return f"{scheme.removeprefix('openai+')}://{address}", options


def options_of_url(url: str, what: str, known: Mapping[str, type]) -> tuple[str, str, dict[str, Any]]:
    """The scheme of a URL, "" where it has none, what follows it, and its options as their kinds; InvalidCall as above."""
    scheme, mark, rest = url.partition("://")
    address, _, query = rest.partition("?")
    options = dict(parse_qsl(query, keep_blank_values=True))
    unknown = sorted(set(options) - set(known))
    if unknown:
        names = [*known]
        raise InvalidCall(f"the {what}'s URL has the unknown option {unknown[0]!r}: {', '.join(names[:-1])} and {names[-1]} are known")
    return scheme if mark else "", address, dict(_typed(options, what, known))


def _typed(options: Mapping[str, str], what: str, known: Mapping[str, type]) -> Iterator[tuple[str, Any]]:
    for option, given in options.items():
        try:
            yield option, known[option](given)
        except ValueError:
            raise InvalidCall(f"{option}={given} in the {what}'s URL is no number") from None


def connected(what: str, where: str, url: str, *, key_env: str | None, timeout: float, retries: int) -> OpenAI:
    """The SDK's client. It follows no redirect and asks no proxy of the environment: what is sent goes where the operator says."""
    try:
        from openai import DefaultHttpxClient, OpenAI
    except ImportError:
        raise BackendError(f"an OpenAI-compatible {what} needs the SDK: run `pip install 'memos-kernel[openai]'`") from None
    key = os.environ.get(key_env or KEY_VARIABLE)
    if key_env and not key:
        raise BackendError(f"the environment variable {key_env} that should hold the key of {where} is not set: set it")
    direct = DefaultHttpxClient(follow_redirects=False, trust_env=False)
    client = OpenAI(base_url=url, api_key=key or "none", timeout=timeout, max_retries=retries, http_client=direct)
    weakref.finalize(client, direct.close)  # the SDK closes only clients that it made itself
    return client


@contextmanager
def reached(where: str, timeout: float) -> Iterator[None]:
    """Unavailable where an endpoint does not answer."""
    import openai

    try:
        yield
    except openai.APITimeoutError:
        raise Unavailable(f"{where} gave no answer within {timeout:g} s: see that it runs, then retry") from None
    except openai.APIConnectionError:
        raise Unavailable(f"{where} cannot be reached: see that it runs and that the address is right, then retry") from None


def refusal(where: str, status: int, *, tries: int, key_env: str | None) -> BackendError | Unavailable:
    """The error of a status with which a chat endpoint refused a request, so many times. Its details have the status if that is why."""
    if status in RETRY_LATER or status >= 500:
        return Unavailable(f"{where} answered {status}{f' {tries} times' if tries > 1 else ''}: retry later")
    if status in {401, 403}:
        return BackendError(f"{where} refused the key ({status}): set the environment variable {key_env or KEY_VARIABLE}")
    if status == 404:
        return BackendError(f"{where} answered 404: see that the address ends as the endpoint wants (often in /v1) and serves the model")
    if 300 <= status < 400:
        return BackendError(f"{where} sends elsewhere ({status}), which is not followed: name the address that it moved to")
    about = {"status": status} if status in ABOUT_THE_REQUEST else {}
    return BackendError(f"{where} refused the request ({status}): see that it serves the model and takes texts this long", **about)
