"""Session: one caller's verbs. Each makes one MemoryCall, sends it through the door, and raises what the reply says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from memos.errors import InvalidCall
from memos.interface.messages import drafts_of
from memos.memcube.call import Caller, CubeRef, MemoryCall, MemoryQuery, MemoryReply, Window, raising
from memos.memcube.filter import Filter
from memos.memcube.legal import legal_namespace, legal_tags
from memos.memcube.value import build
from memos.ports.clock import Clock
from memos.ports.door import Door

Filtering = Filter | Mapping[str, Any] | None


class Session:
    """A caller and the door it goes through. Every verb returns a MemoryReply and raises the errors of `memos.errors`."""

    def __init__(self, door: Door, caller: Caller, clock: Clock) -> None:
        self.caller = caller
        self._door = door
        self._clock = clock

    def add(
        self,
        memories: Any,
        *,
        namespace: str | None = None,
        layer: str | None = None,
        tags: Any = (),
        session: str | None = None,
        expires_at: datetime | None = None,
        priority: int = 0,
        metadata: Mapping[str, Any] | None = None,
        links: Iterable[str] = (),
        trigger: str | None = None,
        vector: Any = None,
        wait: bool = False,
        idempotency_key: str | None = None,
    ) -> MemoryReply:
        """Store a text, a list of texts, or messages; `reply.cubes[i]` is item i.

        A message is a dict with `content` and optionally `role`, `name`, `at` (aware datetime), `metadata`, `tags`, `session`,
        `ordinal`. Texts that equal a standing one (NFC, case and space folded) are recognised and return it; turns never are.
        `vector` is one unit vector of the store's width, or one a memory. With `wait` the vectors are computed before the call
        returns.

        Raises InvalidCall, Denied (a namespace that is not yours), DiskFull, ReadOnlyStore.
        """
        common = {
            "namespace": namespace, "layer": layer, "tags": tags, "expires_at": expires_at, "priority": priority,
            "metadata": _object(metadata), "links": _several(links), "session": session or self.caller.session,
        }  # fmt: skip
        drafts = drafts_of(memories, common, vector)
        return self._call("add", drafts=drafts, idempotency_key=idempotency_key, options=_given(trigger=trigger, wait=wait or None))

    def search(
        self,
        text: str = "",
        *,
        limit: int = 10,
        filter: Filtering = None,
        namespaces: str | Iterable[str] | None = None,
        states: Iterable[str] | None = None,
        types: Iterable[str] | None = None,
        window: Window | tuple[datetime | None, datetime | None] | None = None,
        vector: Any = None,
    ) -> MemoryReply:
        """The memories that answer a text best: `reply.hits`, each with `cube`, `score` and `why`, whose values sum to the score.

        Reads `user/<you>` and the session's context, unless `namespaces` names others. `window` is the half-open interval in
        which things were said. Raises InvalidCall when there is neither a text nor a vector.
        """
        query = self._query(
            text=text, limit=limit, filter=filter, namespaces=namespaces, states=states, types=types, window=window, vector=vector
        )
        return self._call("search", query=query)

    def get(self, ids: str | Iterable[str]) -> MemoryReply:
        """One memory or several by id, in the order asked: `reply.cubes`. NotFound unless all may be seen."""
        return self._call("get", cubes=_refs(ids))

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
        return self._call("list", query=query, options=_given(order=order, descending=descending or None, cursor=cursor))

    def update(
        self,
        id: str,
        text: str | None = None,
        *,
        mode: str = "overwrite",
        expect_version: int | None = None,
        tags: Any = None,
        metadata: Mapping[str, Any] | None = None,
        expires_at: datetime | str | None = None,
        priority: int | None = None,
        trigger: str | None = None,
        vector: Any = None,
        wait: bool = False,
        idempotency_key: str | None = None,
    ) -> MemoryReply:
        """A new version of a memory: `reply.cubes[0]`. What is not named stays; `expires_at="never"` removes the end.

        Raises NotFound, FrozenMemory, and VersionConflict when `expect_version` is not the standing version.
        """
        options = _given(
            text=text, mode=mode, expect_version=expect_version, tags=None if tags is None else legal_tags(tags),
            metadata=_object(metadata), expires_at=expires_at, priority=priority,
            trigger=trigger, vector=vector, wait=wait or None,
        )  # fmt: skip
        return self._call("update", cubes=_refs(id), options=options, idempotency_key=idempotency_key)

    def forget(self, ids: str | Iterable[str], *, trigger: str | None = None, idempotency_key: str | None = None) -> MemoryReply:
        """Take memories out of every present read; `reply.value` is how many. `history` still shows them."""
        return self._call("forget", cubes=_refs(ids), options=_given(trigger=trigger), idempotency_key=idempotency_key)

    def history(self, id: str) -> MemoryReply:
        """The versions of a memory, oldest first: `reply.cubes`."""
        return self._call("history", cubes=_refs(id))

    def transfer(self, id: str, *, to: str, trigger: str | None = None, idempotency_key: str | None = None) -> MemoryReply:
        """Move a memory, with its id and history, to another namespace of yours. Denied elsewhere."""
        options = _given(to=legal_namespace(to), trigger=trigger)
        return self._call("transfer", cubes=_refs(id), options=options, idempotency_key=idempotency_key)

    def compose(
        self,
        ids: Iterable[str],
        *,
        namespace: str | None = None,
        tags: Any = (),
        trigger: str | None = None,
        vector: Any = None,
        idempotency_key: str | None = None,
    ) -> MemoryReply:
        """One new memory of several, which stay: their texts in order, they as its parents, the strictest of their policies."""
        wanted = [tag.key for tag in legal_tags(tags)]
        options = _given(namespace=legal_namespace(namespace), tags=wanted or None, trigger=trigger, vector=vector)
        return self._call("compose", cubes=_refs(ids), options=options, idempotency_key=idempotency_key)

    def log(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        caller: str | None = None,
        operation: str | Iterable[str] | None = None,
        status: str | Iterable[str] | None = None,
        type: str | Iterable[str] | None = None,
        namespace: str | Iterable[str] | None = None,
        cube: str | Iterable[str] | None = None,
        call: str | Iterable[str] | None = None,
        aggregate: str | None = None,
        limit: int = 100,
        cursor: str | None = None,
        descending: bool = True,
    ) -> MemoryReply:
        """The rows of your calls, newest first, as dicts: `reply.value`, and `reply.next`, the cursor of the next page or None.

        Where a list is given one of it is enough. `aggregate` counts over all rows instead: "hot", "slow", "denials", "by_hour".
        With the role `auditor` the rows are those of the whole tenant, callers under pseudonyms.
        """
        lists = {
            "operations": operation, "statuses": status, "types": type, "namespaces": namespace, "cubes": cube, "calls": call,
        }  # fmt: skip
        options = {name: _several(values) for name, values in lists.items() if values is not None}
        options |= _given(since=since, until=until, caller=caller, aggregate=aggregate, limit=limit, cursor=cursor)
        return self._call("log", options=options | {"descending": descending})

    def explain(self, call_id: str) -> MemoryReply:
        """What a call was given or wrote: `reply.value`, its row, with each memory's form, lanes and whether you may see it now.

        The memories stand in the order of the reply. Auditors are also told which were withheld. Raises NotFound.
        """
        return self._call("explain", options={"call": call_id})

    def pages(self, **arguments: Any) -> Iterator[MemoryReply]:
        """Every page of a `list`, one after the other."""
        reply = self.list(**arguments)
        yield reply
        while reply.next is not None:
            reply = self.list(**{**arguments, "cursor": reply.next})
            yield reply

    def _query(self, *, filter: Filtering, namespaces: Any, window: Any = None, **rest: Any) -> MemoryQuery:
        if isinstance(window, tuple):
            if len(window) != 2:
                raise InvalidCall("a window is a pair (start, end), each an aware datetime or None")
            window = build(Window, start=window[0], end=window[1])
        named = None if namespaces is None else _several(namespaces)
        rest |= {name: _several(rest[name]) for name in ("states", "types") if rest[name] is not None}
        wanted = Filter.parse(filter) if filter is not None else None
        return build(MemoryQuery, filter=wanted, namespaces=named, window=window, **_given(**rest))

    def _call(self, operation: str, **parts: Any) -> MemoryReply:
        call = build(MemoryCall, id=self._clock.new_id(), operation=operation, **parts)
        return raising(self._door.handle(self.caller, call))


def _refs(ids: str | Iterable[str]) -> tuple[CubeRef, ...]:
    given = (ids,) if isinstance(ids, str) else ids
    if not isinstance(given, Iterable):
        raise InvalidCall(f"{str(ids)[:60]!r} is no memory id; ids are UUIDv7, as `reply.cubes[0].id` gives them")
    return tuple(build(CubeRef, id=one) for one in given)


def _several(values: Any) -> tuple[Any, ...]:
    """Values as a tuple; a text by itself is one."""
    if isinstance(values, str):
        return (values,)
    if not isinstance(values, Iterable):
        raise InvalidCall(f"{str(values)[:60]!r} is no list of texts")
    return tuple(values)


def _object(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else value


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
