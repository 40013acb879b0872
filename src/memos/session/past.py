"""Past: the verbs of the Time Machine: snapshots, reading as of then, differences, restoring, branches."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Self

from memos.errors import InvalidCall
from memos.memcube.call import MemoryReply
from memos.memcube.cube import MemCube
from memos.memcube.legal import CUBE_ID
from memos.session.base import Place, Verbs, given, refs

Moment = str | datetime | int
"""A snapshot's name, an aware time or an ISO 8601 text, the number of a commit (`reply.seq`), or "now"."""


class Past(Verbs):
    """`snapshot`, `snapshots`, `at`, `diff`, `restore`, `branch`, `branches`, `merge`, `discard`."""

    def snapshot(self, name: str, *, drop: bool = False, trigger: str | None = None) -> MemoryReply:
        """Give this moment a name of yours, or with `drop` take it away; `reply.value` has name, seq and at. It costs nothing."""
        return self._call("snapshot", options=given(name=name, drop=drop or None, trigger=trigger))

    def snapshots(self) -> MemoryReply:
        """Your snapshots, in their order: `reply.value`, a list of name, seq and at."""
        return self._call("snapshots")

    def at(self, moment: Moment) -> Self:
        """A session that reads as the system would have answered then, with the permissions of now. It cannot write.

        NotFound when no snapshot has the name, InvalidCall for a past that was purged.
        """
        return self._elsewhere(self._place_of(moment))

    def diff(
        self, before: Moment, after: Moment = "now", *, namespaces: str | Iterable[str] | None = None, limit: int = 1000
    ) -> MemoryReply:
        """What differs between two moments: `reply.value` has `added`, `removed` and `changed`, lists of id, before, after, fields."""
        query = self._query(namespaces=namespaces)
        return self._call("diff", query=query, options={"before": before, "after": after, "limit": limit})

    def restore(
        self,
        target: Moment | MemCube,
        *,
        version: int | None = None,
        namespaces: str | Iterable[str] | None = None,
        dry_run: bool = False,
        trigger: str | None = None,
        idempotency_key: str | None = None,
    ) -> MemoryReply:
        """Bring back a memory by its id, as it was in a `version` or as it was forgotten; or all memories as they were at a moment.

        What is written is new, so that a restore is undone by another. For a moment `reply.value` counts what was restored and what was
        forgotten because it came later. Raises NotFound, FrozenMemory, and InvalidCall when an equal fact stands meanwhile.
        """
        one = isinstance(target, MemCube) or (isinstance(target, str) and CUBE_ID.fullmatch(target.lower()) is not None)
        options = given(version=version, dry_run=dry_run or None, trigger=trigger)
        if one:
            return self._call("restore", cubes=refs(target), options=options, idempotency_key=idempotency_key)  # type: ignore[arg-type]
        query = self._query(namespaces=namespaces)
        return self._call("restore", query=query, options=options | {"moment": target}, idempotency_key=idempotency_key)

    def branch(self, name: str, *, base: Moment | None = None) -> Self:
        """A session on a branch: an overlay with the whole API, in which what would be is tried, and nobody else sees it.

        It is opened at `base`, or now, unless it stands already. `merge` brings it into the canonical memory, `discard` ends it.
        """
        self._call("branch", options=given(name=name, base=base))
        return self._elsewhere(Place(branch=name))

    def branches(self) -> MemoryReply:
        """Your branches that stand: `reply.value`, a list of name, base and at."""
        return self._call("branches")

    def merge(self, *, prefer: str | None = None, dry_run: bool = False, trigger: str | None = None) -> MemoryReply:
        """Bring what this branch changed into the canonical memory, and end the branch.

        `reply.value` has `merged`, `joined` (facts that were told in the canonical memory too: id → the one that stands), `conflicts`
        and `written`. With conflicts nothing is written, unless `prefer` names the side to take there: "branch" or "canonical".
        """
        self._require_branch("merge")
        return self._call("merge", options=given(prefer=prefer, dry_run=dry_run or None, trigger=trigger))

    def discard(self) -> MemoryReply:
        """End this branch; what only it held is purged by the next sweep."""
        self._require_branch("discard")
        return self._call("discard")

    def _require_branch(self, verb: str) -> None:
        if self._place.branch is None:
            raise InvalidCall(f'{verb} belongs to a branch: branch("what-if").{verb}()')
