"""Paging: the orders in which every store lists memories, and the cursor that says where a page ended."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from memos.errors import InvalidCall
from memos.memcube.fields import microseconds

if TYPE_CHECKING:
    from memos.memcube.cube import MemCube

VERSION = 1
KEYS: Mapping[str, Callable[[MemCube], int]] = {
    "created_at": lambda cube: microseconds(cube.created_at),
    "updated_at": lambda cube: microseconds(cube.updated_at),
    "said_at": lambda cube: microseconds(cube.said_at),
    "priority": lambda cube: cube.policy.priority,
    "ordinal": lambda cube: -1 if cube.ordinal is None else cube.ordinal,
}
"""Order → what is compared; memories without an ordinal come before the first."""
Place = tuple[int, bytes]
"""The key and the id of a page's last memory."""


@dataclass(frozen=True, slots=True)
class Ordering:
    """How a listing is ordered; ties by id, in the same direction."""

    name: str
    descending: bool

    def __post_init__(self) -> None:
        if self.name not in tuple(KEYS):  # which compares, so that what cannot be hashed is refused too
            raise InvalidCall(f"memories are ordered by {', '.join(KEYS)}, not by {str(self.name)[:40]!r}")
        if not isinstance(self.descending, bool):
            raise InvalidCall(f"descending is True or False, not {str(self.descending)[:40]!r}")

    def place(self, cube: MemCube) -> Place:
        """Where a memory stands."""
        return KEYS[self.name](cube), bytes.fromhex(cube.id.replace("-", ""))

    def write(self, place: Place) -> str:
        """The cursor of a place."""
        written = json.dumps([VERSION, self.name, self.descending, place[0], place[1].hex()])
        return urlsafe_b64encode(written.encode()).decode().rstrip("=")

    def read(self, cursor: str | None) -> Place | None:
        """The place of a cursor; InvalidCall when it is none, or one of a listing in another order."""
        if cursor is None:
            return None
        try:
            version, name, descending, key, identity = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
            place = key, bytes.fromhex(identity)
        except (AttributeError, TypeError, ValueError, RecursionError):
            version = name = descending = place = None
        if place is None or version != VERSION or type(place[0]) is not int or abs(place[0]) >= 2**63 or len(place[1]) != 16:
            raise InvalidCall("this is no cursor of a listing; give back the `next` of the page before, or None for the first page")
        if (name, descending) != (self.name, self.descending):
            raise InvalidCall(f"the cursor is of a listing by {name}; keep the order from page to page")
        return place
