"""Calls: the verbs that run whole MemoryCalls, such as those that were made of words, one by one or several as one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from memos.errors import InvalidCall
from memos.memcube.call import MemoryCall, MemoryReply, raising
from memos.memcube.value import invalid
from memos.session.base import Verbs

DEEPEST = 8
"""So deep calls may be nested to be read at all; those of a chain stand side by side."""


class Calls(Verbs):
    """`handle`, `together`."""

    def handle(self, call: MemoryCall | Mapping[str, Any]) -> MemoryReply:
        """Run a call as it is, with what follows it (`call.then`) as one unit; a call may be the JSON object of one, without an id too.

        The reply is the first call's, `reply.then` has those to the others. Each call sees what those before it do; all of it is committed
        at once, or, where one fails, nothing: the error says in which step. Raises what the verbs of the calls raise.
        """
        return self._handled(self._made(call))

    def together(self, calls: Iterable[MemoryCall | Mapping[str, Any]], *, idempotency_key: str | None = None) -> MemoryReply:
        """Run several calls, in their order, as one unit: as `handle` runs a call that the others follow.

        `idempotency_key` holds for all of them: the same calls under the same key are done once.
        """
        listed: Any = calls
        if (
            not isinstance(listed, Iterable)
            or isinstance(listed, MemoryCall | Mapping)
            or not (made := [self._made(each) for each in listed])
        ):
            raise InvalidCall("give a list of at least one call to run")
        first, *rest = made
        key = {} if idempotency_key is None else {"idempotency_key": idempotency_key}
        return self._handled(first.model_copy(update={"then": (*first.then, *rest), **key}))

    def _handled(self, call: MemoryCall) -> MemoryReply:
        mine = {name: value for name, value in self._place._asdict().items() if value is not None}
        for name, value in mine.items():
            if getattr(call, name) not in (None, value):
                raise InvalidCall(f"the call has another {name} than this session; leave it out of the call")
        return raising(self._door.handle(self.caller, call.model_copy(update=mine)))

    def _made(self, call: MemoryCall | Mapping[str, Any]) -> MemoryCall:
        if isinstance(call, MemoryCall):
            return call
        if not isinstance(call, Mapping):
            raise InvalidCall(f"a call is a MemoryCall or a JSON object of its fields, not a {type(call).__name__}")
        try:
            return MemoryCall.model_validate(self._with_ids(call))
        except ValidationError as error:
            raise invalid(error) from None

    def _with_ids(self, call: Mapping[str, Any], depth: int = 0) -> dict[str, Any]:
        if depth > DEEPEST:
            raise InvalidCall("a step of a chain has no chain of its own; put its calls behind it")
        then = call.get("then")
        following = (
            [self._with_ids(each, depth + 1) if isinstance(each, Mapping) else each for each in then]
            if isinstance(then, list | tuple)
            else then
        )
        return {"id": self._clock.new_id()} | dict(call) | ({} if then is None else {"then": following})
