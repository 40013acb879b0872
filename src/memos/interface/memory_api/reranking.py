"""Reranking: what a reranker says of the memories found first, asked while no View is open, before the search proper."""

from __future__ import annotations

from collections.abc import Callable

from memos.errors import MemOSError
from memos.interface.memory_api.desk import Desk
from memos.interface.memory_api.embedding import Warnings, known_text
from memos.memcube.call import MemoryCall, MemoryQuery
from memos.memcube.cube import MemCube
from memos.memcube.vector import Reranked
from memos.ports.models import rerank

Candidates = Callable[[MemoryCall], tuple[MemCube, ...]]
"""The memories that a search finds."""


def with_reranking(call: MemoryCall, desk: Desk, candidates: Candidates) -> tuple[MemoryCall, Warnings]:
    """A search with what the reranker says of its first memories. When that fails it goes on without, and a warning says so."""
    query = call.query
    if desk.reranker is None or call.operation != "search" or query is None or not query.text.strip() or not query.rank.rerank:
        return call, ()
    plain = query.rank.model_copy(update={"order": "relevance", "diverse": 0.0, "coverage": "off", "minimum": None})
    wanted = {"limit": desk.settings.reranked, "rank": plain} | {name: MemoryQuery.model_fields[name].default for name in BESIDE}
    found = candidates(call.model_copy(update={"query": query.model_copy(update=wanted)}))
    try:
        scores = rerank(desk.reranker, query.text, [known_text(cube) for cube in found]).tolist() if found else []
    except MemOSError as error:
        return call, (f"ranked without the reranker: {error.message}",)
    told = Reranked({cube.id: score for cube, score in zip(found, scores, strict=True)})
    return call.model_copy(update={"query": query.model_copy(update={"reranked": told})}), ()


BESIDE = ("group", "expand", "standing", "explain")
"""What a query asks for beside its hits."""
