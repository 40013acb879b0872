"""Resource: a memory as policies see it."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate
from typing import Any

from memos.infrastructure.memgovernance.permission.identity import datetime_value, uid
from memos.memcube.cube import MemCube
from memos.memcube.fields import microseconds
from memos.memcube.matching import acl_entries, tag_names
from memos.memcube.policy import SENSITIVITIES

OPTIONAL = ("speaker", "role", "session", "ordinal")
TIMES = ("said_at", "created_at", "updated_at", "valid_from", "valid_to")


def resource(cube: MemCube, inherited: Iterable[str]) -> dict[str, Any]:
    """The Cedar entity of a memory; `inherited` are the entries that its namespaces add to its access list."""
    attributes: dict[str, Any] = {
        "owner": cube.owner,
        "layer": str(cube.layer),
        "type": cube.payload.type,
        "state": str(cube.state),
        "frozen": cube.frozen,
        "sensitivity": cube.policy.sensitivity,
        "level": SENSITIVITIES.index(cube.policy.sensitivity),
        "priority": cube.policy.priority,
        "tags": sorted(tag_names(cube)),
        "acl": sorted(acl_entries(cube, inherited)),
    }
    attributes |= {name: value for name in OPTIONAL if (value := getattr(cube, name)) is not None}
    times = {name: getattr(cube, name) for name in TIMES} | {"expires_at": cube.policy.expires_at}
    attributes |= {name: datetime_value(microseconds(when)) for name, when in times.items() if when is not None}
    above = accumulate(cube.namespace.split("/"), "{}/{}".format)
    return {
        "uid": uid("Memory", cube.id),
        "attrs": attributes,
        "parents": [uid("Namespace", path) for path in above],
        "tags": {key: value for key, value in cube.metadata.items() if isinstance(value, str)},
    }
