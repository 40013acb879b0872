"""Graph: what stands around a memory or an entity, as a dict, as JSON in node-link form, or as GraphML."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from memos.errors import InvalidCall, NotFound
from memos.infrastructure.memgovernance.permission.actions import reads_past
from memos.interface.memory_api.desk import Prepared, Work, read_options
from memos.interface.memory_api.graph_forms import graphml, node_link
from memos.interface.memory_api.query import condition, named, scope
from memos.interface.memory_api.update import single
from memos.memcube.call import MemoryQuery, MemoryReply
from memos.memcube.cube import MemCube
from memos.memcube.filter import Filter
from memos.memcube.legal import legal_name
from memos.memcube.state import State
from memos.memcube.value import Value
from memos.operation.memoperator.aliases import ENTITY, Aliases
from memos.operation.memoperator.entities import clean
from memos.operation.memoperator.graph import Walker
from memos.operation.memoperator.picture import Asked, Picture
from memos.operation.memoperator.resolution import Group

STANDING = tuple(state for state in State if state is not State.EXPIRED)
LABEL = 80
"""How many characters of its text a memory is labelled with."""
RELATIONS = 100


def legal_relations(given: Any) -> tuple[str, ...]:
    """Names of relations, one text being one."""
    relations = (given,) if isinstance(given, str) else tuple(given) if isinstance(given, list | tuple | set | frozenset) else ()
    if not relations or len(relations) > RELATIONS or not all(isinstance(each, str) and each for each in relations):
        raise InvalidCall(f"relations are one or more names, such as mentions, next or depends_on, not {str(given)[:60]!r}")
    return tuple(dict.fromkeys(relations))


class GraphOptions(Value):
    """Where to begin, which relations to follow (None: all), how far, how many nodes, and in which form to answer."""

    entity: Annotated[str | None, BeforeValidator(legal_name)] = None
    relations: Annotated[tuple[str, ...] | None, BeforeValidator(lambda given: None if given is None else legal_relations(given))] = None
    depth: int = Field(default=2, ge=1, le=8, strict=True)
    limit: int = Field(default=100, ge=1, le=1000, strict=True)
    format: Literal["dict", "json", "graphml"] = "dict"


def prepare_graph(work: Work) -> Prepared:
    """The graph around one memory, or around one entity by any of its names. What is hidden or forgotten is not passed through."""
    options = read_options(GraphOptions, work)
    if bool(work.call.cubes) is (options.entity is not None):
        raise InvalidCall("name where the graph begins in one way: a memory by its id, or an entity by its name")
    aliases, asked = reading(work, options.relations, (options.depth, options.limit))
    start = single(named(work)) if options.entity is None else _entity(aliases, asked, work, clean(options.entity))
    picture = Walker(work.view, asked, aliases).run(start)
    shown = _disclosed(work, picture)
    value: Any = _value(picture, shown)
    if options.format != "dict":
        value = (node_link if options.format == "json" else graphml)(value)
    reply = MemoryReply(call_id=work.call.id, value=value, call=work.call, seq=work.view.seq)
    return Prepared(reply, told=tuple(shown.values()))


def reading(work: Work, relations: tuple[str, ...] | None, extent: tuple[int, int]) -> tuple[Aliases, Asked]:
    """The names of the caller's scope, and what a walk may see."""
    query = work.call.query or MemoryQuery()
    wanted = condition(work, query.model_copy(update={"states": query.states or STANDING}))
    places = scope(work, query)
    within = wanted & (Filter.parse({"or": [{"namespace": {"under": path}} for path in places]}) if places else Filter.nothing())
    standing = condition(work, MemoryQuery(states=STANDING)) & within
    beside = work.warrant.filter(work.action, past=reads_past(work.call) or work.call.branch is not None, beside=True) & work.grant.filter
    governance = work.desk.governance

    def shown(cube: MemCube) -> MemCube:
        return governance.redacted(work.warrant, cube)

    def mine(cube: MemCube) -> bool:
        return cube.policy.owner == work.caller.principal

    aliases = Aliases(work.view, filter=standing, grant=beside, now=work.now, shown=shown, mine=mine)
    followed = None if relations is None else frozenset(relations)
    return aliases, Asked(*extent, followed, wanted, work.grant.filter, within, beside, work.now, shown)


def _entity(aliases: Aliases, asked: Asked, work: Work, name: str) -> Group:
    """The entity of a name; NotFound when no memory that the caller may see mentions it, under none of its names."""
    group = aliases.group(name)
    keys = [f"{ENTITY}={each}" for each in group.names]
    if not work.view.tagged(keys, filter=asked.within, grant=asked.beside, now=work.now, limit=1):
        raise NotFound(f"no memory here mentions {name!r} to you; entities() shows what is mentioned")
    return group


def _disclosed(work: Work, picture: Picture) -> dict[str, MemCube]:
    """The memories of a picture and those that are its evidence, each decided once more by itself, as the caller is shown them."""
    cubes = tuple(picture.told.values())
    reply = MemoryReply(call_id=work.call.id, cubes=cubes, call=work.call)
    told, _ = work.desk.governance.disclose(work.warrant, work.grant, reply, work.now, work.heads)
    return {cube.id: cube for cube in told.cubes}


def _value(picture: Picture, shown: dict[str, MemCube]) -> dict[str, Any]:
    """Nodes and edges as a reply tells of them."""
    nodes = {}
    for key, node in picture.nodes.items():
        if isinstance(node, Group):
            nodes[key] = _of_entity(key, node)
        elif key in shown:
            nodes[key] = _of_memory(shown[key])
    edges = []
    for link in picture.links.values():
        evidence = [each for each in link.evidence if each in shown]
        if link.source in nodes and link.target in nodes and (evidence or not link.evidence):
            told_of = {"relation": link.relation, "by": link.by, "confidence": link.confidence, "evidence": evidence}
            edges.append({"source": link.source, "target": link.target, **told_of})
    return {"nodes": list(nodes.values()), "edges": edges, "truncated": picture.truncated}


def _of_memory(cube: MemCube) -> dict[str, Any]:
    text = " ".join(cube.text.split())
    label = text if len(text) <= LABEL else text[: LABEL - 1] + "…"
    return {
        "id": cube.id, "type": "memory", "label": label, "namespace": cube.namespace, "state": str(cube.state), "at": cube.said_at,
        "valid_from": cube.valid_from, "valid_to": cube.valid_to, "speaker": cube.speaker,
    }  # fmt: skip


def _of_entity(key: str, group: Group) -> dict[str, Any]:
    return {"id": key, "type": "entity", **told(group)}


def told(group: Group) -> dict[str, Any]:
    """An entity as replies tell of it."""
    return {
        "label": group.name, "kind": group.kind, "aliases": list(group.names[1:]), "by": group.by, "confidence": group.confidence,
        "evidence": list(group.evidence),
    }  # fmt: skip
