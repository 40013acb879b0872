"""The access journal: one row in access.db for each call that wrote nothing, appended before its reply leaves."""

from __future__ import annotations

import json
import os
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

import apsw
from pydantic_core import from_json

from memos.backends.sqlite.chain import GENESIS, link
from memos.backends.sqlite.encryption import PageKey
from memos.backends.sqlite.forking import GATE
from memos.backends.sqlite.journal_file import FILE, Durability, JournalFile
from memos.backends.sqlite.keys import Keys
from memos.backends.sqlite.logs import direction, listed, question
from memos.backends.sqlite.named import statements
from memos.backends.sqlite.rows import id_text
from memos.errors import DAMAGE, InvalidCall, MemOSError, Unavailable, damaged
from memos.memcube.fields import instant, microseconds
from memos.memcube.log import EVERY_ROW, LogFilter, Place
from memos.ports.journal import BESIDE, AccessRow, AccessUse

_written = json.JSONEncoder(separators=(",", ":")).encode

Fields = tuple[int, bytes, str, bytes, str, str, bytes, int, str, bytes, bytes, int]
"""at, call_id, tenant, caller, operation, status, grant_hash, seq, branch, hits, withheld, took."""


class _Ticket:
    """A row on its way: it ends with a number or with an error."""

    __slots__ = ("error", "fields", "number")

    def __init__(self, fields: Fields) -> None:
        self.fields = fields
        self.number: int | None = None
        self.error: str | None = None


class SqliteJournal:
    """Implements `memos.ports.journal.AccessJournal` on `directory`/access.db, or on the file `path` where one is given.

    `key` is the store's: callers stand under pseudonyms keyed by it;
    `page_key` is that of an encrypted store's pages. With neither directory nor path the journal lives in memory.
    Safe among threads and processes. Whoever gets the lock commits every row that waits, in one transaction. By default a row
    survives the death of the process (`durability="process"`); "power" syncs the disk for each group. Opening raises NotAStore,
    StoreTooNew or ReadOnlyStore.
    """

    def __init__(
        self,
        directory: Path | None,
        *,
        key: bytes,
        durability: Durability = "process",
        path: Path | None = None,
        page_key: PageKey | None = None,
    ) -> None:
        self.path = path if path is not None else directory and directory / FILE
        self._keys = Keys(key)
        self._sql = statements("access")
        self._process = os.getpid()
        self._waiting: deque[_Ticket] = deque()
        self._leading = threading.Lock()
        self._reading = threading.Lock() if self.path else self._leading
        self._file = JournalFile(self.path, durability, page_key)

    def append(self, row: AccessRow) -> int:
        """Append a row and return its number once it is committed.

        Raises Unavailable when it cannot be, InvalidCall when an id is no UUID.
        """
        self._require_own_process()
        ticket = _Ticket(self._fields(row))
        with GATE.using():
            self._waiting.append(ticket)
            with self._leading:
                if ticket.number is None and ticket.error is None:
                    self._lead()
        if ticket.number is None:
            raise Unavailable(f"the access row could not be written: {ticket.error}; the reply is withheld", journal=str(self.path))
        return ticket.number

    def uses(self, after: int, limit: int = 10_000) -> AccessUse:
        """The memories used, by at most `limit` rows after a row number; `upto` is the last row looked at."""
        upto, uses = after, []
        with self._mapped():
            for aseq, tenant, at, hits in self._read("uses", after, limit):
                upto = aseq
                uses += [(tenant, hit[0], instant(at)) for hit in json.loads(hits) if BESIDE not in hit[2].split()]
        return AccessUse(upto, tuple(uses))

    def rows(self, *, after: int = 0, limit: int = 100) -> Sequence[dict[str, object]]:
        """At most `limit` rows after a row number, oldest first."""
        with self._mapped():
            return [_told(row) for row in self._read("rows", after, limit)]

    def log(
        self, tenant: str, wanted: LogFilter = EVERY_ROW, *, descending: bool = False, after: Place | None = None, limit: int = 100
    ) -> Sequence[dict[str, object]]:
        """See the port."""
        asked = question(wanted, after, descending=descending) | {"tenant": tenant, "limit": limit}
        asked |= {"statuses": listed(wanted.statuses), "cubes": listed(wanted.cubes)}
        rows = self._sql["by_time" if wanted.calls is None else "by_call"]
        text = self._sql["log"].format(rows=rows, direction=direction(descending=descending))
        with self._mapped():
            return [_told(row) for row in self._ask(text, asked)]

    def last(self) -> int:
        """See the port."""
        return int(self._read("last")[0][0])

    def identity(self) -> bytes | None:
        """What tells this journal from any other one; None for one of an earlier version."""
        return next((bytes(found) for (found,) in self._read("identity")), None)

    def close(self) -> None:
        """Release the file; later calls raise Unavailable."""
        if os.getpid() != self._process:
            return  # what the parent of a fork has open is not ours to touch
        with GATE.using(), self._leading, self._reading if self.path else nullcontext():
            self._file.close()

    def _fields(self, row: AccessRow) -> Fields:
        try:
            call = bytes.fromhex(row.call_id.replace("-", ""))
            if len(call) != 16:
                raise ValueError
        except ValueError:
            raise InvalidCall(f"{row.call_id[:60]!r} is no call id; call ids are UUIDs, as `Clock.new_id` gives them") from None
        hits, withheld = _written(row.hits).encode(), _written(row.withheld).encode()
        caller, at = self._keys.caller(row.caller), microseconds(row.at)
        who = row.caller.tenant, caller
        branch = self._keys.branch(row.caller, row.branch)
        return at, call, *who, row.operation, row.status, self._keys.grant(row.grant), row.seq, branch, hits, withheld, row.took

    def _lead(self) -> None:
        group: list[_Ticket] = []
        error = "the process was interrupted"
        try:
            group += (self._waiting.popleft() for _ in range(len(self._waiting)))
            numbers = self._commit([ticket.fields for ticket in group])
        except apsw.Error as problem:
            error = f"{type(problem).__name__}: {problem}"
        except MemOSError as problem:
            error = problem.message
        else:
            for ticket, number in zip(group, numbers, strict=True):
                ticket.number = number
        finally:
            for ticket in group:
                ticket.error = error

    def _commit(self, group: list[Fields]) -> range:
        execute = self._file.writer().execute
        try:
            last, seal = next(iter(execute(self._sql["begin_and_last"])), (0, GENESIS))
            numbers = range(last + 1, last + 1 + len(group))
            for number, fields in zip(numbers, group, strict=True):
                seal = link(seal, number, *fields)
                execute(self._sql["insert"], (number, *fields, seal))
            execute(self._sql["commit"])
        except BaseException:
            with suppress(apsw.Error):
                execute(self._sql["rollback"])
            raise
        return numbers

    def _require_own_process(self) -> None:
        if os.getpid() != self._process:
            raise Unavailable("this journal was opened by the parent of this process; open the store again here, after the fork")

    @contextmanager
    def _mapped(self) -> Iterator[None]:
        try:
            yield
        except DAMAGE as error:
            raise damaged(self.path, error) from error

    def _read(self, name: str, *arguments: int) -> list[tuple[Any, ...]]:
        return self._ask(self._sql[name], arguments)

    def _ask(self, text: str, parameters: Sequence[Any] | dict[str, Any]) -> list[tuple[Any, ...]]:
        self._require_own_process()
        with GATE.using(), self._reading:
            try:
                return list(self._file.reader().execute(text, parameters))
            except (apsw.Error, Unavailable) as problem:
                raise Unavailable(f"the access journal cannot be read: {problem}", journal=str(self.path)) from None


def _told(row: tuple[Any, ...]) -> dict[str, object]:
    aseq, at, call, tenant, caller, operation, status, grant, seq, branch, hits, withheld, took = row
    told = {"aseq": aseq, "at": instant(at), "call_id": id_text(call), "tenant": tenant, "caller": caller.hex()}
    told |= {"operation": operation, "status": status, "grant": grant.hex(), "seq": seq}
    told |= {"branch": branch, "withheld": tuple(from_json(withheld)), "took": took}
    return told | {"hits": tuple(map(tuple, from_json(hits)))}
