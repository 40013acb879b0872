"""Filters at work on values: what a test says of a value, of a set and of a cube, and the schema of a filter's JSON form."""

from __future__ import annotations

import operator as operators
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from memos.errors import InvalidCall
from memos.memcube.conditions import And, Node, Not, Test
from memos.memcube.fields import FIELDS, LISTS, METADATA, NOW, OPERATORS, WORDS, Kind, Operand, kind_of, microseconds, offset_of
from memos.memcube.namespace import encode_step, within

if TYPE_CHECKING:
    from memos.memcube.cube import MemCube

Typed = tuple[str, Any]
"""A scalar with its type: `("string" | "number" | "boolean", value)`; equal where the language says that the scalars are equal."""
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "lt": operators.lt,
    "lte": operators.le,
    "gt": operators.gt,
    "gte": operators.ge,
}


def typed(value: Any) -> Typed | None:
    """A scalar with its type; None for what is no scalar."""
    if isinstance(value, str):
        return "string", value
    if isinstance(value, bool):
        return "boolean", value
    return ("number", value) if isinstance(value, (int, float)) else None


def elements(value: Any) -> frozenset[Typed]:
    """The set that `any`, `all` and `none` see in a value: an array's scalars, or the scalar itself."""
    items = value if isinstance(value, (list, tuple, set, frozenset)) else (value,)
    return frozenset(item for item in map(typed, items) if item is not None)


def value_test(operator: str, operand: Operand) -> Callable[[Any], bool]:
    """The test as a function of one value; None is absent. Operands on "now" must be bound before."""
    if isinstance(operand, tuple):
        return _list_test(operator, frozenset(item for item in map(typed, operand) if item))
    if operator == "exists":
        return lambda value: (value is not None) is operand
    if operator == "under":
        return lambda value: within(value, str(operand))
    wanted = typed(operand)
    if operator == "eq":
        return lambda value: typed(value) == wanted
    if operator == "ne":
        return lambda value: value is not None and typed(value) != wanted
    return _order_test(_COMPARE[operator], wanted)


def _order_test(compare: Callable[[Any, Any], bool], wanted: Typed | None) -> Callable[[Any], bool]:
    def holds(value: Any) -> bool:
        given = typed(value)
        return bool(given and wanted and given[0] == wanted[0] != "boolean" and compare(given[1], wanted[1]))

    return holds


def _list_test(operator: str, wanted: frozenset[Typed]) -> Callable[[Any], bool]:
    if operator == "in":
        return lambda value: typed(value) in wanted
    if operator == "any":
        return lambda value: not wanted.isdisjoint(elements(value))
    if operator == "all":
        return lambda value: wanted <= elements(value)
    return lambda value: wanted.isdisjoint(elements(value))


def bound(operand: Operand, now: int) -> Operand:
    """A time's operand with "now", and what is relative to it, replaced by microseconds since 1970."""
    if isinstance(operand, tuple):
        return tuple(now if item == NOW else item for item in operand)
    if not isinstance(operand, str):
        return operand
    return now if operand == NOW else now - now % 1000 + (offset_of(operand) or 0)


Predicate = Callable[["MemCube", int, Iterable[str]], bool]
"""(cube, the moment "now" in microseconds since 1970, inherited access entries) → whether it holds."""


@lru_cache(maxsize=4096)
def predicate(node: Node) -> Predicate:
    """A tree as one function, made once for all cubes."""
    if isinstance(node, Test):
        return _test_predicate(node)
    if isinstance(node, Not):
        inside = predicate(node.part)
        return lambda cube, now, inherited: not inside(cube, now, inherited)
    parts = tuple(predicate(part) for part in node.parts)
    return _joined(parts, until=not isinstance(node, And))


def _joined(parts: tuple[Predicate, ...], *, until: bool) -> Predicate:
    """Asks one part after the other until one answers `until`; a loop, since `all` and `any` over a generator cost twice as much."""

    def joined(cube: MemCube, now: int, inherited: Iterable[str]) -> bool:
        for part in parts:
            if part(cube, now, inherited) is until:
                return until
        return not until

    return joined


def _test_predicate(test: Test) -> Predicate:
    field, operator, operand = test.field, test.operator, test.operand
    if field == "tags" and operator == "exists":
        return lambda cube, _, inherited: any(tag.by == "user" for tag in cube.tags) is operand  # noqa: ARG005 - one signature for all
    if field == "tags" and operator == "under":
        return lambda cube, _, inherited: operand in tag_names(cube)  # noqa: ARG005
    if kind_of(field) is Kind.TIME and any(isinstance(item, str) for item in (operand if isinstance(operand, tuple) else (operand,))):
        return lambda cube, now, inherited: value_test(operator, bound(operand, now))(field_value(cube, field, inherited))
    holds = value_test(operator, operand)
    return lambda cube, _, inherited: holds(field_value(cube, field, inherited))


def field_value(cube: MemCube, field: str, inherited: Iterable[str] = ()) -> Any:
    """What a field holds on a cube: a scalar, a collection, a JSON value, or None when absent; times in microseconds."""
    if field.startswith(METADATA):
        return cube.metadata.get(field.removeprefix(METADATA))
    if field in {"tags", "acl"}:
        return (tag_names(cube) if field == "tags" else acl_entries(cube, inherited)) or None
    value = getattr(cube.policy if field in {"priority", "owner", "sensitivity", "expires_at"} else cube, field)
    return microseconds(value) if isinstance(value, datetime) else value


def tag_names(cube: MemCube) -> frozenset[str]:
    """What filters see of a cube's tags."""
    return frozenset(name for tag in cube.tags for name in names_of(tag.key))


def names_of(key: str) -> tuple[str, str]:
    """What filters see of one tag by its key `name` or `name=value`: the name and the key."""
    return key.partition("=")[0], key


def acl_entries(cube: MemCube, inherited: Iterable[str] = ()) -> frozenset[str]:
    """The access list as `right:principal`, with what the namespace adds, the memory's conditions, and its owner where that is a guest."""
    own = cube.policy.entries().union(inherited)
    return own if _at_home(cube.policy.owner, cube.namespace) else own | {f"owner:user:{cube.policy.owner}"}


@lru_cache(maxsize=65536)
def _at_home(owner: str, namespace: str) -> bool:
    """Whether a namespace is the owner's own."""
    try:
        step = encode_step(owner)
    except InvalidCall:
        return False
    return any(within(namespace, f"{root}/{step}") for root in ("user", "context"))


def json_schema() -> dict[str, Any]:
    """The JSON schema of a filter, for REST, MCP and archives."""
    nested = {"type": "object", "description": "a filter"}
    listed = {"type": "array", "items": nested}
    fields = {name: _field_schema(kind, WORDS.get(name)) for name, kind in FIELDS.items()}
    return {
        "type": "object",
        "title": "Filter",
        "description": 'Conditions on memories, joined by and; a bare value is eq; e.g. {"tags": {"any": ["home"]}, "state": "activated"}',
        "properties": {"and": listed, "or": listed, "not": nested, **fields},
        "patternProperties": {r"^metadata\..": _field_schema(Kind.JSON, None)},
        "additionalProperties": False,
    }


def _field_schema(kind: Kind, words: Collection[str] | None) -> dict[str, Any]:
    scalar = _SCALARS.get(kind, {"type": "string"}) | ({"enum": list(words)} if words else {})
    operands = {operator: {"type": "array", "items": scalar} if operator in LISTS else scalar for operator in OPERATORS[kind]}
    tests = {"type": "object", "properties": operands | {"exists": {"type": "boolean"}}, "additionalProperties": False, "minProperties": 1}
    return tests if "eq" not in operands else {"anyOf": [scalar, tests]}


_SCALARS: Mapping[Kind, dict[str, Any]] = {
    Kind.FLAG: {"type": "boolean"},
    Kind.WHOLE: {"type": "integer"},
    Kind.JSON: {"type": ["string", "number", "boolean"]},
    Kind.TIME: {"type": "string", "description": Kind.TIME.value},
}
