"""The encodings that columns are made of: values by dictionary, rows by tag, metadata by key.

One writer appends while readers read: what a reader has taken is never written to again, lengths are published last.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Hashable, Iterable, Sequence
from copy import copy
from itertools import islice
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from memos.memcube.conditions import Test
from memos.memcube.matching import elements, names_of, typed, value_test
from memos.operation.memoperator.growing import Growing

TABLES = 64
"""How many tests a dictionary remembers the answers to."""
KEYS = 32
"""How many metadata keys are kept encoded."""
CHUNK = 4096
"""How many texts of metadata are parsed at once."""
CODED, TABLE, NUMBER = 200, 300, 32
"""About what the objects take, in bytes: those of a column that is empty, those of a remembered answer, a whole number."""

Mask = NDArray[np.bool_]


class Coded:
    """A dictionary-encoded column: `values[codes.array[i]]` is what row i holds, None when absent."""

    __slots__ = ("_codes_of", "_held", "_lock", "_tables", "codes", "values")

    def __init__(self) -> None:
        self.codes = Growing(np.int32)
        self.values: list[Any] = []
        self._codes_of: dict[Hashable, int] = {}
        self._tables: dict[Test, Mask] = {}
        self._lock = threading.Lock()
        self._held = 0

    def __copy__(self) -> Self:
        """One that goes on by itself."""
        other = type(self)()
        for name in ("codes", "values", "_codes_of", "_held"):
            setattr(other, name, copy(getattr(self, name)))
        return other

    @property
    def nbytes(self) -> int:
        """The room that it takes, estimated: that of each value is counted when it comes."""
        with self._lock:
            tables = sum(TABLE + table.nbytes for table in self._tables.values())
        return CODED + self.codes.nbytes + sys.getsizeof(self.values) + sys.getsizeof(self._codes_of) + self._held + tables

    def extend(self, values: Sequence[Any]) -> None:
        """Append values; those that the filter language cannot tell apart get one code."""
        self._extend(values, values)

    def _extend(self, keys: Sequence[Hashable], values: Sequence[Any]) -> None:
        known = self._codes_of
        for key, value in dict(zip(keys, values, strict=True)).items():
            if key not in known:
                self.values.append(value)
                self._held += sys.getsizeof(value) + NUMBER
                known[key] = len(known)
        self.codes.extend(list(map(known.__getitem__, keys)))

    def mask(self, test: Test, codes: NDArray[np.int32]) -> Mask:
        """What a test that does not depend on the time says of rows by their codes."""
        if test.operator == "eq":
            return np.equal(codes, self.code(test.operand))
        return self._table(test).take(codes)

    def code(self, value: Any) -> int:
        """The code of a value, -1 when no row has held it."""
        return self._codes_of.get(value, -1)

    def _table(self, test: Test) -> Mask:
        """What a test says of each value, shape (len(values),)."""
        size = len(self.values)
        if test.operator == "in" and isinstance(test.operand, tuple):
            table = np.zeros(size, np.bool_)
            table[[code for code in map(self.code, test.operand) if 0 <= code < size]] = True
            return table
        with self._lock:
            table = self._tables.get(test, np.empty(0, np.bool_))
            if len(table) < size:
                holds = value_test(test.operator, test.operand)
                more = np.fromiter(map(holds, islice(self.values, len(table), size)), np.bool_, size - len(table))
                table = np.concatenate([table, more])
            _remember(self._tables, test, table, TABLES)
        return table


class CodedJSON(Coded):
    """A dictionary-encoded column of JSON values."""

    __slots__ = ()

    def extend(self, values: Sequence[Any]) -> None:
        """Append values; those that the filter language cannot tell apart get one code."""
        self._extend(list(map(_distinct, values)), values)

    def code(self, value: Any) -> int:
        """The code of a scalar, -1 when no row has held it."""
        return self._codes_of.get(typed(value), -1)


class Postings:
    """For each tag, the rows that have it, ascending."""

    __slots__ = ("_borrowed", "_rows")

    def __init__(self) -> None:
        self._rows: dict[str, Growing] = {}
        self._borrowed: set[str] = set()

    def __copy__(self) -> Postings:
        """One that goes on by itself; the rows of a tag are its own once it appends to them."""
        other = Postings()
        other._rows, other._borrowed = dict(self._rows), set(self._rows)
        return other

    @property
    def nbytes(self) -> int:
        """The room that it takes, estimated."""
        return sys.getsizeof(self._rows) + sum(sys.getsizeof(name) + rows.nbytes for name, rows in self._rows.items())

    def extend(self, first: int, tags: Iterable[tuple[str, ...]]) -> None:
        """Append rows from number `first` on, each with the keys of its tags."""
        alike: dict[tuple[str, ...], list[int]] = {}
        for row, keys in enumerate(tags, first):
            if keys:
                alike.setdefault(keys, []).append(row)
        found: dict[str, list[int]] = {}
        for keys, rows in alike.items():
            for name in {name for key in keys for name in names_of(key)}:
                found.setdefault(name, []).extend(rows)
        for name, rows in found.items():
            if name in self._borrowed:
                self._rows[name] = copy(self._rows[name])
                self._borrowed.discard(name)
            self._rows.setdefault(name, Growing(np.int32)).extend(np.sort(np.array(rows, np.int32)))

    def mask(self, names: Iterable[str], n: int) -> Mask:
        """Which of the first n rows have at least one of the names."""
        held = np.zeros(n, np.bool_)
        for name in names:
            if name in self._rows:
                rows = self._rows[name].array
                held[rows[: int(np.searchsorted(rows, n))]] = True
        return held


class MetadataKeys:
    """Metadata as it is stored, each distinct text once, and the keys that filters have asked for, encoded when they first do."""

    __slots__ = ("_keys", "_lock", "texts")

    def __init__(self) -> None:
        self.texts = Coded()
        self._keys: dict[str, CodedJSON] = {}
        self._lock = threading.Lock()

    def __copy__(self) -> MetadataKeys:
        """One that goes on by itself."""
        other = MetadataKeys()
        other.texts = copy(self.texts)
        return other

    @property
    def nbytes(self) -> int:
        """The room that it takes, estimated."""
        with self._lock:
            return CODED + self.texts.nbytes + sum(column.nbytes for column in self._keys.values())

    def column(self, key: str) -> CodedJSON:
        """The values of one key, one for each distinct text."""
        with self._lock:
            column = self._keys.get(key) or CodedJSON()
            for start in range(column.codes.n, len(self.texts.values), CHUNK):
                chunk = self.texts.values[start : start + CHUNK]
                column.extend([value.get(key) for value in json.loads(f"[{','.join(text or '{}' for text in chunk)}]")])
            _remember(self._keys, key, column, KEYS)
            return column


def _remember(cache: dict[Any, Any], key: Hashable, value: Any, limit: int) -> None:
    """Put what was just used at the end of the cache, and drop the first beyond the limit."""
    cache.pop(key, None)
    cache[key] = value
    while len(cache) > limit:
        cache.pop(next(iter(cache)), None)


def _distinct(value: Any) -> Hashable:
    """A key under which two JSON values meet only if no filter can tell them apart."""
    if isinstance(value, list):
        return "array", elements(value)
    return typed(value) or ("object" if value is not None else None)
