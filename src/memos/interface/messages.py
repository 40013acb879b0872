"""Messages: what users hand to `add` (a text, texts, messages) as drafts of memories."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from memos.errors import InvalidCall
from memos.memcube.call import CubeDraft
from memos.memcube.legal import legal_metadata, legal_tags
from memos.memcube.value import build

MESSAGE_FIELDS = ("role", "name", "content", "at", "timestamp", "metadata", "ordinal", "session", "tags")
KEPT_FIELDS = ("id", "tool_calls", "tool_call_id", "function_call", "refusal", "audio", "annotations")
"""What chat APIs put beside a message's text; kept as metadata under its name."""
KEPT_BYTES = 8 * 1024
"""The largest of them that is kept; of a larger one only its size is."""
ARGUMENTS_SHOWN = 500
"""How many characters of a tool call's arguments stand in the text of a message that has no other."""
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
    if isinstance(vectors, str | Mapping) or not all(hasattr(vectors, each) for each in ("__len__", "__getitem__")) or not len(vectors):
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
    if unknown := set(message) - {*MESSAGE_FIELDS, *KEPT_FIELDS}:
        known = ", ".join((*MESSAGE_FIELDS, *KEPT_FIELDS))
        raise InvalidCall(f"a message has no field {min(map(str, unknown))!r}; it may have {known}; put your own values into metadata")
    if message.get("at") is not None and message.get("timestamp") is not None:
        raise InvalidCall("a message has 'at' or 'timestamp', which mean the same, not both")
    role = message.get("role")
    given = {**legal_metadata(shared.get("metadata")), **_kept(message), **legal_metadata(message.get("metadata"))}
    return {
        **shared,
        "text": _text(message),
        "speaker": message.get("name") or role,
        "role": role,
        "session": message.get("session") or shared.get("session"),
        "said_at": message.get("at") if message.get("at") is not None else message.get("timestamp"),
        "ordinal": message.get("ordinal"),
        "metadata": given,
        "tags": (*legal_tags(shared.get("tags")), *legal_tags(message.get("tags"))),
        "turn": True,
    }


def _kept(message: Mapping[str, Any]) -> dict[str, Any]:
    """What a chat API put beside the text, as metadata."""
    kept: dict[str, Any] = {}
    for name in KEPT_FIELDS:
        if (value := message.get(name)) in (None, "", [], {}):
            continue
        try:
            size = len(json.dumps(value, ensure_ascii=False, allow_nan=False).encode(errors="replace"))
        except (TypeError, ValueError) as error:
            raise InvalidCall(f"the message's field {name!r} must be JSON ({error}); give plain values, e.g. of model_dump()") from None
        kept[name] = value if size <= KEPT_BYTES else f"left out: {size:,} bytes"
    return kept


def _text(message: Mapping[str, Any]) -> Any:
    """The text of a message; of one that has none, the calls of tools that it makes, or what it says elsewhere."""
    if (content := message.get("content")) not in (None, "", []):
        return _content(content)
    calls = "\n".join(_called(message))
    audio = message.get("audio")
    instead = calls or message.get("refusal") or (audio.get("transcript") if isinstance(audio, Mapping) else None)
    if not instead and "content" not in message:
        raise InvalidCall("a message needs its text in 'content'")
    return instead or content


def _called(message: Mapping[str, Any]) -> Iterator[str]:
    """Each call of a tool as a line: the function's name and its arguments."""
    calls = message.get("tool_calls") or ()
    given = [call.get("function", call.get("custom")) for call in calls if isinstance(call, Mapping)] if isinstance(calls, list) else []
    for function in (*given, message.get("function_call")):
        if isinstance(function, Mapping) and isinstance(function.get("name"), str):
            arguments = function.get("arguments", function.get("input", ""))
            written = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False, default=str)
            yield f"{function['name']}({written if len(written) <= ARGUMENTS_SHOWN else written[:ARGUMENTS_SHOWN] + '…'})"


def _content(content: Any) -> Any:
    """Text, or the joined text parts of a multi-part message."""
    if not isinstance(content, list):
        return content
    parts = [part.get("text") for part in content if isinstance(part, Mapping) and part.get("type") == "text"]
    texts = [part for part in parts if isinstance(part, str)]
    if len(texts) != len(content):
        raise InvalidCall("a message in parts may have parts of type 'text' with a 'text' only; describe other parts in words")
    return "\n".join(texts)
