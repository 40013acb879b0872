"""The cache of indexes: its hit ratio beside the best that a fixed choice could have, and what a hit and a miss cost.

    python -m evals.bench.cache [--namespaces 10000] [--queries 20000] [--seeds 5] [--no-store]

A workload asks 10,000 namespaces by Zipf's law with exponent 1; their sizes are drawn from a Pareto distribution, independently of how
often they are asked; the budget is a tenth of all sizes. After a while the hot set is swapped: the namespaces that had half of all
queries change places with as many others. The best static cache knows the frequencies beforehand, and keeps the namespaces of most
queries a byte as long as there is room.
"""

import argparse
import statistics
import tempfile
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evals.bench.ours import Injected
from memos import MemOS
from memos.operation.memoperator import cache
from memos.operation.memoperator.admission import Admission

SHARE = 0.1
POINTS = (1000, 2000, 5000)
"""After how many queries since the swap the hit ratio is told: that of the thousand before."""
WIDTH = 384
WORDS = 5000
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Workload:
    """How often each namespace is asked, and how large it is."""

    chances: Floats
    sizes: NDArray[np.int64]

    @classmethod
    def drawn(cls, count: int, seed: int, *, least: int = 10_000, most: int = 50_000_000) -> "Workload":
        random = np.random.default_rng(seed)
        chances = 1 / np.arange(1, count + 1)
        sizes = np.minimum((random.pareto(1.2, count) + 1) * least, most).astype(np.int64)
        return cls(chances / chances.sum(), sizes)

    @property
    def budget(self) -> int:
        return int(self.sizes.sum() * SHARE)

    @property
    def hot(self) -> int:
        """How many namespaces have half of all queries."""
        return int(np.searchsorted(np.cumsum(np.sort(self.chances)[::-1]), 0.5)) + 1

    def static(self, budget: int | None = None) -> float:
        """The hit ratio of the best fixed choice."""
        order = np.argsort(-self.chances / self.sizes, kind="stable")
        return float(self.chances[order][np.cumsum(self.sizes[order]) <= (budget or self.budget)].sum())

    def swapped(self, seed: int) -> "Workload":
        """The hot namespaces change places with others."""
        random, order = np.random.default_rng([seed, 1]), np.argsort(-self.chances, kind="stable")
        hot, chances = order[: self.hot], self.chances.copy()
        others = random.choice(order[self.hot :], self.hot, replace=False)
        chances[hot], chances[others] = self.chances[others], self.chances[hot]
        return Workload(chances, self.sizes)

    def permuted(self, seed: int) -> "Workload":
        """All namespaces change places."""
        return Workload(np.random.default_rng([seed, 2]).permutation(self.chances), self.sizes)

    def asked(self, count: int, seed: int) -> list[int]:
        return np.random.default_rng([seed, 3]).choice(len(self.chances), count, p=self.chances).tolist()


class LeastRecent:
    """The cache that lets go of what was used least recently, for comparison."""

    def __init__(self, budget: int) -> None:
        self.budget, self.bytes, self.kept = budget, 0, OrderedDict[int, int]()

    def __contains__(self, key: int) -> bool:
        return key in self.kept

    def use(self, key: int, size: int) -> None:
        if key in self.kept:
            self.kept.move_to_end(key)
            return
        self.kept[key], self.bytes = size, self.bytes + size
        while self.bytes > self.budget:
            self.bytes -= self.kept.popitem(last=False)[1]


def hits(policy: Any, keys: Sequence[int], sizes: Sequence[int]) -> list[bool]:
    """Of each query whether it was a hit."""
    found = []
    for key in keys:
        found.append(key in policy)
        policy.use(key, sizes[key])
    return found


def share(found: Sequence[bool], best: float) -> float:
    return sum(found) / len(found) / best


def policy(make: Callable[[int], Any], count: int, warm: int, seed: int, change: str = "swapped") -> dict[str, float]:
    """One run: the part of the best static cache's hit ratio that is reached before the swap and after it."""
    before = Workload.drawn(count, seed)
    after = getattr(before, change)(seed)
    cached, sizes = make(before.budget), before.sizes.tolist()
    began = time.process_time()
    steady = hits(cached, before.asked(warm, seed), sizes)[-warm // 4 :]
    spent = (time.process_time() - began) / warm
    later = hits(cached, after.asked(max(POINTS), seed + 1), sizes)
    row = {"hit ratio": sum(steady) / len(steady), "best static": before.static(), "steady": share(steady, before.static())}
    row |= {f"after {point:,}": share(later[point - 1000 : point], after.static()) for point in POINTS}
    row["back at 90 %"] = reached(later, 0.9 * after.static())
    return row | {"microseconds": 1e6 * spent, "shifts": float(cached.drift.shifts) if isinstance(cached, Admission) else 0.0}


def reached(found: Sequence[bool], wanted: float, width: int = 500) -> float:
    """After how many queries the hit ratio of the last five hundred is what is wanted; one more than there are when it never is."""
    sums = np.cumsum([0, *found])
    ratios = (sums[width:] - sums[:-width]) / width
    enough = np.flatnonzero(ratios >= wanted)
    return float(enough[0] + width) if len(enough) else len(found) + 1.0


def mean(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    return {name: statistics.fmean(row[name] for row in rows) for name in rows[0]}


POLICIES: dict[str, Callable[[int], Any]] = {
    "MemOS": Admission,
    "MemOS, drift not watched": lambda budget: Admission(budget, watch=False),
    "least recently used": LeastRecent,
}


# --- the real store


def said(random: np.random.Generator, count: int) -> str:
    """Words that mean nothing."""
    return " ".join(f"word{number}" for number in random.integers(0, WORDS, count).tolist())


def built(directory: Path, workload: Workload, rows: Sequence[int]) -> list[str]:
    """A store with a user for each namespace, who has so many memories."""
    random = np.random.default_rng(0)
    names = [f"u{number}" for number in range(len(rows))]
    settings = {"durability": "process", "privacy": {"detector": "none"}, "consolidate": False}
    with MemOS.open(directory, embedder=Injected(WIDTH), worker="none", settings=settings) as memory:
        for name, count in zip(names, rows, strict=True):
            texts = [said(random, 12) for _ in range(count)]
            memory.as_user(name).add(texts, vector=random.standard_normal((count, WIDTH), np.float32))
    return names


def store(count: int, queries: int, seed: int = 0) -> dict[str, dict[str, float]]:
    """The same against a real store with real indexes, through the public API; CPU of a search by hit and miss."""
    drawn = Workload.drawn(count, seed, least=2, most=2000)
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch) / "store"
        names = built(directory, drawn, drawn.sizes.tolist())
        with MemOS.open(directory, embedder=Injected(WIDTH), worker="none", settings={"cache_bytes": 2**40}) as memory:
            sizes = []
            for name in names:
                before = memory.cache().bytes
                memory.as_user(name).search("word0")
                sizes.append(memory.cache().bytes - before)
        workload = Workload(drawn.chances, np.array(sizes))
        told = {"memories": float(drawn.sizes.sum()), "MiB": sum(sizes) / 2**20}
        return {
            title: told | run(directory, names, workload, queries, seed, watch=watch)
            for title, watch in (("MemOS", True), ("MemOS, drift not watched", False))
        }


def run(directory: Path, names: Sequence[str], before: Workload, queries: int, seed: int, *, watch: bool) -> dict[str, float]:
    """One run over a store that stands."""
    after, budget = before.swapped(seed), before.budget
    with MemOS.open(directory, embedder=Injected(WIDTH), worker="none", settings={"cache_bytes": budget}) as memory:
        memory._operator._searching().lanes = lanes = cache.Lanes(budget, watch=watch)
        sessions = [memory.as_user(name) for name in names]
        first = timed(sessions, before.asked(queries, seed), lanes)
        second = timed(sessions, after.asked(max(POINTS), seed + 1), lanes)
        status = memory.cache()
    last = first[-queries // 4 :]
    steady = [hit for hit, _ in last]
    row = {"hit ratio": sum(steady) / len(steady), "best static": before.static(), "steady": share(steady, before.static())}
    row |= {f"after {point:,}": share([hit for hit, _ in second[point - 1000 : point]], after.static()) for point in POINTS}
    for name, wanted in (("hit", True), ("miss", False)):
        row[f"p50 {name} ms"] = statistics.median(spent for hit, spent in last if hit is wanted)
    return row | {"bytes of the budget": status.bytes / budget, "shifts": float(status.shifts)}


def timed(sessions: Sequence[Any], asked: Sequence[int], lanes: cache.Lanes) -> list[tuple[bool, float]]:
    """Of each query whether it was a hit, and its CPU milliseconds."""
    random, found = np.random.default_rng(1), []
    vectors = random.standard_normal((64, WIDTH), np.float32)
    for number, key in enumerate(asked):
        text, before = said(random, 4), lanes.hits
        began = time.process_time()
        sessions[key].search(text, vector=vectors[number % 64])
        found.append((lanes.hits > before, 1000 * (time.process_time() - began)))
    return found


def table(rows: dict[str, dict[str, float]]) -> str:
    """The rows for people, in Markdown."""
    names = list(next(iter(rows.values())))
    lines = [f"| | {' | '.join(names)} |", f"| --- |{' ---: |' * len(names)}"]
    lines += [f"| {title} | {' | '.join(f'{row[name]:,.3f}'.rstrip('0').rstrip('.') for name in names)} |" for title, row in rows.items()]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--namespaces", type=int, default=10_000)
    parser.add_argument("--queries", type=int, default=100_000, help="before the swap, of the policy alone")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--store-namespaces", type=int, default=2000)
    parser.add_argument("--store-queries", type=int, default=20_000)
    parser.add_argument("--no-store", action="store_true", help="the policy alone")
    options = parser.parse_args()
    for change, told in (("swapped", "the hot set is swapped"), ("permuted", "all change places")):
        rows = {
            name: mean([policy(make, options.namespaces, options.queries, seed, change) for seed in range(options.seeds)])
            for name, make in POLICIES.items()
        }
        print(f"\nThe policy, {options.namespaces:,} namespaces, budget {SHARE:.0%}, mean of {options.seeds} seeds; {told}:\n", flush=True)
        print(table(rows), flush=True)
    if not options.no_store:
        found = store(options.store_namespaces, options.store_queries)
        print(f"\nA real store, {options.store_namespaces:,} namespaces:\n\n{table(found)}")


if __name__ == "__main__":
    main()
