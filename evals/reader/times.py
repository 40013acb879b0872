"""Scores the grammar of times: `python -m evals.reader.times [--misses]`.

A row of a list is an utterance with `now` (local), `tz`, `week_start`, `country`, `language`, `told`, and the half-open window that it
means (`start`, `end`, local, null where open) or `none`, where it names no time. A window is right when both ends are exact. The lists:
the shared one beside the repository (where it is), `times.jsonl`, by which the grammar was built, `times_unseen.jsonl`, of which the
misses are never printed, nor were they looked at, and `told.jsonl`, statements (`told`) in two halves, by `split`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from statistics import quantiles
from time import process_time
from typing import Any
from zoneinfo import ZoneInfo

from memos.interface.memreader.times import read_times
from memos.memcube.window import Window

ROOT = Path(__file__).parents[2]
OURS = ROOT / "evals/data/reader"
SHARED = ROOT.parent / "shared/data/time_expressions.jsonl"
UNSEEN = "unseen"


@dataclass
class Score:
    """What a list scored: windows, look-alikes, milliseconds of CPU, misses."""

    right: int = 0
    windows: int = 0
    false: int = 0
    look_alikes: int = 0
    milliseconds: list[float] = field(default_factory=list)
    misses: list[str] = field(default_factory=list)

    def line(self) -> str:
        """One line of figures."""
        cuts = quantiles(self.milliseconds, n=20) if len(self.milliseconds) > 1 else [0.0] * 19
        return (
            f"windows {self.right}/{self.windows}, false positives {self.false}/{self.look_alikes}, "
            f"CPU p50 {cuts[9]:.2f} ms, p95 {cuts[18]:.2f} ms"
        )


def rows(path: Path) -> list[dict[str, Any]]:
    """The utterances of a list."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def lists() -> dict[str, list[dict[str, Any]]]:
    """The lists that are at hand, by name, ours by split and language."""
    found = {"shared": rows(SHARED)} if SHARED.is_file() else {}
    for split, name in (("seen", "times.jsonl"), (UNSEEN, "times_unseen.jsonl")):
        for row in rows(OURS / name):
            found.setdefault(f"{split} {row['language']}", []).append(row)
    for row in rows(OURS / "told.jsonl"):
        found.setdefault(f"{row['split']} told", []).append(row)
    return found


def score(utterances: Iterable[dict[str, Any]]) -> Score:
    """Read every utterance and count."""
    result = Score()
    for row in utterances:
        zone = ZoneInfo(row.get("tz", "UTC"))
        began = process_time()
        window = read_times(
            row["text"],
            now=datetime.fromisoformat(row["now"]).replace(tzinfo=zone),
            week_start=row.get("week_start", 0),
            country=row.get("country"),
            told=row.get("told", False),
        ).window
        result.milliseconds.append((process_time() - began) * 1000)
        if row.get("none"):
            result.look_alikes += 1
            result.false += window is not None
        else:
            result.windows += 1
            result.right += window == wanted(row, zone)
        if (window is not None) if row.get("none") else window != wanted(row, zone):
            result.misses.append(f"{row['text']!r} at {row['now']}: {shown(window, zone)}")
    return result


def wanted(row: dict[str, Any], zone: ZoneInfo) -> Window:
    """The window that a row asks for."""
    start, end = (datetime.fromisoformat(row[side]).replace(tzinfo=zone) if row[side] else None for side in ("start", "end"))
    return Window(start=start, end=end)


def shown(window: Window | None, zone: ZoneInfo) -> str:
    """A window in local time."""
    if window is None:
        return "no window"
    return " to ".join(time.astimezone(zone).isoformat() if time else "open" for time in (window.start, window.end))


def main(arguments: list[str]) -> None:
    """Print the figures, and the misses of the lists that may be looked at."""
    for name, utterances in lists().items():
        score(utterances[:5])  # tables are loaded once
        result = score(utterances)
        print(f"{name:<12} {result.line()}")
        if "--misses" in arguments and not name.startswith(UNSEEN):
            print("".join(f"    {miss}\n" for miss in result.misses), end="")


if __name__ == "__main__":
    main(sys.argv[1:])
