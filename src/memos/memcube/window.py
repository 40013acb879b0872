"""Window: the half-open interval of time that a query asks about."""

from __future__ import annotations

from pydantic import model_validator

from memos.errors import InvalidCall
from memos.memcube.value import Instant, Value


class Window(Value):
    """A half-open interval `[start, end)` of the times at which things were said; None is open."""

    start: Instant | None = None
    end: Instant | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Window:
        if self.start and self.end and self.start >= self.end:
            raise InvalidCall(f"the window must start before it ends; {self.start.isoformat()} is not before {self.end.isoformat()}")
        return self
