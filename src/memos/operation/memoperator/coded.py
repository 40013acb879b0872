"""The encodings that columns are made of: values by dictionary, rows by tag, metadata by key.

One writer appends while readers read: what a reader has taken is never written to again, lengths are published last.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Hashable, Iterable
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from memos.memcube.conditions import Test
from memos.memcube.matching import elements, typed, value_test
from memos.operation.memoperator.growing import Growing

TABLES = 64
"""How many tests a dictionary remembers the answers to."""
KEYS = 32
"""How many metadata keys are kept encoded."""


class Coded:
    """A dictionary-encoded column: `values[codes.array[i]]` is what row i holds, None when absent."""

    __slots__ = ("_lookup", "_tables", "codes", "values")

    def __init__(self) -> None:
        self.codes = Growing(np.int32)
        self.values: list[Any] = []
        self._lookup: dict[Hashable, int] = {}
        self._tables: dict[Test, NDArray[np.bool_]] = {}

    def extend(self, values: Iterable[Hashable]) -> None:
        """Append hashable values that differ where the filter language can tell them apart."""
        lookup = self._lookup
        codes = [lookup.setdefault(value, len(lookup)) for value in values]
        self.values.extend(islice(lookup, len(self.values), None))
        self.codes.extend(codes)

    def extend_json(self, values: Iterable[Any]) -> None:
        """Append JSON values."""
        codes = []
        for value in values:
            codes.append(self._lookup.setdefault(_distinct(value), len(self._lookup)))
            if codes[-1] == len(self.values):
                self.values.append(value)
        self.codes.extend(codes)

    def code(self, value: Hashable) -> int:
        """The code of a value, -1 when no row has held it."""
        return self._lookup.get(value, -1)

    def table(self, test: Test) -> NDArray[np.bool_]:
        """What a test that does not depend on the time says of each value, shape (len(values),)."""
        known = self._tables.get(test, np.empty(0, np.bool_))
        size = len(self.values)
        if len(known) < size:
            holds = value_test(test.operator, test.operand)
            more = np.fromiter(map(holds, islice(self.values, len(known), size)), np.bool_, size - len(known))
            known = np.concatenate([known, more])
            _remember(self._tables, test, known, TABLES)
        return known


class Postings:
    """For each tag, the rows that have it, ascending."""

    __slots__ = ("_rows",)

    def __init__(self) -> None:
        self._rows: dict[str, Growing] = {}

    def extend(self, first: int, names: Iterable[Iterable[str]]) -> None:
        """Append rows from number `first` on, each with its names."""
        found: dict[str, list[int]] = {}
        for row, those in enumerate(names, first):
            for name in set(those):
                found.setdefault(name, []).append(row)
        for name, rows in found.items():
            self._rows.setdefault(name, Growing(np.int32)).extend(rows)

    def mask(self, names: Iterable[str], n: int) -> NDArray[np.bool_]:
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
        self._keys: dict[str, Coded] = {}
        self._lock = threading.Lock()

    def column(self, key: str) -> Coded:
        """The values of one key, one for each distinct text."""
        with self._lock:
            column = self._keys.get(key) or Coded()
            texts = self.texts.values[column.codes.n :]
            column.extend_json(json.loads(text).get(key) if text else None for text in texts)
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
