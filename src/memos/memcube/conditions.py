"""The tree of a filter: tests joined by and, or and not, to and from its JSON form."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from memos.errors import InvalidCall
from memos.memcube.fields import Operand, legal_field, legal_operand, legal_operator, shown_operand

DEPTH = 32
"""How many levels a filter may have."""


@dataclass(frozen=True, slots=True)
class Test:
    """One field, one operator, one operand in canonical form. `types` tells the operands True and 1 apart, which Python calls equal."""

    __test__ = False  # no test class, whatever a test runner thinks of the name
    field: str
    operator: str
    operand: Operand
    types: str = dataclasses.field(init=False, repr=False)

    def __post_init__(self) -> None:
        items = self.operand if isinstance(self.operand, tuple) else (self.operand,)
        object.__setattr__(self, "types", "".join("b" if isinstance(item, bool) else "-" for item in items))


@dataclass(frozen=True, slots=True)
class And:
    """True where every part is; of no parts, true."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """True where some part is; of no parts, false."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """True where its part is false."""

    part: Node


Node = Test | And | Or | Not


def walk(node: Node) -> Iterator[Node]:
    """The node and all below it."""
    yield node
    for part in _parts(node):
        yield from walk(part)


def _parts(node: Node) -> tuple[Node, ...]:
    if isinstance(node, Test):
        return ()
    return (node.part,) if isinstance(node, Not) else node.parts


def depth_of(node: Node) -> int:
    """How many levels the tree has; a test alone has one."""
    return 1 + max(map(depth_of, _parts(node)), default=0)


def join(kind: type[And | Or], nodes: Iterable[Node]) -> Node:
    """Canonical: no And directly within an And, no Or within an Or, none of a single part."""
    flat = [part for node in nodes for part in (node.parts if isinstance(node, kind) else (node,))]
    return flat[0] if len(flat) == 1 else kind(tuple(flat))


def complement(node: Node) -> Node:
    """Canonical: never Not of Not."""
    return node.part if isinstance(node, Not) else Not(node)


def read(value: Any, *, internal: bool = False, depth: int = 1) -> Node:
    """The tree of a JSON form that stands `depth` levels deep; InvalidCall says what is wrong with it."""
    if not isinstance(value, Mapping):
        raise InvalidCall(f'a filter is an object such as {{"tags": {{"any": ["home"]}}}}, not {type(value).__name__}')
    if depth > DEPTH:
        raise InvalidCall(f"the filter is nested more than {DEPTH} levels deep; write it flatter")
    return join(And, [_read_entry(name, below, internal=internal, depth=depth) for name, below in value.items()])


def _read_entry(name: Any, value: Any, *, internal: bool, depth: int) -> Node:
    if name == "not":
        return complement(read(value, internal=internal, depth=depth + 1))
    if name in {"and", "or"}:
        if not isinstance(value, (list, tuple)):
            raise InvalidCall(f"the filter's {name!r} takes a list of filters, not {type(value).__name__}")
        return join(And if name == "and" else Or, [read(part, internal=internal, depth=depth + 1) for part in value])
    return _read_field(legal_field(name, internal=internal), value)


def _read_field(name: str, value: Any) -> Node:
    if not isinstance(value, Mapping):
        return read_test(name, "eq", value)
    if not value:
        raise InvalidCall(f'the filter\'s field {name} names no operator; write for example {{"{name}": {{"exists": true}}}}')
    return join(And, [read_test(name, operator, operand) for operator, operand in value.items()])


def read_test(name: str, operator: Any, operand: Any) -> Test:
    """One test of a legal field."""
    operator = legal_operator(name, operator)
    return Test(name, operator, legal_operand(name, operator, operand))


def written(node: Node) -> dict[str, Any]:
    """The JSON form; `read` of it is the same tree."""
    if isinstance(node, Test):
        return {node.field: {node.operator: shown_operand(node.field, node.operator, node.operand)}}
    if isinstance(node, Not):
        return {"not": written(node.part)}
    if node == And(()):
        return {}
    return {"and" if isinstance(node, And) else "or": [written(part) for part in node.parts]}
