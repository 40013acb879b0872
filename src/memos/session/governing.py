"""Governing: the verbs by which a tenant is governed, for callers with the role `admin`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from memos.memcube.call import MemoryReply
from memos.session.base import Verbs, given, json_object


class Governing(Verbs):
    """`govern`, `governed`."""

    def govern(self, kind: str, key: str, body: Mapping[str, Any] | None) -> MemoryReply:
        """Write one document of the tenant, in place of the one of that name; None withdraws it. It holds from the next call on.

        Raises Denied without the role `admin`, InvalidCall for what is no such document, NotFound for nothing to withdraw.
        """
        return self._call("govern", options={"rules": ({"kind": kind, "key": key, "body": json_object(body)},)})

    def governed(self, kind: str | None = None, *, history: bool = False) -> MemoryReply:
        """The tenant's documents as dicts, in `reply.value`; with `history` those that stand no more as well, who made and ended each.

        Raises Denied without the role `admin`.
        """
        return self._call("governed", options=given(kind=kind) | {"history": history})
