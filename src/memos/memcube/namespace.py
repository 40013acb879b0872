"""Namespaces: paths within a tenant, their grammar and the layer each begins with."""

from __future__ import annotations

from urllib.parse import quote, unquote

from memos.errors import InvalidCall
from memos.memcube.normal import normalised
from memos.memcube.state import Layer

ROOTS = {
    "user": Layer.PRIVATE,
    "context": Layer.PRIVATE,
    "expert": Layer.SHARED,
    "shared": Layer.SHARED,
    "pipeline": Layer.SHARED,
    "global": Layer.GLOBAL,
}
STEP_BYTES = 128
PATH_STEPS = 16
RAW_LENGTH = 4 * STEP_BYTES
"""No name that is longer, before it is normalised and encoded, can be a step."""
SHOWN = 60


def encode_step(name: str) -> str:
    """One step of a path from any name: NFC, percent-encoded, 1 to 128 bytes; InvalidCall otherwise."""
    step = quote(normalised("NFC", name), safe="@:+=,!~$&'()* ").replace(" ", "%20") if len(name) <= RAW_LENGTH else ""
    if not 1 <= len(step) <= STEP_BYTES or step in {".", ".."} or "%00" in step:
        raise InvalidCall(f"{name[:SHOWN]!r} cannot be a step of a namespace: 1 to {STEP_BYTES} bytes, not '.', '..' or NUL")
    return step


def normalise(path: str) -> str:
    """The canonical form of a namespace path; InvalidCall when it is none.

    `user/Alice Smith` becomes `user/Alice%20Smith`; a step that is already encoded stays as it is.
    """
    steps = path.split("/")
    if steps[0] not in ROOTS or len(steps) > PATH_STEPS:
        raise InvalidCall(f"the namespace {path[:SHOWN]!r} must begin with one of {', '.join(ROOTS)} and have at most {PATH_STEPS} steps")
    try:
        return "/".join([steps[0], *(encode_step(unquote(step, errors="strict")) for step in steps[1:])])
    except UnicodeError:
        raise InvalidCall(f"the namespace {path[:SHOWN]!r} is not valid Unicode") from None


def layer_of(path: str) -> Layer:
    """The layer that a namespace begins with."""
    return ROOTS[path.split("/", 1)[0]]


def within(path: str, prefix: str) -> bool:
    """Whether `path` is `prefix` or lies below it."""
    return path == prefix or path.startswith(prefix + "/")
