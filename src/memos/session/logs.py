"""Logs: the verbs that ask what was done."""

from __future__ import annotations

from collections.abc import Iterable

from memos.memcube.call import MemoryReply
from memos.memcube.value import Time
from memos.session.base import Ref, Verbs, given, refs, several


class Logs(Verbs):
    """`log`, `explain`."""

    def log(
        self,
        *,
        since: Time | None = None,
        until: Time | None = None,
        caller: str | None = None,
        operation: str | Iterable[str] | None = None,
        status: str | Iterable[str] | None = None,
        type: str | Iterable[str] | None = None,
        namespace: str | Iterable[str] | None = None,
        cube: Ref | Iterable[Ref] | None = None,
        call: str | Iterable[str] | None = None,
        aggregate: str | None = None,
        limit: int = 100,
        cursor: str | None = None,
        descending: bool = True,
    ) -> MemoryReply:
        """The rows of your calls, newest first, as dicts: `reply.value`, and `reply.next`, the cursor of the next page or None.

        Where a list is given one of it is enough. `aggregate` counts over all rows instead: "hot", "slow", "denials", "by_hour".
        With the role `auditor` the rows are those of the whole tenant, callers under pseudonyms.
        """
        lists = {"operations": operation, "statuses": status, "types": type, "namespaces": namespace, "calls": call}
        options = {name: several(values) for name, values in lists.items() if values is not None}
        options |= given(cubes=None if cube is None else tuple(ref.id for ref in refs(cube)))
        options |= given(since=since, until=until, caller=caller, aggregate=aggregate, limit=limit, cursor=cursor)
        return self._call("log", options=options | {"descending": descending})

    def explain(self, call_id: str) -> MemoryReply:
        """What a call was given or wrote: `reply.value`, its row, with each memory's form, lanes and whether you may see it now.

        The memories stand in the order of the reply. Auditors are also told which were withheld. Raises NotFound.
        """
        return self._call("explain", options={"call": call_id})
