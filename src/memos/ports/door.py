"""Door: the one way in. MemoryAPI is one; an HTTP client is another."""

from __future__ import annotations

from typing import Protocol

from memos.memcube.call import Caller, CallingContext, MemoryCall, MemoryReply


class Door(Protocol):
    """Makes Callers of credentials and handles their calls; a call's errors come back as its reply's status, never as exceptions."""

    def authenticate(self, credential: str, context: CallingContext, tenant: str | None = None) -> Caller:
        """Who a credential stands for, in a calling context; Denied when it stands for nobody.

        `tenant` says which one is meant where several take the tokens of one issuer; no credential is good for another tenant's.
        """

    def handle(self, caller: Caller, call: MemoryCall) -> MemoryReply:
        """Run one call to its end."""
