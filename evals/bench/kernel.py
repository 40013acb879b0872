"""MemOS by itself: what one call costs through the public API as the store grows, in CPU time."""

import math
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from evals.bench.corpus import Corpus, body
from evals.bench.ours import Known
from memos import MemOS, Session

BATCH, SINGLES, GETS = 1000, 100, 300
RARE = "one in a hundred"
HELP = "import sys; from memos.cli import main; sys.argv[1:] = ['--help']; main()"
Row = dict[str, Any]


def quantiles(calls: Sequence[Callable[[], Any]]) -> tuple[float, float]:
    """p50 and p95 of the calls' CPU milliseconds."""
    spent = []
    for call in calls:
        before = time.process_time()
        call()
        spent.append(1000 * (time.process_time() - before))
    return round(statistics.median(spent), 3), round(statistics.quantiles(spent, n=20)[-1], 3)


def messages(corpus: Corpus, numbers: range) -> list[dict[str, Any]]:
    """Turns as messages; one in a hundred is tagged."""
    turns = [(number, corpus.turn(number)) for number in numbers]
    tags = {number: [RARE] if number % 100 == 7 else [] for number in numbers}
    round_ = len(corpus.turns)
    return [
        {"role": "user", "name": turn["speaker"], "content": body(turn), "session": f"{turn['session']}-{n // round_}", "tags": tags[n]}
        for n, turn in turns
    ]


def fill(memory: MemOS, user: Session, corpus: Corpus, size: int) -> float:
    """Load turns in batches, their vectors and words too; memories a CPU-second."""
    before = time.process_time()
    for start in range(0, size, BATCH):
        user.add(messages(corpus, range(start, min(start + BATCH, size))))
        memory.drain()
    return size / (time.process_time() - before)


def measure(corpus: Corpus, size: int, directory: Path) -> Row:
    """Every figure at one size, in one namespace."""
    path = directory / f"n{size}"
    with MemOS.open(path, embedder=Known(corpus.known), worker="none") as memory:
        user = memory.as_user("bench")
        row: Row = {"n": size, "batch_put_per_cpu_s": round(fill(memory, user, corpus, size))}
        vectors, step = corpus.vectors(SINGLES), max(1, size // GETS)
        singles = [lambda n=n: user.add(f"a single note, number {n}", vector=vectors[n]) for n in range(SINGLES)]
        row["put_cpu_ms"], row["put_cpu_ms_p95"] = quantiles(singles)
        ids = [cube.id for page in user.pages(limit=1000) for cube in page.cubes][::step]
        row["get_cpu_ms"], _ = quantiles([lambda one=one: user.get(one) for one in ids[:GETS]])
        row |= searches(user, corpus)
    return row | cold(path, corpus)


def searches(user: Session, corpus: Corpus) -> Row:
    """Searches beyond the embedding: all memories, and a filter that one in a hundred passes."""
    asked = corpus.questions[::3][:200]
    for text in asked[:5]:
        user.search(text)
    plain = quantiles([lambda text=text: user.search(text) for text in asked])
    rare = {"tags": {"any": [RARE]}}
    filtered = quantiles([lambda text=text: user.search(text, filter=rare) for text in asked])
    return {
        "search_cpu_ms_p50": plain[0],
        "search_cpu_ms_p95": plain[1],
        "filtered_search_cpu_ms_p50": filtered[0],
        "filtered_search_cpu_ms_p95": filtered[1],
    }


def cold(path: Path, corpus: Corpus) -> Row:
    """Opening a store that lies on disk, and the first search in it."""
    before = time.process_time()
    with MemOS.open(path, embedder=Known(corpus.known), worker="none") as memory:
        opened = time.process_time()
        memory.as_user("bench").search(corpus.questions[0])
        searched = time.process_time()
    return {"open_cpu_ms": round(1000 * (opened - before), 1), "first_search_cpu_ms": round(1000 * (searched - opened), 1)}


def fixed_namespace(corpus: Corpus, sizes: Sequence[int], directory: Path) -> list[Row]:
    """Searches in a namespace of 1,000 memories while the store around it grows."""
    rows = []
    with MemOS.open(directory / "fixed", embedder=Known(corpus.known), worker="none") as memory:
        mine, filled = memory.as_user("mine"), 0
        fill(memory, mine, corpus, 1000)
        for size in sizes:
            while filled < size - 1000:
                count = min(10_000, size - 1000 - filled)
                fill(memory, memory.as_user(f"other {filled}"), corpus, count)
                filled += count
            rows.append({"n": size, "search_cpu_ms_p50": searches(mine, corpus)["search_cpu_ms_p50"]})
    return rows


def exponent(rows: Sequence[Row], name: str = "search_cpu_ms_p50") -> float:
    """b of the least-squares fit log cost = a + b · log n."""
    x, y = [math.log(row["n"]) for row in rows], [math.log(row[name]) for row in rows]
    return round(statistics.linear_regression(x, y).slope, 3)


def start_up() -> Row:
    """CPU seconds of a fresh Python that imports the package or runs the command's help, the bare interpreter's taken off the first."""
    bare, imported = (_child(sys.executable, "-c", code) for code in ("pass", "import memos"))
    return {"import_cpu_s": round(imported - bare, 3), "help_cpu_s": round(_child(sys.executable, "-c", HELP), 3)}


def _child(*command: str) -> float:
    import resource

    spent = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return statistics.median(spent)
