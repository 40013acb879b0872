"""What an operation works with: the desk is built once, the work is made for each attempt at a call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from math import inf
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import BeforeValidator, ValidationError

from memos.errors import InvalidCall
from memos.infrastructure.memgovernance.credentials import Credentials
from memos.infrastructure.memgovernance.governance import MemGovernance
from memos.infrastructure.memgovernance.permission.actions import Action, reading
from memos.infrastructure.memgovernance.permission.warrant import Heads, Warrant
from memos.infrastructure.memgovernance.quotas import Charge, Quotas
from memos.interface.memory_api.engine import Engine
from memos.interface.memory_api.extracting import Extracting
from memos.memcube.call import Caller, Grant, MemoryCall, MemoryReply
from memos.memcube.change import ChangeSet, Idempotency, ReadSet
from memos.memcube.cube import MemCube
from memos.memcube.filter import Filter
from memos.memcube.legal import legal_trigger
from memos.memcube.provenance import CallContext
from memos.memcube.state import State
from memos.memcube.value import Value, invalid
from memos.operation.memoperator.operator import MemOperator
from memos.ports.adapter import View
from memos.ports.clock import Clock
from memos.ports.journal import AccessLog
from memos.ports.models import UNIT, Embedder, Reranker
from memos.settings import Settings

if TYPE_CHECKING:
    from memos.interface.memory_api.context import Kit

Trigger = Annotated[str | None, BeforeValidator(legal_trigger)]


AIMED = frozenset({"update", "forget", "archive", "restore", "confirm", "freeze", "unfreeze", "transfer", "share", "history"})
"""The operations that may name their memories in words: with a query, and no ids."""


class Options(Value):
    """What every operation that writes understands."""

    trigger: Trigger = None
    wait: bool = False


Read = TypeVar("Read", bound=Value)


@dataclass(frozen=True, slots=True)
class Signing:
    """The store's id, and the 32 secret bytes of its signing key, made on first use."""

    store_id: str
    secret: Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Desk:
    """The services that operations call; none of them writes."""

    governance: MemGovernance
    operator: MemOperator
    embedder: Embedder | None
    clock: Clock
    settings: Settings
    quotas: Quotas
    log: AccessLog
    """The log of calls that wrote nothing; the View has that of the others."""
    signing: Signing
    identity: Credentials
    extracting: Extracting
    engine: Engine
    reranker: Reranker | None = None


@dataclass(frozen=True, slots=True)
class Work:
    """One attempt at one call: who asks what, the View it is computed from, and what may be seen there."""

    desk: Desk
    caller: Caller
    call: MemoryCall
    view: View
    grant: Grant
    warrant: Warrant
    now: datetime
    open_view: Callable[..., AbstractContextManager[View]]
    """Another View of the caller's tenant: (*, at=None, branch="")."""
    original: MemoryCall | None = None
    """The call as it came in, where this is one in which its words were settled against the View."""

    @property
    def derived(self) -> Grant:
        """What the grant shows, and of KV blocks and adapters all that is made of nothing else: for who looks for those."""
        return self.grant.model_copy(update={"filter": self.warrant.with_derived(self.grant.filter)})

    @property
    def elsewhere(self) -> bool:
        """Whether the call is about the past or a branch, whose rows tell for themselves what had gone then."""
        return self.call.at is not None or self.call.branch is not None

    @property
    def action(self) -> Action:
        """By which action the call sees memories."""
        return reading(self.call.operation, past=self.elsewhere)

    @property
    def moment(self) -> datetime:
        """The time as of which this call reads: now, unless it reads the past."""
        if self.call.at is None:
            return self.now
        return self.call.moment or self.view.time_of(self.view.seq) or self.now

    def gone(self, cube: MemCube) -> bool:
        """Whether a row tells that its memory is forgotten, or over at the call's moment."""
        end = cube.policy.expires_at
        return cube.state is State.EXPIRED or (end is not None and end <= self.moment)

    @property
    def heads(self) -> Heads | None:
        """The rows that decide about memories, None where those in view do: in the present, one row a memory."""
        return self._standing if self.elsewhere or self.call.operation == "history" else None

    def _standing(self, ids: Sequence[str]) -> dict[str, MemCube]:
        with self.open_view() as present:
            return present.get(ids, grant=Filter.everything(), now=self.now)

    def context(self) -> CallContext:
        """The calling context, as provenance keeps it."""
        who = self.caller
        return CallContext(user=who.user, agent=who.agent, session=who.session, purpose=who.purpose, task=who.task, call=self.call.id)

    def change(self, **parts: object) -> ChangeSet:
        """A ChangeSet of this call."""
        fixed = {
            "tenant": self.caller.tenant,
            "caller": self.caller,
            "call_id": self.call.id,
            "operation": self.call.operation,
            "at": self.now,
        }
        return ChangeSet(**{"branch": self.view.branch, **fixed, **parts})  # type: ignore[arg-type]

    def idempotency(self, ids: tuple[str, ...]) -> Idempotency | None:
        """The key under which this call may be repeated, if it has one."""
        key, call = self.call.idempotency_key, self.original or self.call
        said = fingerprint(call) if self.caller.behalf is None else f"{fingerprint(call)} for {self.caller.behalf}"
        return Idempotency(key=key, fingerprint=said, ids=ids) if key else None


@dataclass(frozen=True, slots=True)
class LetGo:
    """What a commit lets go of: whatever is made of some memories, or is one of them, None for all of the tenant; and blobs."""

    ids: tuple[str, ...] | None = ()
    blobs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Prepared:
    """What an operation prepared: the reply, and the change to commit before it is given, if any."""

    reply: MemoryReply
    change: ChangeSet | None = None
    reads: ReadSet = field(default_factory=ReadSet)
    lanes: Mapping[str, str] = field(default_factory=dict)
    """For each memory disclosed by a search, the lanes that found it."""
    told: tuple[MemCube, ...] = ()
    """Memories that the reply's value tells of; the access log names them as disclosed."""
    grant: Grant | None = None
    """What the caller could see when this was prepared."""
    withheld: tuple[str, ...] = ()
    """The ids of memories that were found and that the last decision kept back."""
    charges: tuple[Charge, ...] = ()
    """What disclosing the reply takes of contracts."""
    let_go: LetGo = LetGo()
    repeatable: Idempotency | None = None
    """The key under which a call that changed nothing is remembered, where its chain changes something."""
    kit: Kit | None = None
    """What a prompt is made of, beside the memories that are disclosed."""


def fingerprint(call: MemoryCall) -> str:
    """The call without what differs between repetitions, with all that follows it, as JSON."""
    return _without_vectors(call).model_dump_json(exclude=_DIFFERING | {"then": {"__all__": _DIFFERING}} if call.then else _DIFFERING)


_DIFFERING: dict[str, Any] = {
    "id": True,
    "idempotency_key": True,
    "drafts": {"__all__": {"vector"}},
    "query": {"vector"},
}


def _without_vectors(call: MemoryCall) -> MemoryCall:
    options = {name: value for name, value in call.options.items() if name != "vector"}
    return call.model_copy(update={"options": options, "then": tuple(map(_without_vectors, call.then))})


def read_options(kind: type[Read], work: Work) -> Read:
    """The call's options as one operation understands them; InvalidCall for those it does not."""
    try:
        return kind.model_validate(work.call.options)
    except ValidationError as error:
        raise invalid(error) from None


def fitting(work: Work, vector: Any) -> Any:
    """A vector given by the caller, scaled to length 1; InvalidCall when it does not fit the store's embedder."""
    if vector is None:
        return None
    if work.view.dimensions is None:
        raise InvalidCall("this store has no embedder and keeps no vectors; leave the vector out, or run `memos reembed --embedder minilm`")
    if len(vector) != work.view.dimensions:
        raise InvalidCall(f"the vector has {len(vector)} numbers, this store's have {work.view.dimensions}")
    length = float((vector @ vector) ** 0.5)
    if not 0 < length < inf:
        raise InvalidCall("a vector of zeros has no direction; leave the vector out")
    return vector if abs(length - 1.0) < UNIT else vector / length
