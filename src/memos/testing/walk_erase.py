"""The walk's erasures, legal and not, and what comes back after one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

from memos.memcube.change import CubeWrite, Erase, Person
from memos.memcube.provenance import Provenance
from memos.testing.model import State

BRANCHES = ("b", "what-if", "nobody's")


def erasure(
    random: Random, state: State, tenant: str, owner: str, *, birth: CubeWrite, provenance: Callable[[str], Provenance]
) -> dict[str, Any]:
    """Some memories that are erased, sometimes of another tenant, sometimes with a person; or one that was erased and is brought back."""
    if state.graves and random.random() < 0.2:
        cube_id = random.choice(state.graves)[1]
        back = {"id": cube_id} if random.random() < 0.5 else {}
        cube = birth.cube.model_copy(update=back | {"provenance": provenance(cube_id)})
        return {"writes": (replace(birth, cube=cube, fact=None, vector=None),)}
    ids = [cube_id for cube_id, (_, mine, _) in state.cubes.items() if mine == tenant or random.random() < 0.01]
    person = Person(owner, random.choice(BRANCHES)) if random.random() < 0.3 else None
    chosen = random.sample(ids, min(len(ids), random.randint(0, 3)))
    return {"erase": Erase(tuple(chosen), state.head - random.randint(0, 20), person=person)}
