"""Memories: the verbs that store memories, find them, and change them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from memos.interface.messages import drafts_of
from memos.memcube.call import MemoryQuery, MemoryReply, query_of
from memos.memcube.legal import legal_namespace, legal_tags
from memos.memcube.rank import Rank
from memos.memcube.value import Time
from memos.memcube.window import Window
from memos.session.base import Filtering, Ref, Verbs, given, json_object, refs, several


class Memories(Verbs):
    """`add`, `search`, `query`, `get`, `list`, `update`, `forget`, `history`, `transfer`, `compose`."""

    def add(
        self,
        memories: Any,
        *,
        namespace: str | None = None,
        layer: str | None = None,
        tags: Any = (),
        session: str | None = None,
        expires_at: Time | None = None,
        priority: int = 0,
        sensitivity: str | None = None,
        acl: Mapping[str, Any] | None = None,
        conditions: Filtering = None,
        spans: Iterable[Any] = (),
        metadata: Mapping[str, Any] | None = None,
        links: Iterable[str] = (),
        trigger: str | None = None,
        vector: Any = None,
        wait: bool = False,
        idempotency_key: str | None = None,
    ) -> MemoryReply:
        """Store a text, a list of texts, or messages; `reply.cubes[i]` is item i.

        A message is a dict with `content` and optionally `role`, `name`, `at` or `timestamp`, `metadata`, `tags`, `session`, `ordinal`, and
        what chat APIs put beside it: see `memos.interface.messages`. Texts that equal a standing one (NFC, case and space folded) are
        recognised and return it; turns never are. `acl` opens the memory to others, `{"user:bob": ["read"]}`; `conditions` on the call gate
        its use, `{"context.purpose": "care"}`. `vector` is one unit vector, or one a memory. With `wait` all is done before it returns.

        `sensitivity`, from public to restricted, is yours to state; otherwise what is found in the text decides. `spans` mark parts of the
        text, in code points: {"start": 0, "end": 5, "label": "NAME", "sensitivity": "restricted"}.
        Raises InvalidCall, Denied (a namespace that is not yours), DiskFull, ReadOnlyStore.
        """
        common = {
            "namespace": namespace, "layer": layer, "tags": tags, "expires_at": expires_at, "priority": priority,
            "metadata": json_object(metadata), "links": several(links), "session": session or self.caller.session,
            "sensitivity": sensitivity, "acl": acl, "conditions": conditions, "spans": tuple(spans),
        }  # fmt: skip
        drafts = drafts_of(memories, common, vector)
        return self._call("add", drafts=drafts, idempotency_key=idempotency_key, options=given(trigger=trigger, wait=wait or None))

    def search(
        self,
        text: str = "",
        *,
        limit: int = 10,
        filter: Filtering = None,
        namespaces: str | Iterable[str] | None = None,
        states: Iterable[str] | None = None,
        types: Iterable[str] | None = None,
        window: Window | tuple[Time | None, Time | None] | None = None,
        vector: Any = None,
        layers: str | Iterable[str] | None = None,
        path: Mapping[str, str] | None = None,
        rank: Rank | Mapping[str, Any] | None = None,
        group: str | None = None,
        per_group: int = 3,
        expand: str | Iterable[str] = (),
        standing: int = 0,
        explain: bool = False,
    ) -> MemoryReply:
        """The memories that answer a text best: `reply.hits`, each with `cube`, `score` and `why`, whose values sum to the score.

        Reads `user/<you>`, the session's context and what policies open, of these only `layers` if given, or what `namespaces` name;
        `window` is the half-open interval in which things were said, `path` a topic, or a concept or fact of it. Equal memories come
        once: `hit.also` has the ids of the others. `rank` has the options of the ranking (`memos.memcube.rank.Rank`). With `group`
        ("session", "namespace", "speaker", "tag:NAME") the hits come group by group, `per_group` of each at most, and `limit` counts
        groups: `reply.groups`. `expand` names relations to follow from the hits; `hit.reached` tells of what comes by it. `standing`
        is how many of your standing instructions and preferences to bring, as `reply.cubes`; with `explain` the reply's `details` say
        how the query was understood. Raises InvalidCall when there is neither a text nor a vector, and for an option that is none.
        """
        query = self._query(
            text=text, limit=limit, filter=filter, namespaces=namespaces, states=states, types=types, window=window, vector=vector,
            layers=layers, path=path, rank=rank, group=group, per_group=per_group, expand=expand, standing=standing, explain=explain,
        )  # fmt: skip
        return self._call("search", query=query)

    def query(self, query: MemoryQuery | Mapping[str, Any]) -> MemoryReply:
        """A `search` whose query is one value: a MemoryQuery, or the JSON object of one, with all that `search` takes.

        Its `at` reads the past as `at(…)` does, and takes the place of where this session reads.
        """
        wanted = query_of(query)
        if wanted.at is None:
            return self._call("search", query=wanted)
        there = self._elsewhere(self._place_of(wanted.at))
        return there.query(wanted.model_copy(update={"at": None}))

    def get(self, ids: Ref | Iterable[Ref]) -> MemoryReply:
        """One memory or several by id, in the order asked: `reply.cubes`. NotFound unless all may be seen."""
        return self._call("get", cubes=refs(ids))

    def list(
        self,
        *,
        filter: Filtering = None,
        namespaces: str | Iterable[str] | None = None,
        states: Iterable[str] | None = None,
        types: Iterable[str] | None = None,
        limit: int = 100,
        order: str = "created_at",
        descending: bool = False,
        cursor: str | None = None,
    ) -> MemoryReply:
        """One page of the memories that pass a filter: `reply.cubes`, and `reply.next`, the cursor of the next page or None."""
        query = self._query(limit=limit, filter=filter, namespaces=namespaces, states=states, types=types)
        return self._call("list", query=query, options=given(order=order, descending=descending or None, cursor=cursor))

    def update(
        self,
        id: Ref,
        text: str | None = None,
        *,
        mode: str = "overwrite",
        against: str | None = None,
        label: str | None = None,
        expect_version: int | None = None,
        tags: Any = None,
        metadata: Mapping[str, Any] | None = None,
        links: Iterable[str] | None = None,
        expires_at: Time | None = None,
        priority: int | None = None,
        sensitivity: str | None = None,
        conditions: Filtering | Literal["none"] = None,
        spans: Iterable[Any] | None = None,
        trigger: str | None = None,
        vector: Any = None,
        wait: bool = False,
        idempotency_key: str | None = None,
    ) -> MemoryReply:
        """A new version of a memory: `reply.cubes[0]`. What is not named stays; `expires_at="never"` removes the end,
        `conditions="none"` lifts them.

        `mode` "append" adds the text below the standing one, "merge" adds the sentences that it does not say yet. `against` names a
        label: what `text` changes in the version so labelled is changed in the standing one; conflicts come as `reply.value`, with
        nothing written. `label` names the new version, or alone the standing one. `sensitivity` "found" leaves it to the detector again.
        Raises NotFound, FrozenMemory, and VersionConflict when `expect_version` is not the standing version.
        """
        options = given(
            text=text, mode=mode, against=against, label=label, expect_version=expect_version,
            tags=None if tags is None else legal_tags(tags), metadata=json_object(metadata),
            links=None if links is None else several(links), expires_at=expires_at, priority=priority,
            sensitivity=sensitivity, conditions=conditions, spans=None if spans is None else tuple(spans),
            trigger=trigger, vector=vector, wait=wait or None,
        )  # fmt: skip
        return self._call("update", cubes=refs(id), options=options, idempotency_key=idempotency_key)

    def forget(self, ids: Ref | Iterable[Ref], *, trigger: str | None = None, idempotency_key: str | None = None) -> MemoryReply:
        """Take memories out of every present read; `reply.value` is how many. `history` still shows them."""
        return self._call("forget", cubes=refs(ids), options=given(trigger=trigger), idempotency_key=idempotency_key)

    def history(self, id: Ref) -> MemoryReply:
        """The versions of a memory, oldest first: `reply.cubes`."""
        return self._call("history", cubes=refs(id))

    def lineage(
        self,
        id: Ref,
        *,
        direction: str = "both",
        relations: str | Iterable[str] | None = None,
        depth: int | None = None,
        limit: int | None = None,
        format: str = "graph",
    ) -> MemoryReply:
        """Where a memory came from ("ancestors"), what came of it ("descendants"), or "both"; `reply.cubes[0]` is the memory itself.

        `reply.value` is a dict: `nodes`, the ids, breadth first, the memory itself the first; `edges`, each (child, parent, relation);
        `truncated`, whether `limit` (100,000) left some out. With format="prov" it is a W3C PROV-JSON document of all versions of the
        nodes, which tells no text. The relations followed are composed_of, derived_from and merged_from; supersedes may be named too.
        `depth` counts steps.

        What you may not see, and what is forgotten, is not shown and not passed through. Raises InvalidCall, NotFound.
        """
        followed = None if relations is None else several(relations)
        options = given(direction=direction, relations=followed, depth=depth, limit=limit, format=format)
        return self._call("lineage", cubes=refs(id), options=options)

    def transfer(self, id: Ref, *, to: str, trigger: str | None = None, idempotency_key: str | None = None) -> MemoryReply:
        """Move a memory, with its id and history, to another namespace of yours. Denied elsewhere."""
        options = given(to=legal_namespace(to), trigger=trigger)
        return self._call("transfer", cubes=refs(id), options=options, idempotency_key=idempotency_key)

    def compose(
        self,
        ids: Iterable[Ref],
        *,
        namespace: str | None = None,
        tags: Any = (),
        links: Iterable[str] = (),
        trigger: str | None = None,
        vector: Any = None,
        idempotency_key: str | None = None,
    ) -> MemoryReply:
        """One new memory of several, which stay: their texts in order, they as its parents, the strictest of their policies."""
        wanted = [tag.key for tag in legal_tags(tags)]
        options = given(
            namespace=legal_namespace(namespace), tags=wanted or None, links=several(links) or None, trigger=trigger, vector=vector
        )
        return self._call("compose", cubes=refs(ids), options=options, idempotency_key=idempotency_key)

    def pages(self, **arguments: Any) -> Iterator[MemoryReply]:
        """Every page of a `list`, one after the other."""
        reply = self.list(**arguments)
        yield reply
        while reply.next is not None:
            reply = self.list(**{**arguments, "cursor": reply.next})
            yield reply
