"""Messages: what users hand to `add` (a text, texts, messages) as drafts of memories."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from memos.errors import InvalidCall
from memos.memcube.call import CubeDraft
from memos.memcube.legal import legal_metadata, legal_tags
from memos.memcube.value import build

MESSAGE_FIELDS = frozenset({"role", "name", "content", "at", "metadata", "ordinal", "session", "tags"})
BATCH = 100_000
"""The most drafts that one call may carry."""


def drafts_of(given: Any, common: Mapping[str, Any], vectors: Any) -> tuple[CubeDraft, ...]:
    """Drafts of a text, a list of texts or messages, in their order. `common` holds the fields that all share.

    InvalidCall names the item that is wrong.
    """
    items = _items(given)
    rows = _vector_rows(vectors, len(items))
    drafts = []
    for number, item in enumerate(items):
        try:
            drafts.append(_draft(item, common, rows[number] if rows is not None else None))
        except InvalidCall as error:
            raise InvalidCall(f"item {number}: {error.message}" if len(items) > 1 else error.message) from None
    return tuple(drafts)


def _items(given: Any) -> list[Any]:
    if isinstance(given, str | Mapping):
        return [given]
    if not isinstance(given, Iterable) or isinstance(given, bytes):
        raise InvalidCall(
            f"add takes a text, a list of texts, or messages such as {{'role': 'user', 'content': '…'}}, not {type(given).__name__}"
        )
    items = list(given)
    if not items:
        raise InvalidCall("there is nothing to add: the list is empty")
    if len(items) > BATCH:
        raise InvalidCall(f"{len(items):,} memories in one call are too many; send at most {BATCH:,} at a time")
    return items


def _vector_rows(vectors: Any, count: int) -> Any:
    if vectors is None:
        return None
    if isinstance(vectors, str | Mapping) or not hasattr(vectors, "__len__") or not len(vectors):
        raise InvalidCall("a vector must be a sequence of numbers, or one such sequence for each memory")
    single = count == 1 and not hasattr(vectors[0], "__len__")
    rows = [vectors] if single else vectors
    if len(rows) != count:
        raise InvalidCall(f"there are {count} memories but {len(rows)} vectors; give one vector for each")
    return rows


def _draft(item: Any, shared: Mapping[str, Any], vector: Any) -> CubeDraft:
    if isinstance(item, Mapping):
        return build(CubeDraft, **(_turn(item, shared) | {"vector": vector}))
    return build(CubeDraft, **{**shared, "text": item, "vector": vector})


def _turn(message: Mapping[str, Any], shared: Mapping[str, Any]) -> dict[str, Any]:
    if unknown := set(message) - MESSAGE_FIELDS:
        known = ", ".join(sorted(MESSAGE_FIELDS))
        raise InvalidCall(f"a message has no field {min(map(str, unknown))!r}; it may have {known}; put your own values into metadata")
    if "content" not in message:
        raise InvalidCall("a message needs its text in 'content'")
    role = message.get("role")
    return {
        **shared,
        "text": _content(message["content"]),
        "speaker": message.get("name") or role,
        "role": role,
        "session": message.get("session") or shared.get("session"),
        "said_at": message.get("at"),
        "ordinal": message.get("ordinal"),
        "metadata": {**legal_metadata(shared.get("metadata")), **legal_metadata(message.get("metadata"))},
        "tags": (*legal_tags(shared.get("tags")), *legal_tags(message.get("tags"))),
        "turn": True,
    }


def _content(content: Any) -> Any:
    """Text, or the joined text parts of a multi-part message."""
    if not isinstance(content, list):
        return content
    parts = [part.get("text") for part in content if isinstance(part, Mapping) and part.get("type") == "text"]
    texts = [part for part in parts if isinstance(part, str)]
    if len(texts) != len(content):
        raise InvalidCall("a message in parts may have parts of type 'text' with a 'text' only; describe other parts in words")
    return "\n".join(texts)
