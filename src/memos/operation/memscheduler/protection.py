"""Protection: which memories stay text, whatever they would save as a KV block or in an adapter."""

from __future__ import annotations

from datetime import datetime, timedelta

from memos.memcube.cube import MemCube
from memos.memcube.generated import is_generated
from memos.memcube.payload import Plaintext
from memos.memcube.place import SESSION as DOCUMENT
from memos.memcube.quarantine import quarantined
from memos.memcube.state import PRESENT

OVER = timedelta(days=1)
"""How long after its last turn a session is over."""
_SENSITIVE = frozenset({"confidential", "restricted"})


def protected(cube: MemCube, now: datetime, *, last_turn: datetime | None = None) -> str | None:
    """Why a memory stays text, None for one that may be converted. `last_turn` is when its session last went on, where that is known.

    A block or an adapter is all or nothing: no part of it can be redacted, no condition asked before it is read, and what it has learnt
    cannot run out. So what may have to be withheld, or will soon be wrong, is not converted at all. A frozen memory may be.
    """
    policy = cube.policy
    if not isinstance(cube.payload, Plaintext):
        return f"it is {cube.payload.type}, and made of text that stays the truth"
    if cube.state not in PRESENT:
        return f"it is {cube.state}"
    if policy.expires_at is not None:
        return f"it expires at {policy.expires_at.isoformat()}"
    if cube.valid_to is not None:
        return f"it is true until {cube.valid_to.isoformat()}"
    if is_generated(cube):
        return "a model has answered it, and is to learn nothing of itself"
    if cube.namespace.partition("/")[0] == "context":
        return "it belongs to a context"
    if _talking(cube, now, last_turn):
        return f"its session {cube.session} may go on"
    return _withheld(cube)


def _talking(cube: MemCube, now: datetime, last_turn: datetime | None) -> bool:
    """Whether it was said in a session that is not over. A document's session never goes on."""
    if cube.session is None or cube.session.startswith(DOCUMENT):
        return False
    return now - max(cube.said_at, last_turn or cube.said_at) < OVER


def _withheld(cube: MemCube) -> str | None:
    """Why it, or a part of it, may have to be withheld from somebody who may know that it is there."""
    policy = cube.policy
    if not policy.examined:
        return "it is not examined yet"
    if policy.sensitivity in _SENSITIVE:
        return f"it is {policy.sensitivity}"
    if any(span.sensitivity != "public" for span in policy.spans) or policy.veiled:
        return "it has sensitive parts"
    if policy.conditions is not None:
        return "its use has conditions"
    if quarantined(policy):
        return "it is under quarantine"
    return None
