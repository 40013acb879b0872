"""Lineage: where memories came from and what came of them, as the graph that a walk along derivations shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

DERIVATIONS = ("composed_of", "derived_from", "merged_from")
"""Relations from a memory to what it was made of. `merged_from` leads from the survivor to what it absorbed."""
RELATIONS = (*DERIVATIONS, "supersedes")
"""All that a lineage may follow: `supersedes`, from a newer memory to the older one that it replaces, is no derivation."""


class Derivation(NamedTuple):
    """One memory came of another: their ids, and how."""

    child: str
    parent: str
    relation: str


@dataclass(frozen=True, slots=True)
class Lineage:
    """What a walk from one memory shows; nothing at all when that one is not to be seen."""

    nodes: tuple[str, ...] = ()
    """The ids, breadth first, the memory itself the first; those of one memory are ordered by id, then by relation."""
    edges: tuple[Derivation, ...] = ()
    """The derivations that were walked, those of the first node first. Both ends of each are among the nodes."""
    truncated: bool = False
    """Whether the walk ended at its limit, with more to show."""
