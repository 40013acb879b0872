"""The benchmark page: figures, conditions and ratios, as Markdown."""

from collections.abc import Mapping, Sequence
from typing import Any

from evals.bench.kernel import exponent

Row = Mapping[str, Any]
KERNEL = {
    "n": "memories",
    "put_cpu_ms": "one durable add",
    "batch_put_per_cpu_s": "batch add, memories/CPU-s",
    "get_cpu_ms": "get",
    "search_cpu_ms_p50": "search p50",
    "search_cpu_ms_p95": "search p95",
    "filtered_search_cpu_ms_p50": "1 % filter p50",
    "filtered_search_cpu_ms_p95": "1 % filter p95",
    "open_cpu_ms": "open",
    "first_search_cpu_ms": "first search",
}
BESIDE = {
    "peer": "store",
    "version": "version",
    "put_cpu_ms": "add, CPU ms",
    "put_wall_ms": "add, wall ms",
    "batch_put_per_cpu_s": "batch, /CPU-s",
    "get_cpu_ms_p50": "get, CPU ms",
    "search_cpu_ms_p50": "search, CPU ms",
    "search_wall_ms_p50": "search, wall ms",
    "recall_at_10": "agrees with exact cosine",
}
PAST = {
    "memories": "memories",
    "versions": "versions",
    "present_ms": "search now, p50",
    "past_ms": "search half way back, p50",
    "ratio": "×",
    "snapshot_ms": "snapshot",
    "restore_ms": "restore of one memory",
}
GOVERNED = {
    "memories": "memories",
    "ungoverned_ms": "search, nothing decided",
    "shipped_ms": "shipped policies",
    "many_ms": "fifty more",
    "overhead_ms": "what they cost",
}
BUSY = {
    "pause_ms": "ms between two searches of each",
    "alone_per_s": "commits a second alone",
    "beside_per_s": "beside four searchers",
    "kept": "kept",
}
INTRODUCTION = """# Benchmarks

Written by `make bench`. Times are CPU time unless a heading says wall: the machines are small and shared, and CPU time and the ratios of
one run are what can be compared. Every vector is given, so that no model's time is in any figure. What is found beside the peers is
[a page of its own](recall.md).

"""


def page(
    conditions: Mapping[str, str], rows: Sequence[Row], fixed: Sequence[Row], past: Sequence[Row], beside: Sequence[Row], started: Row,
    governed: Sequence[Row] = (), busy: Sequence[Row] = (),
) -> str:  # fmt: skip
    """The whole page."""
    parts = [INTRODUCTION, *(f"- {name}: {value}\n" for name, value in conditions.items())]
    parts += ["\n## MemOS in one namespace\n\nMilliseconds of CPU through the public API, durable and recorded.\n\n", table(rows, KERNEL)]
    parts += [growth(rows, fixed), behind(past), governance(governed, busy), start(started), comparison(beside)]
    return "".join(parts)


def growth(rows: Sequence[Row], fixed: Sequence[Row]) -> str:
    """How the cost of a search grows."""
    if len(rows) < 2:
        return ""
    within = table(fixed, {"n": "memories in the store", "search_cpu_ms_p50": "search p50, in a namespace of 1,000"})
    grows = f"A search's CPU grows as n to the power {exponent(rows)} in one namespace of n memories, and {exponent(fixed)} in a namespace"
    return f"\n## Growth\n\n{grows} of 1,000 while the store around it grows to n.\n\n{within}"


def behind(rows: Sequence[Row]) -> str:
    """What the past costs."""
    told = "Milliseconds of CPU through the public API; the past is read half way back in the life of memories of ten versions each."
    return f"\n## The past\n\n{told}\n\n{table(rows, PAST)}" if rows else ""


def governance(rows: Sequence[Row], busy: Sequence[Row]) -> str:
    """What deciding costs, and what searches cost a writer."""
    told = "Milliseconds of CPU, p50. The first column is the system's own principal, of which nothing is asked."
    wall = "Durable commits of one process by the wall, alone and beside four processes that search the same store."
    return f"\n## Governance\n\n{told}\n\n{table(rows, GOVERNED)}\n{wall}\n\n{table(busy, BUSY)}" if rows else ""


def start(started: Row) -> str:
    """What it costs to begin."""
    imported, helped = started["import_cpu_s"], started["help_cpu_s"]
    return f"\n## Start\n\n`import memos` takes {imported} s of CPU, `memos --help` {helped} s, the interpreter included.\n"


def comparison(rows: Sequence[Row]) -> str:
    """Peers beside each other at each size, with their ratios to MemOS."""
    parts = [
        "\n## Beside the floor and the peers\n\nThe same vectors, one after another in one run, each peer in an environment of its own.\n"
    ]
    for size in sorted({row["n"] for row in rows if "n" in row}):
        here = [row for row in rows if row.get("n") == size and "error" not in row]
        ours = next((row for row in here if row["peer"].startswith("MemOS")), None)
        columns = BESIDE | ({"put_ratio": "add ×", "search_ratio": "search ×"} if ours else {})
        parts.append(f"\n### {size:,} memories\n\n{table([with_ratios(row, ours) for row in here], columns)}")
    parts.append("\n`add ×` and `search ×` are the CPU of that store over that of the first MemOS row.\n\n")
    parts += [f"- {row['peer']}: {row['note']}.\n" for row in {row["peer"]: row for row in rows if "note" in row}.values()]
    parts += [f"- {row['peer']} could not be measured{at(row)}: {row['error']}\n" for row in rows if "error" in row]
    return "".join(parts)


def at(row: Row) -> str:
    """The size at which something failed."""
    return f" at {row['n']:,}" if "n" in row else ""


def with_ratios(row: Row, ours: Row | None) -> Row:
    """The row with its CPU over ours."""
    if ours is None:
        return row
    return {
        **row,
        "put_ratio": round(row["put_cpu_ms"] / ours["put_cpu_ms"], 2),
        "search_ratio": round(row["search_cpu_ms_p50"] / ours["search_cpu_ms_p50"], 2),
    }


def table(rows: Sequence[Row], columns: Mapping[str, str]) -> str:
    """A Markdown table; what a row lacks is a dash."""
    lines = ["| " + " | ".join(columns.values()) + " |", "|" + " --- |" * len(columns)]
    lines += ["| " + " | ".join(shown(row.get(name)) for name in columns) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def shown(value: Any) -> str:
    """A figure as people read it."""
    if isinstance(value, float):
        return f"{value:,.3g}" if value < 1000 else f"{value:,.0f}"
    return "–" if value is None else f"{value:,}" if isinstance(value, int) else str(value)
