"""Index: what the system's own worker wants changed comes back in here: vectors that were computed, use that was seen."""

from __future__ import annotations

from memos.interface.memory_api.desk import Prepared, Work
from memos.memcube.call import MemoryReply


def prepare_index(work: Work) -> Prepared:
    """Fill pending vectors. Options: `fills`, a tuple of VectorFill, and `fence`, the worker's claim."""
    fills = work.call.options["fills"]
    return Prepared(MemoryReply(call_id=work.call.id, value=len(fills)), work.change(fills=tuple(fills), fence=work.call.options["fence"]))


def prepare_use(work: Work) -> Prepared:
    """Fold use into the memories used. Options: `folds`, a tuple of UsageFold, and `fence` with the cursor it moves."""
    folds = work.call.options["folds"]
    return Prepared(MemoryReply(call_id=work.call.id, value=len(folds)), work.change(usage=tuple(folds), fence=work.call.options["fence"]))
