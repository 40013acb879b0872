"""Followers: facts follow the memories they were extracted from, in the same commit: forgotten, ended, shared and moved with them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from memos.interface.memory_api import provenance
from memos.interface.memory_api.desk import Prepared, Work
from memos.interface.memory_api.holds import unheld
from memos.interface.memory_api.update import fact_of, permitted
from memos.memcube.change import ChangeSet, CubeWrite, Terms
from memos.memcube.cube import MemCube
from memos.memcube.derivation import DERIVED, is_fact
from memos.memcube.filter import Filter
from memos.memcube.policy import Policy, SensitiveSpan
from memos.memcube.provenance import Parent
from memos.memcube.spans import SPANS, carried, indexed
from memos.memcube.state import State
from memos.operation.memlifecycle.transitions import Event, allowed
from memos.operation.memoperator.analysis import analyse
from memos.ports.adapter import View

APART = frozenset({"extract", "index", "use", "examine", "classify", "purge", "reclaim", "erase"})
"""Operations that change nothing of a memory that its facts have from it; an erasure takes them with it by itself."""
ORIGIN = "source"
"""The origin of what a fact takes over from its source."""
ANYBODY = Filter.everything()
SCALARS = str | int | float | bool


def with_followers(work: Work, prepared: Prepared) -> Prepared:
    """What was prepared, and what it makes of the facts that were extracted from the memories it changes."""
    change = prepared.change
    moving = (
        {} if change is None or change.operation in APART else {w.cube.id: w.cube for w in change.writes if not w.birth and not w.adopt}
    )
    if change is None or not moving:
        return prepared
    if change.branch == work.view.branch:
        return _following(work, work.view, prepared, change, moving)
    with work.open_view(branch=change.branch) as there:
        return _following(work, there, prepared, change, moving)


def _following(work: Work, view: View, prepared: Prepared, change: ChangeSet, moving: Mapping[str, MemCube]) -> Prepared:
    facts = facts_by_source(view, list(moving), work.now)
    if not facts:
        return prepared
    before = view.get(list(facts), grant=ANYBODY, now=work.now)
    standing: dict[str, MemCube] = {}
    writes: list[CubeWrite] = []
    for source_id, mine in facts.items():
        for fact in mine:
            after = _followed(work, before[source_id], moving[source_id], fact) if source_id in before and fact.id not in moving else None
            if after is not None:
                standing[fact.id] = fact
                writes.append(CubeWrite(cube=after, birth=False, fact=fact_of(after), terms=_terms(fact, after)))
    kept = unheld(work, permitted(work, standing, writes) if not work.warrant.system else writes, standing)
    if not kept:
        return prepared
    reads = replace(prepared.reads, versions={**prepared.reads.versions, **{write.cube.id: standing[write.cube.id].seq for write in kept}})
    return replace(prepared, change=replace(change, writes=(*change.writes, *kept)), reads=reads)


def facts_by_source(view: View, ids: Sequence[str], now: datetime) -> dict[str, list[MemCube]]:
    """The facts that stand of each of some memories; those that have none are left out."""
    wanted, found = set(ids), defaultdict[str, list[MemCube]](list)
    edges = view.neighbours(list(ids), (DERIVED,), 1) if ids else ()
    mine = {edge.source: edge.target for edge in edges if edge.target in wanted}
    for fact in view.get(sorted(mine), grant=ANYBODY, now=now).values() if mine else ():
        if is_fact(fact) and fact.state is not State.EXPIRED:
            found[mine[fact.id]].append(fact)
    return found


def _followed(work: Work, before: MemCube, after: MemCube, fact: MemCube) -> MemCube | None:
    """A fact as it stands once its source does so, None where that changes nothing of it. Of a frozen one only who may read it changes."""
    if fact.frozen:
        return _opened(work, before, after, fact)
    gone = after.state is State.EXPIRED and before.state is not State.EXPIRED
    if gone or (before.text != after.text and fact.version == 1):
        return _moved(work, fact, State.EXPIRED, Event.FORGET)
    aside = after.state is State.ARCHIVED and before.state is not State.ARCHIVED
    if aside and allowed(fact.state, State.ARCHIVED, Event.ARCHIVE):
        return _moved(work, fact, State.ARCHIVED, Event.ARCHIVE)
    update, parents = _inherited(before, after, fact), _parents(before, after, fact)
    if not update and parents == fact.provenance.parents:
        return None
    made = provenance.mutated(work, fact.provenance, ORIGIN).model_copy(update={"parents": parents})
    return fact.model_copy(update={**update, "provenance": made})


def _opened(work: Work, before: MemCube, after: MemCube, fact: MemCube) -> MemCube | None:
    """A fact whose source others may read than before; sharing and marking change frozen memories too."""
    policy = _inherited(before, after, fact).get("policy")
    return (
        None
        if policy is None
        else fact.model_copy(update={"policy": policy, "provenance": provenance.mutated(work, fact.provenance, ORIGIN)})
    )


def _terms(before: MemCube, after: MemCube) -> Terms | None:
    """What search is to know of a fact of which other parts are hidden than before; None where that is what it knows."""
    if indexed(before.text, before.policy) == indexed(after.text, after.policy):
        return None
    return analyse(after.text, after.speaker, after.role)


def _parents(before: MemCube, after: MemCube, fact: MemCube) -> tuple[Parent, ...]:
    """The parents of a fact, with the new version of one whose text is the same in it."""
    if before.text != after.text:
        return fact.provenance.parents
    here = (after.id, before.version)
    return tuple(
        parent.model_copy(update={"version": after.version}) if (parent.id, parent.version) == here else parent
        for parent in fact.provenance.parents
    )


def _moved(work: Work, fact: MemCube, state: State, event: Event) -> MemCube:
    return fact.model_copy(update={"state": state, "provenance": provenance.mutated(work, fact.provenance, event)})


def _inherited(before: MemCube, after: MemCube, fact: MemCube) -> dict[str, Any]:
    """What a fact takes over of what has changed: where its source stands, who may use it, its tags, and the end of its validity."""
    update: dict[str, Any] = {}
    if (before.namespace, before.layer) != (after.namespace, after.layer) and fact.namespace == before.namespace:
        update |= {"namespace": after.namespace, "layer": after.layer}
    if before.policy != after.policy:
        update["policy"] = derived_policy(after, fact.text, _places(fact))
    if before.own_tags != after.own_tags and fact.own_tags == before.own_tags:
        update["tags"] = (*after.own_tags, *fact.predicted_tags)
    if kept_metadata(before) != kept_metadata(after):
        update["metadata"] = {
            **{name: value for name, value in fact.metadata.items() if name not in before.metadata},
            **kept_metadata(after),
        }
    if before.valid_to != after.valid_to and fact.valid_to in {None, before.valid_to}:
        update["valid_to"] = after.valid_to
    return {name: value for name, value in update.items() if value != getattr(fact, name)}


def kept_metadata(source: MemCube) -> dict[str, Any]:
    """What of a source's metadata its facts have too, since policies may speak of it: plain values."""
    return {name: value for name, value in source.metadata.items() if isinstance(value, SCALARS) and name != "extraction"}


def derived_policy(source: MemCube, text: str, places: Iterable[Sequence[int]] = ()) -> Policy:
    """The policy of a source for a text made of it: as strict, with what is marked in the source marked wherever its words stand.

    `places` are the parts of the source that the text tells of. Where something is marked in them of which the words do not stand in the
    text, since they were cut or said otherwise, all of the text is marked.
    """
    policy, told = source.policy, list(places)
    marked = tuple(span.model_copy(update={"by": "user"}) for span in policy.spans)
    spans: tuple[SensitiveSpan, ...] = carried(text, (source.text, marked))
    for span in marked:
        touched = any(start < span.end and span.start < end for start, end in told)
        if touched and source.text[span.start : span.end] not in text:
            spans = (*spans, span.model_copy(update={"start": 0, "end": len(text)}))
    stated = policy.stated if policy.stated is not None or policy.sensitivity == "internal" else policy.sensitivity
    return policy.model_copy(update={"spans": spans[-SPANS:], "stated": stated, "veiled": False})


def _places(fact: MemCube) -> tuple[Sequence[int], ...]:
    """The parts of its source that a fact tells of, as it was extracted; none of one that somebody has written over."""
    told = fact.metadata.get("extraction")
    found = told.get("spans") if isinstance(told, Mapping) and fact.version == 1 else None
    return tuple(found or ())
