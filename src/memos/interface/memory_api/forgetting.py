"""Forgetting: what this process keeps of a tenant's words goes once somebody, in whichever process, has erased some of them.

And what its model has read of memories, as KV in memory, once another process has changed these or who may see them: nothing would use it
any more, since whoever asks is given other memories, but it holds the words.
"""

from __future__ import annotations

from typing import Any

from memos.infrastructure.memvault.vault import MemVault
from memos.interface.memory_api import consolidate
from memos.interface.memory_api.desk import Desk
from memos.interface.memory_api.voiding import ENDED
from memos.memcube.filter import Filter
from memos.operation.memlifecycle import agreement, words
from memos.operation.memoperator import aliases, analysis
from memos.ports.adapter import View
from memos.ports.models import clear

COMMITS = 1000
"""After more commits than so many everything goes that the model has read: to look at them all takes longer than to read it again."""
NOTHING_GONE = frozenset({"use", "index", "classify", "freeze", "unfreeze"})
"""Operations that write memories, and leave all that was made of them as good as it was."""
OF_STATES = frozenset({"transition", "confirm"})
"""Operations that move memories from state to state: what is used or confirmed stands as it did, what ends does not."""
RULING = frozenset({"acl", "govern"})
"""Operations that change who may see what, and name no memory."""


class Forgetting:
    """Notices in the Views that calls open what was erased, and what others changed. Safe among threads: to forget twice is harmless."""

    def __init__(self, desk: Desk, vault: MemVault) -> None:
        self._desk, self._vault = desk, vault
        self._noticed: dict[str, int] = {}
        self._seen = -1
        self._own = vault.own = set[int]() if desk.engine.present else None

    def notice(self, view: View) -> None:
        """Forget, if something was erased since a View of this tenant was noticed last, or changed by another process since any was."""
        if self._own is not None and view.head > self._seen:
            self._catch_up(view.head, self._own)
        before = self._noticed.get(view.tenant, -1)
        if view.last_erasure <= before:
            return
        self._noticed[view.tenant] = view.last_erasure
        if before >= 0 or view.last_erasure:
            self._desk.operator.forget(view)
            for remembers in (analysis.forget, agreement.forget, words.forget, consolidate.forget, aliases.forget):
                remembers()
            clear(self._desk.embedder)
            self._desk.engine.voided(view.tenant, None)  # another process told this one's model of nothing

    def _catch_up(self, head: int, own: set[int]) -> None:
        """Let go of what the model has read of memories that others have changed since, in whichever tenant."""
        engine, since = self._desk.engine, self._seen
        if (tenants := engine.reading()) and not (head - since <= COMMITS and own.issuperset(range(since + 1, head + 1))):
            rows = self._vault.adapter.events(since, COMMITS + 1)
            if len(rows) > COMMITS:
                for tenant in tenants:
                    engine.voided(tenant, None)
            else:
                self._void([row for row in rows if row["seq"] not in own])
                head = max([head, *(row["seq"] for row in rows)])
        self._seen = max(self._seen, head)
        own.difference_update([seq for seq in tuple(own) if seq <= self._seen])

    def _void(self, rows: list[dict[str, Any]]) -> None:
        for row in rows:
            if not row["branch"] and row["operation"] not in NOTHING_GONE:
                among = None if row["operation"] in RULING else [each for each, _ in row["writes"]]
                gone = self._desk.engine.known(row["tenant"], among)
                if gone and row["operation"] in OF_STATES:
                    gone -= self._standing(row["tenant"], gone)
                if gone:
                    self._desk.engine.voided(row["tenant"], gone)

    def _standing(self, tenant: str, ids: frozenset[str]) -> frozenset[str]:
        """Which of some memories have not ended."""
        with self._vault.view(tenant) as view:
            now = self._desk.clock.now()
            found = view.get(sorted(ids), grant=Filter.everything(), now=now)
        return frozenset(each for each, cube in found.items() if cube.state not in ENDED)
