"""LogQuery: a question to the logs of calls. LogFilter: the part of it that a log answers by itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BeforeValidator, Field, model_validator

from memos.errors import InvalidCall, tree
from memos.memcube.call import CubeId, Operation
from memos.memcube.legal import CUBE_ID, legal_namespace, legal_principal
from memos.memcube.state import MemoryType
from memos.memcube.value import Instant, Value

OK = "ok"
FIRST, LAST = -1, 2**63 - 1
"""Numbers before and after all that a log gives to its rows."""
Aggregate = Literal["hot", "slow", "denials", "by_hour"]


def legal_call_id(call_id: Any) -> str:
    """A call's id in canonical form; InvalidCall when it is no UUIDv7."""
    if not isinstance(call_id, str) or not CUBE_ID.fullmatch(call_id.lower()):
        raise InvalidCall(f"{str(call_id)[:60]!r} is no call id; ids are UUIDv7, as `reply.call_id` gives them")
    return call_id.lower()


def legal_status(status: Any) -> str:
    """How a call ended: `ok`, or the code of an error; InvalidCall otherwise."""
    if status != OK and status not in tree():
        raise InvalidCall(f"{str(status)[:40]!r} is no status; there are {OK}, {', '.join(tree())}")
    return str(status)


def legal_place(path: Any) -> str:
    """A namespace in canonical form; InvalidCall when it is none."""
    if path is None:
        raise InvalidCall("a namespace must be a path such as 'user/alice/notes', not None")
    return str(legal_namespace(path))


def legal_caller(name: Any) -> str | None:
    """A user's name, or None; InvalidCall when it is none."""
    return None if name is None else legal_principal(name)


CallId = Annotated[str, BeforeValidator(legal_call_id)]


class LogQuery(Value):
    """Which rows of the two logs, newest first unless told otherwise. A list is a choice: one of them is enough; None asks for all.

    A row passes `types`, `namespaces` and `cubes` where one and the same memory that it tells of passes the three.
    """

    since: Instant | None = Field(default=None, description="at this time or later")
    until: Instant | None = Field(default=None, description="before this time")
    caller: Annotated[str | None, BeforeValidator(legal_caller)] = Field(default=None, description="a user's name, or `system`")
    operations: tuple[Operation, ...] | None = Field(default=None, description="what was called")
    statuses: tuple[Annotated[str, BeforeValidator(legal_status)], ...] | None = Field(default=None, description="`ok` or an error's code")
    types: tuple[MemoryType, ...] | None = Field(default=None, description="what the version was made of")
    namespaces: tuple[Annotated[str, BeforeValidator(legal_place)], ...] | None = Field(
        default=None, description="where the version stood, or above it"
    )
    cubes: tuple[CubeId, ...] | None = Field(default=None, description="ids of memories")
    calls: tuple[CallId, ...] | None = Field(default=None, description="ids of calls")
    aggregate: Aggregate | None = Field(default=None, description="what is counted over the rows, instead of the rows themselves")
    limit: int = Field(default=100, ge=1, le=1000, description="of a page, or of an aggregate")
    cursor: str | None = Field(default=None, description="`next` of the page before")
    descending: bool = Field(default=True, description="the newest first")

    @model_validator(mode="after")
    def _makes_sense(self) -> LogQuery:
        if self.since and self.until and self.since >= self.until:
            raise InvalidCall(f"since must be before until; {self.since.isoformat()} is not before {self.until.isoformat()}")
        if self.aggregate is not None and self.cursor is not None:
            raise InvalidCall("an aggregate has no pages: leave the cursor out, or the aggregate")
        return self


class Place(NamedTuple):
    """Where a row stands in its log: its time, then its number."""

    at: datetime
    number: int


@dataclass(frozen=True, slots=True)
class LogFilter:
    """What a row of one log must be; None asks for nothing. `upto` is the last number that there is for this question."""

    since: datetime | None = None
    until: datetime | None = None
    callers: tuple[str, ...] | None = None
    """Pseudonyms, as `View.pseudonym` gives them."""
    whole: str | None = None
    """The pseudonym of whom every row is wanted; of everybody else, where it is given, those that name a memory."""
    operations: tuple[str, ...] | None = None
    statuses: tuple[str, ...] | None = None
    cubes: tuple[str, ...] | None = None
    calls: tuple[str, ...] | None = None
    upto: int = LAST


EVERY_ROW = LogFilter()
