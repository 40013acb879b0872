"""The walk's KV blocks and adapters, and what rests on that nothing was derived."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from memos.memcube.change import Underived
from memos.memcube.payload import Activation, Parameter

if TYPE_CHECKING:
    from memos.testing.walk import Walk


def some_derived(walk: Walk) -> Activation | Parameter:
    """A payload of one of the two kinds."""
    random = walk.random
    blob: dict[str, Any] = {"blob": random.choice(("b", "")), "model": "m", "bytes": random.randint(0, 2**40)}
    if walk.chance(50):
        fields: dict[str, Any] = {
            "fingerprint": "f",
            "tokens": 80,
            "base": 32,
            "anchor": "0a",
            "mark": "0b",
            "form": "int8",
            "adapter": "c",
        }
        return Activation(**blob, **(fields if walk.chance(50) else {}))
    trained: dict[str, Any] = {
        "rank": 8,
        "by": "distilled",
        "done": random.random(),
        "steps": 3,
        "seconds": 0.5,
        "passed": True,
        "report": {"recall": 0.9},
    }
    return Parameter(**blob, **(trained if walk.chance(50) else {}))


def some_underived(walk: Walk, tenant: str) -> Underived | None:
    """Mostly nothing; else that nothing was derived lately of some memories, or of any."""
    if walk.chance(75):
        return None
    state = walk.model.state
    ids = [cube_id for cube_id, (_, mine, _) in state.cubes.items() if mine == tenant or walk.chance(1)]
    return Underived(max(0, state.head - walk.random.randint(0, 6)), walk.some(ids, 6) if walk.chance(60) else None)
