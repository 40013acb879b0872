"""Provenance API, lineage: where a memory came from and what came of it, as a graph of ids or as W3C PROV-JSON."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from memos.errors import InvalidCall
from memos.interface.memory_api.desk import Prepared, Work
from memos.interface.memory_api.prov_json import document
from memos.interface.memory_api.query import named
from memos.interface.memory_api.update import single
from memos.memcube.call import MemoryReply
from memos.memcube.lineage import DERIVATIONS, RELATIONS, Lineage
from memos.memcube.value import Value, build

LIMIT = 100_000
"""The most memories that one lineage shows."""


def legal_relations(given: Any) -> tuple[str, ...]:
    """The relations to follow, a single text being one; InvalidCall for one that tells of no origin."""
    relations = (given,) if isinstance(given, str) else tuple(given) if isinstance(given, list | tuple | set | frozenset) else ()
    if not relations or not all(each in RELATIONS for each in relations):
        raise InvalidCall(f"a lineage follows one or more of the relations {', '.join(RELATIONS)}, not {str(given)[:60]!r}")
    return tuple(dict.fromkeys(relations))


class LineageOptions(Value):
    """Which way to walk, along which relations, how far, and in which form to answer; `depth` None is to the end."""

    direction: Literal["ancestors", "descendants", "both"] = "both"
    relations: Annotated[tuple[str, ...], BeforeValidator(legal_relations)] = DERIVATIONS
    depth: int | None = Field(default=None, ge=1)
    limit: int = Field(default=LIMIT, ge=1, le=LIMIT)
    format: Literal["graph", "prov"] = "graph"


def prepare_lineage(work: Work) -> Prepared:
    """The lineage of one memory. It alone is disclosed, and counts as used; of the others no more than that they are there.

    A present read: what is forgotten, or not to be seen for another reason, is not shown, and the walk does not pass through it.
    """
    options = build(LineageOptions, **work.call.options)
    cube = single(named(work))
    found = walked(work, cube.id, options)
    graph = {"nodes": list(found.nodes), "edges": list(found.edges), "truncated": found.truncated}
    value = graph if options.format == "graph" else document(work, found)
    return Prepared(MemoryReply(call_id=work.call.id, cubes=(cube,), value=value, call=work.call, seq=work.view.seq))


def walked(work: Work, cube_id: str, options: LineageOptions) -> Lineage:
    """What is shown in the directions wanted: the memory, its ancestors, its descendants, each breadth first."""

    def walk(limit: int, *, ancestors: bool) -> Lineage:
        return work.view.lineage(
            cube_id, options.relations, ancestors=ancestors, depth=options.depth, limit=limit, grant=work.grant.filter, now=work.now
        )

    first = walk(options.limit, ancestors=options.direction != "descendants")
    if options.direction != "both" or first.truncated:
        return first
    return joined(first, walk(options.limit - len(first.nodes) + 1, ancestors=False))


def joined(first: Lineage, second: Lineage) -> Lineage:
    """Two walks from one memory as one; where they went in a circle, they may have met."""
    if len(second.nodes) == 1:
        return replace(first, truncated=second.truncated)
    nodes = tuple(dict.fromkeys((*first.nodes, *second.nodes)))
    return Lineage(nodes, tuple(dict.fromkeys((*first.edges, *second.edges))), second.truncated)
