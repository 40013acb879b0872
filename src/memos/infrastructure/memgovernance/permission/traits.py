"""Traits: what of a memory some policies ask for. Memories that agree in it are decided alike, so that one decision serves them all."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any

from memos.infrastructure.memgovernance.permission.terms import ATTRIBUTES
from memos.memcube.cube import MemCube
from memos.memcube.matching import field_value

Trait = Callable[[MemCube, tuple[str, ...]], Hashable]
"""(a memory, the entries that its namespaces add) → what policies can tell of it."""


def trait_of(policies: Iterable[Mapping[str, Any]]) -> Trait:
    """The trait by which some policies, in Cedar's JSON form, decide about memories."""
    asked: set[str] = set()
    for policy in policies:
        _ask(policy, asked)
    fields = sorted({ATTRIBUTES[name].field for name in asked if name in ATTRIBUTES})
    named, tagged = "Memory" in asked, "tags of its own" in asked

    def trait(cube: MemCube, inherited: tuple[str, ...]) -> Hashable:
        values = tuple(field_value(cube, field, inherited) for field in fields)
        texts = frozenset((key, text) for key, text in cube.metadata.items() if isinstance(text, str)) if tagged else None
        return cube.namespace, cube.id if named else None, texts, values

    return trait


def _ask(node: Any, asked: set[str]) -> None:
    """Note the attributes that an expression names, whoever they are of, whether it names memories, and whether it reads their tags."""
    if isinstance(node, Mapping):
        if isinstance(node.get("attr"), str):
            asked.add(node["attr"])
        if node.get("type") == "Memory" and "id" in node:
            asked.add("Memory")
        if "hasTag" in node or "getTag" in node:
            asked.add("tags of its own")
        for part in node.values():
            _ask(part, asked)
    elif isinstance(node, list):
        for part in node:
            _ask(part, asked)
