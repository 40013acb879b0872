"""Models: which model runtime a command works with: what answers, what only has to let go of what is forgotten, or none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from memos.cli.output import warn
from memos.errors import InvalidCall, MemOSError

if TYPE_CHECKING:
    from memos.ports.runtime import ModelRuntime

NOTHING_TO_DROP = frozenset({"transformers", "llama", "openai+http", "openai+https"})
"""Runtimes that end with the process, or keep a cache that nobody outside can empty: none is opened for a command that asks no model."""
NO_RUNTIME = (
    "no model answers here: name one with --runtime, in MEMOS_RUNTIME or in the setting runtime, e.g. transformers:///path/to/model "
    "(`pip install 'memos-kernel[local]'`) or llama:///path/to/model.gguf (`pip install 'memos-kernel[llama]'`)"
)


def setting(store: str) -> str | None:
    """The URL of the runtime that the settings of a store name."""
    from memos.places import place_of
    from memos.settings import load_settings

    return load_settings(place_of(store)[1]).runtime


def require_named(store: str, given: str | None) -> None:
    """InvalidCall, which says what to install, where neither an option nor a setting names a model."""
    if given is None and setting(store) is None:
        raise InvalidCall(NO_RUNTIME)


def dropping(store: str) -> ModelRuntime | None:
    """The running engine whose cache holds what was said, for a command that asks no model but may forget something of it."""
    from memos.plugins import load_runtime, scheme_of

    url = setting(store)
    if url is None or scheme_of(url) in NOTHING_TO_DROP:
        return None
    try:
        return load_runtime(url)
    except MemOSError as error:
        warn([f"{error.message}; this goes on without it, and what its cache holds is left as it is"])
        return None
