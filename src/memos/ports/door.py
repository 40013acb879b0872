"""Door: the one way in. MemoryAPI is one; an HTTP client is another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from memos.memcube.call import Caller, CallingContext, MemoryCall, MemoryReply

if TYPE_CHECKING:
    from memos.memcube.plan import Context
    from memos.memcube.prompt import Sampling
    from memos.ports.runtime import Generated


class Door(Protocol):
    """Makes Callers of credentials and handles their calls; a call's errors come back as its reply's status, never as exceptions."""

    def authenticate(self, credential: str, context: CallingContext, tenant: str | None = None) -> Caller:
        """Who a credential stands for, in a calling context; Denied when it stands for nobody.

        `tenant` says which one is meant where several take the tokens of one issuer; no credential is good for another tenant's.
        """

    def handle(self, caller: Caller, call: MemoryCall) -> MemoryReply:
        """Run one call to its end."""


@runtime_checkable
class Answering(Protocol):
    """A door behind which a model answers."""

    def answer(self, caller: Caller, context: Context, sampling: Sampling) -> Iterator[Generated]:
        """The model's answer to a context that this door has made, piece by piece.

        Raises InvalidCall where there is no model, Denied and NotFound where what is attached may not be used any more, Unavailable and
        BackendError when the model fails.
        """
