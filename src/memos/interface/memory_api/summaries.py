"""Summaries: a digest put into words by the store's chat model, of what the reply discloses, each sentence checked against its memories.

It is asked while no View is open, after the last decision on each memory, and within what a day may cost; where it fails the digest stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from memos.errors import MemOSError
from memos.interface.memory_api.extracting import Extracting, source_of
from memos.memcube.call import MemoryCall, MemoryReply
from memos.memcube.hit import Hit
from memos.operation.memoperator.digest import Cited

SHOWN = 40
"""So many memories are shown to a model at most."""


def with_summary(call: MemoryCall, reply: MemoryReply, extracting: Extracting) -> MemoryReply:
    """The reply to `summarise` in the model's words, where there is a model and its sentences are borne out; else as it is.

    `value` then has, beside the text and the sentences, who wrote it (`by`) and how many sentences were dropped (`unsupported`).
    """
    if call.operation != "summarise" or not extracting.has_model or not reply.hits:
        return reply
    from memos.interface.memreader.summary import Text

    texts = [Text(hit.cube.id, source_of(hit.cube, hiding=True).text) for hit in _in_time(reply.hits)[:SHOWN]]
    try:
        name, found = extracting.summary(call.query.text if call.query is not None else "", texts)
    except MemOSError as error:
        return _noted(reply, f"summarised without the model: {error.message}")
    if found.unusable is not None:
        return _noted(reply, f"summarised without the model: {found.unusable}")
    if not found.sentences:
        return _noted(reply, f"summarised without the model: none of its {found.dropped} sentences was borne out by the memories")
    sentences = [
        {"text": each.text, **_place(each.quotes[0]), "quotes": [_place(quote) for quote in each.quotes]} for each in found.sentences
    ]
    value = {"text": " ".join(each.text for each in found.sentences), "sentences": sentences, "by": name, "unsupported": found.dropped}
    ids = {quote.id for each in found.sentences for quote in each.quotes}
    return reply.model_copy(update={"value": value, "hits": tuple(hit for hit in reply.hits if hit.cube.id in ids)})


def _in_time(hits: Sequence[Hit]) -> list[Hit]:
    return sorted(hits, key=lambda hit: (hit.cube.said_at, hit.cube.ordinal or 0, hit.cube.id))


def _place(cited: Cited) -> dict[str, Any]:
    return {"id": cited.id, "start": cited.start, "end": cited.end}


def _noted(reply: MemoryReply, warning: str) -> MemoryReply:
    """The digest as it is, with what is cited in it."""
    ids = {each["id"] for each in reply.value["sentences"]}
    hits = tuple(hit for hit in reply.hits if hit.cube.id in ids)
    return reply.model_copy(update={"warnings": (*reply.warnings, warning), "hits": hits})
