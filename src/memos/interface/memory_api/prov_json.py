"""PROV-JSON: the provenance of memories as the W3C's interchange format writes it. It tells no text, no tag and no metadata.

A version of a memory is an entity `memos:<id>-v<n>`, a specialisation of the one that its provenance id names; a call is an activity;
who called, the agent that acted for them, and the model are agents. Formats: https://www.w3.org/TR/prov-dm/ and
https://www.w3.org/submissions/prov-json/.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby, pairwise
from typing import Any
from urllib.parse import quote

from memos.interface.memory_api.desk import Work
from memos.memcube.cube import MemCube
from memos.memcube.lineage import DERIVATIONS, Lineage
from memos.memcube.provenance import CallContext, Provenance, ProvenanceRecord

PREFIXES = {"memos": "urn:memos:"}
THINGS = ("entity", "activity", "agent")
REVISION, PRIMARY_SOURCE = "prov:Revision", "prov:PrimarySource"
History = tuple[MemCube, ...]


def document(work: Work, lineage: Lineage) -> dict[str, Any]:
    """The PROV-JSON document of all versions of the memories of a lineage; it names no memory that is not among them."""
    versions = {node: work.view.versions(node, grant=work.grant.filter, now=work.now) for node in lineage.nodes}
    written = _Document(versions)
    for history in versions.values():
        written.add_memory(history)
    for child, parent, relation in lineage.edges:
        written.add_edge(child, parent, relation)
    return written.finished()


def local_name(kind: str, name: str) -> str:
    """The qualified name of a thing that people named: what could not stand in one is percent-encoded."""
    return f"memos:{kind}-{quote(name, safe='').replace('.', '%2E').replace('~', '%7E')}"


def entity_name(cube_id: str, version: int) -> str:
    """The qualified name of one version of a memory."""
    return f"memos:{cube_id}-v{version}"


def qualified(name: str) -> dict[str, str]:
    """A qualified name as the value of an attribute."""
    return {"$": name, "type": "prov:QUALIFIED_NAME"}


class _Document:
    """A document on its way."""

    def __init__(self, versions: dict[str, History]) -> None:
        self.sections: dict[str, dict[str, dict[str, Any]]] = {section: {} for section in THINGS}
        self.relations: dict[str, dict[str, dict[str, Any]]] = {}
        self.known = {(row.id, row.version) for history in versions.values() for row in history}
        self.latest = {cube_id: history[-1].version for cube_id, history in versions.items() if history}
        self.told: set[tuple[str, str, str]] = set()
        """The edges of which a header told: child, parent, relation."""

    def finished(self) -> dict[str, Any]:
        """The document; relations have no names of their own, and are numbered."""
        numbered = {
            kind: {f"_:{kind}{number}": relation for number, relation in enumerate(relations.values(), 1)}
            for kind, relations in self.relations.items()
        }
        return {"prefix": dict(PREFIXES), **self.sections, **numbered}

    def relate(self, kind: str, attributes: dict[str, Any], extra: dict[str, Any] | None = None) -> None:
        """A relation; the same one twice is one."""
        whole = attributes | (extra or {})
        self.relations.setdefault(kind, {})[repr(whole)] = whole

    def add_memory(self, history: History) -> None:
        """Every version of a memory, oldest first, and what made it."""
        previous: MemCube | None = None
        records: set[ProvenanceRecord] = set()
        for _, rows in groupby(history, key=lambda row: row.version):
            group = list(rows)
            self._add_version(group, previous)
            entity = entity_name(group[0].id, group[0].version)
            for record in group[-1].provenance.records:
                if record not in records:
                    records.add(record)
                    self._add_repetition(entity, record)
            previous = group[-1]

    def _add_version(self, rows: Sequence[MemCube], previous: MemCube | None) -> None:
        first, last = rows[0], rows[-1]
        entity = entity_name(first.id, first.version)
        self._describe(entity, last)
        activity = self._activity(first.provenance, first.provenance.context, first.updated_at, f"{first.id}-v{first.version}")
        generated = {"prov:entity": entity, "prov:activity": activity}
        self.relate("wasGeneratedBy", generated, {"prov:time": first.updated_at.isoformat()})
        for agent in self._agents(first.provenance.context):
            self.relate("wasAttributedTo", {"prov:entity": entity, "prov:agent": agent})
        if previous is not None:
            self._derive(entity, entity_name(previous.id, previous.version), activity, {"prov:type": qualified(REVISION)})
        self._add_origins(entity, first, previous, activity)
        for before, row in pairwise(rows):
            if row.provenance.context != before.provenance.context:
                later = self._activity(row.provenance, row.provenance.context, None, f"{row.id}-s{row.seq}")
                self.relate("used", {"prov:activity": later, "prov:entity": entity}, {"memos:state": str(row.state)})

    def _describe(self, entity: str, cube: MemCube) -> None:
        whole = local_name("provenance", cube.provenance.id)
        self.sections["entity"][whole] = {"prov:type": qualified("memos:Provenance")}
        self.sections["entity"][entity] = {
            "prov:type": qualified("memos:Memory"),
            "memos:id": cube.id,
            "memos:version": cube.version,
            "memos:provenance": cube.provenance.id,
            "memos:state": str(cube.state),
            "memos:namespace": cube.namespace,
            "memos:type": str(cube.type),
        }
        self.relate("specializationOf", {"prov:specificEntity": entity, "prov:generalEntity": whole})

    def _add_origins(self, entity: str, cube: MemCube, previous: MemCube | None, activity: str) -> None:
        """The parents and the links that came with this version."""
        before = previous.provenance if previous is not None else None
        for parent in cube.provenance.parents:
            if (before is None or parent not in before.parents) and (parent.id, parent.version) in self.known:
                self.told.add((cube.id, parent.id, parent.relation))
                self._derive(entity, entity_name(parent.id, parent.version), activity, {"memos:relation": parent.relation})
        for link in cube.provenance.links:
            if before is None or link not in before.links:
                self._derive(entity, self._link(link), activity, {"prov:type": qualified(PRIMARY_SOURCE)})

    def _add_repetition(self, entity: str, record: ProvenanceRecord) -> None:
        """The same fact was told once more."""
        activity = self._activity(record, record.context, record.at, f"{entity.partition(':')[2]}-{record.at.timestamp()}")
        self.relate("wasInfluencedBy", {"prov:influencee": entity, "prov:influencer": activity})
        for link in record.links:
            self._derive(entity, self._link(link), activity, {"prov:type": qualified(PRIMARY_SOURCE)})

    def add_edge(self, child: str, parent: str, relation: str) -> None:
        """An edge of which no header told, between the latest versions."""
        if (child, parent, relation) in self.told or child not in self.latest or parent not in self.latest:
            return
        ends = entity_name(child, self.latest[child]), entity_name(parent, self.latest[parent])
        if relation in DERIVATIONS:
            derived = {"prov:generatedEntity": ends[0], "prov:usedEntity": ends[1]}
            self.relate("wasDerivedFrom", derived, {"memos:relation": relation})
        else:
            influenced = {"prov:influencee": ends[0], "prov:influencer": ends[1]}
            self.relate("wasInfluencedBy", influenced, {"memos:relation": relation})

    def _derive(self, entity: str, source: str, activity: str, extra: dict[str, Any]) -> None:
        self.relate("used", {"prov:activity": activity, "prov:entity": source})
        derived = {"prov:generatedEntity": entity, "prov:usedEntity": source, "prov:activity": activity}
        self.relate("wasDerivedFrom", derived, extra)

    def _link(self, link: str) -> str:
        name = local_name("link", link)
        self.sections["entity"][name] = {"prov:type": qualified("memos:Link"), "prov:location": link}
        return name

    def _activity(self, origin: Provenance | ProvenanceRecord, context: CallContext, at: datetime | None, otherwise: str) -> str:
        """The call that made something, with whoever was associated with it; `otherwise` names one that left no id."""
        name = local_name("call", context.call or otherwise)
        told = {
            "memos:origin": origin.origin, "memos:trigger": origin.trigger, "memos:call": context.call, "memos:session": context.session,
            "memos:purpose": context.purpose, "memos:task": context.task,
        }  # fmt: skip
        times = {} if at is None else {"prov:startTime": at.isoformat(), "prov:endTime": at.isoformat()}
        given = times | {"prov:type": qualified("memos:Call")} | {key: value for key, value in told.items() if value is not None}
        standing = self.sections["activity"].setdefault(name, given)
        if standing is not given:
            self._merge(standing, given)
        for agent in (*self._agents(context), *([self._model(origin.model)] if origin.model is not None else ())):
            self.relate("wasAssociatedWith", {"prov:activity": name, "prov:agent": agent})
        if context.agent is not None:
            user, agent = self._agents(context)
            acted = {"prov:delegate": agent, "prov:responsible": user, "prov:activity": name}
            self.relate("actedOnBehalfOf", acted)
        return name

    @staticmethod
    def _merge(standing: dict[str, Any], given: dict[str, Any]) -> None:
        """What one call says of several memories: each attribute may then have several values, its times but one."""
        for key, value in given.items():
            present = standing.setdefault(key, value)
            values = present if isinstance(present, list) else [present]
            if value not in values and not key.endswith("Time"):
                standing[key] = [*values, value]

    def _agents(self, context: CallContext) -> tuple[str, ...]:
        """Who called, and the agent that acted for them, if one did."""
        user = self._agent("user", context.user, "prov:Person")
        return (user,) if context.agent is None else (user, self._agent("agent", context.agent, "prov:SoftwareAgent"))

    def _model(self, model: str) -> str:
        return self._agent("model", model, "prov:SoftwareAgent")

    def _agent(self, kind: str, label: str, what: str) -> str:
        name = local_name(kind, label)
        self.sections["agent"][name] = {"prov:type": qualified(what), "prov:label": label, "memos:kind": kind}
        return name
