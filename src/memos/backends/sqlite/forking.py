"""Forking: what SQLite knows of its locks is wrong in a forked child, so that nothing may be open while a process forks.

SQLite keeps one table of locks and mutexes a process; POSIX gives a child the table and none of the locks. A child that opened the same
file again would believe them held, and its acknowledged commits would be lost when the parent closes. So a fork waits until no thread is
inside SQLite, and every connection is closed; parent and child open their own when they next need one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition, get_ident
from typing import Protocol
from weakref import WeakSet

from memos.errors import BackendError

PATIENCE = 1.0
"""Seconds that a fork waits for the threads that are inside; a child of one that did not get them out may open no store."""


class Holder(Protocol):
    """Who keeps connections open between calls."""

    def suspend(self) -> None:
        """Close them; they are opened again when they are next needed. Called while nobody is inside the gate."""


class Gate:
    """Everything that touches SQLite happens inside. Reentrant; threads do not wait for each other, only for a fork."""

    def __init__(self) -> None:
        self._broken = False
        self._renew()

    def _renew(self) -> None:
        self._process = os.getpid()
        self._holders: WeakSet[Holder] = WeakSet()
        self._changed = Condition()
        self._inside: dict[int, int] = {}
        self._forking: dict[int, bool] = {}

    def register(self, holder: Holder) -> None:
        """Have a holder closed before each fork; called inside."""
        self._holders.add(holder)

    @contextmanager
    def using(self) -> Iterator[None]:
        """Be inside; BackendError in the child of a process that could not close its stores before it forked."""
        thread = get_ident()
        if os.getpid() != self._process:  # forked by other means than Python's
            self.in_child()
        with self._changed:
            if thread not in self._inside:
                self._changed.wait_for(lambda: not self._forking)
                self._require_whole()
            self._inside[thread] = self._inside.get(thread, 0) + 1
        try:
            yield
        finally:
            with self._changed:
                depth = self._inside.pop(thread, 1) - 1
                if depth:
                    self._inside[thread] = depth
                elif self._forking:
                    self._changed.notify_all()

    def _require_whole(self) -> None:
        if self._broken:
            raise BackendError(
                "this process was forked while its parent was working in a store, so SQLite's locks are not to be trusted here:"
                " start it with spawn or exec, or fork before a store is opened"
            )

    def before(self) -> None:
        """Let everybody out, keep everybody out, and close what is open."""
        thread = get_ident()
        with self._changed:
            self._forking[thread] = False
            if thread not in self._inside and self._changed.wait_for(lambda: not self._inside, PATIENCE):
                for holder in list(self._holders):
                    holder.suspend()
                self._forking[thread] = True

    def in_parent(self) -> None:
        """Go on."""
        with self._changed:
            self._forking.pop(get_ident(), None)
            self._changed.notify_all()

    def in_child(self) -> None:
        """Begin anew, or never when something was left open."""
        self._broken = self._broken or not self._forking.get(get_ident(), not self._holders)
        self._renew()


GATE = Gate()
os.register_at_fork(before=GATE.before, after_in_parent=GATE.in_parent, after_in_child=GATE.in_child)
