"""A filter over columns: one Boolean array, by the same law as `Filter.matches`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import ge, gt, le, lt
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from memos.memcube.conditions import And, Node, Not, Test
from memos.memcube.fields import METADATA, Kind, Operand, kind_of
from memos.memcube.matching import bound, value_test

if TYPE_CHECKING:
    from memos.operation.memoperator.columns import Columns

ABSENT = -(2**63)
"""What stands for None in `ordinal` and in times."""
COMPARE: Mapping[str, Callable[[Any, Any], Any]] = {"lt": lt, "lte": le, "gt": gt, "gte": ge}

Mask = NDArray[np.bool_]


class Evaluation:
    """Filters over chosen rows of columns, or over all. `now` is in microseconds; each mask is an array of its own."""

    def __init__(self, columns: Columns, now: int, rows: NDArray[np.int64] | None = None) -> None:
        self._columns = columns
        self._now = now
        self._n = columns.n
        self._rows = rows

    def mask(self, node: Node) -> Mask:
        """What the condition says of each row."""
        if isinstance(node, Test):
            return self._test(node)
        if isinstance(node, Not):
            return ~self.mask(node.part)
        if not node.parts:
            return self._constant(isinstance(node, And))
        combine = np.logical_and if isinstance(node, And) else np.logical_or
        result = self.mask(node.parts[0])
        for part in node.parts[1:]:
            combine(result, self.mask(part), out=result)
        return result

    def _test(self, test: Test) -> Mask:
        kind = kind_of(test.field)
        if test.operand == ():
            return self._constant(test.operator in {"all", "none"})
        if kind is Kind.PATH:
            return self._constant(value_test(test.operator, test.operand)(self._columns.namespace))
        if kind is Kind.FLAG:
            holds = value_test(test.operator, test.operand)
            frozen = self._take(self._columns.frozen.array)
            return np.logical_or(holds(True) & frozen, holds(False) & ~frozen)
        if kind in {Kind.WHOLE, Kind.TIME}:
            operand = bound(test.operand, self._now) if kind is Kind.TIME else test.operand
            return _compare(self._take(self._columns.whole[test.field].array), test.operator, operand)
        if kind in {Kind.SET, Kind.LABELS}:
            return self._tags(test) if test.field == "tags" else self._acl(test)
        return self._coded(test)

    def _coded(self, test: Test) -> Mask:
        columns = self._columns
        if test.field.startswith(METADATA):
            key = columns.metadata.column(test.field.removeprefix(METADATA))
            return key.mask(test, key.codes.array.take(self._take(columns.metadata.texts.codes.array)))
        coded = columns.words[test.field]
        return coded.mask(test, self._take(coded.codes.array))

    def _acl(self, test: Test) -> Mask:
        """The set of each row's own entries and of those that the namespace adds."""
        own, added = self._columns.acl, self._columns.inherited
        if test.operator == "exists":
            if added:
                return self._constant(test.operand is True)
        elif isinstance(test.operand, tuple) and not added.isdisjoint(test.operand):
            rest = tuple(entry for entry in test.operand if entry not in added)
            if test.operator != "all" or not rest:
                return self._constant(test.operator != "none")
            test = Test(test.field, test.operator, rest)
        return own.mask(test, self._take(own.codes.array))

    def _tags(self, test: Test) -> Mask:
        if test.operator == "exists":
            tagged: Mask = self._take(self._columns.tagged.array).copy()
            return tagged if test.operand else ~tagged
        names = [str(name) for name in (test.operand if isinstance(test.operand, tuple) else (test.operand,))]
        if test.operator == "all":
            held = np.logical_and.reduce([self._columns.tags.mask([name], self._n) for name in names])
        else:
            held = self._columns.tags.mask(names, self._n)
        chosen = self._take(held)
        return ~chosen if test.operator == "none" else chosen

    def _take(self, array: NDArray[Any]) -> NDArray[Any]:
        return array[: self._n] if self._rows is None else array[self._rows]

    def _constant(self, value: bool) -> Mask:  # noqa: FBT001
        return np.full(self._n if self._rows is None else len(self._rows), value, np.bool_)


def _compare(values: NDArray[np.int64], operator: str, operand: Operand) -> Mask:
    """Whole numbers against one or several of 64 bits; `ABSENT` among the values is no value."""
    if operator == "exists":
        return np.not_equal(values, ABSENT) if operand else np.equal(values, ABSENT)
    if operator == "in":
        held = np.isin(values, np.array(operand, np.int64))
    elif operator in COMPARE:
        held = COMPARE[operator](values, operand)
    else:
        held = np.equal(values, operand) if operator == "eq" else np.not_equal(values, operand)
    return np.logical_and(held, np.not_equal(values, ABSENT), out=held)
