"""Preparing: from a call to what it will change and reply, by its operation, against a View; nothing is written here.

The View is the one way in which a call reads. In a chain it shows what the steps before it staged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial

from memos.infrastructure.memgovernance.permission.warrant import Heads
from memos.infrastructure.memvault.staging import Staging, touched, under, with_ordinals
from memos.infrastructure.memvault.vault import MemVault
from memos.interface.memory_api import convert, extract, holds
from memos.interface.memory_api.answers import told
from memos.interface.memory_api.converting import Material
from memos.interface.memory_api.desk import Desk, Prepared, Work
from memos.interface.memory_api.extracting import Waiting
from memos.interface.memory_api.followers import with_followers
from memos.interface.memory_api.forgetting import Forgetting
from memos.interface.memory_api.operations import prepared as operated
from memos.interface.memory_api.structure import in_words, known, placed, structured
from memos.interface.memory_api.voiding import with_voided
from memos.memcube.call import Caller, MemoryCall
from memos.memcube.change import CANONICAL, ChangeSet, Idempotency, ReadSet
from memos.memcube.cube import MemCube
from memos.memcube.filter import Filter
from memos.ports.adapter import View

OF_VERSIONS = frozenset({"history", "diff", "restore", "update", "merge"})
"""Operations that tell of earlier rows than those of now."""
Open = Callable[..., AbstractContextManager[View]]
"""Opens a View of the caller's tenant: (*, at=None, branch="")."""


class Preparing:
    """Prepares calls: each is authorised, measured, computed and decided anew in a View of its own. `staging` is that of its chain."""

    def __init__(self, desk: Desk, vault: MemVault) -> None:
        self._desk = desk
        self._vault = vault
        self.forgetting = Forgetting(desk, vault)

    def prepared(self, caller: Caller, call: MemoryCall, *, counted: bool, staging: Staging | None = None) -> Prepared:
        """What a call will change, and the reply that it gets once that is committed; or the reply to a call that changes nothing.

        A call that was not `counted` yet counts against the caller's rates, also when it is denied.
        """
        governance, quotas = self._desk.governance, self._desk.quotas
        opened = self._opener(caller, staging)
        with opened(at=call.at, branch=self._branch(caller, call)) as view:
            work = self._work(caller, call, view, opened, counted=counted)
            measured = caller, call.operation, view, work.warrant.identity.roles
            prepared = holds.kept(work, with_followers(work, operated(work)))
            if prepared.change is not None:
                allowed = replace(prepared.change, allowances=quotas.allowances(*measured))
                labelled = _labelled(work, prepared, governance.labelled(allowed), staged=staging is not None)
                self._require_changes(work, labelled.change, opened)
                labelled = with_voided(work, replace(labelled, reply=governance.told(work.warrant, labelled.reply)))
                return labelled if caller.kind == "system" else replace(labelled, reads=_governed(labelled.reads, view))
            reply, withheld = governance.disclose(work.warrant, work.grant, prepared.reply, work.now, work.heads)
            shown = (*reply.cubes, *(hit.cube for hit in reply.hits), *prepared.told)
            return replace(
                prepared,
                reply=told(call, reply.model_copy(update={"seq": view.seq}), whole=self._desk.extracting.has_model),
                grant=work.grant,
                withheld=(*prepared.withheld, *withheld),
                charges=quotas.charges(*measured, shown),
                repeatable=_repeatable(work, prepared),
            )

    def found(self, caller: Caller, call: MemoryCall, staging: Staging | None = None) -> tuple[MemCube, ...]:
        """The memories that a search finds, for a model of this process to read; nothing of it is disclosed."""
        opened = self._opener(caller, staging)
        with opened(at=call.at, branch=self._branch(caller, call)) as view:
            work = self._work(caller, call, view, opened, counted=True)
            cubes = [hit.cube for hit in operated(work).reply.hits]
            allowed = self._desk.governance.permitted(work.warrant, work.grant, call, cubes, now=work.now, heads=work.heads)
            return tuple(cube for cube, may in zip(cubes, allowed, strict=True) if may)

    def sees(self, caller: Caller, sources: frozenset[tuple[str, int]]) -> bool:
        """Whether a caller may be given each of some memories in a context now, in the version named."""
        call = MemoryCall(id=self._desk.clock.new_id(), operation="context")
        with self._opener(caller, None)() as view:
            work = self._work(caller, call, view, self._opener(caller, None), counted=True)
            ids = sorted({each for each, _ in sources})
            found = list(view.get(ids, grant=work.grant.filter, now=work.now).values())
            allowed = self._desk.governance.permitted(work.warrant, work.grant, call, found, now=work.now, heads=None)
            return sources == {(cube.id, cube.version) for cube in found} and all(allowed)

    def materials(self, caller: Caller, call: MemoryCall) -> tuple[Material, ...]:
        """Of what the blocks of a call to convert are to be made, for the model to read."""
        opened = self._opener(caller, None)
        with opened(at=call.at, branch=self._branch(caller, call)) as view:
            return convert.materials(self._work(caller, call, view, opened, counted=True))

    def sources(self, caller: Caller, call: MemoryCall) -> tuple[Sequence[Waiting], int]:
        """The memories from which facts are to be extracted, for rules or a model to read."""
        opened = self._opener(caller, None)
        with opened(at=call.at) as view:
            return extract.sources(self._work(caller, call, view, opened, counted=True))

    def staging(self, caller: Caller, call: MemoryCall) -> Staging:
        """A staging for a chain that begins with a call."""
        return Staging(partial(self._vault.view, caller.tenant), caller.tenant, self._branch(caller, call))

    def _branch(self, caller: Caller, call: MemoryCall) -> str:
        return self._desk.governance.branch_key(caller, call.branch) if call.branch is not None else CANONICAL

    def _opener(self, caller: Caller, staging: Staging | None) -> Open:
        if staging is None:
            return partial(self._vault.view, caller.tenant)

        @contextmanager
        def opened(*, at: int | None = None, branch: str = CANONICAL) -> Iterator[View]:
            with self._vault.view(caller.tenant, at=at, branch=branch) as view:
                yield staging.over(view)

        return opened

    def _work(self, caller: Caller, call: MemoryCall, view: View, opened: Open, *, counted: bool) -> Work:
        """What an operation works with in a View; Denied when the caller may not ask for it, or not any more."""
        desk = self._desk
        self.forgetting.notice(view)
        now = desk.clock.now()
        desk.identity.admit(caller, view, now)
        warrant = desk.governance.warrant(caller, view, now, _heads(call, now, opened))
        if not counted:
            desk.quotas.require(caller, call.operation, view, warrant.identity.roles)
        grant = desk.governance.authorize(warrant, caller, call)
        if (store := under(view)) is not None:
            desk = replace(desk, operator=desk.operator.beside(partial(touched, view), store))
        return Work(desk, caller, in_words(call, view), view, grant, warrant, now, opened)

    def _require_changes(self, work: Work, change: ChangeSet | None, opened: Open) -> None:
        """Denied unless the caller may make each of the writes, as the rows stand that they replace, where they write them."""
        if change is None or work.warrant.system or work.call.operation == "review":
            return
        ids, now = [write.cube.id for write in change.writes if not write.birth], work.now
        if not ids or change.branch == work.view.branch:
            before = work.view.get(ids, grant=Filter.everything(), now=now) if ids else {}
        else:
            with opened(branch=change.branch) as there:
                before = there.get(ids, grant=Filter.everything(), now=now)
        self._desk.governance.require_changes(work.warrant, before, change.writes)


def _heads(call: MemoryCall, now: datetime, opened: Open) -> Heads | None:
    """How the rows of now are found, for calls that tell of others."""
    if call.at is None and call.branch is None and call.operation not in OF_VERSIONS:
        return None

    def found(ids: Sequence[str]) -> dict[str, MemCube]:
        with opened() as present:
            return present.get(ids, grant=Filter.everything(), now=now)

    return found


def _repeatable(work: Work, prepared: Prepared) -> Idempotency | None:
    """Under which key a call that changed nothing is to be remembered with its chain; None for one without, or that is already."""
    reply, call = prepared.reply, work.call
    if call.idempotency_key is None or reply.call_id != call.id:
        return None
    asked = work.idempotency(tuple(cube.id for cube in reply.cubes))
    return None if asked is None or work.view.replay(asked, work.caller) else replace(asked, call_id=call.id)


def _governed(reads: ReadSet, view: View) -> ReadSet:
    """What was read, and the policies under which: where these change before the commit, the call is decided anew."""
    return replace(reads, policy_epoch=view.policy_epoch)


def _labelled(work: Work, prepared: Prepared, change: ChangeSet, *, staged: bool) -> Prepared:
    """What was prepared, with the labels and the predicted tags that the texts to be written bear."""
    if change is prepared.change:
        return prepared
    structure = work.desk.settings.structure
    writes = tuple(structured(known(write), on=structure) for write in change.writes)
    change = replace(change, writes=writes if work.call.operation == "classify" else placed(writes, work.view, work.now))
    if staged:
        change = with_ordinals(change, work.view)
    written = {write.cube.id: write.cube for write in change.writes}
    reply = prepared.reply.model_copy(update={"cubes": tuple(written.get(cube.id, cube) for cube in prepared.reply.cubes)})
    return replace(prepared, change=change, reply=reply)
