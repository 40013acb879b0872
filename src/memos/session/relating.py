"""Relating: the verbs for the graph of memories and entities."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from memos.memcube.call import MemoryReply
from memos.memcube.cube import MemCube
from memos.memcube.legal import CUBE_ID, legal_namespace
from memos.session.base import Ref, Verbs, given, refs, several


class Relating(Verbs):
    """`graph`, `relate`, `unrelate`, `entities`, `resolve`."""

    def graph(
        self,
        start: Ref,
        *,
        depth: int = 2,
        relations: str | Iterable[str] | None = None,
        since: Any = None,
        until: Any = None,
        limit: int = 100,
        namespaces: str | Iterable[str] | None = None,
        format: str = "dict",
    ) -> MemoryReply:
        """What stands around a memory, given by its id, or around an entity, given by a name; `reply.value` is the graph.

        It is a dict: `nodes`, breadth first, the start the first, memories with a label of their text and entities with their aliases;
        `edges`, each with source, target, relation, by (user, system or predicted), confidence and the memories that are its evidence;
        `truncated`, whether it ended at `limit` nodes, so that there may be more. With format="json" it is a JSON text in node-link
        form, with "graphml" a GraphML document. `relations` names those to follow: mentions, next (turn), then (in time, of one
        entity), those of `relate`, and what texts say of entities, such as sister or works_at. `since` and `until` count when memories
        were said.

        What you may not see, and what is forgotten, is not shown and not passed through. Raises InvalidCall, NotFound.
        """
        of_memory = isinstance(start, MemCube) or bool(CUBE_ID.fullmatch(str(start)))
        followed = None if relations is None else several(relations)
        options = given(entity=None if of_memory else start, depth=depth, relations=followed, limit=limit, format=format)
        window = None if since is None and until is None else (since, until)
        query = self._query(window=window, namespaces=namespaces)
        return self._call("graph", cubes=refs(start) if of_memory else (), query=query, options=options)

    def relate(
        self, source: Ref, target: Ref, relation: str, *, trigger: str | None = None, idempotency_key: str | None = None
    ) -> MemoryReply:
        """Make an edge from one memory to another: depends_on, contradicts, relates_to, part_of, causes, or a name of your own.

        `reply.value["written"]` is False when it stood already. Raises Denied unless you may write the source, InvalidCall when
        dependencies would lead in a circle.
        """
        options = {"relation": relation} | given(trigger=trigger)
        return self._call("relate", cubes=(*refs(source), *refs(target)), options=options, idempotency_key=idempotency_key)

    def unrelate(self, source: Ref, target: Ref, relation: str, *, trigger: str | None = None) -> MemoryReply:
        """End an edge that was made by `relate`; the past still shows it. Raises NotFound when there is none."""
        options = {"relation": relation, "ends": True} | given(trigger=trigger)
        return self._call("relate", cubes=(*refs(source), *refs(target)), options=options)

    def entities(self, *, suggest: bool = False, limit: int = 100, namespaces: str | Iterable[str] | None = None) -> MemoryReply:
        """Whom and what your memories mention, the most mentioned first: `reply.value`, each with its kind, aliases and mentions.

        With `suggest` the pairs of names that may be one entity's, each with a confidence and evidence; those from 0.7 on are shown as
        one already.
        """
        options = given(suggest=suggest or None, limit=limit)
        return self._call("entities", query=self._query(namespaces=namespaces), options=options)

    def resolve(
        self,
        names: Iterable[str],
        *,
        same: bool | None = True,
        namespace: str | None = None,
        trigger: str | None = None,
        idempotency_key: str | None = None,
    ) -> MemoryReply:
        """Say that names are one entity's, or with same=False that they are not, whatever was predicted; None takes it back.

        It is kept as a memory, `reply.cubes[0]`, in your own namespace unless told otherwise: nothing else is changed, and to say the
        contrary, to forget it or to restore it undoes it. The latest word counts.
        """
        options = {"names": several(names), "same": same} | given(namespace=legal_namespace(namespace), trigger=trigger)
        return self._call("resolve", options=options, idempotency_key=idempotency_key)
