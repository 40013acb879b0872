"""Replacing: what an adapter that goes live takes the place of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from memos.interface.memory_api import provenance
from memos.interface.memory_api.converting import DECISIONS, LEAVING
from memos.interface.memory_api.derived import forms_of, sources_of
from memos.interface.memory_api.desk import Work
from memos.memcube.change import CubeWrite
from memos.memcube.cube import MemCube
from memos.memcube.payload import Parameter
from memos.memcube.state import PRESENT, State

ORIGIN = "conversion"
EARLIER = 3
"""So many adapters that later ones have taken the place of can be brought back."""
STANDING = (*PRESENT, State.ARCHIVED)


def put_aside(work: Work, live: MemCube) -> list[tuple[MemCube, CubeWrite]]:
    """What an adapter that goes live takes the place of: earlier adapters, archived, until one is brought back; blocks, expired.

    Of the archived the latest few stay; those before are expired, which removes their files.
    """
    ids = {source for source, _ in sources_of(live)}
    forms = {form.id: form for each in forms_of(work.view, sorted(ids), work.now).values() for form in each}
    found: list[tuple[MemCube, CubeWrite]] = []
    aside = [live]
    for form in forms.values():
        payload, state = form.payload, State.EXPIRED
        if isinstance(payload, Parameter):
            same = payload.passed and (form.policy.owner, form.namespace) == (live.policy.owner, live.namespace)
            state = State.ARCHIVED
        else:
            same = {source for source, _ in sources_of(form)} <= ids
        if form.id != live.id and same:
            found.append((form, _put(work, form, state, live.metadata.get(LEAVING, ()))))
            aside += [form] if state is State.ARCHIVED else []
    return [*found, *((form, _put(work, form, State.EXPIRED)) for form in _earliest(work, ids, aside))]


def _put(work: Work, form: MemCube, state: State, leaving: Iterable[Any] = ()) -> CubeWrite:
    made = provenance.mutated(work, form.provenance, ORIGIN)
    moves = [move for move in leaving if move["cube"] in {source for source, _ in sources_of(form)}]
    metadata = form.metadata | ({DECISIONS: [*form.metadata.get(DECISIONS, ()), *moves]} if moves else {})
    return CubeWrite(form.model_copy(update={"state": state, "provenance": made, "metadata": metadata}), birth=False)


def _earliest(work: Work, ids: set[str], spared: Sequence[MemCube]) -> list[MemCube]:
    """The adapters put aside before that are too many now: the earliest made, but for those spared."""
    known, live = {each.id for each in spared}, spared[0]
    before = forms_of(work.view, sorted(ids), work.now, states=(State.ARCHIVED,)).values()
    old = {form.id: form for each in before for form in each if isinstance(form.payload, Parameter) and form.id not in known}
    mine = [old[each] for each in sorted(old) if (old[each].policy.owner, old[each].namespace) == (live.policy.owner, live.namespace)]
    return mine[: max(0, len(mine) + len(spared) - 1 - EARLIER)]
