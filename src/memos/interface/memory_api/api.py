"""MemoryAPI: the one conductor. It authorises, prepares against a View, commits, discloses and records."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from memos.errors import Denied, InvalidCall, MemOSError, NotFound, VersionConflict
from memos.infrastructure.memgovernance.credentials import nobody
from memos.infrastructure.memvault.vault import MemVault
from memos.interface.memory_api.chain import Chain
from memos.interface.memory_api.converting import made_of, with_conversion
from memos.interface.memory_api.desk import Desk, LetGo
from memos.interface.memory_api.embedding import Vectors, with_query_vector
from memos.interface.memory_api.extracting import with_extraction
from memos.interface.memory_api.operations import require_supported
from memos.interface.memory_api.preparing import Preparing
from memos.interface.memory_api.prompting import with_context
from memos.interface.memory_api.recording import STORE_FAILURES, Recording, failure, since, unforeseen
from memos.interface.memory_api.releasing import release
from memos.interface.memory_api.reranking import with_reranking
from memos.interface.memory_api.summaries import with_summary
from memos.memcube.call import Caller, CallingContext, MemoryCall, MemoryReply, raising
from memos.memcube.change import Committed
from memos.memcube.cube import MemCube
from memos.memcube.plan import Context
from memos.memcube.prompt import Sampling
from memos.ports.runtime import Attached, Generated

__all__ = ["STORE_FAILURES", "MemoryAPI"]
UNSEALED = (
    "this caller was not made by this door; authenticate a credential here, or use `MemOS.as_user` in the process that embeds the store"
)
ATTEMPTS, ADD_ATTEMPTS = 3, 64
"""How often a call is prepared anew when somebody else committed first; an `add` of a fact that others add too has nothing to lose."""
Erased = Callable[[MemoryReply, bool], MemoryReply]
"""What the system does about an erasure: (the reply to it, whether to finish it now) → the reply with its receipt."""
AfterCommit = Callable[[str, bool], tuple[str, ...]]
"""What the system does after a commit: (tenant, whether the caller waits for its vectors) → warnings."""


class MemoryAPI:
    """The door of the embedded system. Errors come back as the reply's status."""

    def __init__(self, desk: Desk, vault: MemVault, after_commit: AfterCommit, erased: Erased) -> None:
        self._desk = desk
        self._vault = vault
        self._after_commit = after_commit
        self._erased = erased
        self._preparing, self._recording = Preparing(desk, vault), Recording(desk, vault)
        self._chain = Chain(desk, vault, self._preparing, self._recording, after_commit)

    def trusted(self, caller: Caller) -> Caller:
        """The caller, taken at its word, as this door knows it: for the process that embeds the store, never for a remote face."""
        return self._desk.identity.trusted(caller)

    def authenticate(self, credential: str, context: CallingContext, tenant: str | None = None) -> Caller:
        """Who a credential stands for; Denied, and a row in the access log, when it stands for nobody."""
        began = time.perf_counter_ns()
        if type(context) is not CallingContext:  # a Caller is one too, and says who it is
            raise InvalidCall(f"a calling context is a CallingContext, not a {type(context).__name__}")
        found = self._desk.identity.identify(credential, context, tenant)
        if isinstance(found, Caller):
            return found
        call = MemoryCall(id=self._desk.clock.new_id(), operation="authenticate")
        denied = failure(call, Denied(found.reason))
        return raising(self._recording.failed(nobody(found.tenant), call, denied, began))  # type: ignore[return-value]

    def handle(self, caller: Caller, call: MemoryCall) -> MemoryReply:
        """Run one call to its end, with all that follows it. What wrote has its row in the commit log, all else one in the access log."""
        began = time.perf_counter_ns()
        if not self._desk.identity.made_here(caller):
            return self._recording.failed(nobody(""), call, failure(call, Denied(UNSEALED)), began)
        if call.then:
            return self._chain.run(caller, call, began)
        if call.operation == "context":
            caller = self._read_by(caller)
        try:
            require_supported(call)
            return self._run(caller, call, began)
        except MemOSError as error:
            reply = failure(call, error)
        except Exception as error:  # noqa: BLE001 - the last resort: whoever calls gets an error of ours
            reply = failure(call, unforeseen(call, error))
        return self._recording.failed(caller, call, reply, began)

    def _read_by(self, caller: Caller) -> Caller:
        """The caller for what a model is given: whoever names no model means the store's own."""
        model = self._desk.engine.model
        return caller if model is None or caller.model is not None else caller.model_copy(update={"model": model})

    def _run(self, caller: Caller, call: MemoryCall, began: int) -> MemoryReply:
        ready, warnings = with_query_vector(caller, call, self._desk)
        ready, further = with_reranking(ready, self._desk, partial(self._preparing.found, caller))
        ready, unread = with_extraction(ready, self._desk.extracting, partial(self._preparing.sources, caller))
        ready = with_conversion(caller.tenant, ready, self._desk, partial(self._preparing.materials, caller))
        try:
            return self._carried_out(caller, call, ready, (*warnings, *further, *unread), began)
        finally:
            if names := made_of(ready):  # what was made, and is named by nothing, since its source was changed or erased meanwhile
                release(self._desk, self._vault, caller.tenant, (LetGo((), names),))

    def _carried_out(self, caller: Caller, call: MemoryCall, ready: MemoryCall, warnings: tuple[str, ...], began: int) -> MemoryReply:
        vectors = Vectors(caller, self._desk)
        attempts = ADD_ATTEMPTS if call.operation == "add" else ATTEMPTS
        for attempt in range(1, attempts + 1):
            prepared = self._preparing.prepared(caller, ready, counted=attempt > 1)
            reply = prepared.reply.model_copy(update={"warnings": (*warnings, *prepared.reply.warnings), "call": call})
            if prepared.change is None:
                self._extracted(call, reply)
                with self._desk.quotas.charged(prepared.charges):
                    pass
                reply = with_summary(call, reply, self._desk.extracting)
                reply = with_context(caller, call, reply, prepared.kit, self._desk)
                self._recording.disclosed(caller, call, reply, prepared, began)
                return self._with_receipt(call, reply) if call.operation == "erase" and reply.call_id != call.id else reply
            change, degraded = vectors.completed(prepared.change)
            reply = reply.model_copy(update={"warnings": (*reply.warnings, *degraded)}) if degraded else reply
            try:
                committed = self._vault.commit(replace(change, took=since(began)), prepared.reads)
            except VersionConflict:
                if attempt == attempts:
                    raise
                continue
            return self._committed(caller, call, reply, committed, prepared.let_go)
        raise AssertionError

    def answer(self, caller: Caller, context: Context, sampling: Sampling) -> Iterator[Generated]:
        """See `memos.ports.door.Answering`; whether what is attached may still be used is decided anew."""
        if not self._desk.identity.made_here(caller):
            raise Denied(UNSEALED)
        engine, given = self._desk.engine, [each for each in context.attachments if each.handle]
        who, nothing = (caller.tenant, caller.principal), (Attached(), frozenset[tuple[str, int]]())
        attached, behind = engine.resolved(given[0].handle, *who) if given else nothing
        caller = self._read_by(caller)
        if not self._preparing.sees(caller, behind):  # which also finds out whether the caller may ask at all, by now
            raise NotFound("a memory behind what is attached has changed, or is not to be seen any more; ask for the context again")
        return _known(context, engine.generate(*who, context.parts, sampling, attached, stands=partial(self._stand, caller)))

    def _stand(self, caller: Caller, sources: frozenset[tuple[str, int]]) -> bool:
        """Whether a caller may still be given some memories as they were; False where that cannot be found out."""
        try:
            return self._preparing.sees(caller, sources)
        except MemOSError:
            return False

    def _committed(
        self, caller: Caller, call: MemoryCall, reply: MemoryReply, committed: Committed, let_go: LetGo
    ) -> MemoryReply:  # fmt: skip
        warnings = release(self._desk, self._vault, caller.tenant, (let_go,))
        cubes = tuple(as_committed(cube, committed) for cube in reply.cubes)
        waiting = bool(call.options.get("wait"))
        warnings = (*warnings, *self._after_commit(caller.tenant, waiting)) if caller.kind == "user" else warnings
        self._extracted(call, reply)
        told = reply.model_copy(update={"cubes": cubes, "seq": committed.seq, "warnings": (*reply.warnings, *warnings)})
        if call.operation != "erase":
            return told
        with self._vault.view(caller.tenant) as view:
            self._preparing.forgetting.notice(view)
        return self._with_receipt(call, told)

    def _extracted(self, call: MemoryCall, reply: MemoryReply) -> None:
        if call.operation == "extract":
            self._desk.extracting.told(reply.value)

    def _with_receipt(self, call: MemoryCall, reply: MemoryReply) -> MemoryReply:
        return self._erased(reply, bool(call.options.get("finish", True)))


def _known(context: Context, pieces: Iterator[Generated]) -> Iterator[Generated]:
    """The pieces of an answer; what a runtime raises that is no error of ours becomes one, which repeats nothing of the prompt."""
    try:
        yield from pieces
    except MemOSError:
        raise
    except Exception as error:  # noqa: BLE001 - the last resort, as in `handle`
        raise unforeseen(MemoryCall(id=context.call_id, operation="context"), error) from None


def as_committed(cube: MemCube, committed: Committed) -> MemCube:
    """A memory with the seq and the ordinal that its commit gave it."""
    return cube.model_copy(update={"seq": committed.seq, "ordinal": committed.ordinals.get(cube.id, cube.ordinal)})
