"""The walk's erasures, legal and not, and what comes back after one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from memos.memcube.change import Erase, Person
from memos.testing.model import Row
from memos.testing.walk_holds import some_holds

if TYPE_CHECKING:
    from memos.testing.walk import Walk

OWNERS = ("alice", "bob")
BRANCHES = ("b", "what-if", "nobody's")


def erasure(walk: Walk, tenant: str, seen: list[Row]) -> dict[str, Any]:  # noqa: ARG001 - as every step of a walk
    """Some memories that are erased, sometimes of another tenant, sometimes with a person; or one that was erased and is brought back."""
    random, state = walk.random, walk.model.state
    if state.graves and walk.chance(20):
        birth, cube_id = walk._birth(), random.choice(state.graves)[1]  # noqa: SLF001 - this is a part of the walk
        back = {"id": cube_id} if walk.chance(50) else {}
        cube = birth.cube.model_copy(update=back | {"provenance": birth.cube.provenance.model_copy(update={"id": cube_id})})
        return {"writes": (replace(birth, cube=cube, fact=None, vector=None),)}
    ids = [cube_id for cube_id, (_, mine, _) in state.cubes.items() if mine == tenant or walk.chance(1)]
    person = Person(random.choice(OWNERS), random.choice(BRANCHES)) if walk.chance(30) else None
    chosen, upto = walk.some(ids), state.head - random.randint(0, 20)
    return {"erase": Erase(chosen, upto, person=person, spare=some_holds(walk) if walk.chance(30) else None)}
