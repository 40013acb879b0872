"""Base: what every group of verbs stands on: a door, a caller, and where in time and on which branch the session reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple, Self

from memos.errors import InvalidCall
from memos.memcube.call import Caller, CubeRef, MemoryCall, MemoryQuery, MemoryReply, raising
from memos.memcube.cube import MemCube
from memos.memcube.filter import Filter
from memos.memcube.value import build
from memos.memcube.window import Window
from memos.ports.clock import Clock
from memos.ports.door import Door
from memos.settings import Settings

Filtering = Filter | Mapping[str, Any] | None
Ref = str | MemCube
"""Which memory is meant: its id, or a MemCube that has it."""


SEVERAL = ("states", "types", "layers", "expand")
"""Parts of a query that are lists, of which a single one may be given by itself."""


class Place(NamedTuple):
    """Where a session stands: at a commit of the past and as of which time, on a branch, or in the present."""

    at: int | None = None
    moment: datetime | None = None
    branch: str | None = None


class Verbs:
    """A caller and the door it goes through."""

    def __init__(
        self,
        door: Door,
        caller: Caller,
        clock: Clock,
        place: Place = Place(),  # noqa: B008 - a constant
        settings: Settings | None = None,
    ) -> None:
        self.caller = caller
        self._settings = settings
        self._door = door
        self._clock = clock
        self._place = place

    def __repr__(self) -> str:
        session = f", session {self.caller.session!r}" if self.caller.session else ""
        return f"<{type(self).__name__} of user {self.caller.user!r}, tenant {self.caller.tenant!r}{session}>"

    def _query(self, *, filter: Filtering = None, namespaces: Any = None, window: Any = None, **rest: Any) -> MemoryQuery:
        if isinstance(window, tuple | list):
            if len(window) != 2:
                raise InvalidCall("a window is a pair (start, end), each a time, a date or None")
            window = build(Window, start=window[0], end=window[1])
        named = None if namespaces is None else several(namespaces)
        rest |= {name: several(rest[name]) for name in SEVERAL if rest.get(name) is not None}
        wanted = Filter.parse(filter) if filter is not None else None
        return build(MemoryQuery, filter=wanted, namespaces=named, window=window, **given(**rest))

    def _place_of(self, moment: Any) -> Place:
        """Where in time a moment is; NotFound when no snapshot has the name, InvalidCall for a past that was purged."""
        found = self._call("moment", options={"moment": moment}).value
        return Place(found["seq"], found["at"], self._place.branch)

    def _elsewhere(self, place: Place) -> Self:
        return type(self)(self._door, self.caller, self._clock, place, self._settings)

    def _call(self, operation: str, **parts: Any) -> MemoryReply:
        call = build(MemoryCall, id=self._clock.new_id(), operation=operation, **given(**self._place._asdict()), **parts)
        return raising(self._door.handle(self.caller, call))


def refs(ids: Ref | Iterable[Ref]) -> tuple[CubeRef, ...]:
    """References to memories by their ids, or by themselves; one alone is one."""
    given = (ids,) if isinstance(ids, str | MemCube) else ids
    if not isinstance(given, Iterable):
        raise InvalidCall(f"{str(ids)[:60]!r} is no memory id; ids are UUIDv7, as `reply.cubes[0].id` gives them")
    return tuple(build(CubeRef, id=one.id if isinstance(one, MemCube) else one) for one in given)


def several(values: Any) -> tuple[Any, ...]:
    """Values as a tuple; a text by itself is one."""
    if isinstance(values, str):
        return (values,)
    if not isinstance(values, Iterable):
        raise InvalidCall(f"{str(values)[:60]!r} is no list of texts")
    return tuple(values)


def json_object(value: Any) -> Any:
    """A mapping as a dict; anything else as it is, to be refused where it is read."""
    return dict(value) if isinstance(value, Mapping) else value


def given(**values: Any) -> dict[str, Any]:
    """The values that are not None."""
    return {name: value for name, value in values.items() if value is not None}
