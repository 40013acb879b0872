"""MemVault: the stores behind the one door; commits what changes and keeps the log of what was read."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager

from memos.memcube.change import ChangeSet, Committed, ReadSet
from memos.ports.adapter import MemoryAdapter, View
from memos.ports.journal import AccessJournal, AccessRow


class MemVault:
    """One store and its journal. Only the conductor and the worker's system calls hold it."""

    def __init__(self, adapter: MemoryAdapter, journal: AccessJournal) -> None:
        self.adapter = adapter
        self.journal = journal
        self.own: set[int] | None = None
        """The commits made here, where somebody wants to tell them from those of other processes, and takes out what is settled."""

    def view(self, tenant: str, *, at: int | None = None, branch: str = "") -> AbstractContextManager[View]:
        """A consistent read of one tenant; see `ports.adapter.View`."""
        return self.adapter.view(tenant, at=at, branch=branch)

    def commit(self, change: ChangeSet, reads: ReadSet) -> Committed:
        """Commit whole or raise VersionConflict."""
        return self._noted((self.adapter.commit(change, reads),))[0]

    def commit_all(self, changes: Sequence[tuple[ChangeSet, ReadSet]]) -> tuple[Committed, ...]:
        """Commit several as one, or raise VersionConflict; see `ports.adapter.MemoryAdapter`."""
        return self._noted(self.adapter.commit_all(changes))

    def _noted(self, committed: tuple[Committed, ...]) -> tuple[Committed, ...]:
        if self.own is not None:
            self.own.update(each.seq for each in committed)
        return committed

    def record(self, row: AccessRow) -> int:
        """Append a row to the access log; Unavailable when it cannot be kept, and then nothing may be disclosed."""
        return self.journal.append(row)

    def close(self) -> None:
        """Close the journal, then the store."""
        self.journal.close()
        self.adapter.close()
