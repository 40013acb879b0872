"""Faults: what can be wrong in a store, by code, and what to do about each."""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType

from memos.ports.maintenance import Fault

NAMED = 5
"""How many places of one fault are named; the others are counted."""

_RESTORE = "the store was damaged from outside: restore the last backup with `memos restore-backup`, and see what wrote to its files"
_REBUILD = "run `memos rebuild`: it makes this anew from the contents"
_ANEW = "run `memos sweep`: what names it is ended; what it was made of is untouched, and it is made anew when it is wanted"
_LOG = "somebody changed the log: keep a copy of the file for those who must look into it, and compare it with the last backup"
_KEY = "bring back the key file that belongs to this store from where it was kept apart"

ADVICE = MappingProxyType(
    {
        "database_damaged": _RESTORE,
        "schema_wrong": _RESTORE,
        "unreadable": _RESTORE,
        "key_wrong": _KEY,
        "orphan": _RESTORE,
        "cube_without_version": _RESTORE,
        "erased_stands": "what was erased was brought back from outside: erase it again, and see what wrote to the store's files",
        "content_unused": _RESTORE,
        "content_changed": "the text is not the one that was stored: restore the last backup with `memos restore-backup`; after an upgrade"
        " that analyses texts anew, or when the change is wanted, `memos rebuild --accept-texts`",
        "validity_reversed": _RESTORE,
        "two_open_rows": _RESTORE,
        "versions_overlap": _RESTORE,
        "versions_gap": _RESTORE,
        "versions_misnumbered": _RESTORE,
        "commit_missing": _RESTORE,
        "commit_half_written": _RESTORE,
        "version_not_logged": _RESTORE,
        "commit_chain_broken": _LOG,
        "branch_missing": _RESTORE,
        "tenants_mixed": _RESTORE,
        "namespace_behind": _REBUILD,
        "acl_not_in_force": _REBUILD,
        "acl_unlisted": _REBUILD,
        "fact_twice": "two memories stand for one fact: forget one of them",
        "turn_twice": "two memories stand for one turn: forget one of them",
        "fact_wrong": _REBUILD,
        "header_broken": _RESTORE,
        "tags_wrong": _REBUILD,
        "term_missing": _REBUILD,
        "term_broken": _REBUILD,
        "term_wrong": _REBUILD,
        "vector_missing": _REBUILD,
        "vector_wrong_width": "run `memos reembed`: it computes these vectors anew",
        "vector_not_finite": "run `memos reembed`: it computes these vectors anew",
        "store_unknown": _RESTORE,
        "blob_missing": _ANEW,
        "blob_damaged": "forget the memory that is named; what it was made of is untouched, and it is made anew when it is wanted",
        "blob_unused": "run `memos sweep`: it removes what no memory names any more",
        "blob_strange": "somebody else put this file there: nothing of the store needs it, delete it",
        "access_damaged": "move access.db away, and run `memos rebuild --accept-log`: a new journal begins; what was read until now is then"
        " told by the file you moved only",
        "access_lost": "bring access.db back from where it went or from the last backup; after a power cut its last rows may be missing;"
        " `memos rebuild --accept-log` goes on with what is there",
        "access_chain_broken": _LOG,
    }
)


class Findings:
    """Collects places by fault."""

    def __init__(self) -> None:
        self._places: dict[str, list[str]] = {}
        self._counts: dict[str, int] = {}

    def add(self, code: str, place: str) -> None:
        """One place of a fault."""
        self._counts[code] = self._counts.get(code, 0) + 1
        places = self._places.setdefault(code, [])
        if len(places) < NAMED:
            places.append(place)

    def extend(self, code: str, places: Iterable[str]) -> None:
        """Several places of a fault."""
        for place in places:
            self.add(code, place)

    def __contains__(self, code: str) -> bool:
        return code in self._counts

    def __len__(self) -> int:
        return len(self._counts)

    def report(self) -> tuple[Fault, ...]:
        """One Fault a code, in the order of the table."""
        return tuple(Fault(code, self._where(code), advice) for code, advice in ADVICE.items() if code in self._counts)

    def _where(self, code: str) -> str:
        named, count = self._places[code], self._counts[code]
        more = f" and {count - len(named):,} more" if count > len(named) else ""
        return ", ".join(named) + more
