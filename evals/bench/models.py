"""What KV blocks spare a local model, measured through the port of runtimes; writes docs/models-benchmarks.md.

    python -m evals.bench.models [--model DIRECTORY|FILE.gguf] [--lengths 256,1024,2048,4096] [--rounds 3]

One core is what is counted: OMP_NUM_THREADS=1.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

from evals.three_forms import weights
from memos.memcube.prompt import Part, Sampling
from memos.ports.runtime import About, Attached

ROOT = Path(__file__).resolve().parents[2]
PAGE, PROOFS = ROOT / "docs/models-benchmarks.md", ROOT / "docs/proofs"
SAID = ROOT / "evals/data/harbour.json"
QUESTION = "Of all that was said here, which of the plans for the week after next was changed last, who changed it, and what is it now?"
ONE = Sampling(max_tokens=1)
ABOUT = About("a" * 32, (("c1", 1),))
INTRODUCTION = """# Benchmarks of models

Written by `python -m evals.bench.models`. CPU seconds of one core until the first token of the answer to a question, behind a beginning
of so many tokens: read as a whole, and with the KV block of the beginning opened from its file, checked, attached. What composition,
adapters, marks and the order of a prompt are worth stands in [KV blocks](guides/kv.md), [Adapters](guides/lora.md),
[marks](guides/watermark.md) and [Runtimes](guides/runtimes.md), what the scheduler spares in [Scheduling](guides/scheduling.md); the
counted figures of a commit are in `docs/proofs/`.

"""


def words(runtime: Any, length: int) -> str:
    """The text of a conversation, as long as so many tokens."""
    turns = json.loads(SAID.read_text(encoding="utf-8"))
    lines = [f"{turn['speaker']}: {turn['text']}" for turn in (turns[0] if isinstance(turns, list) else turns)["turns"]]
    said, counts = [], runtime.count(lines)
    total = place = 0
    while total < length:
        said.append(lines[place % len(lines)])
        total += counts[place % len(lines)] + 1
        place += 1
    return "\n".join(said)


def row(runtime: Any, length: int, rounds: int, folder: Path) -> dict[str, Any]:
    """One length: the median over some rounds, both ways side by side."""
    prompt = [Part(kind="system", role="system", text=words(runtime, length)), Part(kind="query", role="user", text=QUESTION)]
    tokens = runtime.tokens(prompt)
    path = folder / f"{length}"
    path.write_bytes(runtime.pack(runtime.encode(tokens[0]), ABOUT))
    whole, loaded = [], []
    for _ in range(rounds):
        began = process_time()
        first = list(runtime.generate(prompt, ONE))
        whole.append(process_time() - began)
        began = process_time()
        block = runtime.unpack(path, ABOUT)
        second = list(runtime.generate(prompt, ONE, attached=Attached((block,))))
        loaded.append(process_time() - began)
        assert first[0].text == second[0].text, "the first token differs"
    full, kept = median(whole), median(loaded)
    return {
        "tokens": len(tokens[0]), "question": sum(len(each) for each in tokens[1:]), "MB": path.stat().st_size / 1e6, "read": full,
        "attached": kept, "less": 100 * (1 - kept / full),
    }  # fmt: skip


def main() -> None:
    """Measure, and write the page."""
    from memos.plugins import load_runtime

    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--model", type=Path)
    parser.add_argument("--lengths", default="256,1024,2048,4096")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    model = (given.model or weights()).resolve()
    cache = f"&cache={Path(sys.prefix) / 'smollm2'}" if model.suffix == ".gguf" else ""
    text = INTRODUCTION
    with tempfile.TemporaryDirectory() as folder:
        for dtype in ("float32", "float16"):
            runtime: Any = load_runtime(f"transformers://{model}?dtype={dtype}&threads=1{cache}")
            rows = [row(runtime, int(length), given.rounds, Path(folder)) for length in given.lengths.split(",")]
            text += f"## {runtime.name}, {dtype}\n\n| beginning | question | file, MB | read, CPU-s | attached, CPU-s | less, % |\n"
            text += "| --- | --- | --- | --- | --- | --- |\n"
            for each in rows:
                text += f"| {each['tokens']:,} | {each['question']} | {each['MB']:.1f} | {each['read']:.2f} | {each['attached']:.2f} |"
                text += f" {each['less']:.1f} |\n"
            text += "\n"
            runtime.close()
    text += f"- machine: {platform.machine()}, Python {platform.python_version()}\n- when: {datetime.now(UTC).date()}\n"
    PAGE.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
