"""Extract: facts of messages as memories of their own, each derived from its message, whose policy it has and with which it goes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from memos.errors import InvalidCall
from memos.interface.memory_api.create import UNUSED
from memos.interface.memory_api.desk import Prepared, Work
from memos.interface.memory_api.extracting import Extractor, Found, Read, Waiting, counted
from memos.interface.memory_api.followers import derived_policy, facts_by_source, kept_metadata
from memos.interface.memory_api.holds import unheld
from memos.interface.memory_api.lifecycle import moved
from memos.interface.memory_api.query import named, prepare_list
from memos.interface.memory_api.update import permitted
from memos.memcube.call import MemoryReply
from memos.memcube.change import CubeWrite, Edge, Fence, ReadSet
from memos.memcube.cube import MemCube
from memos.memcube.derivation import is_fact
from memos.memcube.legal import same_fact
from memos.memcube.payload import Plaintext
from memos.memcube.place import of_document
from memos.memcube.provenance import Parent, Provenance
from memos.memcube.quarantine import put_under, quarantined
from memos.memcube.state import PRESENT, State
from memos.operation.memlifecycle.transitions import Event
from memos.operation.memoperator.analysis import analyse

ORIGIN = "extraction"
"""The origin of facts at their birth."""


def sources(work: Work) -> tuple[list[Waiting], int]:
    """The memories of a call that are to be read, each with whether its facts stand, and how many it names beside that are not read.

    The worker leaves the pieces of documents to who asks for their facts. Of a filter's so many are read as the query's limit says; those
    whose facts stand do not count.
    """
    if work.elsewhere:
        raise InvalidCall("facts are extracted in the present; leave `at` and the branch out")
    waiting, skipped = list[Waiting](), 0
    limit = work.call.query.limit if work.call.query is not None else None
    extractor: Extractor = work.call.options["extractor"]
    for page in _pages(work):
        ready = [cube for cube in page if readable(cube) and not (work.warrant.system and of_document(cube))]
        standing = facts_by_source(work.view, [cube.id for cube in ready], work.now)
        waiting += [Waiting(cube, any(_made_by(fact, cube, extractor) for fact in standing.get(cube.id, ()))) for cube in ready]
        skipped += sum(not is_fact(cube) for cube in page) - len(ready)
        if limit is not None and sum(not each.done for each in waiting) >= limit:
            break
    return waiting, skipped


def _pages(work: Work) -> Iterator[list[MemCube]]:
    """The memories that a call names, or that pass its filter, as far as they may be told."""
    if work.warrant.system:
        yield list(work.view.get(list(work.call.options["ids"]), grant=work.grant.filter, now=work.now).values())
        return
    if work.call.cubes:
        yield _told(work, named(work))
        return
    if work.call.query is None:
        raise InvalidCall("say what to extract facts from: ids, a session, or a filter")
    cursor: str | None = None
    while True:
        page = prepare_list(replace(work, call=work.call.model_copy(update={"options": {"cursor": cursor}}))).reply
        yield _told(work, page.cubes)
        cursor = page.next
        if cursor is None:
            return


def _told(work: Work, cubes: Iterable[MemCube]) -> list[MemCube]:
    found = list({cube.id: cube for cube in cubes}.values())
    may = work.desk.governance.permitted(work.warrant, work.grant, work.call, found, now=work.now, heads=None)
    return [cube for cube, allowed in zip(found, may, strict=True) if allowed]


def readable(cube: MemCube) -> bool:
    """Whether facts may be extracted from a memory: a text that stands, was examined, is under no quarantine, and was made of no other."""
    made = any(parent.relation in {"derived_from", "composed_of"} for parent in cube.provenance.parents)
    known = cube.state in PRESENT and cube.policy.examined and not quarantined(cube.policy)
    return isinstance(cube.payload, Plaintext) and known and not made


def prepare_extract(work: Work) -> Prepared:
    """Store the facts found in memories, and end those that an earlier version of one, or another extractor, gave.

    Options: `found`, which the conductor has read, and of the system itself `fence`.
    """
    found: Found = work.call.options["found"]
    fence: Fence | None = work.call.options.get("fence")
    cubes = work.view.get([*found.read, *found.done], grant=work.grant.filter, now=work.now)
    batch = _Batch(work, found, facts_by_source(work.view, list(cubes), work.now))
    if not work.warrant.system:
        work.warrant.require_create({cube.namespace for cube in cubes.values()})
    for cube in cubes.values():
        batch.take(cube)
    ends = unheld(work, permitted(work, batch.ended, list(batch.ends.values())), batch.ended)
    writes = (*ends, *batch.births)
    reply = MemoryReply(call_id=work.call.id, cubes=tuple(batch.shown), value=batch.told(len(ends)), call=work.call)
    if not writes and (fence is None or reply.value["failed"]):
        return Prepared(reply)
    reads = {write.cube.id: batch.ended[write.cube.id].seq for write in ends} | {each.id: each.seq for each in batch.read}
    return Prepared(reply, work.change(writes=writes, edges=tuple(batch.edges), fence=fence), ReadSet(versions=reads))


def _made_by(fact: MemCube, source: MemCube, extractor: Extractor) -> bool:
    """Whether a fact is what an extractor makes of the standing version of a memory."""
    told = fact.metadata.get(ORIGIN)  # gone where somebody has given the fact other metadata
    by = (told.get("by"), told.get("model")) if isinstance(told, Mapping) else (extractor.name, extractor.model)
    return by == (extractor.name, extractor.model) and any(
        parent.id == source.id and parent.version == source.version for parent in fact.provenance.parents
    )


def _bare(text: str) -> str:
    """A text as it is compared with others: equal facts are equal whatever ends them."""
    return same_fact(text).rstrip(" .!…")


@dataclass(slots=True)
class _Batch:
    """Facts on their way to births, against those that stand."""

    work: Work
    found: Found
    standing: Mapping[str, Sequence[MemCube]]
    births: list[CubeWrite] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    shown: list[MemCube] = field(default_factory=list)
    read: list[MemCube] = field(default_factory=list)
    ends: dict[str, CubeWrite] = field(default_factory=dict)
    ended: dict[str, MemCube] = field(default_factory=dict)
    duplicates: int = 0
    stood: int = 0
    changed: int = 0

    def take(self, source: MemCube) -> None:
        """The facts of one memory: those that stand are kept, those that are found born, and others of its ended."""
        read, facts = self.found.read.get(source.id), self.standing.get(source.id, ())
        mine = [fact for fact in facts if _made_by(fact, source, self.found.extractor)]
        if source.id in self.found.done or mine:
            self.stood += len(mine)
            self.shown += mine
            return
        if read is None or read.version != source.version or not readable(source):
            self.changed += 1
            return
        if read.failed is not None:
            return
        self.read.append(source)
        for fact in facts:
            if fact.version == 1 and not fact.frozen:  # one that somebody has written over since is theirs
                self.ends[fact.id], self.ended[fact.id] = moved(self.work, fact, State.EXPIRED, Event.FORGET), fact
        self._bear(source, read)

    def _bear(self, source: MemCube, read: Read) -> None:
        known = {_bare(source.text)}
        for fact in read.facts:
            said = _bare(fact.text)
            if said in known:
                self.duplicates += 1
                continue
            known.add(said)
            cube = self._cube(source, fact)
            self.births.append(CubeWrite(cube=cube, birth=True, terms=analyse(cube.text, cube.speaker, cube.role)))
            self.edges.append(Edge(source=cube.id, target=source.id, relation="derived_from"))
            self.shown.append(cube)

    def _cube(self, source: MemCube, fact: Any) -> MemCube:
        work, extractor = self.work, self.found.extractor
        cube_id, start, end = work.desk.clock.new_id(), *_validity(source, fact)
        policy, writer = derived_policy(source, fact.text, fact.spans), work.warrant.distrusted(source.namespace)
        return MemCube(
            id=cube_id,
            namespace=source.namespace,
            layer=source.layer,
            payload=Plaintext(text=fact.text),
            tags=source.own_tags,
            policy=policy if writer is None else put_under(policy, writer),
            provenance=Provenance(
                id=cube_id, origin=ORIGIN, trigger=work.call.options.get("trigger"), context=work.context(), model=extractor.model,
                parents=(Parent(id=source.id, version=source.version),),
            ),
            usage=UNUSED,
            valid_from=start,
            valid_to=end,
            said_at=source.said_at,
            created_at=work.now,
            updated_at=work.now,
            speaker=source.speaker,
            role=source.role,
            session=source.session,
            metadata=kept_metadata(source) | {ORIGIN: _made(fact, extractor)},
        )  # fmt: skip

    def told(self, ended: int) -> dict[str, Any]:
        """What the reply's value says, in numbers."""
        total = counted(self.found.read)
        failed = {each: read.failed for each, read in self.found.read.items() if read.failed is not None}
        return {
            "by": self.found.extractor.name,
            "model": self.found.extractor.model,
            "stored": len(self.births),
            "standing": self.stood,
            "ended": ended,
            "unsupported": total["unsupported"],
            "duplicates": self.duplicates,
            "skipped": self.found.skipped + self.changed,
            "failed": failed,
            "tokens": total["tokens"],
            "cost": sum(read.cost for read in self.found.read.values()),
        }


def _made(fact: Any, extractor: Extractor) -> dict[str, Any]:
    """What a fact's metadata say of its extraction; the spans are parts of the source's text."""
    told: dict[str, Any] = {
        "by": extractor.name,
        "kind": fact.kind,
        "confidence": fact.confidence,
        "spans": [list(span) for span in fact.spans],
    }
    if extractor.model is not None:
        told["model"] = extractor.model
    if fact.times:
        told["times"] = [[edge.isoformat() if edge is not None else None for edge in period] for period in fact.times]
    return told


def _validity(source: MemCube, fact: Any) -> tuple[Any, Any]:
    """From when until when a fact is true: as it tells, and no longer than its source; what has happened stays true."""
    starts = [start for start, _ in fact.times if start is not None]
    ends = [end for _, end in fact.times if end is not None]
    end = max(ends, default=None) if fact.kind != "event" else None
    until = [each for each in (end, source.valid_to) if each is not None]
    start = min(starts, default=source.valid_from)
    end = min(until, default=None)
    return start, end if start is None or end is None or start < end else None
