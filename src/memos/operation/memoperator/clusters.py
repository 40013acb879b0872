"""Clusters of points on the sphere, the same each time: Ward's method on a sample, then spherical k-means from what it found.

Ward, "Hierarchical Grouping to Optimize an Objective Function", 1963, by the nearest-neighbour chain (Murtagh, 1983), in O(n²); Dhillon and
Modha, "Concept Decompositions for Large Sparse Text Data Using Clustering", 2001.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]
Integers = NDArray[np.int64]
SAMPLE = 2000
"""Points from which the clusters are learnt; the rest are assigned to the nearest."""
ROUNDS = 15
RIDGE = 3.0
ENOUGH = 0.7
"""Which share of the clusters wanted must have been there before for these to be gone on from."""


def scaled(points: Matrix) -> Matrix:
    """Rows of length 1; those of zeros stay."""
    norms = np.linalg.norm(points, axis=1, keepdims=True)
    found: Matrix = np.divide(points, norms, out=np.zeros_like(points), where=norms > 0)
    return found


def without_style(points: Matrix, styles: Sequence[Sequence[str]]) -> Matrix:
    """Rows of length 1 without what is common to all, and to those of one style: that they ask, like, or hedge is no topic.

    What the styles of the rows explain is subtracted, by ridge regression.
    """
    names = {name: at for at, name in enumerate(sorted({name for style in styles for name in style}), 1)}
    design = np.zeros((len(points), len(names) + 1), np.float32)
    design[:, 0] = 1.0
    for row, style in enumerate(styles):
        for name in style:
            design[row, names[name]] = 1.0
    there = points.any(axis=1)
    design[~there] = 0.0
    penalty = np.diag([0.0, *[RIDGE] * len(names)]).astype(np.float32)
    fitted = design @ np.linalg.lstsq(design.T @ design + penalty, design.T @ points, rcond=None)[0]
    return scaled((points - fitted).astype(np.float32))


def clusters(points: Matrix, count: int, before: Sequence[str | None]) -> tuple[Integers, NDArray[np.float64]]:
    """The cluster of each row of length 1, the fullest first, and how sure it is: by how much its centre is nearer than the next.

    `before` names the cluster that each row was in. They are gone on from, unless there are far fewer than `count`.
    """
    chosen = np.arange(len(points)) if len(points) <= SAMPLE else np.linspace(0, len(points) - 1, SAMPLE).astype(np.int64)
    sample, known = points[chosen], sorted({name for row in chosen.tolist() if (name := before[row]) is not None})
    if len(known) >= ENOUGH * count:
        place = {name: at for at, name in enumerate(known)}
        told = [(at, place[name]) for at, row in enumerate(chosen.tolist()) if (name := before[row]) is not None]
        rows, labels = np.array(told).T
        start = _centres(sample[rows], labels, np.zeros((len(known), points.shape[1]), np.float32))
    else:
        labels = _ward(sample, min(count, len(sample)))
        start = _centres(sample, labels, np.zeros((int(labels.max()) + 1, points.shape[1]), np.float32))
    centres = _refined(sample, start)
    near = points @ centres.T
    nearest = np.argmax(near, axis=1)
    order = np.argsort(-np.bincount(nearest, minlength=len(centres)), kind="stable")
    rank = np.empty(len(centres), np.int64)
    rank[order] = np.arange(len(centres))
    best = np.sort(near, axis=1)
    margin = best[:, -1] - (best[:, -2] if len(centres) > 1 else 0.0)
    return rank[nearest], np.round(1 / (1 + np.exp(-10.0 * margin.astype(np.float64))), 2)


def _refined(points: Matrix, centres: Matrix) -> Matrix:
    """The centres of clusters after some rounds in which every point goes to the nearest."""
    for _ in range(ROUNDS):
        moved = _centres(points, np.argmax(points @ centres.T, axis=1), centres)
        if np.allclose(moved, centres, atol=1e-5):
            break
        centres = moved
    return centres


def _centres(points: Matrix, labels: Integers, before: Matrix) -> Matrix:
    sums = np.zeros_like(before)
    np.add.at(sums, labels, points)
    found = scaled(sums)
    return np.where(found.any(axis=1, keepdims=True), found, before)


def _ward(points: Matrix, count: int) -> Integers:
    """The labels, from 0 on, of the `count` clusters that are left when those are joined whose union spreads least."""
    merges = sorted(_merges(points), key=lambda merge: merge[0])[: len(points) - count]
    parent = list(range(len(points)))

    def root(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for _, one, other in merges:
        parent[root(other)] = root(one)
    return np.unique([root(node) for node in range(len(points))], return_inverse=True)[1].astype(np.int64)


def _merges(points: Matrix) -> list[tuple[float, int, int]]:
    """Every merge of two clusters, each named by one of its points, with how much it spreads; not in the order of that."""
    n = len(points)
    apart = np.maximum(1.0 - (points @ points.T).astype(np.float64), 0.0)
    np.fill_diagonal(apart, np.inf)
    size = np.ones(n)
    alive = np.ones(n, np.bool_)
    chain: list[int] = []
    merges: list[tuple[float, int, int]] = []
    while len(merges) < n - 1:
        if not chain:
            chain.append(int(np.argmax(alive)))
        last = chain[-1]
        near = int(np.argmin(apart[last]))
        if len(chain) > 1 and apart[last, chain[-2]] <= apart[last, near]:
            near = chain[-2]
            del chain[-2:]
            merges.append((float(apart[last, near]), near, last))
            _join(apart, size, alive, near, last)
        else:
            chain.append(near)
    return merges


def _join(apart: NDArray[np.float64], size: NDArray[np.float64], alive: NDArray[np.bool_], one: int, other: int) -> None:
    """Let one cluster stand for two, by the update of Lance and Williams for Ward's method."""
    a, b, between = size[one], size[other], apart[one, other]
    joined = ((a + size) * apart[one] + (b + size) * apart[other] - size * between) / (a + b + size)
    alive[other] = False
    size[one] = a + b
    joined[~alive] = np.inf
    joined[one] = np.inf
    apart[one] = joined
    apart[:, one] = joined
    apart[other] = np.inf
    apart[:, other] = np.inf
