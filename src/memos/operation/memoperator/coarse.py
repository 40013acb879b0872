"""Coarse: which vectors of a large lane lie near each other, so that a search reads some of them; rebuilt from the codes at any time.

An inverted file (Jégou, Douze and Schmid 2011, "Product Quantization for Nearest Neighbor Search") whose lists are the leaves of a tree of
two levels, made by spherical k-means (Dhillon and Modha 2001) from evenly spaced vectors, so that the same vectors give the same lists.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

CROSSOVER = 200_000
"""From how many memories on a scope is searched by candidates (measured: below, reading every vector costs less)."""
READ = 12_288
"""So many vectors are read for one question."""
ROUNDS = 8
SAMPLE = 24
"""So many vectors of each list are looked at when the lists are made."""
CHUNK = 8192
UNSORTED = 8192
"""Vectors that came since the lists were sorted are looked through one by one, until there are so many."""
GROWTH = 4
"""The lists are made anew when there are so many times as many vectors."""
Floats = NDArray[np.float32]
Places = NDArray[np.int64]


class Coarse(NamedTuple):
    """The lists of the slots `[0, len(lists))`; a value, replaced when there are more."""

    branches: Floats
    """The directions of the upper level, shape (b, d)."""
    leaves: Floats
    """Those of the lower, b of each branch in turn, shape (b · b, d)."""
    trained: int
    """How many vectors there were when the directions were chosen."""
    lists: NDArray[np.int32]
    """The leaf of each slot."""
    order: NDArray[np.int32]
    """The sorted slots, leaf by leaf."""
    starts: Places
    """Where each leaf begins in `order`, and the end."""

    def near(self, query: Floats) -> Places:
        """The slots of the leaves nearest to a unit vector, `READ` of them or a few more, ascending."""
        nearest = np.argsort(-(self.leaves @ query), kind="stable")
        sizes = np.diff(self.starts)[nearest]
        count = int(np.searchsorted(sizes.cumsum(), READ)) + 1
        chosen = nearest[:count]
        parts = [self.order[self.starts[leaf] : self.starts[leaf + 1]] for leaf in chosen.tolist()]
        late = np.arange(len(self.order), len(self.lists))
        parts.append(late[np.isin(self.lists[len(self.order) :], chosen)].astype(np.int32))
        found = np.concatenate(parts).astype(np.int64)
        found.sort()
        return found

    @property
    def nbytes(self) -> int:
        """The bytes held."""
        return sum(array.nbytes for array in (self.branches, self.leaves, self.lists, self.order, self.starts))


def extended(coarse: Coarse | None, codes: NDArray[np.int8], scales: Floats) -> Coarse | None:
    """The lists of all vectors there are now; None while they are too few."""
    count = len(codes)
    if count < CROSSOVER or (coarse is not None and len(coarse.lists) == count):
        return coarse
    if coarse is None or count > GROWTH * coarse.trained:
        branches, leaves = _trained(codes, scales)
        return _sorted(Coarse(branches, leaves, count, _leaf_of(codes, branches, leaves), np.empty(0, np.int32), np.empty(0, np.int64)))
    fresh = _leaf_of(codes[len(coarse.lists) :], coarse.branches, coarse.leaves)
    grown = coarse._replace(lists=np.concatenate([coarse.lists, fresh]))
    return grown if count - len(coarse.order) <= UNSORTED else _sorted(grown)


def _sorted(coarse: Coarse) -> Coarse:
    order = np.argsort(coarse.lists, kind="stable").astype(np.int32)
    starts = np.searchsorted(coarse.lists[order], np.arange(len(coarse.leaves) + 1))
    return coarse._replace(order=order, starts=starts)


def _trained(codes: NDArray[np.int8], scales: Floats) -> tuple[Floats, Floats]:
    width = max(2, round(len(codes) ** 0.25))
    sample = np.linspace(0, len(codes) - 1, min(len(codes), SAMPLE * width * width)).astype(np.int64)
    rows = codes[sample].astype(np.float32) * scales[sample, None]
    branches = _clustered(rows, width)
    nearest = (rows @ branches.T).argmax(axis=1)
    parts = [rows[nearest == branch] for branch in range(width)]
    leaves = [_clustered(part if len(part) >= width else np.concatenate([part, rows[:width]]), width) for part in parts]
    return branches, np.concatenate(leaves)


def _clustered(rows: Floats, count: int) -> Floats:
    """`count` directions by k-means from evenly spaced rows; one that loses all its rows stays where it was."""
    centres = rows[np.linspace(0, len(rows) - 1, count).astype(np.int64)].copy()
    for _ in range(ROUNDS):
        nearest = (rows @ centres.T).argmax(axis=1)
        order = np.argsort(nearest, kind="stable")
        present, first = np.unique(nearest[order], return_index=True)
        sums = np.add.reduceat(rows[order], first, axis=0)
        centres[present] = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9)
    return centres


def _leaf_of(codes: NDArray[np.int8], branches: Floats, leaves: Floats) -> NDArray[np.int32]:
    """The leaf of each vector; the length of a row of codes changes nothing."""
    found, width = np.empty(len(codes), np.int32), len(branches)
    for start in range(0, len(codes), CHUNK):
        rows = codes[start : start + CHUNK].astype(np.float32)
        branch = (rows @ branches.T).argmax(axis=1)
        for each in np.unique(branch).tolist():
            here = np.flatnonzero(branch == each)
            found[start + here] = each * width + (rows[here] @ leaves[each * width : (each + 1) * width].T).argmax(axis=1)
    return found
