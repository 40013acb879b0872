"""Relating: the edges between memories that users make: what depends on what, what contradicts what, and relations of their own."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator

from memos.errors import InvalidCall, NotFound
from memos.interface.memory_api import provenance
from memos.interface.memory_api.create import replay
from memos.interface.memory_api.desk import Options, Prepared, Work, read_options
from memos.interface.memory_api.query import named
from memos.interface.memory_api.update import fact_of
from memos.memcube.call import MemoryReply
from memos.memcube.change import CubeWrite, Edge, ReadSet
from memos.memcube.cube import MemCube
from memos.operation.memlifecycle.transitions import require_thawed
from memos.operation.memoperator.picture import MENTIONS, SYSTEM

USUAL = ("depends_on", "contradicts", "relates_to", "part_of", "causes")
"""The relations that most will need; others are named alike."""
ACYCLIC = "depends_on"
"""The relation that never leads back to where it began."""
_NAME = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
_LONGEST = 64
_CHAIN = 10_000
"""How many memories a chain of dependencies is followed through."""


def legal_relation(given: Any) -> str:
    """The name of a relation that users may write; InvalidCall for one that the system keeps, or that is no name."""
    if not isinstance(given, str) or not _NAME.fullmatch(given) or len(given) > _LONGEST:
        raise InvalidCall(f"a relation is named in small letters, such as {', '.join(USUAL)}, not {str(given)[:60]!r}")
    if given in SYSTEM or given == MENTIONS:
        raise InvalidCall(f"the relation {given} is kept by the system; give another name, such as {', '.join(USUAL)}")
    return given


class RelateOptions(Options):
    """The relation from the first memory to the second, and whether it ends instead of beginning."""

    relation: Annotated[str, BeforeValidator(legal_relation)]
    ends: bool = False


def prepare_relate(work: Work) -> Prepared:
    """Make an edge, or end one. The source is written, in the same version; the target is only read."""
    options = read_options(RelateOptions, work)
    if replayed := replay(work):
        return replayed
    source, target = _ends(work)
    edge = Edge(source.id, target.id, options.relation)
    stands = edge in work.view.neighbours([source.id], (options.relation,), 1)
    reply = MemoryReply(
        call_id=work.call.id, cubes=(source, target), value={**_told(edge), "written": stands is options.ends}, call=work.call
    )
    if options.ends and not stands:
        raise NotFound(f"there is no edge {edge.relation} from {source.id} to {target.id} here")
    if stands and not options.ends:
        return Prepared(reply)
    if options.ends:
        _require_own(work, edge)
    elif options.relation == ACYCLIC:
        _require_no_circle(work, edge)
    after = source.model_copy(update={"provenance": provenance.mutated(work, source.provenance, "relate")})
    write = CubeWrite(cube=after, birth=False, fact=fact_of(after))
    edges = {"unties": (edge,)} if options.ends else {"edges": (edge,)}
    change = work.change(writes=(write,), **edges, idempotency=work.idempotency((source.id, target.id)))
    reads = ReadSet(versions={source.id: source.seq, target.id: target.seq})
    return Prepared(reply.model_copy(update={"cubes": (after, target)}), change, reads)


def _ends(work: Work) -> tuple[MemCube, MemCube]:
    found = named(work)
    if len(found) != 2 or found[0].id == found[1].id:
        raise InvalidCall("an edge leads from one memory to another: name two different ones, the source first")
    work.warrant.require("write", found[:1])
    require_thawed(found[0])
    return found[0], found[1]


def _told(edge: Edge) -> dict[str, Any]:
    return {"source": edge.source, "target": edge.target, "relation": edge.relation}


def _require_own(work: Work, edge: Edge) -> None:
    """A branch ends what it made; what it shows of the canonical memory ends there."""
    if work.call.branch is None or work.view.base is None:
        return
    with work.open_view(at=work.view.base) as before:
        if edge in before.neighbours([edge.source], (edge.relation,), 1):
            raise InvalidCall("this edge is of the canonical memory, which a branch shows and does not end; unrelate there")


def _require_no_circle(work: Work, edge: Edge) -> None:
    """As far as the caller can see: what it cannot is not told by an error either."""
    found = work.view.lineage(
        edge.target, (ACYCLIC,), ancestors=True, depth=None, limit=_CHAIN, grant=work.grant.filter, now=work.now
    )  # fmt: skip
    if edge.source in found.nodes:
        raise InvalidCall(f"{edge.target} depends on {edge.source} already; dependencies lead in no circle: unrelate one of them first")
