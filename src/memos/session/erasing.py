"""Erasing: the verb after which nothing is left."""

from __future__ import annotations

from collections.abc import Iterable

from memos.memcube.call import MemoryReply
from memos.session.base import Filtering, Ref, Verbs, given, refs


class Erasing(Verbs):
    """`erase`."""

    def erase(
        self,
        ids: Ref | Iterable[Ref] = (),
        *,
        subject: str | None = None,
        filter: Filtering = None,
        dry_run: bool = False,
        derived: bool = True,
        court_order: str | None = None,
        finish: bool = True,
        trigger: str | None = None,
        idempotency_key: str | None = None,
    ) -> MemoryReply:
        """Erase memories for good: named by ids, by a filter, or as all that a person owns or said. `reply.value` is the receipt.

        They go from the present, the past, all branches, the indexes, the caches and the store's own backups, the frozen too; what was
        made of them goes with them unless `derived` is False. With `dry_run` nothing goes, and `reply.value` tells what would: `ids`,
        `derived`, `remaining`, `held`, `mentions` (memories that stay and name the subject) and `counts`. The receipt's status is
        "partial" until every byte is gone, as while an old reader still reads; the worker finishes it, `memory.erasures()` tells.
        `court_order`, a reference number, overrides a legal hold. With `finish` False only the commit is waited for.

        Raises InvalidCall, NotFound, Denied, VersionConflict.
        """
        query = self._query(filter=filter) if filter is not None else None
        options = given(
            subject=subject, dry_run=dry_run or None, derived=None if derived is True else derived, court_order=court_order,
            finish=None if finish is True else finish, trigger=trigger,
        )  # fmt: skip
        parts = given(query=query, idempotency_key=idempotency_key)
        return self._call("erase", cubes=refs(ids), options=options, **parts)
