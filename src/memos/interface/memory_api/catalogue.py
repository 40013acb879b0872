"""Catalogue: indexes for a task: preferences and standing orders, what later questions refer back to, the words that memories share."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import Any, Literal

from pydantic import Field

from memos.interface.memory_api.desk import Prepared, Work, read_options
from memos.interface.memory_api.query import condition, scope
from memos.interface.memory_api.tags import pages, shown
from memos.memcube.call import MemoryQuery, MemoryReply
from memos.memcube.filter import Filter
from memos.memcube.spans import indexed
from memos.memcube.value import Value
from memos.operation.memoperator.kinds import STANDING
from memos.operation.memoperator.topics import Vocabulary

PINNED = 50
"""From which priority on a memory is an anchor."""
READ, NAMED = 10_000, 100
"""Of how many memories, the newest, the words are counted, and how many of them are named under each."""
ANCHORS: dict[str, Any] = {"or": [{"tags": {"any": ["anchor", "pinned"]}}, {"frozen": True}, {"priority": {"gte": PINNED}}]}


class CatalogueOptions(Value):
    """Which index; for keywords how many, and in how many memories a word stands at least."""

    name: Literal["preferences", "anchors", "keywords"]
    limit: int = Field(default=100, ge=1, le=1000)
    least: int = Field(default=2, ge=1)
    cursor: str | None = None


def prepare_catalogue(work: Work) -> Prepared:
    """The newest first, without what another memory has ended since; keywords by how many memories hold them."""
    options = read_options(CatalogueOptions, work)
    query = work.call.query or MemoryQuery()
    holds = Filter.parse({"or": [{"valid_to": {"exists": False}}, {"valid_to": {"gt": work.moment}}]})
    if options.name == "keywords":
        asked = query.model_copy(update={"filter": holds if query.filter is None else query.filter & holds})
        return _keywords(replace(work, call=work.call.model_copy(update={"query": asked})), options)
    wanted = scope(work, query)
    if not wanted:
        return Prepared(MemoryReply(call_id=work.call.id, call=work.call, seq=work.view.seq))
    standing = {"tags": {"any": [f"kind={each}" for each in STANDING]}}
    chosen = Filter.parse(standing if options.name == "preferences" else ANCHORS)
    within = Filter.parse({"or": [{"namespace": {"under": prefix}} for prefix in wanted]})
    page = work.view.find(
        condition(work, query) & within & holds & chosen, grant=work.grant.filter, now=work.now, order="said_at", descending=True,
        limit=options.limit, cursor=options.cursor,
    )  # fmt: skip
    return Prepared(MemoryReply(call_id=work.call.id, cubes=page.cubes, next=page.cursor, call=work.call, seq=work.view.seq))


def _keywords(work: Work, options: CatalogueOptions) -> Prepared:
    """The words of what the caller is shown and search may know, as dicts: `word`, `count`, and `ids`, the newest first."""
    cubes = [cube for page in pages(work, READ, order="said_at", descending=True) for cube in shown(work, page)]
    vocabulary = Vocabulary(indexed(cube.text, cube.policy) for cube in cubes)
    under: dict[str, list[str]] = defaultdict(list)
    for cube, bag in zip(cubes, vocabulary.bags, strict=True):
        for stem in bag:
            under[stem].append(cube.id)
    often = sorted((-len(ids), vocabulary.shown([stem]), stem) for stem, ids in under.items() if len(ids) >= options.least)
    chosen = often[: options.limit]
    value = [{"word": word, "count": -count, "ids": under[stem][:NAMED]} for count, word, stem in chosen]
    named = {each for _, _, stem in chosen for each in under[stem][:NAMED]}
    warnings = (f"only the newest {READ:,} memories were read; name a namespace",) if len(cubes) == READ else ()
    return Prepared(
        MemoryReply(call_id=work.call.id, value=value, call=work.call, warnings=warnings),
        told=tuple(cube for cube in cubes if cube.id in named),
    )
