"""Eraser: finishes what erasures began: copies, blobs, the disk; then it verifies, signs the receipt, and keeps it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from memos.errors import MemOSError
from memos.infrastructure.memgovernance.receipt import BYTES, Receipt, read_receipt, receipt_of, sign
from memos.memcube.call import MemoryReply
from memos.ports.clock import Clock
from memos.ports.erasing import Erasure, Scrubbed
from memos.ports.store import StoreParts
from memos.settings import Settings

PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 60.0
"""One that cannot be finished is tried again after a pause that doubles."""
NOT_YET = Scrubbed(0, 0, None, ("it is not finished yet",))
log = logging.getLogger("memos.worker")


class Eraser:
    """The erasures of one store, in one process. `secret` gives the signing key, or raises what says why not. Safe among threads."""

    def __init__(self, parts: StoreParts, secret: Callable[[], bytes], clock: Clock, settings: Settings) -> None:
        self._erasing, self._adapter, self._secret = parts.erasing, parts.adapter, secret
        self._clock, self._settings = clock, settings
        self._finishing = threading.Lock()
        self._pause, self._next = PAUSE_SECONDS, 0.0
        self._left: dict[int, Scrubbed] = {}

    def receipts(self, tenant: str, *, finish: bool) -> tuple[Receipt, ...]:
        """The receipts of a tenant, oldest first; of what is not finished a partial one. With `finish` that is tried first."""
        if finish:
            self.step(at_once=True)
        return tuple(self._told(each) for each in self._erasing.erasures(tenant))

    def receipt(self, call_id: str) -> Receipt | None:
        """The receipt of what a call erased, None when it erased nothing."""
        found = self._erasing.made_by(call_id)
        return None if found is None else self._told(found)

    def finish(self, call_id: str) -> Receipt | None:
        """As `receipt`, of an erasure that is finished first; a partial one when that cannot be done now."""
        with self._finishing:
            found = self._erasing.made_by(call_id)
            if found is None:
                return None
            return self._finish(found) if found.receipt is None else self._told(found)

    def answer(self, reply: MemoryReply, finish: bool) -> MemoryReply:  # noqa: FBT001 - the port is positional
        """The reply to a call that erased, with its receipt, and a warning while that is partial."""
        try:
            receipt = self.finish(reply.call_id) if finish else self.receipt(reply.call_id)
        except MemOSError as error:
            return _warned(reply, error.message)
        told = reply.model_copy(update={"value": receipt})
        if receipt is None or receipt.status != "partial":
            return told
        return _warned(told, "; ".join(each.why for each in receipt.remaining if each.what == BYTES))

    def step(self, *, at_once: bool = False) -> bool:
        """Try to finish what is pending; True when something was finished. After a failure it waits, unless `at_once`."""
        if time.monotonic() < self._next and not at_once:
            return False
        pending = self._erasing.pending()
        receipts = [self.finish(each.call_id) for each in pending]
        done = [receipt is not None and receipt.status == "complete" for receipt in receipts]
        self._pause = PAUSE_SECONDS if all(done) else min(2 * self._pause, LONGEST_PAUSE_SECONDS)
        self._next = 0.0 if all(done) else time.monotonic() + self._pause
        return any(done)

    def _finish(self, erasure: Erasure) -> Receipt:
        try:
            scrubbed = self._erasing.scrub(erasure, self._settings.erase_seconds)
        except MemOSError as error:
            log.warning("the erasure of commit %d is not finished (%s); it is tried again", erasure.seq, error.code)
            scrubbed = Scrubbed(0, 0, None, (f"it was interrupted ({error.code})",))
        made = receipt_of(erasure, scrubbed, self._adapter.store_id)
        if scrubbed.remains:
            self._left[erasure.seq] = scrubbed
            return made
        signed = self._signed(made.model_copy(update={"finished_at": self._clock.now()}))
        try:
            self._erasing.settle(erasure.seq, signed.model_dump_json())
        except MemOSError as error:
            return receipt_of(erasure, Scrubbed(0, 0, None, (f"the receipt could not be kept ({error.code})",)), self._adapter.store_id)
        self._left.pop(erasure.seq, None)
        kept = self._erasing.made_by(erasure.call_id)
        return signed if kept is None else self._told(kept)

    def _signed(self, receipt: Receipt) -> Receipt:
        try:
            return sign(receipt, self._secret())
        except MemOSError as error:
            return receipt.model_copy(update={"unsigned": error.message})

    def _told(self, erasure: Erasure) -> Receipt:
        if erasure.receipt is not None:
            return read_receipt(erasure.receipt, f"what the store keeps of commit {erasure.seq}")
        return receipt_of(erasure, self._left.get(erasure.seq, NOT_YET), self._adapter.store_id)


def _warned(reply: MemoryReply, why: str) -> MemoryReply:
    return reply.model_copy(update={"warnings": (*reply.warnings, f"erased, and to be finished by the worker: {why}")})
