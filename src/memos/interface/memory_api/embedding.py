"""Embedding: vectors for what a call says, computed while no transaction is open, and once however often the call is prepared anew."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from memos.errors import MemOSError
from memos.interface.memory_api.desk import AIMED, Desk
from memos.memcube.call import Caller, MemoryCall, MemoryQuery, query_of
from memos.memcube.change import ChangeSet, CubeWrite
from memos.memcube.cube import MemCube
from memos.memcube.payload import Plaintext
from memos.memcube.spans import indexed
from memos.operation.memoperator.late import packed
from memos.ports.models import Embedder, apart, embedding_input, read

Warnings = tuple[str, ...]
ASKS = re.compile(r"\?\s*$|^\s*(?:tell\s+me|what|who|where|when|which|how|why|do\s+you\s+remember)\b", re.IGNORECASE)
LONGEST = 1000
"""So many characters of a question that seems to ask nothing are looked for."""
SEARCHING = frozenset({"none", "search", "context", "count", "summarise", "compare"}) | AIMED
"""The operations that search by a query's text, unless the memories are named by their ids."""


def with_query_vector(caller: Caller, call: MemoryCall, desk: Desk) -> tuple[MemoryCall, Warnings]:
    """A call that searches with the vectors of its texts. When the embedder fails it goes on by words alone, and a warning says so."""
    call = looked_for(call)
    if desk.embedder is None or call.query is None or call.operation not in SEARCHING or call.cubes:
        return call, ()
    queries = {"query": call.query}
    if call.operation == "compare" and isinstance(call.options.get("against"), Mapping | MemoryQuery):
        queries["against"] = query_of(call.options["against"])
    wanting = {name: query for name, query in queries.items() if query.vector is None and query.text.strip()}
    if not wanting:
        return call, ()
    try:
        rows, words = read(own(desk.embedder, caller), [said(call, query) for query in wanting.values()])
    except MemOSError as error:
        return call, (f"searched by words alone: {error.message}",)
    known = {
        name: query.model_copy(update={"vector": _directed(row), "words": each})
        for (name, query), row, each in zip(wanting.items(), rows, words, strict=True)
    }
    options = call.options | {"against": known["against"]} if "against" in known else call.options
    return call.model_copy(update={"query": known.get("query", call.query), "options": options}), ()


def said(call: MemoryCall, query: MemoryQuery) -> str:
    """What is embedded of a query: of a history that words ask for the whole question, for it is searched where no one memory is meant."""
    return call.reading.standalone[:LONGEST] if call.operation == "history" and call.reading is not None else query.text


def looked_for(call: MemoryCall) -> MemoryCall:
    """A question that was read as asking nothing, with the query by which it is looked for all the same."""
    if call.operation != "none" or call.query is not None or call.reading is None or not ASKS.search(call.reading.said):
        return call
    return call.model_copy(update={"query": MemoryQuery(text=call.reading.standalone[:LONGEST])})


class Vectors:
    """The vectors of one call's few new texts; more than `settings.inline_vectors` are left to the worker."""

    def __init__(self, caller: Caller, desk: Desk) -> None:
        self._caller, self._desk = caller, desk
        self._known: dict[str, dict[str, Any]] = {}
        self._failed = False

    def completed(self, change: ChangeSet) -> tuple[ChangeSet, Warnings]:
        """The change with the vectors that it lacks. When the embedder fails they stay pending, and a warning says so."""
        wanting = [write for write in change.writes if _lacks(write)]
        desk = self._desk
        if desk.embedder is None or not 0 < len(wanting) <= desk.settings.inline_vectors or self._failed:
            return change, ()
        texts = [known_text(write.cube) for write in wanting]
        fresh = [text for text in dict.fromkeys(texts) if text not in self._known]
        try:
            self._known |= self._read(own(desk.embedder, self._caller), fresh) if fresh else {}
        except MemOSError as error:
            self._failed = True
            return change, (f"stored; its vector follows once the embedder answers: {error.message}",)
        found = {write.cube.id: self._known[text] for write, text in zip(wanting, texts, strict=True)}
        writes = (replace(write, **found[write.cube.id]) if write.cube.id in found else write for write in change.writes)
        return replace(change, writes=tuple(writes)), ()

    @staticmethod
    def _read(embedder: Embedder, texts: list[str]) -> dict[str, dict[str, Any]]:
        rows, words = read(embedder, texts)
        told = zip(texts, rows, words, strict=True)
        return {text: {"vector": _directed(row), "words": packed(text, each)} for text, row, each in told}


def known_text(cube: MemCube) -> str:
    """What a model is given of a memory: nothing of the parts that some who may find it may not see."""
    return embedding_input(None if cube.policy.veiled else cube.speaker, indexed(cube.text, cube.policy))


def _lacks(write: CubeWrite) -> bool:
    return write.terms is not None and write.vector is None and isinstance(write.cube.payload, Plaintext)


def _directed(vector: Any) -> Any:
    """A vector, or None for the zeros of a text without words: a query is then one of words alone, a memory is left to the worker."""
    return vector if vector.any() else None


def own(embedder: Embedder, caller: Caller) -> Embedder:
    """The embedder as this caller may use it: what it remembers of others is not to be felt."""
    return apart(embedder, (caller.tenant, caller.user))
