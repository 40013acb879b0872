"""MemoryAPI: the one conductor. It authorises, prepares against a View, commits, discloses and records."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from memos.errors import BackendError, Denied, InvalidCall, MemOSError, VersionConflict, tree
from memos.infrastructure.memgovernance.credentials import nobody
from memos.infrastructure.memgovernance.permission.warrant import Heads
from memos.infrastructure.memvault.vault import MemVault
from memos.interface.memory_api import extract, holds
from memos.interface.memory_api.answers import told
from memos.interface.memory_api.desk import Desk, Prepared, Work
from memos.interface.memory_api.embedding import Vectors, with_query_vector
from memos.interface.memory_api.extracting import Waiting, with_extraction
from memos.interface.memory_api.followers import with_followers
from memos.interface.memory_api.forgetting import Forgetting
from memos.interface.memory_api.operations import OPERATIONS
from memos.interface.memory_api.operations import prepared as operated
from memos.interface.memory_api.reranking import with_reranking
from memos.interface.memory_api.structure import in_words, known, placed, structured
from memos.memcube.call import Caller, CallingContext, MemoryCall, MemoryReply, raising
from memos.memcube.change import CANONICAL, ChangeSet, Committed, ReadSet
from memos.memcube.cube import MemCube
from memos.memcube.filter import Filter
from memos.ports.adapter import View
from memos.ports.journal import AccessRow

UNSEALED = (
    "this caller was not made by this door; authenticate a credential here, or use `MemOS.as_user` in the process that embeds the store"
)
READS = frozenset({"search", "trace", "get", "list", "tags", "catalogue", "history", "diff", "log", "explain"}) | frozenset(
    {"snapshot", "snapshots", "moment", "branch", "branches", "graph", "entities", "count", "summarise", "compare", "none"}
)
"""What may be asked of the past, or says itself why it is not; the rest is about the present."""
ATTEMPTS, ADD_ATTEMPTS = 3, 64
"""How often a call is prepared anew when somebody else committed first; an `add` of a fact that others add too has nothing to lose."""
OF_VERSIONS = frozenset({"history", "diff", "restore", "update", "merge"})
"""Operations that tell of earlier rows than those of now."""
STORE_FAILURES = frozenset(tree(BackendError))
"""Replies that tell of the store and of no memory: where the journal fails with it (a closed store, a full disk) they say why."""
log = logging.getLogger("memos.api")
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
        self._forgetting = Forgetting(desk)

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
        return raising(self._record(nobody(found.tenant), call, failure(call, Denied(found.reason)), began))  # type: ignore[return-value]

    def handle(self, caller: Caller, call: MemoryCall) -> MemoryReply:
        """Run one call to its end. A call that wrote has its row in the commit log, every other one in the access log."""
        began = time.perf_counter_ns()
        if not self._desk.identity.made_here(caller):
            return self._record(nobody(""), call, failure(call, Denied(UNSEALED)), began)
        try:
            _require_supported(call)
            reply, recorded = self._run(caller, call, began)
        except MemOSError as error:
            reply, recorded = failure(call, error), False
        except Exception as error:  # noqa: BLE001 - the last resort: whoever calls gets an error of ours
            reply, recorded = failure(call, unforeseen(call, error)), False
        return reply if recorded else self._record(caller, call, reply, began)

    def _run(self, caller: Caller, call: MemoryCall, began: int) -> tuple[MemoryReply, bool]:
        ready, warnings = with_query_vector(caller, call, self._desk)
        ready, further = with_reranking(ready, self._desk, partial(self._found, caller))
        ready, unread = with_extraction(ready, self._desk.extracting, partial(self._sources, caller))
        warnings = (*warnings, *further, *unread)
        vectors = Vectors(caller, self._desk)
        attempts = ADD_ATTEMPTS if call.operation == "add" else ATTEMPTS
        for attempt in range(1, attempts + 1):
            prepared = self._prepare(caller, ready, counted=attempt > 1)
            reply = prepared.reply.model_copy(update={"warnings": (*warnings, *prepared.reply.warnings), "call": call})
            if prepared.change is None:
                self._extracted(call, reply)
                self._vault.record(self._row(caller, call, reply, prepared, began))
                return (self._with_receipt(call, reply) if call.operation == "erase" and reply.call_id != call.id else reply), True
            change, degraded = vectors.completed(prepared.change)
            reply = reply.model_copy(update={"warnings": (*reply.warnings, *degraded)}) if degraded else reply
            try:
                committed = self._vault.commit(replace(change, took=_since(began)), prepared.reads)
            except VersionConflict:
                if attempt == attempts:
                    raise
                continue
            return self._committed(caller, call, reply, committed), True
        raise AssertionError

    def _prepare(self, caller: Caller, call: MemoryCall, *, counted: bool) -> Prepared:
        governance, quotas = self._desk.governance, self._desk.quotas
        branch = governance.branch_key(caller, call.branch) if call.branch is not None else CANONICAL
        with self._vault.view(caller.tenant, at=call.at, branch=branch) as view:
            work = self._work(caller, call, view, counted=counted)
            measured = caller, call.operation, view, work.warrant.identity.roles
            prepared = holds.kept(work, with_followers(work, operated(work)))
            if prepared.change is not None:
                allowed = replace(prepared.change, allowances=quotas.allowances(*measured))
                labelled = _labelled(work, prepared, governance.labelled(allowed))
                self._require_changes(work, labelled.change)
                labelled = replace(labelled, reply=governance.told(work.warrant, labelled.reply))
                return labelled if caller.kind == "system" else replace(labelled, reads=_governed(prepared.reads, view))
            reply, withheld = governance.disclose(work.warrant, work.grant, prepared.reply, work.now, work.heads)
            quotas.disclosing(*measured, (*reply.cubes, *(hit.cube for hit in reply.hits), *prepared.told))
            reply = told(call, reply.model_copy(update={"seq": view.seq}))
            return replace(prepared, reply=reply, grant=work.grant, withheld=(*prepared.withheld, *withheld))

    def _work(self, caller: Caller, call: MemoryCall, view: View, *, counted: bool) -> Work:
        """What an operation works with in a View; Denied when the caller may not ask for it, or not any more.

        A call that was not `counted` yet counts against the caller's rates, also when it is denied.
        """
        desk = self._desk
        self._forgetting.notice(view)
        now = desk.clock.now()
        desk.identity.admit(caller, view, now)
        warrant = desk.governance.warrant(caller, view, now, self._heads(caller, call, now))
        if not counted:
            desk.quotas.require(caller, call.operation, view, warrant.identity.roles)
        grant = desk.governance.authorize(warrant, caller, call)
        return Work(desk, caller, in_words(call, view), view, grant, warrant, now, partial(self._vault.view, caller.tenant))

    def _found(self, caller: Caller, call: MemoryCall) -> tuple[MemCube, ...]:
        """The memories that a search finds, for a model of this process to read; nothing of it is disclosed."""
        branch = self._desk.governance.branch_key(caller, call.branch) if call.branch is not None else CANONICAL
        with self._vault.view(caller.tenant, at=call.at, branch=branch) as view:
            work = self._work(caller, call, view, counted=True)
            cubes = [hit.cube for hit in operated(work).reply.hits]
            allowed = self._desk.governance.permitted(work.warrant, work.grant, call, cubes, now=work.now, heads=work.heads)
            return tuple(cube for cube, may in zip(cubes, allowed, strict=True) if may)

    def _sources(self, caller: Caller, call: MemoryCall) -> tuple[Sequence[Waiting], int]:
        """The memories from which facts are to be extracted, for rules or a model to read."""
        with self._vault.view(caller.tenant, at=call.at, branch="") as view:
            return extract.sources(self._work(caller, call, view, counted=True))

    def _heads(self, caller: Caller, call: MemoryCall, now: datetime) -> Heads | None:
        """How the rows of now are found, for calls that tell of others."""
        if call.at is None and call.branch is None and call.operation not in OF_VERSIONS:
            return None

        def found(ids: Sequence[str]) -> dict[str, MemCube]:
            with self._vault.view(caller.tenant) as present:
                return present.get(ids, grant=Filter.everything(), now=now)

        return found

    def _require_changes(self, work: Work, change: ChangeSet | None) -> None:
        """Denied unless the caller may make each of the writes, as the rows stand that they replace, where they write them."""
        if change is None or work.warrant.system or work.call.operation == "review":
            return
        ids, now = [write.cube.id for write in change.writes if not write.birth], work.now
        if not ids or change.branch == work.view.branch:
            before = work.view.get(ids, grant=Filter.everything(), now=now) if ids else {}
        else:
            with self._vault.view(change.tenant, branch=change.branch) as there:
                before = there.get(ids, grant=Filter.everything(), now=now)
        self._desk.governance.require_changes(work.warrant, before, change.writes)

    def _committed(self, caller: Caller, call: MemoryCall, reply: MemoryReply, committed: Committed) -> MemoryReply:
        cubes = tuple(as_committed(cube, committed) for cube in reply.cubes)
        waiting = bool(call.options.get("wait"))
        warnings = self._after_commit(caller.tenant, waiting) if caller.kind == "user" else ()
        self._extracted(call, reply)
        told = reply.model_copy(update={"cubes": cubes, "seq": committed.seq, "warnings": (*reply.warnings, *warnings)})
        if call.operation != "erase":
            return told
        with self._vault.view(caller.tenant) as view:
            self._forgetting.notice(view)
        return self._with_receipt(call, told)

    def _extracted(self, call: MemoryCall, reply: MemoryReply) -> None:
        if call.operation == "extract":
            self._desk.extracting.told(reply.value)

    def _with_receipt(self, call: MemoryCall, reply: MemoryReply) -> MemoryReply:
        return self._erased(reply, bool(call.options.get("finish", True)))

    def _record(self, caller: Caller, call: MemoryCall, reply: MemoryReply, began: int) -> MemoryReply:
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
            took=_since(began),
        )


def _governed(reads: ReadSet, view: View) -> ReadSet:
    """What was read, and the policies under which: where these change before the commit, the call is decided anew."""
    return replace(reads, policy_epoch=view.policy_epoch)


def _labelled(work: Work, prepared: Prepared, change: ChangeSet) -> Prepared:
    """What was prepared, with the labels and the predicted tags that the texts to be written bear."""
    if change is prepared.change:
        return prepared
    structure = work.desk.settings.structure
    writes = tuple(structured(known(write), on=structure) for write in change.writes)
    change = replace(change, writes=writes if work.call.operation == "classify" else placed(writes, work.view, work.now))
    written = {write.cube.id: write.cube for write in change.writes}
    reply = prepared.reply.model_copy(update={"cubes": tuple(written.get(cube.id, cube) for cube in prepared.reply.cubes)})
    return replace(prepared, change=change, reply=reply)


def _since(began: int) -> int:
    """Microseconds since a reading of the processor's clock."""
    return (time.perf_counter_ns() - began) // 1000


def _require_supported(call: MemoryCall) -> None:
    if call.operation not in OPERATIONS:
        raise InvalidCall(f"there is no operation {call.operation!r}; there are {', '.join(OPERATIONS)}")
    if call.at is not None and call.operation not in READS:
        raise InvalidCall(f"{call.operation} cannot change the past; leave `at` out, restore what you want back, or open a branch there")
    if any(ref.version is not None for ref in call.cubes):
        raise InvalidCall("a call names memories, not versions; history tells of these, `at` reads as of then")
    if call.then:
        raise InvalidCall("chains of calls (`then`) are not run by this version; send the calls one by one")


def as_committed(cube: MemCube, committed: Committed) -> MemCube:
    """A memory with the seq and the ordinal that its commit gave it."""
    return cube.model_copy(update={"seq": committed.seq, "ordinal": committed.ordinals.get(cube.id, cube.ordinal)})


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
