"""Plug-ins: backends chosen by URL. Built-ins register the way a plug-in does, by an entry point or a name in the table here.

An embedder's entry point stands in the group `memos.embedders`, a store's in `memos.stores`; its name is the URL's scheme and it
loads a function from the URL to the backend.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from memos.errors import InvalidCall
from memos.ports.models import Embedder

EMBEDDERS = {
    "minilm": "memos.backends.onnx:from_url",
    "hashing": "memos.backends.hashing:from_url",
    "openai+http": "memos.backends.openai_compatible:from_url",
    "openai+https": "memos.backends.openai_compatible:from_url",
}


def scheme_of(url: str) -> str:
    """The scheme of a backend's URL; a bare word is a scheme by itself."""
    return url.split(":", 1)[0]


def load_embedder(url: str) -> Embedder:
    """The embedder that a URL names; InvalidCall when none is registered for its scheme."""
    return _load("memos.embedders", EMBEDDERS, url, "embedder")(url)  # type: ignore[no-any-return]


def _load(group: str, builtin: dict[str, str], url: str, what: str) -> Callable[[str], Any]:
    scheme = scheme_of(url)
    if scheme in builtin:
        module, _, name = builtin[scheme].partition(":")
        return getattr(import_module(module), name)  # type: ignore[no-any-return]
    found = entry_points(group=group)
    for entry in found:
        if entry.name == scheme:
            return entry.load()  # type: ignore[no-any-return]
    known = sorted({*builtin, *(entry.name for entry in found)})
    raise InvalidCall(
        f"no {what} is registered for {scheme!r}; known are {', '.join(known)}; a plug-in adds one by an entry point in {group!r}"
    )
