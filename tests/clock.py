"""A clock that tests set by hand."""

from datetime import datetime, timedelta

from memos.ports.clock import SystemClock


class HandClock(SystemClock):
    """Stands still until it is moved."""

    def __init__(self, start: datetime) -> None:
        super().__init__()
        self.time = start

    def now(self) -> datetime:
        return self.time

    def move(self, **by: float) -> None:
        self.time += timedelta(**by)
