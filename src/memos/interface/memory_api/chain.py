"""Chain: a call and what follows it, run as one unit: each step sees what those before it staged, and all is committed, or nothing.

Each step is a call of its own: authorised, measured, prepared, decided anew and logged as if it stood alone, so that a chain can do
nothing that its steps could not. Nothing of it is in the store, and nothing is disclosed, before its one commit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from memos.errors import InvalidCall, MemOSError, VersionConflict
from memos.infrastructure.memvault.staging import Staging
from memos.infrastructure.memvault.vault import MemVault
from memos.interface.memory_api.desk import AIMED, Desk, Prepared
from memos.interface.memory_api.doubting import require_whole
from memos.interface.memory_api.embedding import Vectors, with_query_vector
from memos.interface.memory_api.operations import require_supported
from memos.interface.memory_api.preparing import Preparing
from memos.interface.memory_api.recording import Recording, failure, since, unforeseen
from memos.interface.memory_api.releasing import release
from memos.interface.memory_api.reranking import with_reranking
from memos.interface.memory_api.summaries import with_summary
from memos.memcube.call import Caller, CubeRef, MemoryCall, MemoryReply
from memos.memcube.change import ChangeSet, ReadSet
from memos.memcube.cube import MemCube
from memos.memcube.staged import settled_cube

STEPS = 32
"""How many calls one chain has at most."""
ATTEMPTS = 3
"""How often a chain is prepared anew, from its first step, when somebody else committed first."""
READING = frozenset({"search", "get", "list", "history", "tags", "catalogue", "lineage", "graph", "entities", "trace", "recognise"}) | (
    frozenset({"log", "explain", "count", "summarise", "compare", "access", "none"})
)
WRITING = frozenset({"add", "update", "forget", "confirm", "freeze", "unfreeze", "archive", "restore", "transfer", "compose"}) | (
    frozenset({"relate", "resolve", "rename", "share"})
)
"""What may be a step: what changes memories and the edges between them, and what reads no time but the present."""


@dataclass(slots=True)
class Step:
    """One call on its way: what it prepared, and after how many changes of those before it."""

    call: MemoryCall
    """As it was given."""
    ready: MemoryCall
    """As it is run: on the chain's branch, under its own part of the chain's key."""
    warnings: tuple[str, ...] = ()
    prepared: Prepared | None = None
    staged: int = 0

    @property
    def wrote(self) -> bool:
        """Whether it changes anything."""
        return self.prepared is not None and self.prepared.change is not None


class Chain:
    """Runs chains. `after_commit` is what the system does then: (tenant, whether the caller waits for its vectors) → warnings."""

    def __init__(
        self, desk: Desk, vault: MemVault, preparing: Preparing, recording: Recording, after_commit: Callable[[str, bool], tuple[str, ...]]
    ) -> None:
        self._desk, self._vault = desk, vault
        self._preparing, self._recording = preparing, recording
        self._after_commit = after_commit

    def run(self, caller: Caller, call: MemoryCall, began: int) -> MemoryReply:
        """The reply to the first call, with those to the others as its `then`; or the one error, and a row of it for each step tried."""
        tried = [call]
        try:
            steps = steps_of(call)
            return self._run(caller, steps, tried, began).model_copy(update={"call": call})
        except MemOSError as error:
            failed = error
        except Exception as error:  # noqa: BLE001 - the last resort: whoever calls gets an error of ours
            failed = unforeseen(call, error)
        replies = [self._recording.failed(caller, each, failure(each, failed), began) for each in tried]
        return next((reply for reply in replies if reply.status != failed.code), replies[0]).model_copy(
            update={"call_id": call.id, "call": call}
        )

    def _run(self, caller: Caller, steps: Sequence[Step], tried: list[MemoryCall], began: int) -> MemoryReply:
        for each in steps:
            each.ready, each.warnings = with_query_vector(caller, each.ready, self._desk)
        vectors = Vectors(caller, self._desk)
        for attempt in range(1, ATTEMPTS + 1):
            staging = self._preparing.staging(caller, steps[0].ready)
            prepared = list[Step]()
            for place, each in enumerate(steps):
                tried[:] = [step.ready for step in steps[: max(place + 1, len(tried))]]
                with named(place, each.call):
                    prepared.append(self._prepared(caller, meant_before(each, prepared), staging, vectors, counted=attempt > 1))
            try:
                return self._committed(caller, prepared, staging, began)
            except VersionConflict:
                if attempt == ATTEMPTS:
                    raise
        raise AssertionError

    def _prepared(self, caller: Caller, step: Step, staging: Staging, vectors: Vectors, *, counted: bool) -> Step:
        """A step prepared on what is staged, and staged itself where it changes something."""
        staged = len(staging)
        ready, further = with_reranking(step.ready, self._desk, partial(self._preparing.found, caller, staging=staging))
        prepared = self._preparing.prepared(caller, ready, counted=counted, staging=staging)
        if prepared.change is not None:
            change, degraded = vectors.completed(prepared.change)
            staging.add(change, prepared.reads)
            further = (*further, *degraded)
        reply = prepared.reply
        told = reply.model_copy(update={"warnings": (*step.warnings, *further, *reply.warnings), "call": step.call})
        return Step(step.call, ready, prepared=replace(prepared, reply=told), staged=staged)

    def _committed(self, caller: Caller, steps: Sequence[Step], staging: Staging, began: int) -> MemoryReply:
        changes = _remembering(staging.whole(), steps, since(began))
        seqs: list[int] = []
        charges = [charge for each in steps if each.prepared is not None for charge in each.prepared.charges]
        try:
            with self._desk.quotas.charged(charges):
                seqs += [each.seq for each in self._vault.commit_all(changes)] if changes else []
            uncounted = None
        except MemOSError as error:
            if not seqs:
                raise
            uncounted = error  # what is written stays; what could not be counted is not disclosed
        released = release(self._desk, self._vault, caller.tenant, [each.prepared.let_go for each in steps if each.prepared is not None])
        replies = [self._told(caller, each, seqs, began, uncounted) for each in steps]
        replies[0] = replies[0].model_copy(update={"warnings": (*replies[0].warnings, *released)})
        if seqs and caller.kind == "user":
            waiting = any(each.call.options.get("wait") for each in steps)
            warnings = (*replies[0].warnings, *self._after_commit(caller.tenant, bool(waiting)))
            replies[0] = replies[0].model_copy(update={"warnings": warnings})
        return replies[0].model_copy(update={"then": tuple(replies[1:])})

    def _told(self, caller: Caller, step: Step, seqs: Sequence[int], began: int, uncounted: MemOSError | None) -> MemoryReply:
        """The reply to a step of a chain that is through; what a step read is told once its row is kept."""
        if step.prepared is None:
            raise AssertionError
        reply = _settled(step.prepared.reply, step, seqs)
        if step.wrote:
            return reply
        try:
            if uncounted is not None and step.prepared.charges:
                raise uncounted
            reply = with_summary(step.call, reply, self._desk.extracting)
            self._recording.disclosed(caller, step.ready, reply, step.prepared, began)
        except MemOSError as error:
            if not seqs:
                raise
            kept = f"the chain is committed, but what this step read is withheld: {error.message}"
            return MemoryReply(call_id=reply.call_id, call=step.call, seq=reply.seq, warnings=(kept,))
        return reply


def steps_of(call: MemoryCall) -> list[Step]:
    """The steps of a chain in their order; InvalidCall, which names the step, for what cannot be one."""
    calls = [call, *call.then]
    if len(calls) > STEPS:
        raise InvalidCall(f"a chain has at most {STEPS} calls, and this has {len(calls)}; send it in parts")
    if call.at is not None or call.moment is not None:
        raise InvalidCall("a chain is about the present; send what you ask of the past by itself")
    if len({each.id for each in calls}) < len(calls):
        raise InvalidCall("two calls of a chain have the same id; give each its own")
    require_whole(call)
    for place, each in enumerate(calls):
        with named(place, each):
            require_supported(each)
            _require_step(each, call)
    key = call.idempotency_key
    steps = [Step(call, call)]
    for place, each in enumerate(call.then, 1):
        parts = {"branch": call.branch, "idempotency_key": None if key is None else f"{key}\0{place}"}
        steps.append(Step(each, each.model_copy(update=parts)))
    return steps


def meant_before(step: Step, earlier: Sequence[Step]) -> Step:
    """A step that means in words what one before it changed, as that memory: "change my plan to … and lock it"; its words may have gone."""
    ready = step.ready
    if ready.operation not in AIMED or ready.cubes or ready.query is None or not ready.query.text.strip():
        return step
    for other in reversed(earlier):
        asked, done = other.ready.query, other.prepared
        if asked is None or done is None or other.ready.operation not in WRITING or asked.text.casefold() != ready.query.text.casefold():
            continue
        if ids := tuple(CubeRef(id=cube.id) for cube in done.reply.cubes):
            return replace(step, ready=ready.model_copy(update={"cubes": ids}))
    return step


def _require_step(call: MemoryCall, first: MemoryCall) -> None:
    if call.operation not in READING | WRITING:
        raise InvalidCall(f"{call.operation} cannot be a step of a chain, since it is not undone with it; call it by itself")
    if call.operation == "restore" and call.options.get("moment") is not None:
        raise InvalidCall("all memories of a moment are restored by a call of its own; in a chain name the one memory")
    if call is first:
        return
    if call.then:
        raise InvalidCall("a step of a chain has no chain of its own; put its calls behind it")
    for name, shared in (("at", None), ("moment", None), ("branch", first.branch), ("idempotency_key", None)):
        if getattr(call, name) not in (None, shared):
            raise InvalidCall(f"a step has no {name} of its own: the branch and the key of the first call hold for all of the chain")


@contextmanager
def named(place: int, call: MemoryCall) -> Iterator[None]:
    """Let an error say in which step it was raised."""
    try:
        yield
    except MemOSError as error:
        message = f"step {place + 1} ({call.operation}): {error.message}"
        raise type(error)(message, **error.details | {"step": place + 1}) from error


def _remembering(
    changes: Sequence[tuple[ChangeSet, ReadSet]], steps: Sequence[Step], took: int
) -> list[tuple[ChangeSet, ReadSet]]:  # fmt: skip
    """The changes with the time that they took; the first remembers the steps that changed nothing."""
    told = [(replace(change, took=took), reads) for change, reads in changes]
    if told:
        repeatable = (each.prepared.repeatable for each in steps if each.prepared is not None and not each.wrote)
        told[0] = replace(told[0][0], remembers=tuple(each for each in repeatable if each is not None)), told[0][1]
    return told


def _settled(reply: MemoryReply, step: Step, seqs: Sequence[int]) -> MemoryReply:
    """A reply with the seqs that the commits gave, in place of those that stood for them."""
    if not seqs:
        return reply
    seq = seqs[step.staged] if step.wrote else seqs[step.staged - 1] if step.staged else reply.seq
    cubes = tuple(cube.model_copy(update={"seq": seq}) for cube in reply.cubes) if step.wrote else _in_all(reply.cubes, seqs)
    hits = tuple(hit.model_copy(update={"cube": settled_cube(hit.cube, seqs)}) for hit in reply.hits)
    return reply.model_copy(update={"seq": seq, "cubes": cubes, "hits": hits, "value": _in_all(reply.value, seqs)})


def _in_all(value: Any, seqs: Sequence[int]) -> Any:
    """A value in which each memory has the seq that its row got."""
    if isinstance(value, MemCube):
        return settled_cube(value, seqs)
    if isinstance(value, dict):
        return {name: _in_all(each, seqs) for name, each in value.items()}
    return type(value)(_in_all(each, seqs) for each in value) if type(value) in {list, tuple} else value
