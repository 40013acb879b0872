"""Evaluating: the group `eval`; `eval retrieval` measures whether the turns that hold the evidence for a question are found."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from memos.cli.command import Target, command, embedder_of
from memos.cli.output import emit, progress, say, table
from memos.errors import InvalidCall

SHIPPED = Path("evals/data/harbour.json")
"""The set that the repository ships, from its root."""
ADVERSARIAL = "5"
"""The category of questions without an answer, which say nothing of retrieval."""


@click.group("eval", epilog="\b\nExamples:\n  memos eval retrieval --data evals/data/harbour.json")
def evaluations() -> None:
    """Measure how well memories are found."""


@command(
    "retrieval",
    "memos eval retrieval --data evals/data/harbour.json",
    "memos eval retrieval --data talks.json.gz --categories 1,2,3,4 --embedder none --json",
)
@click.option("--data", type=click.Path(exists=True, dir_okay=False, path_type=Path), help=f"The retrieval set.  [default: {SHIPPED}]")
@click.option("--categories", metavar="C,C,…", help=f"Ask questions of these categories.  [default: all but {ADVERSARIAL}]")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Only the first N conversations.")
@click.pass_context
def retrieval(context: click.Context, target: Target, data: Path | None, categories: str | None, limit: int | None) -> None:
    """Store each conversation of a set by itself, ask its questions, and score what is found against their evidence.

    The set is JSON, also in gzip: a list of {id, speakers, turns, qa}, a turn being {id, session, date, speaker, text, caption}, a question
    {q, cat, ev}. Nothing of qa reaches a store. The stores are temporary; --store DIRECTORY keeps them there, one a conversation. Scores
    are in percent, CPU times of this process.
    """
    from memos.cli.retrieval import Run, chosen
    from memos.testing.retrieval_eval import load

    conversations = chosen(load(data or shipped()), asked(categories), limit)
    kept = context.get_parameter_source("store") is click.core.ParameterSource.COMMANDLINE
    with TemporaryDirectory(prefix="memos-eval-") as scratch, progress() as bar:
        run = Run(Path(target.store) if kept else Path(scratch), embedder_of(target.embedder), target.user, target.tenant)
        for number, conversation in enumerate(conversations, start=1):
            name = f"conversation {number} of {len(conversations)}"
            task = bar.add_task(f"{name}: storing", total=len(conversation["turns"]))
            run.store(conversation, lambda done, task=task: bar.update(task, completed=done))  # type: ignore[misc]
            bar.reset(task, description=f"{name}: asking", total=len(conversation["qa"]))
            run.ask(conversation, lambda task=task: bar.advance(task))  # type: ignore[misc]
            bar.remove_task(task)
    if target.as_json:
        emit(run.result())
    else:
        show(run.result())


evaluations.add_command(retrieval)


def shipped() -> Path:
    """The set that the repository ships; InvalidCall from elsewhere."""
    if not SHIPPED.is_file():
        raise InvalidCall(f"name a retrieval set with --data FILE; without it {SHIPPED} is read, which is not here")
    return SHIPPED


def asked(categories: str | None) -> frozenset[str] | None:
    """The categories that an option names; None for all but the adversarial."""
    if categories is None:
        return None
    return frozenset(name.strip() for name in categories.split(",") if name.strip())


def show(result: dict[str, Any]) -> None:
    """The scores as a table, then what they cost."""
    measures = [name for name in result["overall"] if name != "n"]
    rows = [(name, row) for name, row in (*result["by_category"].items(), ("overall", result["overall"]))]
    cells = [(str(row["n"]), *(f"{row[measure]:.1f}" for measure in measures), name) for name, row in rows]
    table(("n", *measures, "category"), cells, numbers=("n", *measures))
    cost = result["query_cpu_ms"]
    say(f"search for 10: {cost['p50']:.1f} ms CPU at the median, {cost['p95']:.1f} ms at the 95th percentile")
    say(f"index: {result['index_cpu_s']:.1f} s CPU for {result['turns']:,} turns in {result['conversations']} conversations")
    say(f"embedder: {result['embedder'] or 'none'}")
