"""Filters as SQL over the version table: the same law as `Filter.matches`, with every operand a bound parameter.

The condition is true or not true (false or NULL): it may stand in WHERE, or before IS TRUE, never behind NOT. The statement around it joins
the version rows to their `cube` and `namespace` under the aliases of `ALIASES`.
"""

# ruff: noqa: S608  what is put into the text are aliases, column names and question marks from this module, never an operand

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from memos.memcube.conditions import And, Node, Not, Test
from memos.memcube.fields import METADATA, Kind, Scalar, kind_of
from memos.memcube.filter import Filter
from memos.memcube.matching import bound, typed

ALIASES: Mapping[str, tuple[str, str]] = {"v": ("c", "n"), "h": ("ch", "nh")}
"""Alias of the version row → aliases of its cube and its namespace; `h` is the head row that a grant reads."""
COMPARISONS: Mapping[str, str] = {"eq": "=", "ne": "<>", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}

Compiled = tuple[str, list[Any]]


def compile(filter: Filter, now_us: int, alias: str = "v") -> Compiled:  # noqa: A001
    """The condition and its parameters in order. `now_us` is what "now" means, in microseconds since 1970."""
    return _Compiler(alias, *ALIASES[alias], now_us).node(filter.node)


@dataclass(frozen=True, slots=True)
class _Compiler:
    row: str
    cube: str
    namespace: str
    now: int

    def node(self, node: Node) -> Compiled:
        if isinstance(node, Test):
            return self.test(node)
        if isinstance(node, Not):
            inside, parameters = self.node(node.part)
            return ({"0": "1", "1": "0"}.get(inside) or f"({inside}) IS NOT TRUE"), parameters
        idle, settling, word = ("1", "0", "AND") if isinstance(node, And) else ("0", "1", "OR")
        parts = [part for part in map(self.node, node.parts) if part[0] != idle]
        if any(text == settling for text, _ in parts):
            return settling, []
        return _balanced(parts, word) if parts else (idle, [])

    def test(self, test: Test) -> Compiled:
        kind = kind_of(test.field)
        operand = bound(test.operand, self.now) if kind is Kind.TIME else test.operand
        if isinstance(operand, tuple) and not operand:
            return ("1" if test.operator in {"all", "none"} else "0"), []
        if kind in {Kind.SET, Kind.LABELS}:
            if test.field == "tags" and test.operator == "exists":
                return _set_test(self.own_tags(), [], "exists", operand, 0)
            if test.operator == "under":
                return _set_test(*self.members(test.field), "any", (operand,), 1)
            return _set_test(*self.members(test.field), test.operator, operand, len(set(_listed(operand))))
        if kind is Kind.JSON:
            return self.metadata_test(test.field.removeprefix(METADATA), test.operator, operand)
        return _column_test(self.column(test.field), test.operator, operand, _bytes if kind is Kind.IDENTITY else _itself)

    def column(self, field: str) -> str:
        places = {"id": f"{self.cube}.id", "namespace": f"{self.namespace}.path"}
        return places.get(field, f"{self.row}.{field}")

    def tags(self) -> str:
        return f"FROM cube_tag AS ct JOIN tag AS t ON t.tag = ct.tag WHERE ct.row = {self.row}.row"

    def own_tags(self) -> str:
        return f"SELECT 1 {self.tags()} AND t.own = 1"

    def members(self, field: str) -> Compiled:
        """A query for the members of a set field, as column `x`."""
        if field == "tags":
            tags = self.tags()
            return f"SELECT t.name AS x {tags} UNION ALL SELECT t.key {tags}", []
        return f"SELECT e.atom AS x FROM acl AS a, json_each(a.entries) AS e WHERE a.aid IN ({self.row}.aid, {self.namespace}.aid)", []

    def metadata_test(self, key: str, operator: str, operand: Any) -> Compiled:
        found = f"SELECT {_member('j')} AS x FROM json_each({self.row}.metadata) AS j WHERE j.key = ?"
        if operator in {"any", "all", "none"}:
            below = "json_each(CASE j.type WHEN 'array' THEN j.value END) AS e"
            nested = f"SELECT {_member('e')} FROM json_each({self.row}.metadata) AS j, {below} WHERE j.key = ?"
            distinct = len({typed(item) for item in _listed(operand)})
            return _set_test(f"{found} UNION ALL {nested}", [key, key], operator, [_encoded(item) for item in operand], distinct)
        condition, parameters = _json_condition(operator, operand)
        absent = "NOT " if operator == "exists" and not operand else ""
        return f"{absent}EXISTS ({found} AND {condition})", [key, *parameters]


def _column_test(column: str, operator: str, operand: Any, stored: Callable[[Any], Any]) -> Compiled:
    if operator == "exists":
        return f"{column} IS {'NOT ' if operand else ''}NULL", []
    if operator == "in":
        return f"{column} IN ({_marks(operand)})", [stored(item) for item in operand]
    if operator == "under":
        return f"({column} = ? OR ({column} >= ? AND {column} < ?))", [operand, f"{operand}/", f"{operand}0"]
    return f"{column} {COMPARISONS[operator]} ?", [stored(operand)]


def _set_test(members: str, parameters: Sequence[Any], operator: str, operand: Any, distinct: int) -> Compiled:
    if operator == "exists":
        return f"{'' if operand else 'NOT '}EXISTS ({members})", [*parameters]
    if operator == "all":
        held = f"(SELECT count(DISTINCT x) FROM ({members}) WHERE x IN ({_marks(operand)})) = ?"
        return held, [*parameters, *operand, distinct]
    some = f"EXISTS (SELECT 1 FROM ({members}) WHERE x IN ({_marks(operand)}))"
    return f"{'NOT ' if operator == 'none' else ''}{some}", [*parameters, *operand]


def _json_condition(operator: str, operand: Any) -> Compiled:
    """A condition on the row `j` of `json_each`; JSON null is absent."""
    if operator == "exists":
        return "j.type <> 'null'", []
    if operator == "in":
        return f"{_member('j')} IN ({_marks(operand)})", [_encoded(item) for item in operand]
    if operator == "eq":
        return f"{_member('j')} = ?", [_encoded(operand)]
    if operator == "ne":
        return f"j.type <> 'null' AND {_member('j')} IS NOT ?", [_encoded(operand)]
    if isinstance(operand, bool):
        return "0", []
    types = "('text')" if isinstance(operand, str) else "('integer', 'real')"
    return f"j.type IN {types} AND j.atom {COMPARISONS[operator]} ?", [operand]


def _member(row: str) -> str:
    """A JSON scalar such that scalars are equal where the language says so; NULL for null, arrays and objects. The twin of `_encoded`."""
    return f"CASE {row}.type WHEN 'text' THEN 's' || {row}.atom WHEN 'true' THEN 'b1' WHEN 'false' THEN 'b0' ELSE {row}.atom END"


def _encoded(value: Scalar) -> Scalar:
    if isinstance(value, bool):
        return "b1" if value else "b0"
    return f"s{value}" if isinstance(value, str) else value


def _balanced(parts: Sequence[Compiled], word: str) -> Compiled:
    """The parts joined by AND or OR as a tree of logarithmic depth, since SQLite bounds the depth of expressions at 1,000."""
    if len(parts) == 1:
        return parts[0]
    half = len(parts) // 2
    left, right = _balanced(parts[:half], word), _balanced(parts[half:], word)
    return f"({left[0]} {word} {right[0]})", [*left[1], *right[1]]


def _marks(operand: Sequence[Any]) -> str:
    return ", ".join("?" * len(operand))


def _listed(operand: Any) -> Iterable[Any]:
    return operand if isinstance(operand, tuple) else ()


def _bytes(cube_id: str) -> bytes:
    return UUID(cube_id).bytes


def _itself(value: Any) -> Any:
    return value
