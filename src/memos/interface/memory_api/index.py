"""Index: what the system's own worker wants changed comes back in here: vectors that were computed, use that was seen, labels found."""

from __future__ import annotations

from memos.interface.memory_api.desk import Prepared, Work
from memos.interface.memory_api.update import fact_of
from memos.memcube.call import MemoryReply
from memos.memcube.change import CubeWrite, ReadSet


def prepare_index(work: Work) -> Prepared:
    """Fill pending vectors. Options: `fills`, a tuple of VectorFill, and `fence`, the worker's claim."""
    fills = work.call.options["fills"]
    return Prepared(MemoryReply(call_id=work.call.id, value=len(fills)), work.change(fills=tuple(fills), fence=work.call.options["fence"]))


def prepare_use(work: Work) -> Prepared:
    """Fold use into the memories used. Options: `folds`, a tuple of UsageFold, and `fence` with the cursor it moves."""
    folds = work.call.options["folds"]
    return Prepared(MemoryReply(call_id=work.call.id, value=len(folds)), work.change(usage=tuple(folds), fence=work.call.options["fence"]))


def prepare_examine(work: Work) -> Prepared:
    """Write what an examination found. Options: `found`, a tuple of (id, version, spans), and `fence`, the worker's claim.

    What was examined or has another version by now is left out. The row has the ordinal, the content and the provenance of the one before.
    """
    found = {cube_id: (version, spans) for cube_id, version, spans in work.call.options["found"]}
    standing = work.view.get(list(found), grant=work.grant.filter, now=work.now)
    writes = []
    for cube_id, cube in standing.items():
        version, spans = found[cube_id]
        if not cube.policy.examined and cube.version == version:
            policy = work.desk.governance.examined(cube.policy, spans)
            after = cube.model_copy(update={"policy": policy})
            writes.append(CubeWrite(cube=after, birth=False, fact=fact_of(after)))
    reply = MemoryReply(call_id=work.call.id, value=len(writes), call=work.call)
    if not writes:
        return Prepared(reply)
    reads = ReadSet(versions={write.cube.id: standing[write.cube.id].seq for write in writes})
    return Prepared(reply, work.change(writes=tuple(writes), fence=work.call.options["fence"]), reads)
