"""Picture: what is asked of a graph, and what a walk shows, as values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from memos.memcube.cube import MemCube
from memos.memcube.filter import Filter
from memos.operation.memoperator.resolution import Group

MENTIONS, NEXT, THEN = "mentions", "next", "then"
"""From a memory to an entity; from a turn to the one after it; from what is said of an entity to what is said of it later."""
SYSTEM = frozenset({"composed_of", "derived_from", "merged_from", "merged_into", "supersedes", NEXT, THEN})
"""Relations that the system keeps; no user writes them."""


class Link(NamedTuple):
    """An edge: the keys of two nodes, the relation, by whom it is, how sure, and the memories that tell it."""

    source: str
    target: str
    relation: str
    by: str
    confidence: float
    evidence: tuple[str, ...] = ()


@dataclass(slots=True)
class Picture:
    """What a walk shows: memories and entities by their keys, in the order in which they were met, and the edges between them.

    `truncated` says that it ended at its limit, or passed over some of what stands at one node: there may be more.
    """

    nodes: dict[str, MemCube | Group] = field(default_factory=dict)
    links: dict[tuple[str, str, str], Link] = field(default_factory=dict)
    told: dict[str, MemCube] = field(default_factory=dict)
    """The memories among the nodes, and those that are evidence of a link."""
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of a graph: what the walk may follow (None: all), how far, how many nodes, and which memories count."""

    depth: int
    limit: int
    relations: frozenset[str] | None
    filter: Filter
    grant: Filter
    within: Filter
    """Which memories count where they are looked up by the names in them."""
    beside: Filter
    """The grant for such a look: it passes over memories of others whose tags are hidden in part."""
    now: datetime
    shown: Callable[[MemCube], MemCube]
    """A memory as the reader is shown it."""

    @property
    def stored(self) -> bool:
        """Whether an edge that is stored can count."""
        return self.relations is None or not self.relations <= {MENTIONS, NEXT, THEN}

    def follows(self, relation: str) -> bool:
        """Whether an edge counts."""
        return self.relations is None or relation in self.relations
