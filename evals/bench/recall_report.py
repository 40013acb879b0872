"""The page of recall beside the peers, as Markdown."""

import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from evals.bench.report import Row, table

TITLES = {"locomo_dev": "LoCoMo dev", "beam_dev": "BEAM dev", "harbour": "the shipped conversations"}
COMPARED = "MemOS, out of fold"
INTRODUCTION = """# Recall beside the peers

Written by `make bench`, with [the benchmarks of speed](benchmarks.md). Each store is told the turns of a conversation in their order, then
asked its questions; every conversation is a store of its own. All are given the same vectors of the same model (all-MiniLM-L6-v2) for the
turns, with their speakers, and for the questions, so that no model's time is in any figure; MemOS is given what the same pass of the model
says of single words, too, but in the row that says otherwise. No store calls a language model or the network. R@{limit} is the share of a
question's evidence among the {limit} turns that come back, MRR the mean of 1 / rank of the first, both in percent, means over questions.
CPU is a search's, in the process of the store with all its threads, the median and the 95th percentile over all questions.

**MemOS's weights were fitted to these very sets**, so that its first row flatters it. The rows "out of fold" are to be compared: there the
weights, and nothing else, were fitted anew to four fifths of the conversations, and the questions are those of the fifth that was left
out. The features themselves were designed on these sets. The peers are not fitted to anything here.

"""


def conditions(names: Sequence[str], data: Sequence[Sequence[Mapping[str, Any]]], limit: int) -> dict[str, str]:
    """On what, where and when it was measured."""
    turns = [[len(each["turns"]) for each in one] for one in data]
    sizes = [f"{title(name)}: {len(one)} conversations of {min(one)} to {max(one)} turns" for name, one in zip(names, turns, strict=True)]
    return {
        "data": "; ".join(sizes) + ". Of LoCoMo the categories 1 to 4: the fifth asks for what nobody said",
        "limit": str(limit),
        "machine": f"{platform.machine()}, Python {platform.python_version()}, one thread a library",
        "when": datetime.now(UTC).date().isoformat(),
    }


def title(name: str) -> str:
    """A set's name as people know it."""
    return TITLES.get(name, name)


def cheaper(ranked: Sequence[Row]) -> str:
    """Which stores take less CPU than the row of MemOS that is to be compared, and how much less they find."""
    ours = next((row for row in ranked if row["peer"] == COMPARED), None)
    if ours is None:
        return ""
    less = [row for row in ranked if not row["peer"].startswith("MemOS") and row["cpu_ms"] < ours["cpu_ms"]]
    points = sorted({round(ours["recall"] - row["recall"], 1) for row in less})
    found = f"; what they find is {' to '.join(map(str, points[:: max(len(points) - 1, 1)]))} points less" if less else ""
    return f"\nLess CPU than {COMPARED} take {', '.join(row['peer'] for row in less) or 'none of the others'}{found}.\n"


def page(described: Mapping[str, str], names: Sequence[str], rows: Sequence[Row], limit: int) -> str:
    """The whole page."""
    parts = [INTRODUCTION.format(limit=limit), *(f"- {name}: {value}\n" for name, value in described.items())]
    good = [row for row in rows if "error" not in row]
    for name in names:
        columns = {
            "peer": "store",
            "version": "version",
            "recall": f"R@{limit}",
            "mrr": "MRR",
            "cpu_ms": "CPU ms, p50",
            "cpu_ms_p95": "p95",
        }
        ranked = sorted(({"peer": row["peer"], **row[name]} for row in good), key=lambda row: -row["recall"])
        asked = f"{ranked[0]['n']:,} questions" if ranked else "nothing was measured"
        parts.append(f"\n## {title(name)}: {asked}\n\n{table(ranked, columns)}{cheaper(ranked)}")
    parts.append("\n## How each was asked\n\n")
    parts += [f"- {row['peer']}: {row['note']}.\n" for row in good]
    parts += [f"- {row['peer']} could not be measured: {row['error']}\n" for row in rows if "error" in row]
    return "".join(parts)
