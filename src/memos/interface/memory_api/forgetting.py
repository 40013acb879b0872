"""Forgetting: what this process keeps of a tenant's words goes once somebody, in whichever process, has erased some of them."""

from __future__ import annotations

from memos.interface.memory_api import consolidate
from memos.interface.memory_api.desk import Desk
from memos.operation.memlifecycle import agreement, words
from memos.operation.memoperator import aliases, analysis
from memos.ports.adapter import View
from memos.ports.models import clear


class Forgetting:
    """Notices erasures in the Views that calls open. Safe among threads: to forget twice is harmless."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._noticed: dict[str, int] = {}

    def notice(self, view: View) -> None:
        """Forget, if something was erased since a View of this tenant was noticed last."""
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
