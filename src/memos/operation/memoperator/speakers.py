"""Speakers: who spoke in a scope, and whom of them a question names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from memos.operation.memoperator.analysis import personal_name
from memos.operation.memoperator.gazetteer import first_names

_WORDS = "will bill art mark pat rob sue drew grace hope joy max jack ray don may june april rose frank jean dot"
WORDS = frozenset(_WORDS.split())
"""Short forms of names that are words, too: such a one names only who bears it."""


class Speakers:
    """The people who speak. `names` gives each a code; `codes` holds that of each position's speaker, -1 for none."""

    def __init__(self, names: Mapping[str, int], codes: NDArray[np.int64]) -> None:
        self._names, self._codes = names, codes

    @cached_property
    def _spoken(self) -> NDArray[np.int64]:
        """How many memories are of each speaker, those of none last."""
        return np.bincount(np.where(self._codes < 0, len(self._names), self._codes), minlength=len(self._names) + 1)

    @cached_property
    def _called(self) -> tuple[int, dict[str, set[int]]]:
        """How many people speak here, and for each word of a name those who bear it."""
        called: dict[str, set[int]] = {}
        for name, code in self._names.items():
            for word in personal_name(name) if self._spoken[code] else ():
                called.setdefault(word, set()).add(code)
        return len(set().union(*called.values())), called

    def named(self, words: Sequence[str]) -> NDArray[np.float32] | None:
        """See `Scope.named`."""
        people, called = self._called
        meant = sorted(set().union(*(self._bearers(called, word) for word in words)))
        if not meant or len(meant) == people:
            return None
        table = np.zeros(len(self._names) + 1, np.float32)
        table[meant] = 1
        table[-1] = self._spoken[meant].sum() / self._spoken[:-1].sum()
        return table.take(self._codes)

    @staticmethod
    def _bearers(called: Mapping[str, set[int]], word: str) -> set[int]:
        """Those whom a word names: by a name of theirs, else by a short or familiar form of the name of one of them alone."""
        if word in called or word in WORDS:
            return called.get(word, set())
        fulls = {full for full in first_names().get(word, ()) if not full.startswith("=")}
        alike = set[int]().union(*(called.get(full, ()) for full in fulls))
        return alike if len(alike) == 1 else set()
