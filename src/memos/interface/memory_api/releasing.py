"""Releasing: what a commit let go of leaves the memory of this process and the disk before the call returns."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from contextlib import suppress

from memos.errors import InvalidCall, MemOSError
from memos.infrastructure.memvault.vault import MemVault
from memos.interface.memory_api.desk import Desk, LetGo
from memos.interface.memory_api.voiding import named_blobs

log = logging.getLogger("memos.blobs")


def release(desk: Desk, vault: MemVault, tenant: str, let_go: Iterable[LetGo]) -> tuple[str, ...]:
    """Tell who keeps derived memories in this process, and remove the blobs that no row names any more; warnings where that failed.

    The commit stands in any case, and what it voided is used by nobody; the worker collects what stayed here.
    """
    every_one = tuple(let_go)
    given = [each for each in every_one if each.ids is None or each.ids]
    names = {name for each in every_one for name in each.blobs}  # what a training has replaced is of no memory that is used
    if given and desk.engine.present:
        every = any(each.ids is None for each in given)
        desk.engine.voided(tenant, None if every else frozenset(one for each in given for one in each.ids or ()))
    if not names:
        return ()
    try:
        with vault.view(tenant) as view:
            kept = named_blobs(view)
        for name in sorted(names - kept):
            with suppress(InvalidCall):  # a row may name what this store has never given: there is no such file
                desk.engine.blobs.remove(tenant, (name,))
    except MemOSError as error:
        log.warning("%d blobs that are void could not be removed (%s); the worker collects them", len(names), error.code)
        return (f"what was derived is void, and its files are to be removed by the worker: {error.message}",)
    return ()
