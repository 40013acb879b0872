"""Holds: what a legal hold keeps is neither forgotten, archived, purged nor erased, by whomever, until it is released."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from memos.errors import Denied
from memos.interface.memory_api.desk import Prepared, Work
from memos.memcube.change import CANONICAL, CubeWrite
from memos.memcube.cube import MemCube
from memos.memcube.derivation import is_derived
from memos.memcube.filter import Filter
from memos.memcube.hold import Holds, standing
from memos.memcube.state import State

GONE = frozenset({State.ARCHIVED, State.EXPIRED})
"""The states into which nothing that is held is moved."""
NAMED = 10
"""How many memories an error names."""


def holds(work: Work) -> Holds:
    """The holds that stand for the caller's tenant."""
    return standing(work.view.ruled("hold"), work.now) if work.view.rules("hold") else Holds(work.now)


def held(work: Work, ids: Iterable[str]) -> dict[str, str]:
    """Which of some memories are held, each with the name of a hold that keeps it; whoever may see them."""
    asked = list(ids)
    found = holds(work) if asked else Holds(work.now)
    return work.view.held(asked, found) if found else {}


def require_free(ids: Sequence[str], found: dict[str, str]) -> None:
    """Denied, which names the hold, when one stands in the way."""
    if found:
        first = next(each for each in ids if each in found)
        others = f", nor may {len(found) - 1} others" if len(found) > 1 else ""
        raise Denied(
            f"the hold {found[first]!r} keeps the memory {first}: it may not be forgotten, archived, purged or erased{others}, until it is"
            " released",
            hold=found[first], held=[each for each in ids if each in found][:NAMED],
        )  # fmt: skip


def kept(work: Work, prepared: Prepared) -> Prepared:
    """What a call prepared, if no hold stands in its way: Denied otherwise. A hold that is set meanwhile is seen at the commit.

    It keeps what people have said, never a form that was derived of it, which is void with any change and made anew.
    """
    change = prepared.change
    if change is None or change.branch != CANONICAL:
        return prepared
    leaving = [write.cube for write in change.writes if write.cube.state in GONE and not write.birth]
    moving = {cube.id: cube.state for cube in leaving if not is_derived(cube)}
    if not moving and change.purge is None:
        return prepared
    found = held(work, list(moving))
    if found:
        before = _states(work, list(found))
        ended = [each for each in moving if each in found and before.get(each) is not moving[each]]
        require_free(ended, {each: found[each] for each in ended})
    return replace(prepared, reads=replace(prepared.reads, policy_epoch=work.view.policy_epoch))


def _states(work: Work, ids: Sequence[str]) -> dict[str, State]:
    """The states in which memories stand in the canonical memory."""
    with work.open_view() as view:
        return {cube.id: cube.state for cube in view.get(ids, grant=Filter.everything(), now=work.now).values()}


def unheld(work: Work, writes: Sequence[CubeWrite], standing: Mapping[str, MemCube]) -> list[CubeWrite]:
    """Those of some writes that put nothing away that is held."""
    away = [write.cube.id for write in writes if write.cube.state in GONE and write.cube.state is not standing[write.cube.id].state]
    stays = held(work, away)
    return [write for write in writes if write.cube.id not in stays or write.cube.id not in away]
