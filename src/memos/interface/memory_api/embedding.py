"""Embedding: vectors for what a call says, computed before any transaction is open."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from memos.errors import MemOSError
from memos.interface.memory_api.desk import Desk
from memos.memcube.call import Caller, CubeDraft, MemoryCall
from memos.ports.models import Embedder, apart, embedded, embedding_input

Warnings = tuple[str, ...]


def with_vectors(caller: Caller, call: MemoryCall, desk: Desk, speaker_of: Callable[[str], str | None]) -> tuple[MemoryCall, Warnings]:
    """The call with the vectors that it needs at once: a query's, and those of a few texts; more are left to the worker.

    `speaker_of` tells who said a memory that is to be updated, since a turn is embedded with its speaker. When the embedder fails
    the call goes on without: a search by words alone, a write with its vectors pending; a warning says so.
    """
    if desk.embedder is None:
        return call, ()
    embedder = apart(desk.embedder, (caller.tenant, caller.user))
    try:
        if call.operation == "search":
            return _with_query_vector(call, embedder), ()
        if call.operation == "add" and sum(draft.vector is None for draft in call.drafts) <= desk.settings.inline_vectors:
            return _with_draft_vectors(call, embedder), ()
        if call.operation == "update" and isinstance(call.options.get("text"), str):
            return _with_text_vector(call, embedder, speaker_of), ()
    except MemOSError as error:
        degraded = "searched by words alone" if call.operation == "search" else "stored; its vector follows once the embedder answers"
        return call, (f"{degraded}: {error.message}",)
    return call, ()


def _with_query_vector(call: MemoryCall, embedder: Embedder) -> MemoryCall:
    query = call.query
    if query is None or query.vector is not None or not query.text.strip():
        return call
    vector = _directed(embedded(embedder, [query.text])[0])
    return call.model_copy(update={"query": query.model_copy(update={"vector": vector})})


def _with_draft_vectors(call: MemoryCall, embedder: Embedder) -> MemoryCall:
    wanting = [draft for draft in call.drafts if draft.vector is None]
    if not wanting:
        return call
    vectors = iter(embedded(embedder, [embedding_input(draft.speaker, draft.text) for draft in wanting]))
    drafts = tuple(draft if draft.vector is not None else _placed(draft, next(vectors)) for draft in call.drafts)
    return call.model_copy(update={"drafts": drafts})


def _placed(draft: CubeDraft, vector: Any) -> CubeDraft:
    return draft.model_copy(update={"vector": _directed(vector)})


def _directed(vector: Any) -> Any:
    """A vector, or None for the zeros of a text without words: a query is then one of words alone, a memory is left to the worker."""
    return vector if vector.any() else None


def _with_text_vector(call: MemoryCall, embedder: Embedder, speaker_of: Callable[[str], str | None]) -> MemoryCall:
    text = call.options["text"]
    if call.options.get("vector") is not None or not text.strip() or not call.cubes:
        return call
    vector = _directed(embedded(embedder, [embedding_input(speaker_of(call.cubes[0].id), text)])[0])
    return call if vector is None else call.model_copy(update={"options": call.options | {"vector": vector}})
