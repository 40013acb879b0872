"""Hierarchy: which tag stands under which, and filters in which `under` is spelled out as the tags that it means."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from memos.errors import InvalidCall
from memos.memcube.conditions import Node, Not, Test, join, walk
from memos.memcube.filter import Filter

DEPTH = 32
"""How many tags stand above one at most."""


def parents_of(documents: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """The tag above each, of the documents of the kind `tag`."""
    return {child: str(body["parent"]) for child, body in documents.items()}


def require_tree(parents: Mapping[str, str]) -> None:
    """InvalidCall for a tag that stands under itself, or under too many."""
    for child in parents:
        above, seen = parents.get(child), [child]
        while above is not None:
            if above in seen:
                raise InvalidCall(f"the tags would stand in a circle: {' < '.join([*seen, above])}; take one of these away first")
            seen.append(above)
            above = parents.get(above)
        if len(seen) > DEPTH:
            raise InvalidCall(f"the tag {child!r} would have {len(seen) - 1} others above it, the limit is {DEPTH - 1}; build flatter")


def family(tag: str, parents: Mapping[str, str]) -> tuple[str, ...]:
    """A tag and all below it, itself first, then by name."""
    below: dict[str, list[str]] = defaultdict(list)
    for child, parent in parents.items():
        below[parent].append(child)
    found, waiting = {tag: None}, [tag]
    while waiting:
        fresh = [child for child in below[waiting.pop()] if child not in found]
        found |= dict.fromkeys(fresh)
        waiting += fresh
    return tag, *sorted(found.keys() - {tag})


def asks_under(filter: Filter | None) -> bool:
    """Whether a filter names tags by what they stand under."""
    return filter is not None and any(_is_under(node) for node in walk(filter.node))


def spelled_out(filter: Filter, parents: Mapping[str, str]) -> Filter:
    """The filter with `{"tags": {"under": "place"}}` as `{"tags": {"any": ["place", "france", "paris"]}}`."""
    return Filter(_spelled(filter.node, parents)) if asks_under(filter) else filter


def require_spelled_out(filter: Filter | None) -> None:
    """InvalidCall for a filter that is written down and names tags by a hierarchy, which may be another when it is applied."""
    if asks_under(filter):
        raise InvalidCall('what is written down names its tags one by one: write {"any": [...]} instead of {"under": ...}')


def _is_under(node: Node) -> bool:
    return isinstance(node, Test) and node.field == "tags" and node.operator == "under"


def _spelled(node: Node, parents: Mapping[str, str]) -> Node:
    if isinstance(node, Test):
        return Test("tags", "any", family(str(node.operand), parents)) if _is_under(node) else node
    if isinstance(node, Not):
        return Not(_spelled(node.part, parents))
    parts: Iterable[Node] = (_spelled(part, parents) for part in node.parts)
    return join(type(node), parts)
