"""Life: the verbs that move memories through their lives."""

from __future__ import annotations

from collections.abc import Iterable

from memos.memcube.call import MemoryReply
from memos.session.base import Ref, Verbs, given, refs


class Life(Verbs):
    """`confirm`, `freeze`, `unfreeze`, `archive`."""

    def confirm(self, id: Ref, *, trigger: str | None = None, idempotency_key: str | None = None) -> MemoryReply:
        """Say that a memory holds: `reply.value` is how often that was said. After two times (a setting) it stands: Merged."""
        return self._call("confirm", cubes=refs(id), options=given(trigger=trigger), idempotency_key=idempotency_key)

    def freeze(self, ids: Ref | Iterable[Ref], *, trigger: str | None = None, idempotency_key: str | None = None) -> MemoryReply:
        """Let memories refuse every change (FrozenMemory) until they are unfrozen; they stay findable and keep their history."""
        return self._call("freeze", cubes=refs(ids), options=given(trigger=trigger), idempotency_key=idempotency_key)

    def unfreeze(self, ids: Ref | Iterable[Ref], *, trigger: str | None = None, idempotency_key: str | None = None) -> MemoryReply:
        """Let memories be changed again."""
        return self._call("unfreeze", cubes=refs(ids), options=given(trigger=trigger), idempotency_key=idempotency_key)

    def archive(self, ids: Ref | Iterable[Ref], *, trigger: str | None = None, idempotency_key: str | None = None) -> MemoryReply:
        """Put memories aside: a default search does not look there; `states=["archived"]`, `at` and ids do, and use brings them back."""
        return self._call("archive", cubes=refs(ids), options=given(trigger=trigger), idempotency_key=idempotency_key)
