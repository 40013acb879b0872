"""Filter: a two-valued condition on memories; on a cube, on column arrays and in SQL it is one law.

```python
Filter.parse({"and": [{"tags": {"any": ["home", "mood=calm"]}}, {"created_at": {"gte": "2025-01-01"}}]})
where.tags.any("home", "mood=calm") & (where.created_at >= "2025-01-01")  # the same
```

- Several fields in one object are joined by and, so are several operators of one field; a bare value is `eq`; `{}` is everything.
- A value that is absent (None, an empty set, metadata that lacks the key or holds null) fails every operator but `{"exists": false}`,
  `none` and `all: []`. `not` is the complement.
- `any: []` and `in: []` are false, `all: []` and `none: []` true, of every memory.
- Values of different types are unequal and in no order: 1 is not "1", true is not 1, but 1 is 1.0. Strings are compared by code point;
  booleans have no order.
- A tag `mood=calm` counts as both `mood` and `mood=calm`.
- `metadata.a.b` is the one key "a.b" at the top. A metadata array counts for `any all none` as the set of its scalars, a scalar as a set of
  one; to the other operators an array or an object is a value that differs from every scalar and stands in no order to any.
- "now", as the operand of a time, is the moment of evaluation.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NoReturn

from pydantic_core import core_schema

from memos.errors import InvalidCall
from memos.memcube.conditions import DEPTH, And, Node, Or, Test, complement, depth_of, join, read, read_test, walk, written
from memos.memcube.fields import FIELDS, METADATA, legal_field, microseconds
from memos.memcube.value import holds_at_most

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue

    from memos.memcube.cube import MemCube

TESTS = 1000
ITEMS = 10_000
NODES = ITEMS + 8 * TESTS
"""The most values in the JSON of a filter, objects and lists included; what is larger is not even read."""
TOO_LARGE = f"a filter has at most {TESTS:,} tests, {ITEMS:,} list items and {DEPTH} levels; split this one"
NO_TRUTH = (
    "a filter is neither true nor false by itself: combine filters with &, | and ~, each in parentheses; `and`, `or`, `not` and chained"
    " comparisons would drop some of them"
)


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition; immutable, hashable, equal when its canonical form is. At most 1,000 tests, 32 levels, 10,000 list items."""

    node: Node
    _hash: int | None = dataclasses.field(default=None, init=False, repr=False, compare=False)

    def __hash__(self) -> int:
        """Computed once: caches are asked by filters at every call."""
        if self._hash is None:
            object.__setattr__(self, "_hash", hash(self.node))
        return self._hash or 0

    def __post_init__(self) -> None:
        tests = [node for node in walk(self.node) if isinstance(node, Test)]
        items = sum(len(test.operand) for test in tests if isinstance(test.operand, tuple))
        if len(tests) > TESTS or items > ITEMS or depth_of(self.node) > DEPTH:
            raise InvalidCall(TOO_LARGE)

    @classmethod
    def parse(cls, value: Filter | Mapping[str, Any] | None, *, internal: bool = False) -> Filter:
        """A Filter from its JSON form; None is everything. InvalidCall names the field or operator and says what is accepted.

        Fields of grants are legal only when `internal`.
        """
        if value is None:
            return cls.everything()
        if not isinstance(value, Filter):
            if not holds_at_most(value, NODES):
                raise InvalidCall(TOO_LARGE)
            return cls(read(value, internal=internal))
        for name in value.referenced_fields():
            legal_field(name, internal=internal)
        return value

    @classmethod
    def everything(cls) -> Filter:
        """True of all memories; `{}` in JSON."""
        return cls(And(()))

    @classmethod
    def nothing(cls) -> Filter:
        """True of no memory; `{"or": []}` in JSON."""
        return cls(Or(()))

    @classmethod
    def test(cls, name: str, operator: str, operand: Any, *, internal: bool = False) -> Filter:
        """One test; InvalidCall when the field, the operator or the operand is not legal."""
        return cls(read_test(legal_field(name, internal=internal), operator, operand))

    def __and__(self, other: Filter | Mapping[str, Any]) -> Filter:
        return Filter(join(And, (self.node, _validated(other).node)))

    def __or__(self, other: Filter | Mapping[str, Any]) -> Filter:
        return Filter(join(Or, (self.node, _validated(other).node)))

    def __bool__(self) -> NoReturn:
        raise TypeError(NO_TRUTH)

    def __invert__(self) -> Filter:
        return Filter(complement(self.node))

    def to_json(self) -> dict[str, Any]:
        """The JSON form; `parse` of it is the same filter."""
        return written(self.node)

    def referenced_fields(self) -> frozenset[str]:
        """The names of the fields that the filter reads."""
        return frozenset(node.field for node in walk(self.node) if isinstance(node, Test))

    def matches(self, cube: MemCube, *, now: datetime, inherited: Iterable[str] = ()) -> bool:
        """Whether it holds of a cube at the moment `now`. `inherited` are `right:principal` entries that its namespace adds to `acl`."""
        return self.predicate(now=now, inherited=inherited)(cube)

    def predicate(self, *, now: datetime, inherited: Iterable[str] = ()) -> Callable[[MemCube], bool]:
        """`matches` as a function of the cube alone, for many cubes at one moment."""
        from memos.memcube.matching import predicate

        holds, moment = predicate(self.node), microseconds(now)
        return lambda cube: holds(cube, moment, inherited)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        written = core_schema.plain_serializer_function_ser_schema(cls.to_json)
        return core_schema.no_info_plain_validator_function(_validated, serialization=written)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        from memos.memcube.matching import json_schema

        return json_schema()


def _validated(value: Filter | Mapping[str, Any] | None) -> Filter:
    return value if isinstance(value, Filter) else Filter.parse(value)


def _listed(values: tuple[Any, ...]) -> Any:
    return values[0] if len(values) == 1 and isinstance(values[0], (list, tuple, set, frozenset)) else values


class FieldTests:
    """A field to make tests of, by `==`, `!=`, `<`, `<=`, `>`, `>=` or by methods; those that take values take one list of them as well."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, name: str) -> None:
        self._name = name

    def __bool__(self) -> NoReturn:
        raise TypeError(NO_TRUTH)

    def eq(self, value: Any) -> Filter:
        """Equal to the value."""
        return Filter.test(self._name, "eq", value)

    def ne(self, value: Any) -> Filter:
        """Present, and not equal to the value."""
        return Filter.test(self._name, "ne", value)

    def __eq__(self, value: object) -> Filter:  # type: ignore[override]
        return self.eq(value)

    def __ne__(self, value: object) -> Filter:  # type: ignore[override]
        return self.ne(value)

    def __lt__(self, value: Any) -> Filter:
        return Filter.test(self._name, "lt", value)

    def __le__(self, value: Any) -> Filter:
        return Filter.test(self._name, "lte", value)

    def __gt__(self, value: Any) -> Filter:
        return Filter.test(self._name, "gt", value)

    def __ge__(self, value: Any) -> Filter:
        return Filter.test(self._name, "gte", value)

    def in_(self, *values: Any) -> Filter:
        """Equal to one of the values."""
        return Filter.test(self._name, "in", _listed(values))

    def any(self, *values: Any) -> Filter:
        """The set holds one of the values."""
        return Filter.test(self._name, "any", _listed(values))

    def all(self, *values: Any) -> Filter:
        """The set holds all the values."""
        return Filter.test(self._name, "all", _listed(values))

    def none(self, *values: Any) -> Filter:
        """The set holds none of the values."""
        return Filter.test(self._name, "none", _listed(values))

    def exists(self, present: bool = True) -> Filter:  # noqa: FBT001, FBT002
        """There is a value, or with False there is none."""
        return Filter.test(self._name, "exists", present)

    def under(self, path: str) -> Filter:
        """The namespace is the path or lies below it."""
        return Filter.test(self._name, "under", path)


class MetadataTests:
    """`where.metadata["key"]`: a key at the top of the metadata."""

    def __getitem__(self, key: str) -> FieldTests:
        return FieldTests(legal_field(METADATA + key))


class Where:
    """`where.<field>`: the start of a filter in Python. Join filters with `&`, `|` and `~`; `and`, `or`, `not` are a TypeError."""

    metadata = MetadataTests()

    def __getattr__(self, name: str) -> FieldTests:
        if name.startswith("__"):
            raise AttributeError(name)
        return FieldTests(legal_field(name))

    def __dir__(self) -> Iterable[str]:
        return [*FIELDS, "metadata"]


where = Where()
"""The one Where."""
