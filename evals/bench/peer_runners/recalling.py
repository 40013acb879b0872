"""How well a store recalls: told every turn of a conversation, in order, it is asked every question.

`python -m evals.bench.peer_runners.recalling MODULE:STORE JOB.json ...` asks one store, a conversation a job, and writes the answers.
"""

import importlib
import json
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from evals.bench.peer_runners.measuring import BATCH, Job, Store, read_job, refuse_network, settle, timed


def recall(store: Store, job: Job) -> dict[str, Any]:
    """The ids that were found for each question, and the CPU seconds of each search."""
    for start in range(0, job.size, BATCH):
        cut = slice(start, start + BATCH)
        store.add_many(job.identifiers[cut], job.texts[cut], job.vectors[cut])
    settle()
    found = timed(partial(store.search, text, vector, job.limit) for text, vector in zip(job.query_texts, job.queries, strict=True))
    return {"version": store.version, "n": job.size, "cpu": found.cpu, "hits": found.values}


def main(open_store: Callable[[Job], Store], paths: Sequence[Path]) -> None:
    """Run the jobs one after another; an exception becomes the result's `error`, and ends it."""
    sys.addaudithook(refuse_network)
    for path in paths:
        job = read_job(path)
        try:
            result = recall(open_store(job), job)
        except Exception as error:  # noqa: BLE001 - a peer may fail in any way, and the report names it
            result = {"error": f"{type(error).__name__}: {error}"}
        job.result.write_text(json.dumps(result), encoding="utf-8")
        if "error" in result:
            break


if __name__ == "__main__":
    module, _, name = sys.argv[1].partition(":")
    main(getattr(importlib.import_module(module), name), [Path(path) for path in sys.argv[2:]])
