"""The plain model's erasure: memories that leave with all that is theirs."""

from __future__ import annotations

from collections.abc import Sequence

from memos.errors import VersionConflict
from memos.memcube.change import DERIVATIONS, Erase, Person
from memos.memcube.matching import acl_entries
from memos.testing.model import State
from memos.testing.model_purge import leave

ERASED = "erased"
"""What the branches of a person who left are called."""


def erase(state: State, tenant: str, seq: int, wanted: Erase) -> int:
    """Take the memories away; how many version rows went."""
    ids = set(wanted.cubes)
    if any(state.cubes.get(each, (0, ""))[1] != tenant for each in ids):
        raise VersionConflict("absent")
    if any(
        each.edge.target in ids and _made_since(each.seq, each.edge.relation, wanted) and each.edge.source not in ids
        for each in state.relations
    ):
        raise VersionConflict("derived")
    if wanted.person is not None:
        _part(state, tenant, wanted.person)
    state.graves = state.graves + [(tenant, each, state.cubes[each][2], seq) for each in sorted(ids)]
    closed = {opened for owner, opened in state.closed if owner == tenant}
    went = leave(state, tenant, seq, (ids, wanted.spare), closed)
    listed = {(row.cube.namespace, acl_entries(row.cube)) for row in state.rows if row.tenant == tenant}
    pairs = {(row.cube.namespace, acl_entries(row.cube)) for row in went}
    state.listings = {each for each in state.listings if each[0] != tenant or each[1:] not in pairs or each[1:] in listed}
    _empty(state, tenant)
    state.erased = state.erased | {tenant: seq}
    blank = {
        key: ("", call, tuple(each for each in named if each not in ids)) for key, (_, call, named) in state.calls.items() if ids & {*named}
    }
    state.calls |= blank
    return len(went)


def _made_since(seq: int, relation: str, wanted: Erase) -> bool:
    return seq > wanted.upto and relation in DERIVATIONS


def _part(state: State, tenant: str, person: Person) -> None:
    for name in [name for owner, name in state.branches if owner == tenant and name.startswith(person.branches)]:
        state.closed.add((tenant, state.branches.pop((tenant, name))[1]))
    state.snapshots = {key: seq for key, seq in state.snapshots.items() if key[:2] != (tenant, person.owner)}


def _empty(state: State, tenant: str) -> None:
    """Namespaces in which nothing stands and nothing is set are no more."""
    standing = {row.cube.namespace for row in state.rows if row.tenant == tenant}
    for key in [key for key in state.last_seq if key[0] == tenant and key[1] not in standing and not state.own.get(key)]:
        del state.last_seq[key]
        state.purges.pop(key, None)
        state.own.pop(key, None)
        state.listings = {each for each in state.listings if each[:2] != key}


def unname(state: State, tenant: str, person: Person) -> None:
    """The log of commits tells the branches of somebody who left under one name."""
    state.called |= {
        (owner, opened): ERASED
        for (owner, opened), name in state.called.items()
        if owner == tenant and (owner, opened) in state.closed and _of(name, person)
    }
    theirs = [row["tenant"] == tenant and bool(row["branch"]) and _of(row["branch"], person) for row in state.log]
    state.log = [row | {"branch": ERASED} if gone else row for row, gone in zip(state.log, theirs, strict=True)]


def _of(branch: str, person: Person) -> bool:
    return branch.startswith(person.branches)


def told(state: State, tenant: str, ids: Sequence[str]) -> dict[str, int]:
    """Those of some memories that were erased."""
    graves = {cube_id: seq for owner, cube_id, _, seq in state.graves if owner == tenant}
    return {each: graves[each] for each in ids if each in graves}
