"""Extracting: the verb that makes facts of messages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from memos.memcube.call import MemoryReply
from memos.memcube.filter import Filter
from memos.session.base import Filtering, Ref, Verbs, given, refs


class Extracting(Verbs):
    """`extract`."""

    def extract(
        self,
        ids: Ref | Iterable[Ref] = (),
        *,
        session: str | None = None,
        filter: Filtering = None,
        by: str | None = None,
        namespaces: str | Iterable[str] | None = None,
        limit: int = 1000,
        trigger: str | None = None,
    ) -> MemoryReply:
        """Extract facts from memories, now: `reply.cubes` are the facts, those that stood already too.

        Name the memories by ids, by a session, or by a filter, of which so many that were not read yet are read as `limit` says. `by` is
        "rules" or "model"; left out it is as the worker's, or the chat model where there is one. Each fact is a memory of its own beside
        its source, from which it is derived, whose policy it has and with which it is forgotten, moved and erased; the source stays as it
        was said. `cube.metadata["extraction"]` has its kind, by what it was found, and the spans of the source that say it.

        `reply.value` counts: `stored`, `standing`, `ended` (of an earlier version, or another extractor), `unsupported` (claims of the
        model that the source does not bear out), `duplicates`, `skipped` (what is under quarantine, not examined yet, or made of others),
        `failed` (why, by id), `tokens` and `cost`. Raises InvalidCall, NotFound, Denied, Unavailable, QuotaExceeded.
        """
        wanted = Filter.parse(filter) if filter is not None else None
        if session is not None:
            said = Filter.parse({"session": session})
            wanted = said if wanted is None else wanted & said
        parts: dict[str, Any] = {}
        if wanted is not None or namespaces is not None:
            parts["query"] = self._query(filter=wanted, namespaces=namespaces, limit=limit)
        return self._call("extract", cubes=refs(ids), options=given(by=by, trigger=trigger), **parts)
