"""Consolidate: what new memories end or repeat. An ended one keeps its place in the past; of two that say the same one stands for both."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from typing import Any

from memos.interface.memory_api import provenance
from memos.interface.memory_api.desk import Prepared, Work
from memos.interface.memory_api.holds import held
from memos.interface.memory_api.update import fact_of
from memos.memcube.call import MemoryQuery, MemoryReply
from memos.memcube.change import CubeWrite, Edge, ReadSet
from memos.memcube.cube import MemCube
from memos.memcube.derivation import is_fact
from memos.memcube.filter import Filter
from memos.memcube.legal import legal_tags
from memos.memcube.payload import Plaintext
from memos.memcube.place import of_document
from memos.memcube.provenance import Parent
from memos.memcube.quarantine import quarantined
from memos.memcube.state import PRESENT, State
from memos.operation.memlifecycle.agreement import moved, refused
from memos.operation.memlifecycle.overlap import same
from memos.operation.memlifecycle.supersession import CONFIDENT, Reading, Relation, Statement, judge, prepare
from memos.operation.memlifecycle.transitions import Event, allowed

NEAREST = 8
"""With how many of the memories nearest to it a new one is compared."""
LIKELY = 0.65
"""How sure a verdict on two notes must be; on turns of a talk, of which few state what holds for long, it must be CONFIDENT."""
TAGS = 256
"""As many tags as a memory may have."""
ENDINGS = 2
"""How many memories one new one ends at most: a sentence that would end more says something general."""
LONGEST = 2000
"""Characters of a text that are compared; what is longer states too much to be ended by one sentence."""
STANDING = Filter.parse(
    {
        "and": [
            {"state": {"in": [str(state) for state in PRESENT]}},
            {"type": "plaintext"},
            {"frozen": False},
            {"valid_to": {"exists": False}},
        ]
    }
)
SAID = Filter.parse({"metadata.extraction": {"exists": False}})
"""What is no extracted fact; those follow the messages that state them, and would stand here in the places of others."""


def prepare_consolidate(work: Work) -> Prepared:
    """Options: `ids`, memories that have come since the worker looked last, and `fence`."""
    writes: dict[str, CubeWrite] = {}
    edges: list[Edge] = []
    seen: dict[str, int] = {}
    found = work.view.get(work.call.options["ids"], grant=work.grant.filter, now=work.now)
    telling = {cube_id: cube for cube_id, cube in found.items() if _states_something(cube)}
    vectors = work.view.vectors_of(list(telling)) if work.view.dimensions is not None else {}
    for cube_id, fresh in telling.items():
        _settle(work, fresh, _nearest(work, fresh, vectors.get(cube_id)), (writes, edges, seen))
    reply = MemoryReply(call_id=work.call.id, value=len(writes), call=work.call)
    if not writes:
        return Prepared(reply)
    change = work.change(writes=tuple(writes.values()), edges=tuple(edges), fence=work.call.options.get("fence"))
    return Prepared(reply, change, ReadSet(versions={cube_id: seq for cube_id, seq in seen.items() if cube_id in writes}))


def _states_something(cube: MemCube) -> bool:
    """Whether a memory may end or repeat another: a person's words, or a note and no document, of a length that states one thing."""
    said_by_a_machine = cube.role in {"assistant", "system", "tool"}
    known = cube.state in PRESENT and not quarantined(cube.policy) and not is_fact(cube)  # facts follow the messages that state them
    own = not said_by_a_machine and not of_document(cube)
    return isinstance(cube.payload, Plaintext) and known and own and len(cube.text) <= LONGEST


Settled = tuple[dict[str, CubeWrite], list[Edge], dict[str, int]]
"""What is to be written by memory, the edges, and the seq of what was read."""


def _settle(work: Work, fresh: MemCube, nearest: Iterable[MemCube], settled: Settled) -> None:
    writes, edges, seen = settled
    for old in nearest:
        if old.id in writes or fresh.id in writes:
            continue
        if _may_merge(old, fresh) and same(old.text, fresh.text) and not held(work, [old.id, fresh.id]):
            writes[old.id], writes[fresh.id] = _merged(work, old, fresh)
            seen |= {old.id: old.seq, fresh.id: fresh.seq}
            edges += [Edge(old.id, fresh.id, "merged_from"), Edge(fresh.id, old.id, "merged_into")]
            continue
        if _succeeds(old, fresh) and sum(edge.source == fresh.id for edge in edges) < ENDINGS:
            writes[old.id], seen[old.id] = _ended(work, old, fresh), old.seq
            edges.append(Edge(fresh.id, old.id, "supersedes"))


def _succeeds(old: MemCube, fresh: MemCube) -> bool:
    """Whether the new memory ends the old one: a move of the same person, or a verdict that is sure enough and that nothing refuses."""
    if old.speaker == fresh.speaker and moved(old.text, fresh.text):
        return True
    verdict = judge(_reading(old), _reading(fresh))
    certain = verdict.confidence >= (CONFIDENT if fresh.session is not None else LIKELY)
    return verdict.relation is Relation.SUPERSEDES and certain and not refused(old.text, fresh.text, verdict.reason)


def _may_merge(old: MemCube, fresh: MemCube) -> bool:
    """Turns stay as they were said; only notes become one."""
    apart = (
        fresh.ordinal is old.ordinal is None
        and not is_fact(old)
        and not is_fact(fresh)
        and not fresh.frozen
        and len(old.own_tags) + len(fresh.own_tags) <= TAGS
    )
    return apart and allowed(old.state, State.MERGED, Event.CONSOLIDATION)


def _nearest(work: Work, fresh: MemCube, vector: Any) -> list[MemCube]:
    """The earlier memories of its namespace and owner that are likest to a new one, as a search by its words and its vector finds them."""
    earlier = Filter.parse({"namespace": fresh.namespace, "owner": fresh.owner, "said_at": {"lte": fresh.said_at}, "id": {"ne": fresh.id}})
    wanted = STANDING & earlier if work.desk.settings.extract == "none" else STANDING & earlier & SAID
    query = MemoryQuery(text=fresh.text, vector=vector, filter=wanted, namespaces=(fresh.namespace,), limit=NEAREST)
    found = work.desk.operator.retrieve(query, work.view, work.grant, work.now)
    cubes = work.view.load([hit.row for hit in found.hits])
    return [cube for cube in cubes if _states_something(cube) and (cube.said_at, cube.seq, cube.id) < (fresh.said_at, fresh.seq, fresh.id)]


def _reading(cube: MemCube) -> Reading:
    return _read(Statement(text=cube.text, speaker=cube.speaker, said_at=cube.said_at, role=cube.role))


@lru_cache(maxsize=4096)
def _read(statement: Statement) -> Reading:
    return prepare(statement)


def _ended(work: Work, old: MemCube, fresh: MemCube) -> CubeWrite:
    """The old memory with an end of its validity: when the new one was said. It stays where it is."""
    made = provenance.mutated(work, old.provenance, "supersession")
    return CubeWrite(old.model_copy(update={"valid_to": fresh.said_at, "provenance": made}), birth=False, fact=fact_of(old))


def _merged(work: Work, old: MemCube, fresh: MemCube) -> tuple[CubeWrite, CubeWrite]:
    """The old memory, Merged, with the new one among its parents, and the new one, Archived, which tells where it went."""
    made = provenance.mutated(work, old.provenance, Event.CONSOLIDATION)
    parents = (*made.parents, Parent(id=fresh.id, version=fresh.version, relation="merged_from"))
    survivor = {
        "state": State.MERGED,
        "tags": (*legal_tags((*old.own_tags, *fresh.own_tags)), *old.predicted_tags),
        "provenance": made.model_copy(update={"parents": parents}),
    }
    absorbed = provenance.mutated(work, fresh.provenance, Event.CONSOLIDATION)
    into = absorbed.model_copy(update={"parents": (*absorbed.parents, Parent(id=old.id, version=old.version, relation="merged_into"))})
    gone = fresh.model_copy(update={"state": State.ARCHIVED, "provenance": into})
    standing = CubeWrite(old.model_copy(update=survivor), birth=False, fact=fact_of(old))
    return standing, replace(standing, cube=gone, fact=fact_of(gone))


def forget() -> None:
    """Forget the texts that were read."""
    _read.cache_clear()
