"""Governing: the verbs by which a tenant is governed, for callers with the role `admin`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from memos.memcube.call import MemoryReply
from memos.session.base import Ref, Verbs, given, json_object, refs, several


class Governing(Verbs):
    """`govern`, `govern_all`, `governed`, `preview`, `retain`, `heat`, `review`."""

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
        told = tuple(json_object(each) for each in several(callers))
        options = {"policies": json_object(policies), "callers": told, "actions": several(actions)}
        return self._call("preview", options=options)

    def retain(self, name: str | None = None, *, confirm: str | None = None, now: bool = False) -> MemoryReply:
        """Show what retention rules would do now, as `reply.value`, one dict a rule: how many memories, where, why, and a `token`.

        A rule does nothing before it is confirmed: with the token of a preview of exactly this rule, or with `now` unseen. From then on the
        sweeps apply it. Raises Denied without the role `admin`, NotFound, and InvalidCall for a token of another rule.
        """
        return self._call("retain", options=given(name=name, confirm=confirm, now=now or None))

    def heat(self, prefix: str | None = None, *, idle_days: float | None = None) -> MemoryReply:
        """What stands and how much it is used in each namespace, hottest first, of what you may see: dicts in `reply.value`.

        Each has `namespace`, `memories`, `bytes`, `heat` (each use gives 1, which halves every 7 days), `last_used_at`, and `idle`, the
        share that nobody wrote or used for `idle_days` (30).
        """
        return self._call("heat", options=given(prefix=prefix, idle_days=idle_days))

    def review(
        self, ids: Ref | Iterable[Ref] = (), *, release: bool | None = None, limit: int | None = None, cursor: str | None = None
    ) -> MemoryReply:
        """Show what is under quarantine, in pages; with `release` True let everybody see the memories named, with False forget them.

        What untrusted writers write is under quarantine: nobody sees it but they and those who review. Raises Denied without the role
        `reviewer` or `admin`, NotFound for what is not under quarantine.
        """
        return self._call("review", cubes=refs(ids), options=given(release=release, limit=limit, cursor=cursor))
