"""Entrance: the door that sessions hold, whatever stands behind it."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from memos.errors import MemOSError
from memos.interface.memory_api.api import STORE_FAILURES, MemoryAPI
from memos.memcube.call import Caller, CallingContext, MemoryCall, MemoryReply
from memos.memcube.plan import Context
from memos.memcube.prompt import Sampling
from memos.ports.runtime import Generated


class Entrance:
    """The MemoryAPI of the moment, so that sessions go on when the store is opened anew."""

    def __init__(self) -> None:
        self.changing = threading.Lock()
        self.api: MemoryAPI

    def authenticate(self, credential: str, context: CallingContext, tenant: str | None = None) -> Caller:
        """Who a credential stands for; Denied when it stands for nobody."""
        api = self.api
        try:
            return api.authenticate(credential, context, tenant)
        except MemOSError as error:
            if error.code not in STORE_FAILURES:
                raise
            with self.changing:
                present = self.api
            if present is api:
                raise
        return present.authenticate(credential, context, tenant)

    def answer(self, caller: Caller, context: Context, sampling: Sampling) -> Iterator[Generated]:
        """See `memos.ports.door.Answering`."""
        return self.api.answer(caller, context, sampling)

    def handle(self, caller: Caller, call: MemoryCall) -> MemoryReply:
        """Run one call; one that failed only because its store was opened anew meanwhile is run there."""
        api = self.api
        reply = api.handle(caller, call)
        while reply.status in STORE_FAILURES:
            with self.changing:
                present = self.api
            if present is api:
                break
            api = present
            reply = api.handle(caller, call)
        return reply
