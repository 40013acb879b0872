"""Stages: what the worker does in one step, one after the other; what a stage stumbles over ends neither the others nor the worker."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterable

from memos.errors import BackendError, MemOSError, VersionConflict

log = logging.getLogger("memos.worker")


def run(stages: Iterable[Callable[[], bool]]) -> bool:
    """Every stage, also after one that failed; then the first failure, if there was one. Whether anything was done."""
    worked, failures = False, list[MemOSError]()
    for stage in stages:
        try:
            worked |= stage()
        except VersionConflict:
            raise
        except MemOSError as error:
            failures.append(error)
        except Exception as error:  # noqa: BLE001 - the last resort, as in `handle`: a thread that ends is missed by nobody
            failures.append(unforeseen(error))
    if failures:
        raise failures[0]
    return worked


def unforeseen(error: Exception) -> BackendError:
    """The error for what nobody foresaw. The log tells where it was raised; its own message may hold what memories say."""
    log.error("the worker failed with %s\n%s", type(error).__name__, "".join(traceback.format_tb(error.__traceback__)))
    return BackendError(f"the worker failed with {type(error).__name__}; see the log `memos.worker`, and run `memos doctor`")
