"""`make bench`: MemOS as it grows, then beside the floor and its peers in one run; writes docs/benchmarks.md."""

import argparse
import platform
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from evals.bench import corpus as corpora
from evals.bench import governed, kernel, past, report
from evals.bench.peers import FLOOR, PEERS, Peer, run_peers

ROOT = Path(__file__).resolve().parents[2]
OURS = tuple(
    Peer(name=f"MemOS, by {variant}", command=("-m", "evals.bench.ours"), note="synced to disk, audited", variant=variant)
    for variant in ("words and vector", "vector alone")
)


def main() -> None:
    """Measure what the arguments ask for, and write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="1000,10000,100000", help="memories in one namespace")
    parser.add_argument("--peer-sizes", default="1000,10000")
    parser.add_argument("--no-peers", action="store_true", help="leave out the peers, which need the package registry once")
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "benchmarks.md")
    options = parser.parse_args()
    sizes, peer_sizes = ([int(size) for size in text.split(",")] for text in (options.sizes, options.peer_sizes))
    corpus = corpora.load(ROOT / ".bench" / "vectors")
    with tempfile.TemporaryDirectory() as scratch:
        rows = [told(kernel.measure(corpus, size, Path(scratch))) for size in sizes]
        fixed = [told(row) for row in kernel.fixed_namespace(corpus, sizes, Path(scratch))]
        behind = [told(past.measure(corpus, size, Path(scratch))) for size in sizes if size <= max(sizes) // 10]
        decided = [told(governed.overhead(corpus, size, Path(scratch))) for size in sizes if size >= 10_000]
        busy = [told(governed.beside(Path(scratch), pause)) for pause in (governed.PACED, 0.0)]
    texts = [corpora.body(corpus.turn(number)) for number in range(max(peer_sizes))]
    peers = (FLOOR, *OURS, *(() if options.no_peers else PEERS))
    beside = run_peers(
        corpus.vectors(max(peer_sizes)), texts, corpus.question_vectors[:100], peer_sizes, ROOT / ".bench", peers=peers, tell=told
    )
    conditions = {
        "data": f"{corpus.name}: {len(corpus.turns):,} turns, repeated to size; {len(corpus.questions):,} questions",
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        "when": datetime.now(UTC).date().isoformat(),
    }
    options.output.write_text(report.page(conditions, rows, fixed, behind, beside, kernel.start_up(), decided, busy), encoding="utf-8")
    told(f"written: {options.output.name}")


def told(value):
    """The value, shown on the way."""
    print(value, file=sys.stderr, flush=True)
    return value


if __name__ == "__main__":
    main()
