"""Recording: the rows that calls leave in the access log, and the replies that tell of failures."""

from __future__ import annotations

import logging
import time
import traceback

from memos.errors import BackendError, MemOSError, tree
from memos.infrastructure.memvault.vault import MemVault
from memos.interface.memory_api.desk import Desk, Prepared
from memos.memcube.call import Caller, MemoryCall, MemoryReply
from memos.ports.journal import AccessRow

STORE_FAILURES = frozenset(tree(BackendError))
"""Replies that tell of the store and of no memory: where the journal fails with it (a closed store, a full disk) they say why."""
log = logging.getLogger("memos.api")


class Recording:
    """Writes the access log. A reply whose row cannot be kept is not given."""

    def __init__(self, desk: Desk, vault: MemVault) -> None:
        self._desk = desk
        self._vault = vault

    def disclosed(self, caller: Caller, call: MemoryCall, reply: MemoryReply, prepared: Prepared, began: int) -> None:
        """Keep the row of a call that read; Unavailable when it cannot be kept, and then nothing may be disclosed."""
        self._vault.record(self._row(caller, call, reply, prepared, began))

    def failed(self, caller: Caller, call: MemoryCall, reply: MemoryReply, began: int) -> MemoryReply:
        """The reply to a call that failed, once its row is kept; where it cannot be kept, that is the failure."""
        try:
            self._vault.record(self._row(caller, call, reply, None, began))
        except MemOSError as error:
            return reply if reply.status in STORE_FAILURES else failure(call, error)
        return reply

    def _row(self, caller: Caller, call: MemoryCall, reply: MemoryReply, prepared: Prepared | None, began: int) -> AccessRow:
        governance = self._desk.governance
        lanes = prepared.lanes if prepared else {}
        shown = (*reply.cubes, *(hit.cube for hit in reply.hits), *(prepared.told if prepared else ()))
        return AccessRow(
            at=self._desk.clock.now(),
            call_id=call.id,
            caller=caller,
            operation=call.operation,
            status=reply.status,
            grant=governance.grant_hash(prepared.grant) if prepared is not None and prepared.grant is not None else "",
            seq=reply.seq or 0,
            branch=call.branch or "",
            hits=tuple((cube.id, cube.version, lanes.get(cube.id, ""), cube.payload.type) for cube in shown),
            withheld=prepared.withheld if prepared else (),
            took=since(began),
        )


def since(began: int) -> int:
    """Microseconds since a reading of the processor's clock."""
    return (time.perf_counter_ns() - began) // 1000


def unforeseen(call: MemoryCall, error: Exception) -> BackendError:
    """The error for what nobody foresaw. The log tells where it was raised; its own message may hold what memories say."""
    where = "".join(traceback.format_tb(error.__traceback__))
    log.error("the call %s (%s) failed with %s\n%s", call.id, call.operation, type(error).__name__, where)
    return BackendError(f"the call failed with {type(error).__name__}; see the log `memos.api`, and run `memos doctor`")


def failure(call: MemoryCall, error: MemOSError) -> MemoryReply:
    """The reply that carries an error over the door."""
    return MemoryReply(
        call_id=call.id, status=error.code, message=error.message, retryable=error.retryable, details=error.details, call=call
    )
