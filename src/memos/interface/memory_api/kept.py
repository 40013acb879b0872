"""Kept: a few values of this process by tenant and name, of which those are let go that must not be used any more."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable


class Kept:
    """A few values by tenant and name, the least lately used of which goes first.

    Those go too that weigh more than `room` together, as `weight` tells of all of them; but `least` of them always stay.
    """

    def __init__(
        self, most: int, *, least: int = 0, room: int = 0, weight: Callable[[Iterable[object]], int] = lambda _: 0
    ) -> None:  # fmt: skip
        self._most, self._least, self._room, self._weight = most, least, room, weight
        self._values: OrderedDict[tuple[str, str], object] = OrderedDict()
        self._drops: Counter[str] = Counter()

    def drops(self, tenant: str) -> int:
        """How often values of a tenant were let go of."""
        return self._drops[tenant]

    def get(self, tenant: str, name: str) -> object | None:
        """The value, None where there is none."""
        found = self._values.get((tenant, name))
        if found is not None:
            self._values.move_to_end((tenant, name))
        return found

    def put(self, tenant: str, name: str, value: object, since: int | None = None) -> None:
        """Keep a value; not one that was read before the last of the drops `since`, which may be one that was to go."""
        if since is not None and since != self._drops[tenant]:
            return
        self._values[tenant, name] = value
        self._values.move_to_end((tenant, name))
        while len(self._values) > self._most or (len(self._values) > self._least and self._weight(self._values.values()) > self._room):
            self._values.popitem(last=False)

    def drop(self, tenant: str, when: Callable[[object], bool] = lambda _: True) -> None:
        """Let go of the values of a tenant, all or those that pass a test."""
        self._drops[tenant] += 1
        for key in [key for key, value in self._values.items() if key[0] == tenant and when(value)]:
            del self._values[key]
