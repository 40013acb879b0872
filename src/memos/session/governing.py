"""Governing: the verbs by which a tenant is governed, for callers with the role `admin`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from memos.memcube.call import MemoryReply
from memos.session.base import Verbs, given, json_object, several


class Governing(Verbs):
    """`govern`, `govern_all`, `governed`, `preview`."""

    def govern(self, kind: str, key: str, body: Mapping[str, Any] | None) -> MemoryReply:
        """Write one document of the tenant, in place of the one of that name; None withdraws it. It holds from the next call on.

        Raises Denied without the role `admin`, InvalidCall for what is no such document, NotFound for nothing to withdraw.
        """
        return self.govern_all([(kind, key, body)])

    def govern_all(self, rules: Iterable[tuple[str, str, Mapping[str, Any] | None]]) -> MemoryReply:
        """Write several documents (kind, name, body), all or none; as `govern` otherwise."""
        told = tuple({"kind": kind, "key": key, "body": json_object(body)} for kind, key, body in rules)
        return self._call("govern", options={"rules": told})

    def governed(self, kind: str | None = None, *, history: bool = False) -> MemoryReply:
        """The tenant's documents as dicts, in `reply.value`; with `history` those that stand no more as well, who made and ended each.

        Raises Denied without the role `admin`.
        """
        return self._call("governed", options=given(kind=kind) | {"history": history})

    def preview(
        self, policies: Mapping[str, str | None], *, callers: Iterable[Mapping[str, Any]] = (), actions: str | Iterable[str] = "read"
    ) -> MemoryReply:
        """What documents of policies, `{name: text}`, would change if they stood, or with None stood no more: `reply.value`.

        A row for each caller and action: how many memories are allowed before and after, and the ids that are gained and lost. Without
        `callers`, each `{"user", "roles", "purpose", …}`, those whom documents name, where anything changes. Raises Denied without `admin`.
        """
        options = {"policies": dict(policies), "callers": tuple(dict(each) for each in callers), "actions": several(actions)}
        return self._call("preview", options=options)
