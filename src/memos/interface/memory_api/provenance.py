"""Provenance API: what births and mutations record of where a memory came from."""

from __future__ import annotations

from memos.interface.memory_api.desk import Work
from memos.memcube.call import CubeDraft
from memos.memcube.cube import MemCube
from memos.memcube.provenance import CallContext, Parent, Provenance, ProvenanceRecord
from memos.memcube.value import trusted

RECORDS = 32
"""How many repetitions a memory tells of, the latest: what is told every day must not grow for ever. Its earlier rows tell of the rest."""


def born(work: Work, context: CallContext, cube_id: str, draft: CubeDraft) -> Provenance:
    """The provenance of a new memory, whose provenance id is its first cube's id."""
    fields = {
        "id": cube_id,
        "origin": draft.origin or ("conversation" if draft.turn else "user"),
        "trigger": work.call.options.get("trigger"),
        "context": context,
        "model": work.caller.model,
        "links": draft.links,
        "parents": (),
        "records": (),
    }
    return trusted(Provenance, fields)


def composed(work: Work, cube_id: str, parts: tuple[MemCube, ...], links: tuple[str, ...] = ()) -> Provenance:
    """The provenance of a memory that was composed, with its parts in order as parents."""
    parents = tuple(Parent(id=part.id, version=part.version, relation="composed_of") for part in parts)
    return Provenance(
        id=cube_id, origin="composition", trigger=work.call.options.get("trigger"), context=work.context(), model=work.caller.model,
        links=links, parents=parents,
    )  # fmt: skip


def mutated(work: Work, standing: Provenance, origin: str) -> Provenance:
    """The provenance of a later version: the same id and records, with what made this version."""
    fresh = {"origin": str(origin), "trigger": work.call.options.get("trigger"), "context": work.context(), "model": work.caller.model}
    return standing.model_copy(update=fresh)


def repeated(work: Work, standing: Provenance, draft: CubeDraft) -> Provenance:
    """The provenance of a fact that was given once more: one record is added."""
    return standing.model_copy(update={"records": (*standing.records, repeat(work, "user", draft.links))[-RECORDS:]})


def repeat(work: Work, origin: str, links: tuple[str, ...] = ()) -> ProvenanceRecord:
    """The record of a memory's being told, or confirmed, once more."""
    return ProvenanceRecord(
        at=work.now, origin=origin, trigger=work.call.options.get("trigger"), context=work.context(), links=links, model=work.caller.model
    )
