"""Training: what the worker tells of an adapter that is trained: how far it is, what resumes it, and what its examination gave."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from memos.interface.memory_api import provenance
from memos.interface.memory_api.convert import NO_TERMS
from memos.interface.memory_api.desk import Options, Prepared, Work, read_options
from memos.interface.memory_api.replacing import put_aside
from memos.memcube.call import MemoryReply
from memos.memcube.change import CubeWrite, ReadSet
from memos.memcube.payload import Parameter
from memos.memcube.state import State
from memos.memcube.value import Metadata

ORIGIN = "training"


class TrainOptions(Options):
    """Which adapter, and what is new of it; `refused` says why it may not go live."""

    id: str
    blob: str = ""
    bytes: int = 0
    done: float = 0.0
    steps: int = 0
    seconds: float = 0.0
    rank: int = 0
    report: Metadata = Field(default_factory=dict)
    passed: bool = False
    refused: str | None = None
    fence: Any = None


def prepare_train(work: Work) -> Prepared:
    """The row that shows how far a training is. The reply's value is False where the adapter is not wanted any more.

    Once it has passed its examination it goes live, and the adapters of the same memories that it takes the place of are put aside; one
    that has not passed is expired, and its report stays.
    """
    options = read_options(TrainOptions, work)
    found = work.view.get([options.id], grant=work.grant.filter, now=work.now).get(options.id)
    if found is None or found.state is not State.GENERATED or not isinstance(found.payload, Parameter):
        return Prepared(MemoryReply(call_id=work.call.id, value=False, call=work.call))
    told = {name: getattr(options, name) for name in ("done", "steps", "seconds", "report", "passed")}
    payload = found.payload.model_copy(update=told | {"blob": options.blob, "bytes": options.bytes, "rank": options.rank})
    state = State.EXPIRED if options.refused is not None else State.ACTIVATED if options.passed else State.GENERATED
    made = provenance.mutated(work, found.provenance, ORIGIN)
    update: dict[str, Any] = {"payload": payload, "state": state, "updated_at": work.now, "provenance": made}
    if options.refused is not None:
        update |= {
            "payload": payload.model_copy(update={"blob": "", "bytes": 0}),
            "metadata": found.metadata | {"refused": options.refused},
        }
    write = CubeWrite(found.model_copy(update=update), birth=False, terms=NO_TERMS)
    aside = put_aside(work, found) if state is State.ACTIVATED else []
    reply = MemoryReply(call_id=work.call.id, cubes=(write.cube,), value=True, call=work.call)
    read = {found.id: found.seq} | {before.id: before.seq for before, _ in aside}
    return Prepared(reply, work.change(writes=(write, *(after for _, after in aside)), fence=options.fence), ReadSet(versions=read))
