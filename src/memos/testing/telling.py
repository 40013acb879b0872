# ruff: noqa: S101 -- what is told is asserted to be equal
"""Telling: what a store and the plain model say, made comparable."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from memos.errors import MemOSError
from memos.memcube.change import ChangeSet, Committed, ReadSet
from memos.memcube.fields import microseconds
from memos.memcube.matching import acl_entries
from memos.ports.adapter import MemoryAdapter
from memos.ports.feed import FeedRow
from memos.testing.model import ModelAdapter, Row
from memos.testing.model_view import ModelView


def outcome(adapter: MemoryAdapter | ModelAdapter, change: ChangeSet, reads: ReadSet) -> Committed | str:
    """What a commit gave: its result, or the code of its error."""
    try:
        return adapter.commit(change, reads)
    except MemOSError as error:
        return error.code


def outcome_of_all(
    adapter: MemoryAdapter | ModelAdapter, changes: Sequence[tuple[ChangeSet, ReadSet]]
) -> tuple[Committed, ...] | str:  # fmt: skip
    """The same of several that are committed as one."""
    try:
        return adapter.commit_all(changes)
    except MemOSError as error:
        return error.code


def same_log(given: tuple[dict[str, Any], ...], wanted: tuple[dict[str, Any], ...]) -> None:
    """Rows are equal, and keyed names stand one to one for callers, and in the log of reads for grants and branches."""
    hidden = dict.fromkeys(("caller", "grant", "branch") if any("aseq" in row for row in wanted) else ("caller", "grant"))
    assert [row | hidden for row in given] == [row | hidden for row in wanted]
    for name in hidden:
        pairs = {(mine.get(name), theirs.get(name)) for mine, theirs in zip(given, wanted, strict=True)}
        assert len(pairs) == len({mine for mine, _ in pairs}) == len({theirs for _, theirs in pairs})


def comparable(told: FeedRow, words: dict[int, str], end: int) -> dict[str, Any]:
    """A row that a store told, without the store's own numbers."""
    import numpy as np

    terms = np.frombuffer(told.hashes, "<u8").tolist(), np.frombuffer(told.counts, "<u2").tolist()
    counted = {words[term]: count for term, count in zip(*terms, strict=True)}
    fields = told._asdict() | {"metadata": json.loads(told.metadata), "terms": counted, "seq_end": end}
    return {name: value for name, value in fields.items() if name not in {"row", "uid", "content", "hashes", "counts"}}


def expected(row: Row, wanted: ModelView) -> dict[str, Any]:
    """The same of a row of the model."""
    cube, terms = row.cube, wanted.terms(row.content)
    times = ("said_at", "created_at", "updated_at", "valid_from", "valid_to")
    instants = {name: getattr(cube, name) for name in times} | {"expires_at": cube.policy.expires_at}
    return {
        "id": cube.id, "seq": row.seq, "seq_end": row.end, "branch": row.branch.partition("\n")[0], "state": cube.state, "type": cube.type,
        "frozen": cube.frozen, "layer": cube.layer, "owner": cube.owner, "acl": tuple(sorted(acl_entries(cube))),
        "sensitivity": cube.policy.sensitivity, "priority": cube.policy.priority, "tags": tuple(sorted(tag.key for tag in cube.tags)),
        "tagged": bool(cube.own_tags),
        "speaker": cube.speaker, "role": cube.role, "session": cube.session, "ordinal": cube.ordinal, "metadata": cube.metadata,
        "terms": terms.counts, "length": terms.length, "flags": terms.flags,
        **{name: None if when is None else microseconds(when) for name, when in instants.items()},
    }  # fmt: skip
