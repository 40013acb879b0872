"""Governance: what deciding costs a search, and what four processes that search cost one that writes."""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from evals.bench.corpus import Corpus, load
from evals.bench.kernel import fill, quantiles
from evals.bench.ours import Known
from memos import MemOS

POLICIES = 50
ROUNDS = 100
SEARCHERS = 4
SECONDS = 8.0
PACED = 0.05
"""Seconds between two searches of a process, where they are paced."""
Row = dict[str, Any]


def overhead(corpus: Corpus, memories: int, directory: Path) -> Row:
    """The same searches by the system, of which nothing is asked, by a user under the shipped policies, and under fifty more."""
    with MemOS.open(directory / f"governed{memories}", embedder=Known(corpus.known), worker="none") as memory:
        user, root = memory.as_user("bench", roles=("r1", "r2"), purpose="p1"), memory.as_user("root", roles=("admin",))
        fill(memory, user, corpus, memories)
        asked = (corpus.questions * (ROUNDS // len(corpus.questions) + 1))[:ROUNDS]

        def spent(session: Any) -> float:
            calls = [lambda text=text: session.search(text, namespaces="user/bench") for text in asked]
            calls[0]()
            return quantiles(calls)[0]

        ungoverned, shipped = spent(memory._system("default")), spent(user)
        root.govern_all([("policy", f"p{number}", {"text": policy(number)}) for number in range(POLICIES)])
        many = spent(user)
    return {
        "memories": memories,
        "ungoverned_ms": ungoverned,
        "shipped_ms": shipped,
        "many_ms": many,
        "overhead_ms": round(many - ungoverned, 3),
    }


def policy(number: int) -> str:
    """A policy that speaks of a role, a place, a clearance and a purpose."""
    return (
        f'@id("x") permit(principal in Role::"r{number}", action, resource in Namespace::"shared/x{number}") '
        f'when {{ resource.level <= principal.clearance && context has purpose && context.purpose == "p{number}" }};'
    )


SEARCHER = """
import sys, time
from memos import MemOS
with MemOS.open(sys.argv[1], embedder=None, worker="none") as memory:
    user = memory.as_user("bench")
    user.search("boat")
    print("ready", flush=True)
    while True:
        user.search("boat harbour mast rope")
        time.sleep(float(sys.argv[2]))
"""


def beside(directory: Path, pause: float) -> Row:
    """Commits a second of one writer, alone and beside four processes that search the same store, alternating, by the wall."""
    path = directory / f"beside{pause}"
    with MemOS.open(path, embedder=None, worker="none") as memory:
        user = memory.as_user("bench")
        user.add([f"boat {number} lies in the harbour, its mast is {number % 7} m high" for number in range(2000)])
        alone, busy = [], []
        for _ in range(3):
            alone.append(written(user))
            others = [
                subprocess.Popen([sys.executable, "-c", SEARCHER, str(path), str(pause)], stdout=subprocess.PIPE, text=True)
                for _ in range(SEARCHERS)
            ]
            for other in others:
                other.stdout.readline()
            busy.append(written(user))
            for other in others:
                other.kill()
                other.wait()
    kept = sum(busy) / sum(alone)
    told = {"alone_per_s": round(sum(alone) / 3, 1), "beside_per_s": round(sum(busy) / 3, 1), "kept": round(kept, 3)}
    return {"pause_ms": 1000 * pause, **told}


def written(user: Any) -> float:
    """Durable adds a second."""
    began, count = time.perf_counter(), 0
    while time.perf_counter() - began < SECONDS:
        user.add(f"note {time.time_ns()}")
        count += 1
    return count / (time.perf_counter() - began)


def main() -> None:
    """Print the rows as JSON."""
    with tempfile.TemporaryDirectory() as scratch:
        corpus = load(Path(".bench") / "vectors")
        for size in (10_000, 100_000):
            print(json.dumps(overhead(corpus, size, Path(scratch))), flush=True)
        for pause in (PACED, 0.0):
            print(json.dumps(beside(Path(scratch), pause)), flush=True)


if __name__ == "__main__":
    main()
